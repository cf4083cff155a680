"""`portvakt sessions PERSON`: where somebody is signed in; `--end` signs them out."""

from argparse import ArgumentParser, Namespace
from typing import Any

from portvakt.commands.opening import Opened, find_person, in_records, person_argument
from portvakt.commands.shell import CommandError, Shell, print_json, print_table
from portvakt.core.events import SessionsEnded
from portvakt.core.ids import SessionId
from portvakt.core.sessions import Session, ends_at, is_live
from portvakt.records import Standing, Unit

EXAMPLE = "portvakt sessions anna.berg --end all"


def arguments(parser: ArgumentParser) -> None:
    """Take whose, and what to end."""
    person_argument(parser)
    parser.add_argument("--end", metavar="ID", help="end this session, or `all` of them")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """List live sessions, or end one or all of them."""

    async def work(opened: Opened) -> tuple[list[dict[str, Any]], int]:
        now = shell.clock()

        async def act(unit: Unit) -> tuple[list[dict[str, Any]], int]:
            standing = await find_person(unit, args, shell)
            account = standing.account
            live = [
                each
                for each in await unit.sessions.of(account.id)
                if is_live(each, now, account.roles)
            ]
            ended = await _end(unit, standing, live, args.end, shell) if args.end else 0
            return [_as_json(each, standing) for each in live], ended

        return await opened.records.write(act)

    live, ended = in_records(shell, work)
    if args.json:
        print_json({"ended": ended} if args.end else live)
    elif args.end:
        print(f"ended: {ended}")
    else:
        rows = [tuple(str(value) for value in each.values()) for each in live]
        print_table(("id", "kind", "since", "last act", "ends", "address", "browser"), rows)
    return 0


async def _end(
    unit: Unit, standing: Standing, live: list[Session], which: str, shell: Shell
) -> int:
    now, account_id = shell.clock(), standing.account.id
    if which == "all":
        await unit.sessions.close_all(account_id, now)
        ended = len(live)
    elif any(each.id == which for each in live):
        await unit.sessions.close(SessionId(which), account_id, now)
        ended = 1
    else:
        raise CommandError(f"there is no live session {which}")
    if ended:
        await unit.audit.write(
            SessionsEnded(
                at=now, account_id=account_id, actor=shell.actor, sessions=ended, reason="operator"
            )
        )
    return ended


def _as_json(session: Session, standing: Standing) -> dict[str, Any]:
    def shown(at: Any) -> str:
        return f"{at:%Y-%m-%d %H:%M:%S}Z"

    return {
        "id": session.id,
        "kind": str(session.kind),
        "since": shown(session.created_at),
        "seen": shown(session.seen_at),
        "ends": shown(ends_at(session, standing.account.roles)),
        "address": session.address or "",
        "browser": session.user_agent,
    }
