"""The audit vocabulary: one frozen type for each thing that can happen.

An event is written in the transaction of what it tells. It never holds a secret, a code or a
whole telephone number; what says something about a person is marked personal, so that it can be
left out and erased by its own rules. Names are `area.what_happened` and are never reused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import ClassVar

from portvakt.core.assurance import Aal
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.enrolment import Basis
from portvakt.core.ids import (
    AccountId,
    AuthenticatorId,
    ClientId,
    GrantId,
    NetworkId,
    RuleId,
    SessionId,
)
from portvakt.core.roles import Role

SELF = "self"
"""The actor of what people do to their own account; others are "account:ID", "cli:NAME",
"import", "apply" and "worker"."""

_PERSONAL = {"personal": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event tells: when, about whom, by whom, in which request, from where."""

    name: ClassVar[str]
    at: datetime
    account_id: AccountId | None = field(default=None, metadata=_PERSONAL)
    """Whom it is about. None where nobody has the name that was typed."""
    actor: str = SELF
    request_id: str = ""
    address: str | None = field(default=None, metadata=_PERSONAL)


# Signing in


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInSucceeded(Event):
    """A session was opened, or one that stood was strengthened."""

    name = "sign_in.succeeded"
    session_id: SessionId = field(metadata=_PERSONAL)
    app: ClientId | None
    methods: tuple[AuthenticatorType, ...]
    aal: Aal
    rules: tuple[RuleId, ...]
    """The rules that asked for something: the reason that the person is shown."""
    networks: tuple[NetworkId, ...]
    known_browser: bool
    user_agent: str = field(default="", metadata=_PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed(Event):
    """An answer was wrong. Never holds what was typed: people type passwords as names."""

    name = "sign_in.failed"
    method: AuthenticatorType
    reason: str
    """"unknown", "wrong", "expired", "disabled", "not_bound" …: for the log, never the page."""
    app: ClientId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLocked(Event):
    """Too many wrong answers: one kind of answer is not taken for a while."""

    name = "sign_in.locked"
    method: AuthenticatorType
    familiarity: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReopened(Event):
    """A right second factor opened a password that guesses had locked in this browser."""

    name = "sign_in.password_reopened"
    method: AuthenticatorType


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(Event):
    """The answers were right and the rules said no."""

    name = "sign_in.refused"
    why: str
    app: ClientId | None
    rules: tuple[RuleId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofReplayed(Event):
    """A code that was right had been used before (A016)."""

    name = "sign_in.replayed"
    method: AuthenticatorType
    authenticator_id: AuthenticatorId = field(metadata=_PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshProofGiven(Event):
    """Somebody signed in showed again who they are, to change their methods."""

    name = "sign_in.fresh_proof"
    session_id: SessionId = field(metadata=_PERSONAL)
    methods: tuple[AuthenticatorType, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBroken(Event):
    """A rule names something that does not exist, and counts as matching until mended (A071)."""

    name = "policy.rule_broken"
    rule: RuleId
    detail: str


# Methods


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodEvent(Event):
    """About one bound authenticator."""

    name: ClassVar[str]
    authenticator_id: AuthenticatorId = field(metadata=_PERSONAL)
    type: AuthenticatorType


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodAdded(MethodEvent):
    """An authenticator was proved and bound."""

    name = "method.added"
    source: str
    basis: Basis | None
    """On what ground; None where no person registered it."""
    label: str = field(default="", metadata=_PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRegistered(MethodEvent):
    """A telephone number was bound."""

    name = "method.number_registered"
    source: str
    hidden_number: str = field(metadata=_PERSONAL)
    """As it is shown to the person: the last digits only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRemoved(MethodEvent):
    """An authenticator was unbound."""

    name = "method.removed"
    label: str = field(default="", metadata=_PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRenamed(MethodEvent):
    """Its owner calls it something else."""

    name = "method.renamed"
    label: str = field(metadata=_PERSONAL)


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
class MethodSuspended(MethodEvent):
    """It was put aside, by a start code that replaces it."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCodeUsed(Event):
    """It opened registration, and is spent."""

    name = "start_code.used"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCodeRefused(Event):
    """A start code that was wrong, late or used."""

    name = "start_code.refused"
    reason: str


# Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(Event):
    """One session or more ended before its time."""

    name = "session.ended"
    sessions: int
    reason: str
    """"signed_out", "by_owner", "replaced", "person_disabled", "operator" …"""


# Apps


@dataclass(frozen=True, slots=True, kw_only=True)
class AppOpened(Event):
    """An app was told who somebody is."""

    name = "app.opened"
    app: ClientId
    session_id: SessionId = field(metadata=_PERSONAL)
    aal: Aal
    rules: tuple[RuleId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRefused(Event):
    """Somebody signed in may not open this app."""

    name = "app.refused"
    app: ClientId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReused(Event):
    """An authorization code came twice: what came of the first use is revoked (A098)."""

    name = "app.code_reused"
    app: ClientId
    grant_id: GrantId


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSecretWrong(Event):
    """Somebody who called themselves this app did not know its secret (A106)."""

    name = "app.secret_wrong"
    app: ClientId


# People


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCreated(Event):
    """A new account."""

    name = "person.created"
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanged(Event):
    """Fields of an account changed at their source. Names of fields, never what stood there."""

    name = "person.changed"
    source: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDisabled(Event):
    """The account may not be used any more."""

    name = "person.disabled"
    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEnabled(Event):
    """The account may be used again."""

    name = "person.enabled"
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonInvited(Event):
    """The person was named by `invite`: the welcome window counts from now."""

    name = "person.invited"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted(Event):
    """A role was given."""

    name = "person.role_granted"
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(Event):
    """A role was taken away."""

    name = "person.role_revoked"
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class NameClash(Event):
    """Two accounts claim one name; it signs in neither of them until that is mended (A119)."""

    name = "person.name_clash"
    other: AccountId = field(metadata=_PERSONAL)


# The service


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleImported(Event):
    """An import or an apply went through the people."""

    name = "people.imported"
    source: str
    created: int
    changed: int
    disabled: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrakeStopped(Event):
    """So many people would have been disabled that nothing was done."""

    name = "people.brake"
    source: str
    would_go: int
    allowed: int
    stored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationChanged(Event):
    """`apply` changed something that files own."""

    name = "configuration.changed"
    kind: str
    """"group", "network", "rule" or "app"."""
    id: str
    change: str
    """"created", "changed" or "removed"."""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SprayAlarm(Event):
    """So many failures from one address that it looks like guessing over many accounts (A009)."""

    name = "alarm.spray"
    failures: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsStopped(Event):
    """A limit on text messages was reached (A024)."""

    name = "alarm.texts_stopped"
    limit: str
    """"number", "account", "address" or "installation"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed(Event):
    """A text or a mail could not be handed over and will not be tried again."""

    name = "message.failed"
    channel: str
    purpose: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyMade(Event):
    """A signing key was made (A134)."""

    name = "key.made"
    kid: str
    alg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRetired(Event):
    """A signing key signs no more; what it signed is still verified until it expires."""

    name = "key.retired"
    kid: str


EVENTS: Mapping[str, type[Event]] = MappingProxyType(
    {
        each.name: each
        for each in tuple(globals().values())
        if isinstance(each, type) and issubclass(each, Event) and hasattr(each, "name")
    }
)
"""Every event there is, by its name."""

_COMMON = frozenset(each.name for each in fields(Event))


def personal_fields(kind: type[Event]) -> frozenset[str]:
    """Name the fields of an event that say something about a person."""
    return frozenset(each.name for each in fields(kind) if each.metadata.get("personal"))


def details(event: Event) -> dict[str, object]:
    """Give what this event tells beyond the common fields, as values that JSON has."""
    names = (each.name for each in fields(event) if each.name not in _COMMON)
    return {name: _plain(getattr(event, name)) for name in names}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
