"""A key: the browser has it made, and it is bound if what it says of itself holds."""

from dataclasses import dataclass

import structlog

from portvakt.core.assurance import METHODS, Evidence
from portvakt.core.authenticators import BESIDE, Authenticator, AuthenticatorType
from portvakt.core.key_models import KeyDemand, KeyModels, ShownKey, unfit
from portvakt.core.keys import CHALLENGE_BYTES, HANDLE_BYTES, Known, NewKey, NotAccepted, Options
from portvakt.core.secret import Secret
from portvakt.crypto.randomness import Random
from portvakt.journeys.set_up_mfa.acting import Person, full
from portvakt.journeys.set_up_mfa.binding import Binder
from portvakt.journeys.set_up_mfa.drafts import Detail, Drafts
from portvakt.journeys.set_up_mfa.names import read_name
from portvakt.journeys.set_up_mfa.outcomes import (
    BadName,
    BoundNow,
    Full,
    KeyDraft,
    NotAKey,
    NotShown,
    Over,
    Started,
)
from portvakt.methods import KeyMethod
from portvakt.proving.held import allowed
from portvakt.records import Draft, Records, Unit
from portvakt.records.keys import Passkey

PASSKEY = AuthenticatorType.PASSKEY
_log = structlog.get_logger("portvakt.keys")


class KeyTakenError(Exception):
    """Somebody has registered this very credential; the act must be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySetUp:
    """Keeps what a key is to sign for ten minutes, and binds the key that has signed it."""

    records: Records
    random: Random
    drafts: Drafts
    binder: Binder
    method: KeyMethod
    models: KeyModels
    """What is known of models of keys."""

    async def begin(self, person: Person, *, beside: bool = False) -> Started | Full:
        """Ask for a key. `beside` is for one that stands beside the password only."""
        most = full(person, PASSKEY)
        if most is not None:
            return Full(PASSKEY, most)
        id_ = self.drafts.new_id()

        async def act(unit: Unit) -> Started:
            mine = await unit.keys.of(person.account.id)
            handle = mine[0].handle if mine else self.random.bytes(HANDLE_BYTES)
            secret = self.random.bytes(CHALLENGE_BYTES) + handle
            detail = Detail(beside=beside)
            await self.drafts.put(unit, person, id_, PASSKEY, detail, secret)
            return Started(id_)

        return await self.records.write(act)

    async def show(self, person: Person, id_: str, *, organisation: str) -> KeyDraft | Over:
        """Return what the page's script gives to the browser."""

        async def act(unit: Unit) -> KeyDraft | Over:
            draft = await self.drafts.load(unit, person, id_, PASSKEY)
            if draft is None:
                return Over()
            mine = await unit.keys.of(person.account.id)
            return KeyDraft(
                id=id_,
                beside=Detail.of(draft).beside,
                demands=_demands(person),
                options=self._options(person, draft, mine, organisation),
            )

        return await self.records.read(act)

    def _options(
        self, person: Person, draft: Draft, mine: list[Passkey], organisation: str
    ) -> Options:
        challenge, handle = self._asked(draft)
        known = [Known(id=each.credential_id, transports=each.transports) for each in mine]
        return self.method.to_make(
            challenge,
            organisation=organisation,
            handle=handle,
            name=person.account.email or person.account.user_name,
            display_name=person.account.display_name,
            known=known,
            alone=not Detail.of(draft).beside,
            attested=bool(_demands(person)),
        )

    def _asked(self, draft: Draft) -> tuple[bytes, bytes]:
        secret = self.drafts.secret(draft)
        return secret[:CHALLENGE_BYTES], secret[CHALLENGE_BYTES:]

    async def confirm(
        self, person: Person, id_: str, typed: Secret, name: str
    ) -> BoundNow | BadName | NotAKey | Full | NotShown | Over:
        """Bind the key that the browser had made; each draft binds one."""
        label = read_name(name)
        if isinstance(label, BadName):
            return label
        draft = await self.records.read(lambda unit: self.drafts.load(unit, person, id_, PASSKEY))
        if draft is None:
            return Over()
        challenge, handle = self._asked(draft)
        alone = not Detail.of(draft).beside
        demands = _demands(person)
        made = self.method.made(
            typed, challenge, must_verify=alone, models=self.models, attested=bool(demands)
        )
        if isinstance(made, NotAccepted):
            _log.info("key_not_taken", why=made.why)
            return NotAKey()
        if (why := unfit(_shown(made), demands, person.now.date())) is not None:
            _log.info("key_not_taken", why=why, aaguid=made.aaguid)
            return NotAKey(why)
        detail = "" if alone and made.user_verified else BESIDE
        proved = self.binder.pending(person, PASSKEY, detail=detail, label=label)
        key = _kept(made, proved, handle, alone=alone)

        async def act(unit: Unit) -> BoundNow | Full | NotShown | Over:
            spent = await self.drafts.spend(unit, person, id_)
            if spent is None:
                return Over()
            shown = Evidence(
                PASSKEY,
                proved.id,
                person.now,
                METHODS,
                user_verified=key.verifies,
                device_bound=not key.copied,
            )
            bound = await self.binder.bind(unit, person, spent, proved, shown=shown)
            if isinstance(bound, BoundNow) and not await unit.keys.add(key):
                raise KeyTakenError
            return bound

        try:
            return await self.binder.in_turn(act)
        except KeyTakenError:
            return NotAKey()

    async def of(self, person: Person) -> tuple[Passkey, ...]:
        """Return what is kept of this person's keys."""
        if not any(each.type is PASSKEY for each in person.standing.authenticators):
            return ()
        return tuple(await self.records.read(lambda unit: unit.keys.of(person.account.id)))


def _demands(person: Person) -> tuple[KeyDemand, ...]:
    """Return what the organisation asks of a new key of this person's."""
    return allowed(person.standing, person.configuration).keys


def _shown(made: NewKey) -> ShownKey:
    return ShownKey(
        aaguid=made.aaguid, copied=made.copied, model=made.model, attested=made.attested
    )


def _kept(made: NewKey, proved: Authenticator, handle: bytes, *, alone: bool) -> Passkey:
    """Return what is kept; one that was made to stand beside the password never stands alone."""
    return Passkey(
        id=proved.id,
        account_id=proved.account_id,
        credential_id=made.id,
        public_key=made.public_key,
        algorithm=made.algorithm,
        sign_count=made.sign_count,
        aaguid=made.model.id if made.attested and made.model is not None else made.aaguid,
        transports=made.transports,
        copied=made.copied,
        backed_up=made.backed_up,
        verifies=alone and made.user_verified,
        attestation=made.attestation,
        handle=handle,
    )
