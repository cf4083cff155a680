"""Everything that is kept, row by row, at one moment: what a backup is made of.

The rows are values and not pages of a file, so what was copied from one kind of database can be put
into the other. The reader sees one snapshot while others go on writing.
"""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from portvakt.records.addresses import PostgresServer, SqliteFile, address_of
from portvakt.records.errors import RecordsUnavailable

if TYPE_CHECKING:
    import asyncpg

BATCH: Final = 500
"""Rows that are in hand at once."""
PATIENCE: Final = 3600.0
"""Seconds for one statement over a whole table."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A table and its columns, in the order of the values."""

    table: str
    columns: tuple[str, ...]


class Snapshot(Protocol):
    """The database as it was at one moment."""

    async def count(self, shape: Shape) -> int:
        """Count the rows of a table."""
        ...

    def batches(self, shape: Shape) -> AsyncIterator[list[Sequence[Any]]]:
        """Yield its rows, some at a time."""
        ...


def shapes() -> list[Shape]:
    """List our tables, those that others belong to first."""
    from portvakt.records.schema import metadata  # noqa: PLC0415 - half a second, only for this

    return [
        Shape(str(table.name), tuple(str(column.name) for column in table.columns))
        for table in metadata.sorted_tables
    ]


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Snapshot]:
    """Hold a moment of the database at `url`. Raises RecordsUnavailable."""
    match address_of(url):
        case SqliteFile(path):
            uri = f"{path.absolute().as_uri()}?mode=rw"
            try:
                with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
                    connection.execute("PRAGMA query_only=ON")
                    connection.execute("BEGIN")
                    yield _SqliteSnapshot(connection)
            except sqlite3.Error as error:
                raise RecordsUnavailable(f"{path}: {error}") from error
        case PostgresServer(dsn):
            from portvakt.records.postgresql import connected  # noqa: PLC0415 - where it is used

            async with (
                connected(dsn, command_timeout=PATIENCE) as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield _PostgresSnapshot(connection)


def quoted(name: str) -> str:
    """Write the name of a table or column; both databases do it like this."""
    return '"' + name.replace('"', '""') + '"'


def _select(shape: Shape) -> str:
    columns = ", ".join(map(quoted, shape.columns))
    return f"SELECT {columns} FROM {quoted(shape.table)}"  # noqa: S608 - names of our schema


def _count(shape: Shape) -> str:
    return f"SELECT COUNT(*) FROM {quoted(shape.table)}"  # noqa: S608 - a name of our schema


class _SqliteSnapshot:
    """A read transaction; the write-ahead log lets others go on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def count(self, shape: Shape) -> int:
        count: int = self._connection.execute(_count(shape)).fetchone()[0]
        return count

    async def batches(self, shape: Shape) -> AsyncIterator[list[Sequence[Any]]]:
        cursor = self._connection.execute(_select(shape))
        while rows := cursor.fetchmany(BATCH):
            yield rows


class _PostgresSnapshot:
    """A transaction that sees what was committed when it began."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def count(self, shape: Shape) -> int:
        count: int = await self._connection.fetchval(_count(shape))
        return count

    async def batches(self, shape: Shape) -> AsyncIterator[list[Sequence[Any]]]:
        cursor = await self._connection.cursor(_select(shape))
        while rows := await cursor.fetch(BATCH):
            yield [tuple(row) for row in rows]
