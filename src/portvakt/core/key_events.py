"""What happens to the keys of the installation, and to copies of what it keeps."""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKeyMade(Event):
    """A new master key seals from now on; what older keys sealed is sealed again with it."""

    name = "key.sealing_made"
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKeyRetired(Event):
    """A master key that sealed nothing any more was removed from the file."""

    name = "key.sealing_retired"
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade(Event):
    """A copy of everything was begun; it can be read with this master key."""

    name = "backup.made"
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseReplaced(Event):
    """Another database server has taken over, and may have forgotten the last seconds (F18)."""

    name = "database.replaced"
    before: str
    """Its system and timeline, as PostgreSQL numbers them."""
    now: str
    void: str
    """What was made void: "challenges", or "printed codes" as well."""
    cards: int
    """How many printed codes that were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRestored(Event):
    """All this is as it was at another time; what happened in between is missing here (F66)."""

    name = "backup.restored"
    as_of: datetime
    sessions: int
    """How many sessions were ended by it."""
    messages: int
    """How many messages that waited then were dropped."""
