"""One phone, paired with one account: everything that it can do there."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from portvakt.phone import stream
from portvakt.phone.answers import (
    Now,
    Request,
    Result,
    State,
    Totp,
    Transfer,
    shown_bytes,
    shown_in,
)
from portvakt.phone.encoding import b64u
from portvakt.phone.errors import MisusedError, PhoneError
from portvakt.phone.keys import Key
from portvakt.phone.line import Beside, Line, nothing_beside
from portvakt.phone.screen_lock import ScreenLock

T = TypeVar("T")


@dataclass(slots=True)
class Identity:
    """What a phone must keep: who it is, and its secrets."""

    origin: str
    phone: str
    key: Key
    totp: Totp | None = field(default=None, repr=False)
    lock: ScreenLock | None = field(default=None, repr=False)


@dataclass(slots=True)
class Phone:
    """A paired phone and its way to the service.

    Every method raises `RefusedError` where the service says no, `GoneError` where this phone was
    removed, `UnreachableError` and `UnreadableError`. `identity` changes when a screen lock is
    made, and must then be kept.
    """

    identity: Identity
    line: Line

    async def fetch(self) -> State:
        """Ask for everything that the phone shows."""
        return await self._ask(State, "fetch")

    async def opened(self, request: Request) -> None:
        """Say that the person looks at a request now."""
        await self._ask(Now, "opened", request=request.id)

    async def approve(self, request: Request, number: str) -> Result:
        """Answer a request with the number on the other screen, and the screen lock where asked.

        Raises `MisusedError` where the number cannot be the one: too many digits, or too few.
        """
        shown = shown_in(request)
        if len(number) != shown.digits or not (number.isascii() and number.isdigit()):
            raise MisusedError(f"the number on the screen has {shown.digits} digits")
        if not shown.lock:
            return await self._answer(request, "approve", number)
        return await self._answer(request, "approve", number, self._locked())

    async def deny(self, request: Request) -> Result:
        """End a request."""
        return await self._answer(request, "deny")

    async def not_me(self, request: Request) -> Result:
        """Say that somebody else asked: every waiting request of the account ends."""
        return await self._answer(request, "not_me")

    async def lock_account(self) -> None:
        """Put the password aside and end every session, after `not_me`."""
        await self._ask(Now, "lock_account")

    async def subscribe(self, endpoint: str, p256dh: str, auth: str) -> None:
        """Say where the phone is woken; three empty strings for nowhere."""
        await self._ask(Now, "subscribe", endpoint=endpoint, p256dh=p256dh, auth=auth)

    async def set_sign_in(self, *, on: bool) -> State:
        """Turn passwordless sign-in on or off, and prove the screen lock where that is asked."""
        state = await self.fetch()
        if state.screen_lock is None:
            return await self._make_lock(sign_in=on)
        if not on:
            return await self._ask(State, "screen_lock", sign_in=False)
        beside = _asserting(self._lock_known_as(state.screen_lock))
        return await self._ask(State, "screen_lock", beside, sign_in=True)

    async def transfer(self) -> Transfer:
        """Ask for a code with which a new phone takes over. This one is gone when it has.

        It takes the screen lock. Where that was never proved, it is made first, with passwordless
        sign-in left as it is: off.
        """
        state = await self.fetch()
        if state.screen_lock is None:
            state = await self._make_lock(sign_in=False)
        lock = self._lock_known_as(state.screen_lock or "")
        return await self._ask(Transfer, "transfer", _asserting(lock))

    async def rename(self, name: str) -> State:
        """Call the phone something else, in 1 to 40 characters."""
        return await self._ask(State, "rename", name=name)

    async def retire(self) -> None:
        """Remove this phone from its account."""
        await self._ask(Now, "retire")

    async def watch(
        self, trouble: Callable[[PhoneError], None] = stream.nobody
    ) -> AsyncGenerator[State, None]:
        """Yield what the phone shows, now and whenever it changes; ends by an error only.

        `trouble` is told of each that does not end it, because another try is made.
        """
        mine = self.identity
        async with aclosing(
            stream.watched(self.line, mine.key, mine.phone, trouble=trouble)
        ) as states:
            async for state in states:
                yield state

    async def _ask(
        self, kind: type[T], act: str, beside: Beside = nothing_beside, **fields: Any
    ) -> T:
        mine = self.identity
        return await self.line.ask(kind, act, fields, key=mine.key, phone=mine.phone, beside=beside)

    async def _answer(
        self, request: Request, decision: str, number: str = "", lock: ScreenLock | None = None
    ) -> Result:
        return await self._ask(
            Result,
            "answer",
            nothing_beside if lock is None else _asserting(lock),
            request=request.id,
            shown=b64u(sha256(shown_bytes(request)).digest()),
            decision=decision,
            number=number,
        )

    async def _make_lock(self, *, sign_in: bool) -> State:
        """Make a screen lock and show it to the service.

        It is kept first: an answer that is lost must not leave the service with a lock that nobody
        has.
        """
        self.identity.lock = lock = ScreenLock.made(self.identity.origin)
        return await self._ask(
            State,
            "screen_lock",
            lambda payload: {"attestation": lock.attestation(payload)},
            sign_in=sign_in,
        )

    def _locked(self) -> ScreenLock:
        if self.identity.lock is None:
            raise PhoneError("this phone has no screen lock yet: turn sign-in on first")
        return self.identity.lock

    def _lock_known_as(self, credential: str) -> ScreenLock:
        lock = self._locked()
        if b64u(lock.id) != credential:
            raise PhoneError("the service knows another screen lock than this phone's")
        return lock


def _asserting(lock: ScreenLock) -> Beside:
    return lambda payload: {"assertion": lock.assertion(payload)}
