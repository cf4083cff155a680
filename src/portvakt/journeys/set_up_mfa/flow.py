"""Binding an app or a number: begin, prove, bind. Nothing counts before it is proved."""

from dataclasses import dataclass
from typing import assert_never

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.secret import Secret
from portvakt.core.throttle import LIMITS, Familiarity, Kind
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.set_up_mfa.acting import Person, active, full
from portvakt.journeys.set_up_mfa.binding import Binder
from portvakt.journeys.set_up_mfa.drafts import Detail, Drafts
from portvakt.journeys.set_up_mfa.outcomes import (
    AlreadyTheirs,
    AppDraft,
    BoundNow,
    Full,
    Held,
    NotShown,
    NumberDraft,
    Over,
    Started,
    Stopped,
    WrongCode,
)
from portvakt.methods import Ceremony, Enrollable, Rejected, SentCode, SignInMethod, TimeStep
from portvakt.proving.ask import CodeSender, CodeSent
from portvakt.proving.text_limits import NotYet
from portvakt.records import CodeExpired, CodeWrong, Records, Spent, Unit

TOTP = AuthenticatorType.TOTP
SMS_CODE = AuthenticatorType.SMS_CODE
BIND = "bind"
"""The purpose of a code that proves a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSetUp:
    """An authenticator app: a key is made, shown, and proved by a code."""

    records: Records
    sealer: Sealer
    drafts: Drafts
    binder: Binder
    method: Enrollable

    async def begin(
        self, person: Person, *, number: str = "", preferred: bool = False
    ) -> Started | Full:
        """Make a key. `number` (E.164) is proved after it, if one was typed beside it."""
        most = full(person, TOTP)
        if most is not None:
            return Full(TOTP, most)
        secret = self.method.offer().secret
        detail = Detail(number=number, preferred=preferred)
        id_ = self.drafts.new_id()
        await self.records.write(
            lambda unit: self.drafts.put(unit, person, id_, TOTP, detail, secret)
        )
        return Started(id_)

    async def show(self, person: Person, id_: str) -> AppDraft | Over:
        """Return the key of a draft. It is shown until it is proved, and never after (A044)."""
        draft = await self.records.read(lambda unit: self.drafts.load(unit, person, id_, TOTP))
        return Over() if draft is None else AppDraft(id=id_, secret=self.drafts.secret(draft))

    async def confirm(
        self, person: Person, id_: str, typed: Secret
    ) -> BoundNow | WrongCode | Full | NotShown | Over:
        """Bind the app if it shows the right code. Its time step is used up by that (A016)."""
        shown = await self.show(person, id_)
        if isinstance(shown, Over):
            return shown
        proved = self.binder.pending(person, TOTP)
        ceremony = Ceremony(
            flow=id_, purpose=BIND, now=person.now, authenticator=proved, secret=shown.secret
        )
        verified = await self.method.verify(ceremony, typed)
        if isinstance(verified, Rejected) or not isinstance(verified.spends, TimeStep):
            return WrongCode()
        step = verified.spends.step
        sealed = self.sealer.seal(
            shown.secret, table="authenticators", column="sealed", row=proved.id
        )

        async def act(unit: Unit) -> BoundNow | Full | NotShown | Over:
            draft = await self.drafts.spend(unit, person, id_)
            if draft is None:
                return Over()
            return await self.binder.bind(
                unit, person, draft, proved, sealed=sealed, last_step=step
            )

        return await self.binder.in_turn(act)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSetUp:
    """A telephone number: a code is sent to it and comes back."""

    records: Records
    drafts: Drafts
    binder: Binder
    method: SignInMethod
    sender: CodeSender

    async def begin(
        self, person: Person, number: str, *, replaces: str = "", preferred: bool = False
    ) -> Started | Full | AlreadyTheirs | Held:
        """Send a code to a number (E.164) that may be sent to."""
        if any(each.detail == number for each in active(person.standing, SMS_CODE)):
            return AlreadyTheirs()
        most = full(person, SMS_CODE)
        if most is not None and not replaces:
            return Full(SMS_CODE, most)
        detail = Detail(number=number, replaces=replaces, preferred=preferred)
        id_ = self.drafts.new_id()

        async def act(unit: Unit) -> Started | Held:
            sent = await self._send(unit, person, id_, number)
            if isinstance(sent, Held):
                # Pressed twice, or gone back: the text that was sent is for a page of theirs.
                waiting = await self.drafts.waiting(unit, person, detail)
                return sent if waiting is None else Started(waiting.id)
            await self.drafts.put(unit, person, id_, SMS_CODE, detail)
            return Started(id_)

        return await self.records.write(act)

    async def show(self, person: Person, id_: str) -> NumberDraft | Over:
        """Return what the page of a number's code shows."""

        async def act(unit: Unit) -> NumberDraft | Over:
            draft = await self.drafts.load(unit, person, id_, SMS_CODE)
            code = None if draft is None else await unit.codes.newest(id_, BIND)
            if draft is None or code is None:
                return Over()
            return NumberDraft(
                id=id_,
                number=Detail.of(draft).number,
                sent=code.created_at,
                expires=code.expires_at,
                fate=await unit.outbox.fate(code.id),
            )

        return await self.records.read(act)

    async def send_again(self, person: Person, id_: str) -> Started | Held | Over:
        """Send a new code; the one before is dead, and wrong answers stay counted."""

        async def act(unit: Unit) -> Started | Held | Over:
            draft = await self.drafts.load(unit, person, id_, SMS_CODE)
            if draft is None:
                return Over()
            sent = await self._send(unit, person, id_, Detail.of(draft).number)
            return sent if isinstance(sent, Held) else Started(id_)

        return await self.records.write(act)

    async def confirm(
        self, person: Person, id_: str, typed: Secret
    ) -> BoundNow | WrongCode | Stopped | Full | NotShown | Over:
        """Bind the number if the code that was sent to it comes back.

        Wrong answers are counted for the account over all drafts and codes, so that asking for
        another code buys no more guesses (SP 800-63B-4 section 3.1.3.2).
        """
        ceremony = Ceremony(flow=id_, purpose=BIND, now=person.now)
        verified = await self.method.verify(ceremony, typed)
        spends = None if isinstance(verified, Rejected) else verified.spends

        async def act(unit: Unit) -> BoundNow | WrongCode | Stopped | Full | NotShown | Over:
            if await self.drafts.load(unit, person, id_, SMS_CODE) is None:
                return Over()
            tries = (f"{BIND}:{person.account.id}", Kind.SMS_CODE, Familiarity.ANY)
            count = await unit.attempts.count(*tries, LIMITS[Kind.SMS_CODE], person.now)
            if not count.allowed:
                return Stopped(count.stopped_until or person.now)
            wrong = await self._wrong(unit, person, id_, spends)
            if wrong is not None:
                return wrong
            await unit.attempts.give_back([tries], person.now)
            draft = await self.drafts.spend(unit, person, id_)
            if draft is None:
                return Over()
            proved = self.binder.pending(person, SMS_CODE, detail=Detail.of(draft).number)
            return await self.binder.bind(unit, person, draft, proved)

        return await self.binder.in_turn(act)

    async def _wrong(
        self, unit: Unit, person: Person, id_: str, spends: object
    ) -> WrongCode | None:
        """Use the code up, or say how it was wrong."""
        if not isinstance(spends, SentCode):
            return WrongCode()
        outcome = await unit.codes.spend(id_, BIND, spends.mac, person.now, spends.other)
        match outcome:
            case Spent():
                return None
            case CodeExpired():
                return WrongCode(late=True)
            case CodeWrong():
                return WrongCode()
            case _:
                assert_never(outcome)

    async def _send(self, unit: Unit, person: Person, id_: str, number: str) -> CodeSent | Held:
        sent = await self.sender.send(
            unit,
            flow=id_,
            purpose=BIND,
            standing=person.standing,
            authenticator=self.binder.pending(person, SMS_CODE, detail=number, id_=id_),
            visit=person.visit,
            proven=True,
        )
        return Held(sent.at, sent.why) if isinstance(sent, NotYet) else sent
