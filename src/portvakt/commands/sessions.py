"""`portvakt sessions`: where somebody is signed in, and signing people out."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from portvakt.commands.opening import Opened, find_person, in_records, protected_argument
from portvakt.commands.shell import CommandError, Progress, Shell, print_json, print_table
from portvakt.core.events import SessionsEnded
from portvakt.core.ids import SessionId
from portvakt.core.networks import Network, is_shared
from portvakt.core.sessions import Session, ends_at, is_live
from portvakt.records import Standing, Unit

EXAMPLE = "portvakt sessions end anna.berg"
_AT_ONCE: Final = 2000
"""Sessions that one act ends, so that nobody waits for the rest of them."""
_REASON: Final = "operator"


def arguments(parser: ArgumentParser) -> None:
    """Take what to do, and whose."""
    parser.add_argument("what", choices=["list", "end"], help="list live sessions, or end them")
    parser.add_argument(
        "person", metavar="PERSON", nargs="?", help="user name, e-mail address or id"
    )
    parser.add_argument("--session", metavar="ID", help="end this session only; `list` names them")
    parser.add_argument(
        "--everybody", action="store_true", help="end every session of this installation"
    )
    parser.add_argument("--yes", action="store_true", help="that --everybody is meant")
    protected_argument(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """List live sessions of a person, or end one, all of a person's, or all there are."""
    named = [bool(args.person), args.everybody]
    if args.what == "list" and (args.session or named != [True, False]):
        print("portvakt sessions: list whose? PERSON", file=sys.stderr)
        return 2
    if sum([*named, bool(args.session) and not args.person]) != 1:
        said = "end whose? PERSON, --session ID or --everybody"
        print(f"portvakt sessions: {said}", file=sys.stderr)
        return 2
    if args.what == "list":
        return _list(args, shell)
    ended = _end_everybody(args, shell) if args.everybody else _end(args, shell)
    if args.json:
        print_json({"ended": ended})
    else:
        print(f"ended: {ended}")
    return 0


def _list(args: Namespace, shell: Shell) -> int:
    async def work(opened: Opened) -> list[dict[str, Any]]:
        async def act(unit: Unit) -> list[dict[str, Any]]:
            standing = await find_person(unit, args, shell, break_glass=True)
            networks = (await unit.configuration.load()).networks
            live = await _live(unit, standing, networks, shell.clock())
            return [_as_json(each, standing, networks) for each in live]

        return await opened.records.write(act)

    live = in_records(shell, work)
    if args.json:
        print_json(live)
    else:
        rows = [tuple(str(value) for value in each.values()) for each in live]
        print_table(
            ("id", "kind", "since", "last act", "ends", "address", "shared", "browser"), rows
        )
    return 0


async def _live(
    unit: Unit, standing: Standing, networks: Sequence[Network], now: datetime
) -> list[Session]:
    account = standing.account
    return [
        each
        for each in await unit.sessions.of(account.id)
        if is_live(each, now, account.roles, shared=is_shared(each.address, networks))
    ]


def _end(args: Namespace, shell: Shell) -> int:
    """End one session, or all of a person's; what apps were given in them ends too."""
    now = shell.clock()

    async def one(unit: Unit) -> int:
        id_ = SessionId(args.session)
        owner = await unit.sessions.whose(id_)
        if args.person:
            standing = await find_person(unit, args, shell, break_glass=True)
            owner = owner if owner == standing.account.id else None
        if owner is None or not await unit.sessions.close(id_, owner, now):
            raise CommandError(f"there is no live session {args.session}")
        await unit.grants.revoke_of_session(id_, now)
        await unit.audit.write(
            SessionsEnded(at=now, account_id=owner, actor=shell.actor, sessions=1, reason=_REASON)
        )
        return 1

    async def all_of_them(unit: Unit) -> int:
        standing = await find_person(unit, args, shell, break_glass=True)
        account_id = standing.account.id
        networks = (await unit.configuration.load()).networks
        live = len(await _live(unit, standing, networks, now))
        await unit.sessions.close_all(account_id, now)
        await unit.known_browsers.forget_all(account_id)
        await unit.grants.revoke_of_account(account_id, now)
        if live:
            await unit.audit.write(
                SessionsEnded(
                    at=now,
                    account_id=account_id,
                    actor=shell.actor,
                    sessions=live,
                    reason=_REASON,
                )
            )
        return live

    act = one if args.session else all_of_them
    return in_records(shell, lambda opened: opened.records.write(act))


def _end_everybody(args: Namespace, shell: Shell) -> int:
    """End all that began before now, in parts; each part is told in its own transaction."""
    now = shell.clock()

    async def part(unit: Unit) -> int:
        ids = await unit.sessions.close_some(now, _AT_ONCE)
        if ids:
            await unit.grants.revoke_of_sessions(ids, now)
            await unit.audit.write(
                SessionsEnded(at=now, actor=shell.actor, sessions=len(ids), reason=_REASON)
            )
        return len(ids)

    async def work(opened: Opened) -> int:
        of = await opened.records.read(lambda unit: unit.sessions.open_now())
        if not args.yes:
            raise CommandError(f"{of} sessions would end, of everybody; say --yes if that is meant")
        progress, ended = Progress("ending"), 0
        while done := await opened.records.write(part):
            ended += done
            progress(ended, of)
        progress.end()
        while await opened.records.write(lambda u: u.known_browsers.forget_some(now, _AT_ONCE)):
            pass
        return ended

    return in_records(shell, work)


def _as_json(session: Session, standing: Standing, networks: Sequence[Network]) -> dict[str, Any]:
    def shown(at: Any) -> str:
        return f"{at:%Y-%m-%d %H:%M:%S}Z"

    shared = is_shared(session.address, networks)
    return {
        "id": session.id,
        "kind": str(session.kind),
        "since": shown(session.created_at),
        "seen": shown(session.seen_at),
        "ends": shown(ends_at(session, standing.account.roles, shared=shared)),
        "address": session.address or "",
        "shared": shared,
        "browser": session.user_agent,
    }
