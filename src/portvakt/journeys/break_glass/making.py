"""Making the two keys of a break-glass account, with a link that a command printed."""

import unicodedata
from dataclasses import dataclass
from enum import Enum

from portvakt.core.authenticators import Authenticator, AuthenticatorState
from portvakt.core.break_glass import KEYS, SOURCE
from portvakt.core.events import BreakGlassReady, MethodAdded
from portvakt.core.ids import AuthenticatorId
from portvakt.core.keys import Known, NewKey, NotAccepted, Options
from portvakt.core.people import Account
from portvakt.core.phones import LONGEST_NAME, decode, encode
from portvakt.core.secret import Secret
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.key_challenges import KeyChallenges
from portvakt.crypto.randomness import Random
from portvakt.methods import KeyMethod
from portvakt.proving.answer import CHALLENGE_LIVES
from portvakt.proving.keys import PASSKEY
from portvakt.proving.visit import Visit, said
from portvakt.records.keys import Passkey, SpentChallenge
from portvakt.records.unit import Records, Unit

_HERE, _PURPOSE = "break_glass", "make_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the page shows: which key is next, and what its script gives to the browser."""

    name: str
    number: int
    challenge: str
    options: Options


@dataclass(frozen=True, slots=True)
class Made:
    """A key was made. `ready` where it was the last that was missing."""

    name: str
    ready: bool


class NotMade(Enum):
    """Why no key was made."""

    OVER = "over"
    """The link is unknown, used or too old."""
    KEY = "key"
    COPIED = "copied"
    """The key may be copied to other things: a synced passkey."""
    TAKEN = "taken"
    LABEL = "label"


class KeyTakenError(Exception):
    """Somebody has registered this very credential; the act must be undone."""


@dataclass(frozen=True, slots=True)
class _Linked:
    account: Account
    keys: tuple[Passkey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """The acts of the page that a link opens."""

    records: Records
    method: KeyMethod
    challenges: KeyChallenges
    random: Random

    async def ask(self, token: str, visit: Visit, *, organisation: str) -> Ask | None:
        """Return what is to be made now; None for a link that does nothing."""
        linked = await self.records.read(lambda unit: _linked(unit, token, visit))
        if linked is None:
            return None
        keys, name = linked.keys, linked.account.user_name
        challenge = self.challenges.make(
            visit.now, browser=visit.binding, flow=_HERE, purpose=_PURPOSE, must_verify=True
        )
        options = self.method.to_make(
            challenge,
            organisation=organisation,
            handle=_handle(linked.account),
            name=name,
            display_name=name,
            known=[Known(id=each.credential_id, transports=each.transports) for each in keys],
            alone=True,
        )
        return Ask(
            name=name,
            number=len(keys) + 1,
            challenge=encode(challenge),
            options=options,
        )

    async def confirm(
        self, token: str, asked: str, typed: Secret, label: str, visit: Visit
    ) -> Made | NotMade:
        """Bind the key that the browser had made; the second one opens the account."""
        name = _label(label)
        if name is None:
            return NotMade.LABEL
        question = self._question(asked, visit)
        if question is None:
            return NotMade.KEY
        made = self.method.made(typed, question.challenge, must_verify=True)
        if isinstance(made, NotAccepted):
            return NotMade.KEY
        if made.copied:
            return NotMade.COPIED
        id_ = AuthenticatorId(self.random.id())

        async def act(unit: Unit) -> Made | NotMade:
            first = await unit.break_glass.by_link(lookup_hash(token), visit.now)
            if first is None:
                return NotMade.OVER
            await unit.turn(f"methods:{first}")
            linked = await _linked(unit, token, visit)
            if linked is None or not await unit.keys.spend(question, visit.now):
                return NotMade.OVER
            return await _bind(unit, linked, made, id_, name, visit)

        try:
            return await self.records.write(act)
        except KeyTakenError:
            return NotMade.TAKEN

    def _question(self, asked: str, visit: Visit) -> SpentChallenge | None:
        """Read what the page was given to have signed; whether it is too old shows when spent."""
        try:
            challenge = decode(asked)
        except ValueError:
            return None
        found = self.challenges.read(challenge, browser=visit.binding, flow=_HERE, purpose=_PURPOSE)
        if found is None:
            return None
        return SpentChallenge(
            challenge=challenge,
            browser=visit.binding,
            flow=_HERE,
            purpose=_PURPOSE,
            asked_at=found.asked_at,
            expires_at=found.asked_at + CHALLENGE_LIVES,
        )


async def _linked(unit: Unit, token: str, visit: Visit) -> _Linked | None:
    account_id = await unit.break_glass.by_link(lookup_hash(token), visit.now)
    standing = None if account_id is None else await unit.people.load(account_id)
    if account_id is None or standing is None:
        return None
    keys = tuple(await unit.keys.of(account_id))
    return _Linked(standing.account, keys) if len(keys) < KEYS else None


async def _bind(
    unit: Unit,
    linked: _Linked,
    made: NewKey,
    id_: AuthenticatorId,
    label: str,
    visit: Visit,
) -> Made:
    account, keys = linked.account, linked.keys
    told = said(visit, account.id)
    await unit.authenticators.bind(
        Authenticator(
            id=id_,
            account_id=account.id,
            type=PASSKEY,
            state=AuthenticatorState.ACTIVE,
            label=label,
            source=SOURCE,
            detail="",
            preferred=False,
            created_at=visit.now,
            changed_at=visit.now,
        )
    )
    if not await unit.keys.add(_kept(made, account, id_)):
        raise KeyTakenError
    await unit.audit.write(
        MethodAdded(
            **told, authenticator_id=id_, type=PASSKEY, source=SOURCE, basis=None, label=label
        )
    )
    ready = len(keys) + 1 >= KEYS
    if ready:
        await unit.break_glass.open(account.id)
        await unit.audit.write(BreakGlassReady(**told, called=account.user_name))
    return Made(account.user_name, ready)


def _kept(made: NewKey, account: Account, id_: AuthenticatorId) -> Passkey:
    return Passkey(
        id=id_,
        account_id=account.id,
        credential_id=made.id,
        public_key=made.public_key,
        algorithm=made.algorithm,
        sign_count=made.sign_count,
        aaguid=made.aaguid,
        transports=made.transports,
        copied=made.copied,
        backed_up=made.backed_up,
        verifies=made.user_verified,
        attestation=made.attestation,
        handle=_handle(account),
    )


def _handle(account: Account) -> bytes:
    """Return what the account is called in keys: the same for both, and it tells nothing."""
    return lookup_hash(f"break-glass {account.id}")


def _label(typed: str) -> str | None:
    """Return what a key is called: one line, not empty, for it stands on an envelope as well."""
    label = unicodedata.normalize("NFC", " ".join(typed.split()))
    return label if 0 < len(label) <= LONGEST_NAME and label.isprintable() else None
