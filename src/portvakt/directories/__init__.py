"""Where people come from. One module here is one kind of source; settings and commands name it.

A source only reads people: what it saw becomes accounts in `portvakt.journeys.sync_people`, through
the same differ and the same brake for all of them. A `Directory` also keeps their passwords.

To add one: a module with a `Config` struct whose `open()` returns a `PeopleSource`; or a package
whose `Config.open(name)` returns a `Directory`, which `tests/conformance/directories.py` tests.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from portvakt.core.directory_findings import Finding
from portvakt.core.password_outcomes import WriteOutcome
from portvakt.core.secret import Secret
from portvakt.core.seen_people import (
    Batch,
    Cursor,
    CursorLost,
    DirectoryBrokeOffError,
    Field,
    PersonSeen,
    Present,
    RowDoubtful,
    RowRefused,
    Seen,
)

__all__ = [
    "AccountOff",
    "Batch",
    "CheckOutcome",
    "Cursor",
    "CursorLost",
    "Directory",
    "DirectoryAway",
    "DirectoryBrokeOffError",
    "Examiner",
    "Expired",
    "Field",
    "KeepsPasswords",
    "KnowsTickets",
    "LockedOut",
    "MustChange",
    "PasswordPolicy",
    "PasswordRight",
    "PasswordWrong",
    "PeopleSource",
    "PersonSeen",
    "Present",
    "RowDoubtful",
    "RowRefused",
    "Seen",
    "TicketOwner",
    "UnusableSourceError",
]


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


@dataclass(frozen=True, slots=True)
class TicketOwner:
    """Whose account a Kerberos ticket names, and how it stands now."""

    external_id: str
    off: bool = False
    """It is disabled or has ended."""
    locked: bool = False
    """Too many wrong passwords have locked it."""
    stale: bool = False
    """Its password must be changed before it opens anything (A012)."""


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
    counted_for: timedelta | None = None
    """How long a wrong one is remembered."""
    history_on_reset: bool = False
    """Whether the directory itself looks at earlier ones when we write: `history` in `set`, too."""
    changed_at: datetime | None = None
    """When the current one was set; long ago where it must be changed, and none says when."""


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

    async def lockout(self) -> PasswordPolicy | DirectoryAway:
        """Read the strictest lock-out that holds for anybody, so that we stop before it does."""


@runtime_checkable
class KnowsTickets(Protocol):
    """A directory whose domain gives Kerberos tickets to its people."""

    async def whose(self, sid: bytes, now: datetime) -> TicketOwner | DirectoryAway | None:
        """Say whose account a ticket names, and how it stands: asked, never remembered.

        None where it is nobody's, or not one of the people.
        """


class Directory(KeepsPasswords, Protocol):
    """An organisation's directory: it has people, tells what changed, and keeps passwords."""

    name: str
    """Its name in the settings: `Account.source`."""

    @property
    def fields(self) -> frozenset[Field]:
        """What the mapping takes from it."""

    def people(self, now: datetime) -> AsyncIterator[Batch]:
        """Read everybody, a page at a time. Raises `DirectoryBrokeOffError`."""

    def changes(self, cursor: Cursor, now: datetime) -> AsyncIterator[Batch]:
        """Read who changed since, and who is there at all.

        Raises `CursorLost` before the first batch, and `DirectoryBrokeOffError`.
        """

    async def some(self, external_ids: Collection[str]) -> Batch:
        """Read these people, as far as they are there. Raises `DirectoryBrokeOffError`."""

    async def ids_at(self, places: Collection[str]) -> Mapping[str, str]:
        """Say who stands at these places, as `PersonSeen.manager` names them; for a few."""

    async def close(self) -> None:
        """Hang up."""


class Examiner(Protocol):
    """Looks at one server of a directory, for `portvakt doctor directory`."""

    passwords: KeepsPasswords
    """Of this server alone."""

    @property
    def url(self) -> str:
        """The server, as the settings write it."""

    async def examine(self, clock: Callable[[], datetime]) -> list[Finding]:
        """Look at everything, as far as the server lets us come. Nothing is changed."""

    async def find(self, name: str) -> str | None:
        """Return somebody's id by user name; None where there is nobody, or there are two."""

    def grant_writing(self) -> str:
        """Say how the rights to set passwords and to unlock are given."""

    async def close(self) -> None:
        """Hang up."""
