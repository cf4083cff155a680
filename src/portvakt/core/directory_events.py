"""What happens to the directories that passwords live in."""

from dataclasses import dataclass

from portvakt.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySilent(Event):
    """A directory gives no answer: passwords that live in it cannot be asked for (F27)."""

    name = "directory.silent"
    directory: str
    why: str
    """What each server did, as far as is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryGraceUsed(Event):
    """A directory was away, and people got in by what was read of it last; once an outage (R18)."""

    name = "directory.grace_used"
    directory: str
    well_at: str
    """When it was last read to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryAnswers(Event):
    """A directory that gave no answer gives one again."""

    name = "directory.answers"
    directory: str
