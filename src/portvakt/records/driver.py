"""What a record module may ask of the database, whichever it is."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from portvakt.records.bell import Bell
from portvakt.records.statements import Statement, Value

T = TypeVar("T")
U = TypeVar("U")
U_co = TypeVar("U_co", covariant=True)
U_contra = TypeVar("U_contra", contravariant=True)
T_co = TypeVar("T_co", covariant=True)
Row = tuple[Any, ...]

PATIENCE: Final = 3.0
"""Seconds until an act is told that the database is away."""


class Act(Protocol[U_contra, T_co]):
    """What is to be done in one go. It awaits its argument's methods and nothing else.

    It may be run again from its start (PostgreSQL, after a deadlock), and on SQLite it runs in
    another thread: so it changes nothing outside itself, and what it finds out, it returns.
    """

    def __call__(self, unit: U_contra, /) -> Coroutine[Any, Any, T_co]:
        """Do it, and return what was found out."""
        ...


class Mark(NamedTuple):
    """Something that an act wrote, by which it is found again: an event."""

    id: int
    at: int
    """When it happened, in ms."""


class Run(Protocol):
    """One connection in the middle of one act."""

    mark: Mark | None
    """The newest event of the act."""

    async def rows(self, statement: Statement, /, **values: Value) -> list[Row]:
        """Run the statement and return every row."""
        ...

    async def row(self, statement: Statement, /, **values: Value) -> Row | None:
        """Run the statement and return its first row."""
        ...

    async def changed(self, statement: Statement, /, **values: Value) -> int:
        """Run the statement and return how many rows it wrote."""
        ...

    async def each(self, statement: Statement, rows: Sequence[Sequence[Value]], /) -> int:
        """Run a statement with `{each:…}` for these rows and return how many it wrote."""
        ...

    async def turn(self, *names: str) -> None:
        """Wait until no other act has any of these names, and keep them until this one ends.

        For what one conditional statement cannot say: a limit on how many rows there are.
        """
        ...

    async def ring(self, topic: str, /) -> None:
        """Wake whoever waits for `topic`, if and when the act is committed."""
        ...


class Rules:
    """What every run holds its act to, the same on both databases; and how much it asked."""

    __slots__ = ("left", "mark", "statements", "writing")

    def __init__(self, *, writing: bool = False) -> None:
        self.writing = writing
        self.mark: Mark | None = None
        self.left: int | None = None
        """How many statements `single` leaves, None for any number."""
        self.statements = 0

    def count(self, statement: Statement | None = None) -> None:
        """Count a statement that is about to run; AssertionError where the act may not run it."""
        if statement is not None and statement.changes and not self.writing:
            raise AssertionError("an act that reads may not write")
        self.statements += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise AssertionError("write_one is for one statement; write is for more")


class Driver(Protocol[U_co]):
    """One database. Every method raises RecordsUnavailable where it cannot be used."""

    bell: Bell

    async def read(self, act: Act[U_co, T]) -> T:
        """Run an act that only reads; each statement sees what was committed when it began."""
        ...

    async def write(self, act: Act[U_co, T], *, single: bool) -> T:
        """Run an act and commit it, or nothing of it where it raises.

        `single` promises that it runs at most one statement, which is atomic by itself.
        """
        ...

    async def listen(self) -> bool:
        """See to it that the bell rings for other processes' acts too, as far as that can be.

        True where it did not until now, so that something may have been missed.
        """
        ...

    async def database_time(self) -> int | None:
        """Return the database's own clock in ms, or None where it is this machine's."""
        ...

    def counted(self) -> "Counts":
        """Say how much was asked so far."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of the database."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """How much was asked of the database; a BEGIN with its COMMIT is one transaction."""

    statements: int
    transactions: int
