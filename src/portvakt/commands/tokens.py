"""`portvakt tokens`: the pool of hardware tokens: read in, listed, kept for somebody, lost."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from portvakt.commands import tokens_import
from portvakt.commands.opening import (
    Opened,
    find_person,
    in_records,
    protected_argument,
)
from portvakt.commands.shell import CommandError, Shell, print_json, print_table
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import (
    HardwareTokenKept,
    HardwareTokenLost,
    HardwareTokenReturned,
    MethodRemoved,
)
from portvakt.core.hardware_tokens import read_serial
from portvakt.core.ids import AccountId
from portvakt.mail import Notice, What
from portvakt.proving.notices import Notices
from portvakt.records import Unit
from portvakt.records.hardware_tokens import StoredToken

EXAMPLE = "portvakt tokens import feitian.csv --dry-run"
_PAGE = 1000
_WANTED = {"import": "FILE", "assign": "SERIAL", "unassign": "SERIAL", "lost": "SERIAL", "list": ""}


def arguments(parser: ArgumentParser) -> None:
    """Take what to do, with which file or device."""
    parser.add_argument(
        "what",
        choices=list(_WANTED),
        help="read a file of devices in; list them; keep one for somebody, who alone may take it "
        "into use then; take one back, so that it is spare; or say that one is lost",
    )
    parser.add_argument(
        "subject", nargs="?", metavar="FILE|SERIAL", help="the file, or the number on the back"
    )
    parser.add_argument(
        "person", nargs="?", metavar="PERSON", help="`assign`: user name, e-mail address or id"
    )
    parser.add_argument("--spare", action="store_true", help="`list`: those that nobody has")
    tokens_import.arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    protected_argument(parser)


def run(args: Namespace, shell: Shell) -> int:
    """Do one of them; 2 where a word is missing or one too many."""
    if (wrong := _misused(args)) is not None:
        print(f"portvakt tokens {args.what}: {wrong}", file=sys.stderr)
        return 2
    whats: dict[str, Callable[[Namespace, Shell], int]] = {
        "import": tokens_import.run,
        "list": _list,
        "assign": _assign,
        "unassign": _unassign,
        "lost": _lost,
    }
    return whats[args.what](args, shell)


def _misused(args: Namespace) -> str | None:
    wanted = _WANTED[args.what]
    if bool(wanted) != (args.subject is not None):
        return f"which one? {wanted}" if wanted else "takes nothing more"
    if (args.what == "assign") != (args.person is not None):
        return "for whom? PERSON" if args.what == "assign" else "takes no PERSON"
    return tokens_import.misused(args)


def _list(args: Namespace, shell: Shell) -> int:
    async def work(opened: Opened) -> list[StoredToken]:
        found: list[StoredToken] = []
        while True:
            after = found[-1].serial if found else ""

            async def page(unit: Unit, after: str = after) -> list[StoredToken]:
                return await unit.hardware_tokens.listed(after=after, most=_PAGE)

            more = await opened.records.read(page)
            found += more
            if len(more) < _PAGE:
                return found

    tokens = in_records(shell, work)
    shown = [each for each in tokens if not args.spare or standing_of(each) == "spare"]
    if args.json:
        print_json([_as_json(each) for each in shown])
        return 0
    rows = [
        (
            each.serial,
            standing_of(each),
            each.user_name,
            " ".join(filter(None, (each.manufacturer, each.model))),
            _computes(each),
        )
        for each in shown
    ]
    print_table(("serial", "is", "for", "make", "codes"), rows)
    return 0


def standing_of(token: StoredToken) -> str:
    """Say in one word where a device stands: spare, kept, in use or lost."""
    if token.lost:
        return "lost"
    if token.authenticator_id is not None:
        return "in use"
    return "spare" if token.account_id is None else "kept"


def _computes(token: StoredToken) -> str:
    made = token.make
    every = f", {made.period} s" if made.period else ""
    return f"{made.kind} {made.algorithm}, {made.digits} digits{every}"


def _as_json(token: StoredToken) -> dict[str, Any]:
    return {
        "serial": token.serial,
        "standing": standing_of(token).replace(" ", "_"),
        "user_name": token.user_name or None,
        "manufacturer": token.manufacturer,
        "model": token.model,
        "kind": token.make.kind,
        "algorithm": token.make.algorithm,
        "digits": token.make.digits,
        "period": token.make.period or None,
        "imported_at": token.imported_at,
        "changed_at": token.changed_at,
    }


def _assign(args: Namespace, shell: Shell) -> int:
    """Keep a device for one person; whoever uses it keeps using it until it is taken back."""
    now = shell.clock()

    async def work(opened: Opened) -> str:
        async def act(unit: Unit) -> str:
            account = (await find_person(unit, args, shell)).account
            token = await _found(unit, args.subject)
            if not account.usable:
                raise CommandError(f"{account.user_name} is disabled")
            if not await unit.hardware_tokens.keep_for(token.id, account.id, now):
                raise CommandError(
                    f"{token.serial} is {standing_of(token)}; `portvakt tokens unassign` first"
                )
            await unit.audit.write(
                HardwareTokenKept(
                    at=now, account_id=account.id, actor=shell.actor, serial=token.serial
                )
            )
            return account.user_name

        return await opened.records.write(act)

    name = in_records(shell, work)
    return _told(args, "kept", f"{args.subject} is kept for {name}")


def _unassign(args: Namespace, shell: Shell) -> int:
    """Take a device from whoever has it, found again or handed in: it is spare."""
    _take_back(args, shell, lost=False)
    return _told(args, "spare", f"{args.subject} is spare")


def _lost(args: Namespace, shell: Shell) -> int:
    """Say that a device is lost: it opens nothing from now on."""
    _take_back(args, shell, lost=True)
    return _told(args, "lost", f"{args.subject} is lost, and opens nothing")


def _told(args: Namespace, standing: str, line: str) -> int:
    if args.json:
        print_json({"serial": read_serial(args.subject), "standing": standing})
    else:
        print(line)
    return 0


def _take_back(args: Namespace, shell: Shell, *, lost: bool) -> None:
    now = shell.clock()

    async def work(opened: Opened) -> None:
        notices = opened.notices()

        async def act(unit: Unit) -> None:
            token = await _found(unit, args.subject)
            event = HardwareTokenLost if lost else HardwareTokenReturned
            if token.authenticator_id is not None and token.account_id is not None:
                await unit.turn(f"methods:{token.account_id}")
                await _unbind(unit, token, token.account_id, shell, notices)
            await unit.hardware_tokens.set_aside(token.id, lost=lost, at=now)
            await unit.audit.write(
                event(at=now, account_id=token.account_id, actor=shell.actor, serial=token.serial)
            )

        await opened.records.write(act)

    in_records(shell, work)


async def _unbind(
    unit: Unit, token: StoredToken, account_id: AccountId, shell: Shell, notices: Notices
) -> None:
    """Take the method away from whoever has the device, and tell them."""
    now, kind = shell.clock(), AuthenticatorType.HARDWARE_TOKEN
    standing = await unit.people.load(account_id)
    bound = () if standing is None else standing.authenticators
    gone = next((each for each in bound if each.id == token.authenticator_id), None)
    if standing is None or gone is None:
        raise CommandError("somebody else is changing this device; try again")
    await unit.authenticators.remove(gone.id, account_id)
    await unit.audit.write(
        MethodRemoved(
            at=now,
            account_id=account_id,
            actor=shell.actor,
            authenticator_id=gone.id,
            type=kind,
            label=gone.label,
        )
    )
    what = What(notice=Notice.REMOVED, method=kind, label=gone.label)
    await notices.tell(unit, standing.account, what, None, at=now)


async def _found(unit: Unit, typed: str) -> StoredToken:
    serial = read_serial(typed)
    token = None if not serial else await unit.hardware_tokens.find(serial)
    if token is None:
        raise CommandError(f"there is no device with the serial number {typed!r}")
    return token
