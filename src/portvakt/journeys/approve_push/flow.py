"""The desk where phones are received: form, phone, signature, clock; then what they ask for."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self, cast

from portvakt.core.ids import AuthenticatorId
from portvakt.core.phones import Phone
from portvakt.core.push_approval import milliseconds
from portvakt.crypto.phone_keys import is_signed, waste_as_much
from portvakt.journeys.approve_push.answer import Answering
from portvakt.journeys.approve_push.loading import Loading
from portvakt.journeys.approve_push.lock import Locks
from portvakt.journeys.approve_push.messages import (
    Answered,
    Letter,
    Opened,
    Pair,
    Rename,
    ScreenLock,
    Subscribe,
    read_body,
    read_jws,
)
from portvakt.journeys.approve_push.own import Own
from portvakt.journeys.approve_push.pair import Pairer
from portvakt.journeys.approve_push.parts import Answer, Caller, Json, Parts, Refused, Word
from portvakt.journeys.approve_push.show import Show
from portvakt.proving.held import held
from portvakt.proving.visit import Visit
from portvakt.records import Standing

CLOCK_OFF = timedelta(seconds=60)
"""How far from the service's clock a phone's may be."""
_CLOCK_OFF_MS = CLOCK_OFF // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A phone that may listen."""

    phone_id: AuthenticatorId
    topic: str
    """What rings when something changes for it."""


class Desk:
    """Receives what phones send. Nothing is done before the signature was checked."""

    def __init__(
        self,
        *,
        parts: Parts,
        show: Show,
        pairer: Pairer,
        answering: Answering,
        locks: Locks,
        own: Own,
    ) -> None:
        self.parts = parts
        self.loading = Loading()
        self._show = show
        self._pairer = pairer
        self._answering = answering
        self._locks = locks
        self._own = own

    @classmethod
    def over(cls, parts: Parts) -> Self:
        """Put the flows together over what the root has built."""
        show = Show(parts)
        locks = Locks(parts, show)
        return cls(
            parts=parts,
            show=show,
            pairer=Pairer(parts, show),
            answering=Answering(parts, locks),
            locks=locks,
            own=Own(parts, show, locks),
        )

    async def answer(self, act: str, body: bytes, visit: Visit) -> Answer:
        """Answer what was posted to an act. Raises RecordsUnavailable."""
        letter = read_body(body, act)
        if isinstance(letter, Refused):
            return letter
        await self.loading.done()
        if act == "pair":
            refused = self._believed(letter, letter.jwk or "", act, visit.now)
            return refused or await self._pairer.pair(letter, cast("Pair", letter.fields), visit)
        caller = await self._caller(letter, act, visit)
        if isinstance(caller, Refused):
            return caller
        return await self._act(act, caller, letter)

    async def line(self, jws: str, now: datetime) -> Line | Refused:
        """Judge a phone that wants to listen."""
        letter = read_jws(jws, "stream")
        if isinstance(letter, Refused):
            return letter
        await self.loading.done()
        found = await self._phone(letter, "stream", now)
        if isinstance(found, Refused):
            return found
        return Line(found[0].id, f"phone:{found[0].account_id}")

    async def again(self, line: Line, now: datetime) -> Json | None:
        """Read what a phone that listens is to be told now; None where it is gone."""
        return await self._show.again(line.phone_id, now)

    async def _caller(self, letter: Letter, act: str, visit: Visit) -> Caller | Refused:
        found = await self._phone(letter, act, visit.now)
        if isinstance(found, Refused):
            return found
        phone, standing = found
        return Caller(phone=phone, standing=standing, visit=visit, challenge=letter.challenge)

    async def _phone(
        self, letter: Letter, act: str, now: datetime
    ) -> tuple[Phone, Standing] | Refused:
        """Find who claims to write, in one statement, and see whether it is so."""
        id_ = AuthenticatorId(letter.kid or "")
        found = await self.parts.records.read(lambda unit: unit.phones.load(id_, now))
        if found is None:
            waste_as_much(letter.jws)
            return Refused(Word.GONE)
        configuration = await self.parts.rules.current(now)
        phone, standing = found[0], held(found[1], configuration)
        return self._believed(letter, phone.jwk, act, now) or (phone, standing)

    def _believed(self, letter: Letter, jwk: str, act: str, now: datetime) -> Refused | None:
        """Say why a letter is not believed: its signature, whom it was meant for, its time."""
        fields = letter.fields
        if not is_signed(letter.jws, jwk):
            return Refused(Word.SIGNATURE)
        if fields.aud != self.parts.app_origin or fields.act != act:
            return Refused(Word.SIGNATURE)
        if abs(fields.iat - milliseconds(now)) > _CLOCK_OFF_MS:
            return Refused(Word.CLOCK)
        return None

    async def _act(self, act: str, caller: Caller, letter: Letter) -> Answer:
        match letter.fields:
            case Opened() as fields:
                return await self._answering.opened(caller, fields)
            case Answered() as fields:
                return await self._answering.answer(caller, fields, letter)
            case Subscribe() as fields:
                return await self._own.subscribe(caller, fields)
            case ScreenLock() as fields:
                return await self._locks.screen_lock(caller, fields, letter)
            case Rename() as fields:
                return await self._own.rename(caller, fields)
            case _:
                return await self._plain(act, caller, letter)

    async def _plain(self, act: str, caller: Caller, letter: Letter) -> Answer:
        """Do what has no fields of its own."""
        match act:
            case "lock_account":
                return await self._answering.lock_account(caller)
            case "transfer":
                return await self._own.transfer(caller, letter)
            case "retire":
                return await self._own.retire(caller)
            case _:
                return await self._show.state(caller.phone, caller.standing, caller.now)
