"""People as a source has them, and how a reading of a source goes on and ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Field(StrEnum):
    """What a source may know of a person; the names that reports use."""

    EXTERNAL_ID = "external_id"
    USER_NAME = "user_name"
    EMAIL = "email"
    GIVEN_NAME = "given_name"
    FAMILY_NAME = "family_name"
    TITLE = "title"
    UNIT = "unit"
    WORK_MOBILE = "work_mobile"
    MANAGER = "manager"
    START_DATE = "start_date"
    END_DATE = "end_date"
    PROTECTED = "protected"
    GROUPS = "groups"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSeen:
    """One person as the source has them. None: the source knows nothing of that field.

    `row` is the place in the source, as its owner counts (a file's header is row 1).
    """

    row: int
    external_id: str
    user_name: str
    email: str
    given_name: str
    family_name: str
    title: str | None
    unit: str | None
    work_mobile: str | None
    """As it is written there: nothing has judged it yet."""
    manager: str | None
    """Their external id; from a directory the place where they stand (`Batch.places`)."""
    start_date: date | None
    end_date: date | None
    protected: bool | None
    groups: tuple[str, ...] | None
    off: bool = False
    """The source itself says that the account may not be used."""


@dataclass(frozen=True, slots=True)
class RowRefused:
    """A row that cannot be used. The person behind it, where known, stays as they are stored."""

    row: int
    field: str
    reason: str
    external_id: str | None
    """None where nobody can say whom the row is about."""


@dataclass(frozen=True, slots=True)
class RowDoubtful:
    """A row that is used although one field of it could not be taken at its word."""

    row: int
    field: str
    reason: str


Seen = PersonSeen | RowRefused | RowDoubtful


class DirectoryBrokeOffError(Exception):
    """A reading that did not come to its end, for whatever reason: nothing of it may be used.

    The message is for the log and names servers. `refused` where a server answered, but not our
    service account: whoever operates it has to act.
    """

    def __init__(self, why: str, *, refused: bool = False) -> None:
        super().__init__(why)
        self.refused = refused


Cursor = str
"""How far a directory was followed, in its own words. Of no use to another directory."""


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is there, without looking closely."""

    external_id: str
    groups: frozenset[str] | None = None
    """Where the reading looked at those again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Part of a reading."""

    seen: Sequence[Seen] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    """Where they stand in the directory (as `PersonSeen.manager` names others): external ids."""
    present: Sequence[Present] = ()
    """In a reading of changes; in a whole one `seen` says as much."""
    swept: bool = False
    """In the last batch of changes: `present` had everybody. Else nobody came or went."""
    cursor: Cursor | None = None
    """In the last batch, and only there: where the next reading of changes begins."""


class CursorLost(Exception):  # noqa: N818 - an answer: read everything
    """The directory no longer knows what it told, or is another server: everything must be read."""
