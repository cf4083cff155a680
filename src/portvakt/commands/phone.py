"""`portvakt phone`: a phone at the command line, for tests and for people at a terminal.

It talks to a service as any phone does, knows nothing of settings or records, and has no real
screen lock. The phone itself is `portvakt.phone`; here is what is typed and printed.
"""

import asyncio
import ssl
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from portvakt.commands.shell import CommandError, Shell, print_json
from portvakt.phone import words
from portvakt.phone.acts import Phone
from portvakt.phone.answers import Request, Result, State, shown_in
from portvakt.phone.codes import code_at
from portvakt.phone.errors import GoneError, PhoneError
from portvakt.phone.file import Kept, load, make_room, place, save
from portvakt.phone.line import Clock, Line
from portvakt.phone.pairing import invitation, pair
from portvakt.phone.screen_lock import ScreenLock

EXAMPLE = "portvakt phone approve 42"
STANDS_ALONE = True
"""It needs no settings: it may run where no service is."""
_NAME = "Terminal"
_ENDED = {
    "wrong_number": "that was not the number on the screen; the request is ended",
    "ended": "the request had ended: too old, replaced, or answered elsewhere",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the command: what was typed, and the world."""

    args: Namespace
    shell: Shell

    @property
    def file(self) -> Path:
        """Where the phone is kept."""
        given: str | None = self.args.phone
        return Path(given) if given else place(self.shell.environ)

    @property
    def ca(self) -> str | None:
        """The authority that was named, by a path that is right in any folder."""
        return None if self.args.ca is None else str(Path(self.args.ca).resolve())

    def clock(self, offset: int = 0) -> Clock:
        """Return this machine's clock in milliseconds."""
        return Clock(lambda: int(self.shell.clock().timestamp() * 1000), offset)

    def client(self, ca: str | None) -> httpx.AsyncClient:
        """Open the way out. Redirects are not followed: a phone keeps to its origin."""
        try:
            context = ssl.create_default_context(cafile=ca)
        except OSError as error:
            raise CommandError(f"{ca}: {error.strerror or 'no certificates in it'}") from error
        return httpx.AsyncClient(
            verify=context, timeout=httpx.Timeout(20), headers={"user-agent": "portvakt-phone"}
        )


Work = Callable[[Call, Phone], Awaitable[int]]


def arguments(parser: ArgumentParser) -> None:
    """Take what the phone is to do."""
    _common(parser)
    parts = parser.add_subparsers(dest="what", metavar="WHAT", required=True)

    def part(name: str, does: str) -> ArgumentParser:
        made = parts.add_parser(
            name,
            description=does,
            help=does,
            epilog="and --phone, --ca, --json",
            allow_abbrev=False,
        )
        _common(made, hidden=True)
        return made

    start = part("pair", "Pair a new phone.")
    start.add_argument("code", metavar="URL|CODE", help="the pairing address, or a code")
    start.add_argument("--account", metavar="NAME", help="whose: with a short code")
    start.add_argument("--url", metavar="ORIGIN", help="which service: with a code")
    start.add_argument("--name", metavar="NAME", default=_NAME, help="what to call the phone")
    part("list", "Show the requests that wait.")
    approve = part("approve", "Approve a request with the number on the other screen.")
    approve.add_argument("number", metavar="NUMBER", help="the digits on the other screen")
    not_me = part("not-me", "Say that somebody else asked: every request is ended.")
    not_me.add_argument("--lock", action="store_true", help="and lock the account")
    for one in (approve, part("deny", "End a request."), not_me):
        one.add_argument("--request", metavar="ID", help="which, where two wait")
    part("enable-sign-in", "Turn sign-in without a password on.")
    part("disable-sign-in", "Turn it off.")
    part("code", "Show the six-digit code that works without network.")
    part("transfer", "Print the pairing address for a new phone, which takes over from this one.")
    part("rename", "Call the phone something else.").add_argument(
        "name", metavar="NEW", help="its new name"
    )
    part("remove", "Remove the phone from its account, and its file.")
    part("watch", "Print what comes, until stopped.")


def _common(parser: ArgumentParser, *, hidden: bool = False) -> None:
    """Take the options of every part, before its name or after it."""

    def option(name: str, help_: str, **more: Any) -> None:
        if hidden:
            more["default"] = SUPPRESS
        parser.add_argument(name, help=SUPPRESS if hidden else help_, **more)

    option("--phone", "where the phone is kept (else PORTVAKT_PHONE)", metavar="FILE")
    option("--ca", "certificate of a private authority (PEM)", metavar="FILE")
    option("--json", "answer in JSON", action="store_true")


def run(args: Namespace, shell: Shell) -> int:
    """Do one thing with the phone."""
    call = Call(args, shell)
    try:
        if args.what == "pair":
            return asyncio.run(_pair(call))
        if args.what == "code":
            return _code(call)
        return asyncio.run(_with_phone(call, _WORK[args.what]))
    except PhoneError as error:
        raise CommandError(words.clean(str(error))) from error


async def _pair(call: Call) -> int:
    args = call.args
    invited = invitation(args.code, args.url, args.account)
    make_room(call.file)
    clock = call.clock()
    async with call.client(call.ca) as client:
        line = Line(client, invited.origin, clock)
        identity, paired = await pair(line, invited, args.name)
    save(call.file, Kept(identity, clock.offset, call.ca))
    if args.json:
        print_json({"phone": paired.phone, **_state(paired)})
    else:
        print(*words.phone_lines(paired), sep="\n")
    return 0


async def _with_phone(call: Call, work: Work) -> int:
    """Open the phone, let it work, and keep what it learned."""
    kept, gone = load(call.file), False
    clock = call.clock(kept.offset)
    async with call.client(call.ca or kept.ca) as client:
        phone = Phone(kept.identity, Line(client, kept.identity.origin, clock))
        lock = kept.identity.lock
        try:
            return await work(call, phone)
        except GoneError:
            gone = True
            raise
        finally:
            new_lock = kept.identity.lock if kept.identity.lock is not lock else None
            if (gone or new_lock or clock.offset != kept.offset) and call.file.exists():
                _learned(call.file, clock.offset, new_lock, gone=gone)


def _learned(file: Path, offset: int, lock: ScreenLock | None, *, gone: bool) -> None:
    """Keep what is new, in the file as it is now: another call may have written it meanwhile."""
    kept = load(file)
    kept.offset, kept.gone = offset, kept.gone or gone
    if lock is not None:
        kept.identity.lock = lock
    save(file, kept)


def _code(call: Call) -> int:
    kept = load(call.file)
    if kept.identity.totp is None:
        raise CommandError("this phone has no codes")
    code, left = code_at(kept.identity.totp, call.clock(kept.offset).now())
    if call.args.json:
        print_json({"code": code, "seconds": left})
    else:
        print(f"{code}  ({left} s left)")
    return 0


async def _list(call: Call, phone: Phone) -> int:
    _show(call, await phone.fetch())
    return 0


async def _approve(call: Call, phone: Phone) -> int:
    request = await _asked(call, phone)
    return _ended(call, await phone.approve(request, call.args.number))


async def _deny(call: Call, phone: Phone) -> int:
    return _ended(call, await phone.deny(await _asked(call, phone)))


async def _not_me(call: Call, phone: Phone) -> int:
    status = _ended(call, await phone.not_me(await _asked(call, phone)))
    if call.args.lock:
        await phone.lock_account()
        if not call.args.json:
            print("the account is locked: its password is put aside, its sessions are ended")
    return status


async def _enable(call: Call, phone: Phone) -> int:
    return _changed(call, await phone.set_sign_in(on=True))


async def _disable(call: Call, phone: Phone) -> int:
    return _changed(call, await phone.set_sign_in(on=False))


async def _rename(call: Call, phone: Phone) -> int:
    return _changed(call, await phone.rename(call.args.name))


async def _transfer(call: Call, phone: Phone) -> int:
    found = await phone.transfer()
    if call.args.json:
        print_json({"url": found.url, "code": found.code, "expires_at": found.expires_at})
    else:
        print(words.clean(found.url))
    return 0


async def _remove(call: Call, phone: Phone) -> int:
    said = "removed"
    try:
        await phone.retire()
    except GoneError:
        said = "it was removed already"
    call.file.unlink()
    if call.args.json:
        print_json({"removed": True})
    else:
        print(said)
    return 0


async def _watch(call: Call, phone: Phone) -> int:
    """Print each request once, and whose phone it is whenever that changes."""
    known: set[str] = set()
    said: list[str] = []
    async with aclosing(phone.watch(_trying_again)) as states:
        async for state in states:
            if call.args.json:
                print(msgspec.json.encode(_state(state)).decode(), flush=True)
                continue
            if said != (said := words.phone_lines(state)):
                print(*said, sep="\n", flush=True)
            for each in state.requests:
                if each.id not in known:
                    print(*words.lines_of(each, state.now), sep="\n", flush=True)
            known = {each.id for each in state.requests}
    return 0


def _trying_again(trouble: PhoneError) -> None:
    print(f"portvakt phone: {words.clean(str(trouble))}; trying again", file=sys.stderr, flush=True)


_WORK: dict[str, Work] = {
    "list": _list,
    "approve": _approve,
    "deny": _deny,
    "not-me": _not_me,
    "enable-sign-in": _enable,
    "disable-sign-in": _disable,
    "transfer": _transfer,
    "rename": _rename,
    "remove": _remove,
    "watch": _watch,
}


async def _asked(call: Call, phone: Phone) -> Request:
    """Find the request that is meant, and say that somebody looks at it."""
    waiting = (await phone.fetch()).requests
    wanted = call.args.request
    found = [each for each in waiting if wanted in {None, each.id}]
    if not found:
        raise CommandError("no request waits" if wanted is None else f"no request {wanted} waits")
    if len(found) > 1:
        ids = " or ".join(each.id for each in found)
        raise CommandError(f"two requests wait: say which, with --request {ids}")
    await phone.opened(found[0])
    return found[0]


def _ended(call: Call, result: Result) -> int:
    if call.args.json:
        print_json({"result": result.result})
    elif result.result not in _ENDED:
        print(result.result)
    else:
        raise CommandError(_ENDED[result.result])
    return 1 if result.result in _ENDED else 0


def _changed(call: Call, state: State) -> int:
    if call.args.json:
        print_json(_state(state))
    else:
        on = "on" if state.sign_in else "off"
        print(words.clean(f"{state.name}: sign-in without a password is {on}"))
    return 0


def _show(call: Call, state: State) -> None:
    if call.args.json:
        print_json(_state(state))
        return
    print(*words.phone_lines(state), sep="\n")
    for each in state.requests:
        print(*words.lines_of(each, state.now), sep="\n")
    if not state.requests:
        print("no request waits")


def _state(state: State) -> dict[str, Any]:
    """Return what the phone shows, with each request opened."""
    account: dict[str, str] = msgspec.to_builtins(state.account)
    return {
        "state": state.state,
        "name": state.name,
        "sign_in": state.sign_in,
        "account": account,
        "requests": [
            {"expires_at": each.expires_at, **msgspec.to_builtins(shown_in(each))}
            for each in state.requests
        ],
    }
