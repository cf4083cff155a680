"""`portvakt break-glass`: accounts for the day on which nobody else gets in."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from portvakt.commands.opening import Opened, in_records
from portvakt.commands.shell import CommandError, Shell, print_json, print_table
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.break_glass import ACCOUNTS, KEYS, LINK_LIVES, TEST_EVERY
from portvakt.core.events import (
    BreakGlassAdded,
    BreakGlassLinkMade,
    BreakGlassRemoved,
    BreakGlassTested,
    MethodRemoved,
)
from portvakt.core.ids import AccountId, AuthenticatorId, GroupId
from portvakt.core.people import canonical_identifier
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import SystemRandom
from portvakt.records import Unit
from portvakt.records.break_glass import Kept
from portvakt.web.site import origin_of

EXAMPLE = "portvakt break-glass add nodkonto-1"
_DAY: Final = timedelta(days=1)
_ACTS: Final = ("add", "link", "drop-key", "tested", "remove")


def arguments(parser: ArgumentParser) -> None:
    """Take what to do, and with which account."""
    parser.add_argument(
        "what",
        choices=["list", *_ACTS],
        help="`list` them and how they stand; `add` one, which prints a link for its two keys; "
        "`link`: a new one, where a key is missing; `drop-key`: remove a lost key; `tested`: both "
        "keys have been used in the last day; `remove` one",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="what the account is called")
    parser.add_argument("--key", metavar="ID", help="which key `drop-key` removes; `list` has them")
    parser.add_argument(
        "--group",
        dest="groups",
        action="append",
        default=[],
        metavar="GROUP",
        help="with `add`: a group that it is in, for apps; may be given more than once",
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(args: Namespace, shell: Shell) -> int:
    """Do it. Only where the shell is can anything of these accounts be changed."""
    if (args.name is None) is not (args.what == "list"):
        print("portvakt break-glass: all but `list` need NAME, and it takes none", file=sys.stderr)
        return 2
    if (args.key is not None) is not (args.what == "drop-key"):
        print("portvakt break-glass: `drop-key` needs --key ID, and nothing else", file=sys.stderr)
        return 2
    acts: dict[str, Callable[[Namespace, Shell], int]] = {
        "list": _list,
        "add": _add,
        "link": _link,
        "drop-key": _drop_key,
        "tested": _tested,
        "remove": _remove,
    }
    return acts[args.what](args, shell)


def _list(args: Namespace, shell: Shell) -> int:
    found = in_records(shell, lambda opened: opened.records.read(lambda u: u.break_glass.all()))
    told = [_as_json(each, shell.clock()) for each in found]
    if args.json:
        print_json(told)
        return 0
    head = ("name", "state", "untested for", "key", "called", "made", "last used")
    print_table(head, [row for each in told for row in _rows(each)])
    return 0


def _as_json(kept: Kept, now: datetime) -> dict[str, Any]:
    stands = kept.stands
    return {
        "name": stands.name,
        "state": "ready" if stands.is_ready() else "key_missing" if stands.usable else "not_ready",
        "added_at": stands.added_at,
        "tested_at": stands.tested_at,
        "untested_days": stands.untested(now) // _DAY,
        "overdue": stands.is_overdue(now),
        "keys": [
            {
                "id": each.id,
                "label": each.label,
                "made_at": each.made_at,
                "used_at": each.used_at,
            }
            for each in stands.keys
        ],
    }


def _rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    first = (told["name"], told["state"], f"{told['untested_days']} days")
    keys = [
        (each["id"], each["label"], _day(each["made_at"]), _day(each["used_at"]))
        for each in told["keys"]
    ] or [("", "", "", "")]
    return [(*(first if at == 0 else ("", "", "")), *each) for at, each in enumerate(keys)]


def _day(at: datetime | None) -> str:
    return "never" if at is None else f"{at:%Y-%m-%d}"


def _add(args: Namespace, shell: Shell) -> int:
    name = canonical_identifier(args.name)
    if name is None or name != args.name or " " in name:
        raise CommandError(f"{args.name!r} is no name: small letters and digits, without spaces")
    random, now = SystemRandom(), shell.clock()
    id_, token = AccountId(random.id()), random.secret()
    groups = frozenset(map(GroupId, args.groups))

    async def act(unit: Unit) -> None:
        known = (await unit.configuration.load()).groups
        if unknown := sorted(groups - known):
            raise CommandError(f"there is no group {unknown[0]!r}")
        if await unit.people.find(name) is not None:
            raise CommandError(f"somebody is called {name}: take a name that nobody has")
        if not await unit.break_glass.add(id_, name, groups, now, shell.actor):
            raise CommandError(f"there is a break-glass account {name} already")
        await unit.audit.write(
            BreakGlassAdded(at=now, account_id=id_, actor=shell.actor, called=name)
        )
        await unit.break_glass.link(id_, lookup_hash(token), now + LINK_LIVES)

    in_records(shell, lambda opened: opened.records.write(act))
    _print_link(args, shell, token)
    return 0


def _link(args: Namespace, shell: Shell) -> int:
    token, now = SystemRandom().secret(), shell.clock()

    async def act(unit: Unit, kept: Kept) -> None:
        if len(kept.stands.keys) >= KEYS:
            raise CommandError(
                f"{args.name} has its {KEYS} keys; remove the lost one first: "
                f"portvakt break-glass drop-key {args.name} --key ID"
            )
        await unit.break_glass.link(kept.id, lookup_hash(token), now + LINK_LIVES)
        await unit.audit.write(
            BreakGlassLinkMade(at=now, account_id=kept.id, actor=shell.actor, called=args.name)
        )

    _with_account(args, shell, act)
    _print_link(args, shell, token)
    return 0


def _print_link(args: Namespace, shell: Shell, token: str) -> None:
    link = f"{origin_of(shell.settings().public_url)}/break-glass/new/{token}"
    if args.json:
        print_json({"name": args.name, "link": link, "minutes": LINK_LIVES // timedelta(minutes=1)})
        return
    print(f"open this within the hour, with both keys at hand; it is shown once:\n{link}")


def _drop_key(args: Namespace, shell: Shell) -> int:
    now = shell.clock()

    async def act(unit: Unit, kept: Kept) -> None:
        lost = next((each for each in kept.stands.keys if each.id == args.key), None)
        if lost is None:
            raise CommandError(f"{args.name} has no key {args.key}; `list` names them")
        id_ = AuthenticatorId(lost.id)
        await unit.authenticators.remove(id_, kept.id)
        await unit.sessions.close_all(kept.id, now)
        await unit.grants.revoke_of_account(kept.id, now)
        await unit.audit.write(
            MethodRemoved(
                at=now,
                account_id=kept.id,
                actor=shell.actor,
                authenticator_id=id_,
                type=AuthenticatorType.PASSKEY,
                label=lost.label,
            )
        )

    _with_account(args, shell, act)
    print(f"removed; make another one: portvakt break-glass link {args.name}")
    return 0


def _tested(args: Namespace, shell: Shell) -> int:
    now = shell.clock()

    async def act(unit: Unit, kept: Kept) -> None:
        if not kept.stands.was_tested(now):
            raise CommandError(
                f"{args.name} is not tested: sign in with each of its {KEYS} keys first, both "
                "within a day"
            )
        await unit.break_glass.tested(kept.id, now)
        await unit.audit.write(
            BreakGlassTested(at=now, account_id=kept.id, actor=shell.actor, called=args.name)
        )

    _with_account(args, shell, act)
    print(f"{args.name} works; test it again before {now + TEST_EVERY:%Y-%m-%d}")
    return 0


def _remove(args: Namespace, shell: Shell) -> int:
    now = shell.clock()

    async def act(unit: Unit, kept: Kept) -> None:
        await unit.turn("break-glass")
        ready = [each for each in await unit.break_glass.all() if each.stands.is_ready()]
        left = [each for each in ready if each.id != kept.id]
        if kept.stands.usable and len(left) < ACCOUNTS:
            raise CommandError(
                f"{args.name} is one of the last {ACCOUNTS}: first add another, with its keys"
            )
        await unit.personal_data.forget(kept.id)
        await unit.audit.write(BreakGlassRemoved(at=now, actor=shell.actor, called=args.name))

    _with_account(args, shell, act)
    print(f"removed {args.name}")
    return 0


def _with_account(
    args: Namespace, shell: Shell, act: Callable[[Unit, Kept], Awaitable[None]]
) -> None:
    """Do something with the account that is named, in one act. Raises `CommandError`."""

    async def whole(unit: Unit) -> None:
        kept = await unit.break_glass.named(args.name)
        if kept is None:
            raise CommandError(f"there is no break-glass account {args.name!r}")
        await act(unit, kept)

    async def work(opened: Opened) -> None:
        await opened.records.write(whole)

    in_records(shell, work)
