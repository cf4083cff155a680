"""Brings a database's tables to the version that this code needs.

All of it in one transaction that nobody can share: two processes that start at once migrate once,
one that is killed half-way has changed nothing, and running it again does nothing.
"""

import asyncio
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from portvakt.records.addresses import PostgresServer, SqliteFile, address_of
from portvakt.records.errors import RecordsError, RecordsUnavailable
from portvakt.records.sqlite import write_ahead

if TYPE_CHECKING:
    import asyncpg

SCHEMA_VERSION: Final = "0025"
"""The revision this code works with; a test keeps it equal to the newest migration."""

_LOCK: Final = 0x506F727476616B74  # "Portvakt": any number that no other program's lock has
_PATIENCE: Final = 60.0
_LONGEST: Final = 4 * 3600.0
"""Seconds for one statement over a large table."""
_ARRIVES: Final = re.compile(r"alembic_version\b.*?'(\w+)'", re.DOTALL)
_VERSION: Final = "SELECT version_num FROM alembic_version"
Progress = Callable[[str], None]
Steps = Callable[[int, int], None]


class CannotMigrateError(RecordsError):
    """These tables cannot be brought to this version; nothing of them was changed."""


def _unseen(done: int, of: int) -> None:
    """Show nothing."""


def migrate(url: str, progress: Progress, steps: Steps = _unseen) -> None:
    """Bring the database at `url` to SCHEMA_VERSION, making it first where it is a new file.

    `progress` is called with a line at the beginning and one for each version that is reached,
    `steps` after each statement with how many are done and how many there are. Raises
    RecordsUnavailable where the database cannot be reached or stays locked for a minute,
    CannotMigrateError where a statement fails or the tables are newer, and ValueError where `url`
    names none. Whatever is raised, nothing was changed.
    """
    match address_of(url):
        case SqliteFile(path):
            _migrate_sqlite(path, progress, steps)
        case PostgresServer(dsn):
            asyncio.run(_migrate_postgresql(dsn, progress, steps))


def current(url: str) -> str | None:
    """Return the revision the database is at, None where it has none of our tables."""
    match address_of(url):
        case SqliteFile(path):
            return _current_sqlite(path)
        case PostgresServer(dsn):
            return asyncio.run(_current_postgresql(dsn))


class _Statements:
    """A file for Alembic to write to, which keeps its statements apart."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def write(self, text: str) -> None:
        statement = "\n".join(
            line for line in text.splitlines() if line.strip() and not line.startswith("--")
        )
        if statement:
            self.found.append(statement.rstrip().removesuffix(";"))

    def flush(self) -> None:
        """Nothing waits."""


def upgrade_statements(dialect: str, start: str | None, to: str = "head") -> list[str]:
    """Have Alembic write what leads from revision `start` to another, the newest if not said.

    `dialect` is "sqlite" or "postgresql". They are to be run in one transaction.
    """
    from alembic.config import Config  # noqa: PLC0415 - half a second that only a migration costs
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config(attributes={"dialect": dialect, "statements": (written := _Statements())})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(
        config,
        script,
        fn=lambda revision, _: script._upgrade_revs(to, revision),  # noqa: SLF001 - as alembic.command.upgrade does
        as_sql=True,
        starting_rev=start,
        destination_rev=to,
    ):
        script.run_env()
    return written.found


def _one_by_one(
    start: str | None, statements: list[str], progress: Progress, steps: Steps
) -> Iterator[str]:
    """Yield the statements to be run, and tell how far the work has come."""
    if not statements:
        progress(f"{SCHEMA_VERSION}: up to date")
        return
    progress(f"{start or 'new database'} → {SCHEMA_VERSION}: {len(statements)} statements")
    began = time.monotonic()
    for done, statement in enumerate(statements, start=1):
        yield statement
        steps(done, len(statements))
        if found := _ARRIVES.search(statement):
            progress(f"{found[1]}: reached after {time.monotonic() - began:.1f} s")


def _not_newer(start: str | None) -> str | None:
    if start is not None and start > SCHEMA_VERSION:
        raise CannotMigrateError(
            f"the database is of a newer Portvakt (tables {start}; this one knows "
            f"{SCHEMA_VERSION}): install that, or restore a backup from before"
        )
    return start


def _failed(error: Exception) -> CannotMigrateError:
    """Say it without the values that a database adds in further lines: they are of people."""
    return CannotMigrateError(f"{str(error).partition(chr(10))[0]}; nothing was changed")


def _migrate_sqlite(path: Path, progress: Progress, steps: Steps) -> None:
    try:
        # Whoever can read the file can read everybody's telephone numbers.
        # One that is there is left alone: closing it here would let go of this process's locks.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            start = _not_newer(_sqlite_version(connection))
            statements = upgrade_statements("sqlite", start)
            for statement in _one_by_one(start, statements, progress, steps):
                connection.execute(statement)
            connection.execute("COMMIT")
            write_ahead(connection, _PATIENCE)
    except (OSError, sqlite3.OperationalError) as error:
        raise RecordsUnavailable(f"{path}: {error}; nothing was changed") from error
    except sqlite3.Error as error:
        raise _failed(error) from error


def _sqlite_version(connection: sqlite3.Connection) -> str | None:
    table = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'")
    if table.fetchone() is None:
        return None
    row = connection.execute(_VERSION).fetchone()
    return None if row is None else str(row[0])


def _current_sqlite(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path, timeout=1)) as connection:
            return _sqlite_version(connection)
    except sqlite3.Error as error:
        raise RecordsUnavailable(f"{path}: {error}") from error


async def _migrate_postgresql(dsn: str, progress: Progress, steps: Steps) -> None:
    from asyncpg import InterfaceError, PostgresError  # noqa: PLC0415 - only where it is used

    from portvakt.records.postgresql import connected  # noqa: PLC0415
    from portvakt.records.reaching import away, is_away  # noqa: PLC0415

    try:
        async with connected(dsn, command_timeout=_LONGEST) as connection, connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE:.0f}s'")
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            start = _not_newer(await _postgresql_version(connection))
            statements = upgrade_statements("postgresql", start)
            for statement in _one_by_one(start, statements, progress, steps):
                await connection.execute(statement)
    except (InterfaceError, OSError, PostgresError) as error:
        if is_away(error, closed=isinstance(error, InterfaceError)):
            raise away(error) from error
        raise _failed(error) from error


async def _current_postgresql(dsn: str) -> str | None:
    from portvakt.records.postgresql import connected  # noqa: PLC0415

    async with connected(dsn, command_timeout=3) as connection:
        return await _postgresql_version(connection)


async def _postgresql_version(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    found: str | None = await connection.fetchval(_VERSION)
    return found
