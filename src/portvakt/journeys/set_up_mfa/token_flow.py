"""Taking a hardware token into use: its serial number, and a code that it shows."""

from dataclasses import dataclass, replace

import structlog

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import HardwareTokenNotTaken, HardwareTokenTaken
from portvakt.core.hardware_tokens import (
    Make,
    Place,
    TokenKind,
    detail_of,
    first_step,
    read_serial,
)
from portvakt.core.secret import Secret
from portvakt.core.throttle import LIMITS, Familiarity, Kind
from portvakt.crypto.sealing import Sealer, SealError
from portvakt.journeys.set_up_mfa.acting import DRAFT_LIVES, Person, full
from portvakt.journeys.set_up_mfa.binding import Binder
from portvakt.journeys.set_up_mfa.drafts import Detail, Drafts
from portvakt.journeys.set_up_mfa.outcomes import (
    BoundNow,
    Full,
    NotShown,
    Over,
    Stopped,
    WrongCode,
)
from portvakt.records import Draft, Records, Unit
from portvakt.records.hardware_tokens import StoredToken

_log = structlog.get_logger("portvakt.set_up_mfa")

HARDWARE_TOKEN = AuthenticatorType.HARDWARE_TOKEN
Taken = BoundNow | WrongCode | Stopped | Full | NotShown | Over
"""What can come of it."""
_NOBODYS = Make(kind=TokenKind.TOTP)
_NO_SECRET = bytes(20)


class _TakenError(Exception):
    """Somebody took the device in the meantime: what was bound is undone."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A device and the step that its code told."""

    token: StoredToken
    step: int
    secret: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSetUp:
    """A device of the pool: whoever holds it reads its number and its code, and has it."""

    records: Records
    sealer: Sealer
    drafts: Drafts
    binder: Binder

    async def take(self, person: Person, serial: str, typed: Secret) -> Taken:
        """Bind a device to this person, if the number and the code belong together.

        A number that there is not, or that is somebody else's, is a wrong code like any other: who
        has which device is nobody's business. Every try is counted, before it is looked at.
        """
        most = full(person, HARDWARE_TOKEN)
        if most is not None:
            return Full(HARDWARE_TOKEN, most)
        tries = (f"bind:{person.account.id}", Kind.HARDWARE_TOKEN, Familiarity.ANY)
        limit = LIMITS[Kind.HARDWARE_TOKEN]
        count = await self.records.write_one(
            lambda unit: unit.attempts.count(*tries, limit, person.now)
        )
        if not count.allowed:
            return Stopped(count.stopped_until or person.now)
        shown = await self._shown(person, serial, typed)
        if isinstance(shown, str):
            return await self._wrong(person, shown)

        async def act(unit: Unit) -> BoundNow | Full | NotShown | Over:
            outcome = await self._bind(unit, person, shown)
            if isinstance(outcome, BoundNow):
                await unit.attempts.give_back([tries], person.now)
            return outcome

        try:
            return await self.binder.in_turn(act)
        except _TakenError:
            return await self._wrong(person, "taken")

    async def _shown(self, person: Person, typed_serial: str, typed: Secret) -> _Shown | str:
        """Find what was shown, or name for the log why it was wrong."""
        serial = read_serial(typed_serial) or ""
        token = await self.records.read(lambda unit: unit.hardware_tokens.find(serial))
        if token is None:
            first_step(_NOBODYS, _NO_SECRET, typed.open(), Place(), person.now)
            return "unknown"
        try:
            secret = self.sealer.open(
                token.sealed, table="hardware_tokens", column="sealed", row=token.id
            )
        except SealError as error:
            _log.error("hardware_token_unreadable", token=token.id, error=type(error).__name__)
            return "unreadable"
        place = Place(token.last_step)
        step = first_step(token.make, secret, typed.open(), place, person.now)
        if step is None:
            return "wrong"
        return _Shown(token, step, secret)

    async def _bind(
        self, unit: Unit, person: Person, shown: _Shown
    ) -> BoundNow | Full | NotShown | Over:
        token = shown.token
        pending = self.binder.pending(
            person, HARDWARE_TOKEN, detail=detail_of(token.make, token.serial)
        )
        proved = replace(pending, label=token.serial, last_used_at=person.now)
        sealed = self.sealer.seal(
            shown.secret, table="authenticators", column="sealed", row=proved.id
        )
        outcome = await self.binder.bind(
            unit, person, self._begun(person), proved, sealed=sealed, last_step=shown.step
        )
        if not isinstance(outcome, BoundNow):
            return outcome
        account_id, now = person.account.id, person.now
        if not await unit.hardware_tokens.take(token.id, account_id, proved.id, shown.step, now):
            raise _TakenError
        await unit.audit.write(HardwareTokenTaken(**person.said(), serial=token.serial))
        return outcome

    def _begun(self, person: Person) -> Draft:
        """Say what was begun: nothing is half set up, for one form holds all of it."""
        return Draft(
            id=self.drafts.new_id(),
            account_id=person.account.id,
            session_id=person.session.id,
            type=HARDWARE_TOKEN,
            detail=Detail().written(),
            created_at=person.now,
            expires_at=person.now + DRAFT_LIVES,
        )

    async def _wrong(self, person: Person, reason: str) -> WrongCode:
        event = HardwareTokenNotTaken(**person.said(), reason=reason)
        await self.records.write(lambda unit: unit.audit.write(event))
        return WrongCode()
