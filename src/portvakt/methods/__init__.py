"""Ways of showing who you are. One module is one method; settings name it, nothing imports it.

A method is pure apart from the hash pool: it gets a `Ceremony`, says what it asks for and judges
an answer. It **writes nothing**. What an accepted answer uses up is in `Verified.spends`, and
`portvakt.proving.answer` spends it in the transaction that records the evidence, so that "right"
and "used up" cannot come apart.

To add one: a module here with a `Config` struct whose `open(tools)` returns a `SignInMethod`, and
one line in `portvakt.core.authenticators.PROOFS` that says what the new type proves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.key_models import NO_MODELS, KeyModels
from portvakt.core.keys import Known, Named, NewKey, NotAccepted, Options
from portvakt.core.lanes import Lane
from portvakt.core.secret import Secret


@dataclass(frozen=True, slots=True)
class LookupRow:
    """One unused printed code: its row, the authenticator it belongs to and its PHC hash."""

    id: str
    authenticator_id: AuthenticatorId
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAtHand:
    """What one use of a key is held against: what we asked, and what we keep of that key."""

    id: AuthenticatorId
    challenge: bytes
    """What we asked it to sign."""
    asked_at: datetime
    must_verify: bool
    """Whether it must have verified who holds it (`userVerification: "required"`)."""
    must_name: bool
    """Whether it must say itself whose it is (`userHandle`): we named no key."""
    handle: bytes
    """Whose key it is, as its owner is called in keys."""
    public_key: bytes
    """COSE (RFC 9052 section 7)."""
    verifies: bool
    """Whether it verified its holder when it was registered; one that did not never counts so."""
    copied: bool
    """Whether it said when it was registered that it may be copied (`BE`)."""


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a method may know while one answer is given.

    `authenticator` is None where nothing is bound (an unknown name, or an enrolment): the method
    then does the same work and rejects. `secret` is the opened shared secret in bytes, `verifier`
    the PHC hash, `last_step` the newest time step already used. `flow` names the one attempt that
    a sent code is bound to, `purpose` what it is for.
    """

    flow: str
    purpose: str
    now: datetime
    authenticator: Authenticator | None = None
    verifier: str | None = None
    secret: bytes | None = None
    last_step: int | None = None
    lookup: tuple[LookupRow, ...] = ()
    key: KeyAtHand | None = None
    lane: Lane = Lane.OTHER
    """Where the answer stands in line, if judging it takes a hash."""


@dataclass(frozen=True, slots=True)
class CodeToSend:
    """A code that must be stored (as its MAC) and sent to `to` in the same transaction."""

    digits: Secret
    mac: bytes
    to: str
    lives: timedelta


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to ask for: a code of `length` characters, digits or base32, perhaps sent first."""

    length: int
    digits_only: bool
    send: CodeToSend | None = None


@dataclass(frozen=True, slots=True)
class TimeStep:
    """A TOTP time step, or a HOTP counter, that may be used once (RFC 6238 section 5.2)."""

    authenticator_id: AuthenticatorId
    step: int


@dataclass(frozen=True, slots=True)
class SentCode:
    """A sent code, named by its MAC: whether it is the right one is known when it is spent."""

    mac: bytes
    other: bytes | None = None
    """What the same digits are under the master key before or after this one."""


@dataclass(frozen=True, slots=True)
class PrintedCode:
    """One row of a printed set."""

    row: str
    authenticator_id: AuthenticatorId


@dataclass(frozen=True, slots=True)
class StartCode:
    """A start code: one of its uses, of which a plain one has one, is used up."""

    authenticator_id: AuthenticatorId
    uses: int = 1
    until: datetime | None = None
    """Of a temporary pass: when what it opens ends."""


@dataclass(frozen=True, slots=True)
class NewVerifier:
    """A password was right but its hash is below today's parameters: keep this one instead."""

    authenticator_id: AuthenticatorId
    verifier: str
    instead_of: str


@dataclass(frozen=True, slots=True)
class PhoneApproval:
    """A request that a phone has approved: whether one has is known when it is spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """One use of a key: its challenge may be answered once, and its count may only rise."""

    authenticator_id: AuthenticatorId
    challenge: bytes
    asked_at: datetime
    """When the challenge was made."""
    sign_count: int
    backed_up: bool
    """Whether a copy exists now (`BS`)."""
    user_verified: bool
    device_bound: bool


Spends = TimeStep | SentCode | PrintedCode | StartCode | NewVerifier | PhoneApproval | KeyUse | None


@dataclass(frozen=True, slots=True)
class Verified:
    """The answer is right, if what it `spends` can still be spent.

    `stale`: a directory says that this password must be changed before it opens anything.
    """

    spends: Spends
    stale: bool = False

    @property
    def until(self) -> datetime | None:
        """When what this opens ends, where it is a temporary pass."""
        return self.spends.until if isinstance(self.spends, StartCode) else None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The answer is wrong, or nobody can say.

    `replayed` is True where it was right once and has been used, `unreadable` where something that
    it might have matched is damaged. `locked` and `off` are what a directory says of the account.
    `why` is for the log alone.
    """

    replayed: bool = False
    unreadable: bool = False
    locked: bool = False
    off: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person is shown while binding: the new shared secret, in bytes."""

    secret: bytes


class SignInMethod(Protocol):
    """One way of showing who you are."""

    type: AuthenticatorType

    def prompt(self, at: Ceremony) -> Prompt:
        """Say what to ask for, and what must be sent first."""

    def hint(self, answer: Secret) -> str | None:
        """Return the look-up key in a printed code, or None where the method keeps no rows."""

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Judge an answer. May raise `portvakt.crypto.passwords.Busy`."""


class Enrollable(SignInMethod, Protocol):
    """A method that people bind themselves by proving a new secret."""

    def offer(self) -> Offer:
        """Make a new shared secret."""


class KeyMethod(SignInMethod, Protocol):
    """A method that a page's script answers with a key (W3C WebAuthn Level 3)."""

    def to_use(self, challenge: bytes, keys: Iterable[Known], *, must_verify: bool) -> Options:
        """Write what a browser is asked that uses a key; without keys, any of the person's."""

    def to_make(
        self,
        challenge: bytes,
        *,
        organisation: str,
        handle: bytes,
        name: str,
        display_name: str,
        known: Iterable[Known],
        alone: bool,
        attested: bool = False,
    ) -> Options:
        """Write what a browser is asked that makes a key; `alone`: one that needs no password.

        `attested` asks its maker to vouch for it.
        """

    def named_in(self, answer: Secret) -> Named | None:
        """Read which key and challenge an answer is about; nothing of it is proved yet."""

    def made(
        self,
        answer: Secret,
        challenge: bytes,
        *,
        must_verify: bool,
        models: KeyModels = NO_MODELS,
        attested: bool = False,
    ) -> NewKey | NotAccepted:
        """Judge the making of a key; who vouches for it is found in `models`, where asked for."""


@dataclass(frozen=True, slots=True)
class PhoneMethod:
    """What both ways with our app have in common: nothing is typed in the browser.

    The phone moves the stored request, and when the browser goes on, the approval is spent: one
    conditional statement says whether there was one.
    """

    type: AuthenticatorType

    def prompt(self, at: Ceremony) -> Prompt:
        """Ask for nothing: the number is shown, and typed in the phone."""
        del at
        return Prompt(length=0, digits_only=True)

    def hint(self, answer: Secret) -> None:
        """Keep no rows."""
        del answer

    async def verify(self, at: Ceremony, answer: Secret) -> Verified | Rejected:
        """Name the approval of this attempt; what was typed in the browser says nothing."""
        del answer
        return Rejected() if at.authenticator is None else Verified(PhoneApproval())
