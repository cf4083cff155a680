"""The screen lock: proving it beside what is signed, and signing in with the phone alone."""

import structlog

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.enrolment import may_turn_on
from portvakt.core.events import PhoneSignInDisabled, PhoneSignInEnabled
from portvakt.core.ids import AuthenticatorId
from portvakt.core.phones import Phone, PhoneState, decode, sign_in_of
from portvakt.crypto.screen_lock import Credential, NotProved, Proved, ScreenLocks
from portvakt.journeys.approve_push.messages import Assertion, Attestation, Letter, ScreenLock
from portvakt.journeys.approve_push.parts import Answer, Caller, Parts, Refused, Word
from portvakt.journeys.approve_push.show import Show
from portvakt.mail import Notice, What
from portvakt.proving.freezing import is_frozen
from portvakt.proving.held import allowed, held
from portvakt.records import Unit

_log = structlog.get_logger("portvakt.phones")

PHONE_SIGN_IN = AuthenticatorType.PHONE_SIGN_IN


def credential_of(phone: Phone) -> Credential | None:
    """Return what is kept of a phone's screen lock, if it was made."""
    if phone.credential_id is None or phone.credential_key is None:
        return None
    return Credential(phone.credential_id, phone.credential_key, phone.sign_count)


class NotSignedError(Exception):
    """Somebody used this very proof in the meantime: the act is undone."""


class Locks:
    """Judges proofs of the screen lock, and turns passwordless sign-in on and off."""

    def __init__(self, parts: Parts, show: Show) -> None:
        self._parts = parts
        self._show = show
        self._judge = ScreenLocks(origin=parts.app_origin, rp_id=parts.rp_id)

    def proved(self, caller: Caller, assertion: Assertion | None) -> Proved | None:
        """Judge a use of the lock for what was signed; None where it does not count."""
        credential = credential_of(caller.phone)
        if credential is None or assertion is None:
            return None
        try:
            verdict = self._judge.used(
                credential,
                id_=decode(assertion.id),
                client_data=decode(assertion.client_data),
                authenticator_data=decode(assertion.authenticator_data),
                signature=decode(assertion.signature),
                challenge=caller.challenge,
            )
        except ValueError:
            return None
        if isinstance(verdict, NotProved):
            _log.info("screen_lock_refused", reason=verdict.reason)
            return None
        return verdict

    async def spend(self, unit: Unit, phone: Phone, proof: Proved) -> None:
        """Keep the lock's count in the act that uses the proof.

        Raises `NotSignedError`, which undoes the act, where it has not risen: a copy was used.
        """
        if not await unit.phones.signed(phone.id, proof.sign_count):
            raise NotSignedError

    async def screen_lock(self, caller: Caller, fields: ScreenLock, letter: Letter) -> Answer:
        """Make the credential where there is none, and turn passwordless sign-in on or off.

        It may be made before the phone is proved, and turned off without a proof; no more.
        """
        phone = caller.phone
        shown = self._shown(caller, fields, letter)
        if isinstance(shown, Refused):
            return shown
        if fields.sign_in and phone.state is PhoneState.PROVING:
            return Refused(Word.LOCK)

        async def act(unit: Unit) -> Word | None:
            await unit.turn(f"methods:{phone.account_id}")
            if isinstance(shown, Credential):
                if not await unit.phones.lock(phone.id, shown.id, shown.key, shown.sign_count):
                    return Word.LOCK
            elif shown is not None:
                await self.spend(unit, phone, shown)
            return await self._turn(unit, caller, on=fields.sign_in)

        try:
            why = await self._parts.records.write(act)
        except NotSignedError:
            why = Word.LOCK
        if why is not None:
            return Refused(why)
        told = await self._show.again(phone.id, caller.now)
        return Refused(Word.GONE) if told is None else told

    def _shown(
        self, caller: Caller, fields: ScreenLock, letter: Letter
    ) -> Credential | Proved | Refused | None:
        """Judge what stands beside it: a credential that was made, a use of the one there is."""
        if letter.attestation is not None:
            if caller.phone.credential_id is not None or letter.assertion is not None:
                return Refused(Word.MALFORMED)
            return self._made(caller, letter.attestation) or Refused(Word.LOCK)
        if fields.sign_in or letter.assertion is not None:
            return self.proved(caller, letter.assertion) or Refused(Word.LOCK)
        return None

    def _made(self, caller: Caller, attestation: Attestation) -> Credential | None:
        try:
            verdict = self._judge.made(
                id_=decode(attestation.id),
                client_data=decode(attestation.client_data),
                attestation_object=decode(attestation.attestation_object),
                challenge=caller.challenge,
            )
        except ValueError:
            return None
        if isinstance(verdict, NotProved):
            _log.info("screen_lock_refused", reason=verdict.reason)
            return None
        return verdict

    async def _turn(self, unit: Unit, caller: Caller, *, on: bool) -> Word | None:
        """Bind or unbind phone sign-in, by what is stored now; a word says why it is not done."""
        read = await unit.phones.load(caller.phone.id, caller.now)
        if read is None:
            return Word.LOCK
        configuration = await self._parts.rules.current(caller.now)
        phone, standing = read[0], held(read[1], configuration)
        if on and not allowed(standing, configuration).registers(PHONE_SIGN_IN):
            return Word.LOCK
        bound = sign_in_of(phone.id, standing.authenticators)
        if on != (bound is not None) and await is_frozen(unit, phone.account_id):
            return Word.FROZEN
        if on and may_turn_on(phone.id, standing.authenticators, caller.now):
            await unit.authenticators.bind(self._sign_in(phone, caller))
            await unit.audit.write(PhoneSignInEnabled(**caller.said(), authenticator_id=phone.id))
            notice = Notice.ADDED
        elif not on and bound is not None:
            await unit.authenticators.remove(bound.id, phone.account_id)
            await unit.audit.write(PhoneSignInDisabled(**caller.said(), authenticator_id=phone.id))
            notice = Notice.REMOVED
        else:
            return None
        what = What(notice=notice, method=PHONE_SIGN_IN, label=phone.name)
        await self._parts.notices.tell(unit, standing.account, what, caller.visit)
        await unit.wakeups.ring(f"phone:{phone.account_id}")
        return None

    def _sign_in(self, phone: Phone, caller: Caller) -> Authenticator:
        return Authenticator(
            id=AuthenticatorId(self._parts.random.id()),
            account_id=phone.account_id,
            type=PHONE_SIGN_IN,
            state=AuthenticatorState.ACTIVE,
            label=phone.name,
            source="self",
            detail=phone.id,
            preferred=False,
            created_at=caller.now,
            changed_at=caller.now,
        )
