"""Where people come from. One module here is one kind of source; settings and commands name it.

A source only reads people: what it saw becomes accounts in `portvakt.journeys.sync_people`, through
the same differ and the same brake for all of them. A `Directory` also keeps their passwords.

To add one: a module with a `Config` struct whose `open()` returns a `PeopleSource`; or a package
whose `Config.open(name)` returns a `Directory`, which `tests/conformance/directories.py` tests.
"""

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from portvakt.core.password_outcomes import WriteOutcome
from portvakt.core.secret import Secret


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
class Batch:
    """Part of a reading."""

    seen: Sequence[Seen] = ()
    gone: Sequence[str] = ()
    """External ids of people who are no longer there. Only in a reading of changes."""
    cursor: Cursor | None = None
    """Only in the last batch: where the next reading of changes begins. Without it that reading
    must be a whole one, as some directories cannot tell changes."""


class CursorLost(Exception):  # noqa: N818 - an answer: read everything
    """The directory no longer knows what it told, or is another server: everything must be read."""


@dataclass(frozen=True, slots=True)
class PasswordRight:
    """It is right, and nothing stands in the way."""

    expires_in: timedelta | None = None
    """Where the directory warns that it soon will not do any more."""


@dataclass(frozen=True, slots=True)
class PasswordWrong:
    """It is not right; also where the directory knows nobody by that id any more."""


@dataclass(frozen=True, slots=True)
class MustChange:
    """It is right, and was given by somebody else: a new one must be chosen first (A012)."""


@dataclass(frozen=True, slots=True)
class Expired:
    """It is right, and too old: a new one must be chosen first (A012)."""


@dataclass(frozen=True, slots=True)
class LockedOut:
    """Too many wrong ones; whether this one is right was not looked at."""

    until: datetime | None
    """None: until somebody unlocks it, or nobody can say."""


@dataclass(frozen=True, slots=True)
class AccountOff:
    """The account is disabled or has ended, or may not be used now."""


@dataclass(frozen=True, slots=True)
class DirectoryAway:
    """Nobody can say: no server gave an answer. `why` is for the log."""

    why: str


CheckOutcome = (
    PasswordRight | PasswordWrong | MustChange | Expired | LockedOut | AccountOff | DirectoryAway
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """What a directory asks of one person's password, as far as it says. 0 and None: nothing."""

    least_length: int = 0
    history: int = 0
    """How many earlier ones may not come back."""
    complexity: bool = False
    """Active Directory's own rule of three kinds of characters."""
    least_age: timedelta | None = None
    most_age: timedelta | None = None
    locked_after: int | None = None
    """Wrong ones in a row that lock the account."""
    locked_for: timedelta | None = None
    changed_at: datetime | None = None
    """When the current one was set."""


class KeepsPasswords(Protocol):
    """A directory's passwords. People are named by external id, never by a name (A003)."""

    async def check(self, external_id: str, password: Secret) -> CheckOutcome:
        """Ask whether it is right, by one bind. An empty one is wrong and never sent (A001)."""

    async def set(self, external_id: str, new: Secret) -> WriteOutcome:
        """Write a new one with the service account's rights."""

    async def change(
        self, external_id: str, old: Secret, new: Secret
    ) -> WriteOutcome | PasswordWrong | LockedOut:
        """Write a new one with the person's own rights: the directory's whole policy holds."""

    async def unlock(self, external_id: str) -> WriteOutcome:
        """Open a locked account; one that is not locked is no fault."""

    async def policy(self, external_id: str) -> PasswordPolicy | DirectoryAway:
        """Read what will be asked of this person's next password, before asking for it."""


class Directory(KeepsPasswords, Protocol):
    """An organisation's directory: it has people, tells what changed, and keeps passwords."""

    name: str
    """Its name in the settings: `Account.source`."""

    @property
    def fields(self) -> frozenset[Field]:
        """What the mapping takes from it."""

    def people(self) -> AsyncIterator[Batch]:
        """Read everybody, a page at a time. Raises `DirectoryBrokeOffError`."""

    def changes(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """Read who changed, came or went since. Raises `CursorLost` before the first batch."""

    async def some(self, external_ids: Collection[str]) -> Sequence[Seen]:
        """Read these people, as far as they are there. Raises `DirectoryBrokeOffError`."""

    async def close(self) -> None:
        """Hang up."""
