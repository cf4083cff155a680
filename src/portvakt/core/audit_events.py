"""What happens to the audit trail itself, and to what is stored of a person."""

from dataclasses import dataclass

from portvakt.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailExported(Event):
    """Somebody in charge took a copy of events."""

    name = "audit.exported"
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailKept(Event):
    """What is older than the settings keep was erased or removed."""

    name = "audit.kept"
    erased: int
    """Events whose personal part went."""
    removed: int
    """Events that went whole, all from the beginning of the trail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailCutOff(Event):
    """The trail ended before a place where it had been (A091)."""

    name = "alarm.audit_cut_off"
    known: int
    """How many events had been sealed."""
    found: int
    """How many there are now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonExported(Event):
    """Somebody in charge took a copy of what is stored about a person (GDPR article 15)."""

    name = "person.exported"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonErased(Event):
    """What was stored about somebody is gone; this does not tell who (GDPR article 17)."""

    name = "person.erased"
    source: str
    events: int
    """Events whose personal part went."""
