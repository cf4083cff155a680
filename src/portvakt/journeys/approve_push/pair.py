"""Bringing a phone to an account with a code, once (NIST SP 800-63B-4 section 4.1.2.2, A040)."""

import base64
import json
from dataclasses import dataclass, replace

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.enrolment import MOST, active_alone
from portvakt.core.events import PhoneMoved, PhonePaired, PhonePairingReused
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.people import canonical_identifier
from portvakt.core.phones import Pairing, Phone, PhoneState, is_long_code, linked, short_code
from portvakt.core.throttle import Count
from portvakt.crypto.phone_keys import is_key
from portvakt.journeys.approve_push.messages import Letter, Pair, readable_name
from portvakt.journeys.approve_push.origin import keep
from portvakt.journeys.approve_push.parts import Answer, Json, Parts, Refused, Word
from portvakt.journeys.approve_push.show import Show
from portvakt.mail import Notice, What
from portvakt.proving.addresses import Key, count_address
from portvakt.proving.freezing import is_frozen
from portvakt.proving.held import allowed
from portvakt.proving.visit import Visit, said
from portvakt.records import Standing, Unit
from portvakt.records.pairings import Paired, PairingExpired, PairingUsed, ShortWrong

SECRET_BYTES = 20  # RFC 4226 section 4: 160 bits
NOBODY = AccountId("nobody")
"""Stands in for whoever has not the name that was typed, so that the same work is done."""

_PUSH, _TOTP = AuthenticatorType.PUSH, AuthenticatorType.TOTP


@dataclass(frozen=True, slots=True)
class _New:
    """A phone that asks to be paired, and the secret of its codes."""

    phone: Phone
    secret: bytes


class _FullError(Exception):
    """The account has as many phones as it may: the act is undone, and the code is not spent."""


class Pairer:
    """Takes pairing codes."""

    def __init__(self, parts: Parts, show: Show) -> None:
        self._parts = parts
        self._show = show

    async def pair(self, letter: Letter, fields: Pair, visit: Visit) -> Answer:
        """Judge a code and, where it is right, make the phone one of the account's."""
        short = short_code(fields.short) if fields.short else None
        name = readable_name(fields.name)
        known_form = is_long_code(fields.code) if fields.code else short == fields.short
        one_code = bool(fields.code) is not bool(fields.short)
        if not (one_code and known_form and name) or bool(fields.account) is not bool(short):
            return Refused(Word.MALFORMED)
        if letter.jwk is None or not is_key(letter.jwk):
            return Refused(Word.MALFORMED)
        key, count = await self._count(visit)
        if not count.allowed:
            return Refused(Word.TOO_MANY, count.stopped_until)
        account = await self._account(fields.account) if short else None
        new = self._new(letter.jwk, name, visit)

        async def act(unit: Unit) -> Answer:
            if short:
                whose, codes = account or NOBODY, self._parts.codes
                spent = await unit.pairings.spend_short(
                    whose,
                    codes.short_hash(whose, short),
                    new.phone.id,
                    visit.now,
                    codes.short_hash_by_neighbour(whose, short),
                )
            else:
                hashed = self._parts.codes.long_hash(fields.code)
                spent = await unit.pairings.spend(hashed, new.phone.id, visit.now)
            if not isinstance(spent, Paired):
                return await self._refused(unit, spent, new.phone.jwk, visit)
            await unit.attempts.give_back([key], visit.now)
            return await self._paired(unit, spent.pairing, new, visit, by_short=bool(short))

        try:
            answer = await self._parts.records.write(act)
        except _FullError:
            return Refused(Word.FULL)
        if isinstance(answer, Refused):
            return answer
        told = await self._show.again(new.phone.id, visit.now)
        return Refused(Word.GONE) if told is None else told | answer

    async def _account(self, typed: str) -> AccountId | None:
        """Find whose name was typed. What no account can be called is nobody's."""
        name = canonical_identifier(typed) or ""
        found = await self._parts.records.read(lambda unit: unit.people.find(name))
        return None if found is None else found.account.id

    def _new(self, jwk: str, name: str, visit: Visit) -> _New:
        phone = Phone(
            id=AuthenticatorId(self._parts.random.id()),
            account_id=NOBODY,
            state=PhoneState.PROVING,
            name=name,
            jwk=jwk,
            created_at=visit.now,
            seen_at=visit.now,
        )
        return _New(phone, self._parts.random.bytes(SECRET_BYTES))

    async def _count(self, visit: Visit) -> tuple[Key, Count]:
        """Count a guess against its address, as every other, before it is judged."""
        inside = await self._parts.rules.inside(visit.address, visit.now)
        return await self._parts.records.write(
            lambda unit: count_address(unit, visit, inside=inside)
        )

    async def _refused(
        self,
        unit: Unit,
        spent: PairingUsed | PairingExpired | ShortWrong | None,
        jwk: str,
        visit: Visit,
    ) -> Refused:
        match spent:
            case PairingExpired():
                return Refused(Word.EXPIRED)
            case PairingUsed(account_id):
                await self._reused(unit, account_id, jwk, visit)
                return Refused(Word.USED)
            case _:
                return Refused(Word.WRONG)

    async def _reused(self, unit: Unit, account_id: AccountId, jwk: str, visit: Visit) -> None:
        """Tell of a code that came twice; not where one phone only asked again, by its own key."""
        theirs = [json.loads(each.jwk) for each in await unit.phones.of(account_id)]
        if json.loads(jwk) in theirs:
            return
        await unit.audit.write(PhonePairingReused(**said(visit, account_id)))
        standing = await unit.people.load(account_id)
        if standing is not None:
            what = What(notice=Notice.PAIRING_REUSED)
            await self._parts.notices.tell(unit, standing.account, what, visit)

    async def _paired(
        self, unit: Unit, pairing: Pairing, new: _New, visit: Visit, *, by_short: bool
    ) -> Answer:
        await unit.turn(f"methods:{pairing.account_id}")
        standing = await unit.people.load(pairing.account_id)
        configuration = await self._parts.rules.within(unit, visit.now)
        if standing is None or not allowed(standing, configuration).registers(_PUSH):
            return Refused(Word.EXPIRED)
        phone = replace(new.phone, account_id=pairing.account_id)
        by = "short" if by_short else "long"
        if pairing.old_phone is not None:
            old = _bound(standing, pairing.old_phone)
            if old is None or await is_frozen(unit, pairing.account_id):
                return Refused(Word.EXPIRED)
            phone, by = replace(phone, state=PhoneState.ACTIVE, name=old.label), "transfer"
            await self._move(unit, standing, old, phone, new.secret, visit)
        elif len(active_alone(standing.authenticators, _PUSH)) >= MOST[_PUSH]:
            raise _FullError
        else:
            await unit.phones.add(phone, self._sealed(new.secret, "phones", "totp", phone.id))
        await unit.audit.write(
            PhonePaired(
                **said(visit, phone.account_id),
                authenticator_id=phone.id,
                by=by,
                label=phone.name,
            )
        )
        await keep(unit, self._parts.app_origin, self._parts.origin)
        await unit.wakeups.ring(f"pairing:{pairing.id}")
        return _given(phone, new.secret)

    async def _move(
        self,
        unit: Unit,
        standing: Standing,
        old: Authenticator,
        phone: Phone,
        secret: bytes,
        visit: Visit,
    ) -> None:
        """Let the new phone take the old one's place: bind it, and end what the old one had."""
        account = standing.account
        preferred = any(each.preferred for each in linked(old.id, standing.authenticators))
        await unit.phones.remove(old.id, account.id)
        await unit.phones.add(phone, None)
        push = replace(
            old,
            id=phone.id,
            preferred=preferred,
            created_at=visit.now,
            changed_at=visit.now,
            last_used_at=None,
        )
        row = AuthenticatorId(self._parts.random.id())
        codes = replace(push, id=row, type=_TOTP, detail=phone.id, preferred=False)
        sealed = self._sealed(secret, "authenticators", "sealed", row)
        await unit.authenticators.bind(push)
        await unit.authenticators.bind(codes, sealed=sealed)
        await unit.audit.write(
            PhoneMoved(**said(visit, account.id), authenticator_id=phone.id, old=old.id)
        )
        what = What(notice=Notice.PHONE_MOVED, method=_PUSH, label=phone.name)
        await self._parts.notices.tell(unit, account, what, visit)
        await unit.wakeups.ring(f"phone:{account.id}")

    def _sealed(self, secret: bytes, table: str, column: str, row: str) -> bytes:
        return self._parts.sealer.seal(secret, table=table, column=column, row=row)


def _bound(standing: Standing, id_: AuthenticatorId) -> Authenticator | None:
    """Find a phone that is bound and works."""
    found = (each for each in standing.authenticators if each.id == id_ and each.type is _PUSH)
    return next((each for each in found if each.state is AuthenticatorState.ACTIVE), None)


def _given(phone: Phone, secret: bytes) -> Json:
    """Return what the new phone is told, once: its id, and the secret of its codes."""
    return {
        "phone": phone.id,
        "totp": {
            "secret": base64.b32encode(secret).decode("ascii"),
            "digits": 6,
            "period": 30,
            "algorithm": "SHA1",
        },
    }
