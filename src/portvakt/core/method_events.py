"""What happens to what is bound to an account."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.event import PERSONAL, Event
from portvakt.core.first_registration import Basis
from portvakt.core.ids import (
    AuthenticatorId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodEvent(Event):
    """About one bound authenticator."""

    name: ClassVar[str]
    authenticator_id: AuthenticatorId = field(metadata=PERSONAL)
    type: AuthenticatorType


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodAdded(MethodEvent):
    """An authenticator was proved and bound."""

    name = "method.added"
    source: str
    basis: Basis | None
    """On what ground; None where no person registered it."""
    label: str = field(default="", metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRegistered(MethodEvent):
    """A telephone number was bound."""

    name = "method.number_registered"
    source: str
    hidden_number: str = field(metadata=PERSONAL)
    """As it is shown to the person: the last digits only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRemoved(MethodEvent):
    """An authenticator was unbound."""

    name = "method.removed"
    label: str = field(default="", metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRenamed(MethodEvent):
    """Its owner calls it something else."""

    name = "method.renamed"
    label: str = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodPreferred(MethodEvent):
    """It is asked for first from now on."""

    name = "method.preferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodDisabled(MethodEvent):
    """It must be bound anew (A015)."""

    name = "method.disabled"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCopied(MethodEvent):
    """A key's count did not rise: somebody may have a copy of it. The answer opened nothing."""

    name = "method.key_copied"
    label: str = field(default="", metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSuspended(MethodEvent):
    """It was put aside: by a start code that replaces it, or with a change that was disowned."""

    name = "method.suspended"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodesMade(Event):
    """A new card of recovery codes; the old one is void."""

    name = "method.recovery_codes_made"
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Event):
    """One code of the card is spent."""

    name = "method.recovery_code_used"
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChosen(Event):
    """A person chose a local password."""

    name = "method.password_chosen"
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class WelcomeWindowUsed(Event):
    """A first method was bound from outside with the password alone, once for this account."""

    name = "registration.welcome_window_used"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRefused(Event):
    """A right password was not enough to bind a first method (A041): for the security officer."""

    name = "registration.refused"
    options: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCodeIssued(Event):
    """Somebody in charge made a start code. The code itself is never written."""

    name = "start_code.issued"
    expires_at: datetime
    replaces: bool
    starts_at: datetime | None = None
    """Of a temporary pass that begins later."""
    uses: int = 1
    binds: tuple[AuthenticatorType, ...] | None = None
    """What it may register; None: whatever the person may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCodeUsed(Event):
    """It opened registration, and is spent."""

    name = "start_code.used"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCodeRefused(Event):
    """A start code that was wrong, late or used."""

    name = "start_code.refused"
    reason: str
