"""Where people come from. One module here is one kind of source; settings and commands name it.

A source only reads: what it saw becomes accounts in `portvakt.journeys.sync_people`, through the
same differ and the same brake for all of them.

To add one: a module with a `Config` struct whose `open()` returns a `PeopleSource`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol


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
    start_date: date | None
    end_date: date | None
    protected: bool | None
    groups: tuple[str, ...] | None


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


class UnusableSourceError(ValueError):
    """A source as a whole that cannot be read; the message is one sentence for its owner."""


class PeopleSource(Protocol):
    """Somewhere people are kept."""

    name: str
    """Who owns the fields that come from here: `Account.source`."""

    @property
    def fields(self) -> frozenset[Field]:
        """What the source knows. Fields it lacks are left as they are stored."""

    @property
    def size(self) -> int:
        """How much there is to read, in the unit of `position`; for a progress bar."""

    @property
    def position(self) -> int:
        """How far reading has come."""

    def people(self) -> Iterator[Seen]:
        """Read from the beginning. May be called again. Raises `UnusableSourceError`."""
