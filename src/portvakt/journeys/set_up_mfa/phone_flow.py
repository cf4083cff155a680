"""A phone with our app: a code brings it here, a test request proves it, and then it is bound."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

import msgspec

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.events import PhoneDisowned
from portvakt.core.ids import PairingId
from portvakt.core.networks import network_name
from portvakt.core.phones import Pairing, Phone
from portvakt.core.push_approval import (
    PAIRING_LIVES,
    PROVES_WITHIN,
    TEST,
    RequestStanding,
    standing_of_request,
)
from portvakt.crypto.pairing_codes import PairingCode, PairingCodes, draw_pairing_code
from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.set_up_mfa.acting import Person, full
from portvakt.journeys.set_up_mfa.binding import Binder
from portvakt.journeys.set_up_mfa.drafts import Detail, Drafts
from portvakt.journeys.set_up_mfa.outcomes import (
    BoundNow,
    Full,
    NotShown,
    NotYetApproved,
    Over,
    PhoneAsked,
    PhoneAwaited,
    PhoneCame,
    PhoneDraft,
    Started,
)
from portvakt.proving.phone_requests import Asked, NotNow, PhoneRequests
from portvakt.records import Records, Unit
from portvakt.records.drafts import Draft

PUSH = AuthenticatorType.PUSH
TOTP = AuthenticatorType.TOTP
AWAITED = "awaited"
TOLD = frozenset({"sent", "delivered", "opened"})
"""What a waiting page tells of a request, without another page to show."""
UNANSWERED = frozenset({RequestStanding.WAITING, RequestStanding.APPROVED})
"""A request in one of these is not made anew by pressing twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSetUp:
    """Brings a phone to the account: a draft and a pairing of the same name, for ten minutes."""

    records: Records
    random: Random
    sealer: Sealer
    codes: PairingCodes
    drafts: Drafts
    binder: Binder
    requests: PhoneRequests

    async def begin(
        self, person: Person, *, number: str = "", preferred: bool = False
    ) -> Started | Full:
        """Make a code that brings one phone. An older one of the account that waits is void.

        `number` (E.164) is proved after it, if one was typed beside it.
        """
        most = full(person, PUSH)
        if most is not None:
            return Full(PUSH, most)
        detail = Detail(number=number, preferred=preferred)
        return await self.records.write(lambda unit: self._begin(unit, person, detail))

    async def _begin(self, unit: Unit, person: Person, detail: Detail) -> Started:
        id_, code = self.drafts.new_id(), draw_pairing_code(self.random)
        secret, lives = msgspec.json.encode((code.long, code.short)), PAIRING_LIVES + PROVES_WITHIN
        await self.drafts.put(unit, person, id_, PUSH, detail, secret, lives=lives)
        await unit.pairings.start(self._pairing(person, id_, code))
        return Started(id_)

    def _pairing(self, person: Person, id_: str, code: PairingCode) -> Pairing:
        account = person.account.id
        return Pairing(
            id=PairingId(id_),
            account_id=account,
            session_id=person.session.id,
            old_phone=None,
            code_hash=self.codes.long_hash(code.long),
            short_hash=self.codes.short_hash(account, code.short),
            created_at=person.now,
            expires_at=person.now + PAIRING_LIVES,
        )

    async def typed_beside(self, person: Person, id_: str) -> tuple[str, bool]:
        """Return the number and the choice that were made on the sheet, for another app."""
        draft = await self.records.read(lambda unit: self.drafts.load(unit, person, id_, PUSH))
        detail = Detail() if draft is None else Detail.of(draft)
        return detail.number, detail.preferred

    async def show(self, person: Person, id_: str) -> PhoneDraft | Over:
        """Return how far the phone has come. The code can be read until one has come with it."""
        return await self.records.read(lambda unit: self._state(unit, person, id_))

    async def _state(self, unit: Unit, person: Person, id_: str) -> PhoneDraft | Over:
        draft = await self.drafts.load(unit, person, id_, PUSH)
        if draft is None:
            return Over()
        pairing = await unit.pairings.load(PairingId(id_), person.session.id, person.now)
        if pairing is None:
            return Over()
        if pairing.phone_id is None:
            return PhoneAwaited(id=id_, code=self._code(draft), expires=pairing.expires_at)
        found = await unit.phones.load(pairing.phone_id, person.now)
        if found is None:
            return Over()
        phone, _ = found
        approval = await unit.approvals.newest(id_, TEST)
        if approval is None:
            return PhoneCame(id=id_, phone=phone)
        standing = standing_of_request(approval, person.now)
        return PhoneAsked(id=id_, phone=phone, approval=approval, standing=standing)

    def _code(self, draft: Draft) -> PairingCode:
        return PairingCode(*msgspec.json.decode(self.drafts.secret(draft), type=tuple[str, str]))

    async def ask(self, person: Person, id_: str) -> Started | PhoneAwaited | Over:
        """Ask the phone that came to approve a number; PhoneAwaited where none has.

        A request that waits or is approved stays, so that pressing twice asks once.
        """

        async def act(unit: Unit) -> Started | PhoneAwaited | Over:
            await unit.turn(f"pairing:{id_}")
            at = await self._state(unit, person, id_)
            match at:
                case Over() | PhoneAwaited():
                    return at
                case PhoneAsked(standing=standing) if standing in UNANSWERED:
                    return Started(id_)
                case PhoneCame(phone=phone) | PhoneAsked(phone=phone):
                    await self._ask(unit, person, id_, phone)
                    return Started(id_)
                case _:
                    assert_never(at)

        return await self.records.write(act)

    async def _ask(self, unit: Unit, person: Person, id_: str, phone: Phone) -> None:
        asked = await self.requests.ask(
            unit,
            flow=id_,
            purpose=TEST,
            standing=person.standing,
            claimed=person.account.user_name,
            app_name="",
            network_name=network_name(person.visit.address, person.configuration.networks),
            visit=person.visit,
            lock=False,
            password_proved=True,
            only_phone=phone.id,
        )
        match asked:
            case Asked():
                await unit.wakeups.ring(f"pairing:{id_}")
            case NotNow():
                raise AssertionError("a test counts towards no limit, and always finds room")
            case _:
                assert_never(asked)

    async def disown(self, person: Person, id_: str) -> Started | Over:
        """«Det är inte min telefon»: forget whatever phone came, and make another code.

        Either this or `confirm` takes the draft, so a phone that was disowned is never bound.
        """

        async def act(unit: Unit) -> Started | Over:
            at = await self._state(unit, person, id_)
            draft = await self.drafts.spend(unit, person, id_)
            if isinstance(at, Over) or draft is None:
                return Over()
            if not isinstance(at, PhoneAwaited):
                phone = at.phone
                await unit.phones.remove(phone.id, person.account.id)
                event = PhoneDisowned(**person.said(), authenticator_id=phone.id, label=phone.name)
                await unit.audit.write(event)
            await unit.wakeups.ring(f"pairing:{id_}")
            return await self._begin(unit, person, Detail.of(draft))

        return await self.records.write(act)

    async def confirm(
        self, person: Person, id_: str
    ) -> BoundNow | NotYetApproved | Full | NotShown | Over:
        """Bind the phone if it has approved the test request; that is spent by it, once."""

        async def act(unit: Unit) -> BoundNow | NotYetApproved | Full | NotShown | Over:
            at = await self._state(unit, person, id_)
            if isinstance(at, Over):
                return at
            if not isinstance(at, PhoneAsked):
                return NotYetApproved()
            if await unit.approvals.finish(id_, TEST, person.now, lock=False) != at.phone.id:
                return NotYetApproved()
            draft = await self.drafts.spend(unit, person, id_)
            if draft is None:
                return Over()
            outcome = await self._bind(unit, person, draft, at.phone)
            if not isinstance(outcome, BoundNow):
                await unit.phones.remove(
                    at.phone.id, person.account.id
                )  # it says so, and pairs anew
            await unit.wakeups.ring(f"phone:{person.account.id}")
            await unit.wakeups.ring(f"pairing:{id_}")
            return outcome

        return await self.binder.in_turn(act)

    async def _bind(
        self, unit: Unit, person: Person, draft: Draft, phone: Phone
    ) -> BoundNow | Full | NotShown | Over:
        """Bind the phone and its codes, which leave the phone's row for one of their own."""
        proved = self.binder.pending(person, PUSH, id_=phone.id)
        outcome = await self.binder.bind(unit, person, draft, replace(proved, label=phone.name))
        if not isinstance(outcome, BoundNow):
            return outcome
        sealed = await unit.phones.totp_of(phone.id)
        if sealed is not None:
            codes = self.binder.pending(person, TOTP, detail=phone.id)
            codes = replace(codes, label=phone.name)
            await unit.authenticators.bind(codes, sealed=self._resealed(sealed, phone, codes))
        await unit.phones.activate(phone.id, person.now)
        return outcome

    def _resealed(self, sealed: bytes, phone: Phone, codes: Authenticator) -> bytes:
        secret = self.sealer.open(sealed, table="phones", column="totp", row=phone.id)
        return self.sealer.seal(secret, table="authenticators", column="sealed", row=codes.id)


def awaited_topic(at: PhoneDraft) -> str:
    """Name what is rung when there may be something new to show."""
    return f"approval:{at.approval.id}" if isinstance(at, PhoneAsked) else f"pairing:{at.id}"


def patience(at: PhoneDraft, now: datetime, most: float) -> float:
    """Return for how many seconds, at most, nothing but the bell changes what there is to show."""
    if not isinstance(at, PhoneAsked):
        return most
    left = (at.approval.expires_at - now).total_seconds()
    return min(max(left, 0.0), most)


def told(asked: PhoneAsked) -> str:
    """Say in a word how far a request has come that may still be approved."""
    approval = asked.approval
    if asked.standing is RequestStanding.APPROVED:
        return "approved"
    if approval.opened_at is not None:
        return "opened"
    return "sent" if approval.delivered_at is None else "delivered"


def stage(at: PhoneDraft | Over) -> str:
    """Say in a word what the page shows, so that a waiting page can tell whether it is old."""
    match at:
        case PhoneAwaited():
            return AWAITED
        case PhoneCame():
            return "came"
        case PhoneAsked(standing=standing) if standing in UNANSWERED:
            return told(at)
        case PhoneAsked():
            return "ended"
        case Over():
            return "over"
        case _:
            assert_never(at)
