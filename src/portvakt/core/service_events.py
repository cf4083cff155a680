"""What happens to people and to the service as a whole."""

from dataclasses import dataclass, field
from datetime import datetime

from portvakt.core.event import PERSONAL, Event
from portvakt.core.ids import (
    AccountId,
)
from portvakt.core.roles import Role


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
class LastAdministratorKept(Event):
    """The last administrator has left the source, and stays until somebody else is one (A087)."""

    name = "alarm.last_administrator"
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NameClash(Event):
    """Two accounts claim one name; it signs in neither of them until that is mended (A119)."""

    name = "person.name_clash"
    other: AccountId = field(metadata=PERSONAL)


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
class SyncFailed(Event):
    """A directory could not be read to its end, or had nobody in it; nothing was changed."""

    name = "people.sync_failed"
    source: str
    why: str
    """"away", "service_account" or "nobody"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesVersionMade(Event):
    """Rules or networks changed: `rules show` prints what stands since then."""

    name = "policy.version_made"
    version: int
    reason: str = ""
    """What whoever made it said."""
    returned_to: int | None = None
    """The version that it is the same as, where `rules return` made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationChanged(Event):
    """`apply` changed something that files own, or `app` an app."""

    name = "configuration.changed"
    kind: str
    """"group", "network", "rule" or "app"."""
    id: str
    change: str
    """"created", "changed" or "removed"."""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionLowered(Event):
    """`apply` let people in with less than before, because somebody said that it is meant."""

    name = "alarm.protection_lowered"
    what: tuple[str, ...]
    """Which network takes in strangers, or that no rule asks for a second factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SprayAlarm(Event):
    """So many failures from one address that it looks like guessing over many accounts (A009)."""

    name = "alarm.spray"
    failures: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsStopped(Event):
    """So many texts were asked for that a limit over many people is reached (A024)."""

    name = "alarm.texts_stopped"
    limit: str
    """"address", "prefix", or "range": new numbers side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFailed(Event):
    """A text, a mail or the waking of a phone could not be handed over; it is not tried again."""

    name = "message.failed"
    channel: str
    purpose: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppNotTold(Event):
    """An app could not be told that somebody's session has ended; it is not tried again."""

    name = "app.not_told"
    app: str
    why: str
    tries: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyWithdrawn(Event):
    """A signing key has leaked: nothing that it signed counts any more (F52)."""

    name = "key.withdrawn"
    kid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedSeen(Event):
    """Somebody in charge asked to see people with protected identity (A132)."""

    name = "people.protected_seen"
    command: str
    people: int
    """How many of those that were shown have it."""
