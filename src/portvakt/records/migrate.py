"""Brings a database's tables to the version that this code needs.

All of it in one transaction that nobody can share: two processes that start at once migrate once,
one that is killed half-way has changed nothing, and running it again does nothing.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from portvakt.records.addresses import PostgresServer, SqliteFile, address_of
from portvakt.records.errors import RecordsUnavailable

if TYPE_CHECKING:
    import asyncpg

SCHEMA_VERSION: Final = "0006"
"""The revision this code works with; a test keeps it equal to the newest migration."""

_LOCK: Final = 0x506F727476616B74  # "Portvakt": any number that no other program's lock has
_PATIENCE: Final = 60.0
_VERSION: Final = "SELECT version_num FROM alembic_version"
Progress = Callable[[str], None]


def migrate(url: str, progress: Progress) -> None:
    """Bring the database at `url` to SCHEMA_VERSION, making it first where it is a new file.

    `progress` is called with one line for each step. Raises RecordsUnavailable where the database
    cannot be reached or stays locked for a minute, ValueError where `url` names none.
    """
    match address_of(url):
        case SqliteFile(path):
            _migrate_sqlite(path, progress)
        case PostgresServer(dsn):
            asyncio.run(_migrate_postgresql(dsn, progress))


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


def _statements(dialect: str, start: str | None) -> list[str]:
    """Have Alembic write what leads from revision `start` to the newest one."""
    from alembic.config import Config  # noqa: PLC0415 - half a second that only a migration costs
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config(attributes={"dialect": dialect, "statements": (written := _Statements())})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(
        config,
        script,
        fn=lambda revision, _: script._upgrade_revs("head", revision),  # noqa: SLF001 - as alembic.command.upgrade does
        as_sql=True,
        starting_rev=start,
        destination_rev="head",
    ):
        script.run_env()
    return written.found


def _announce(start: str | None, statements: Iterable[str], progress: Progress) -> None:
    count = len(list(statements))
    if count:
        progress(f"{start or 'new database'} → {SCHEMA_VERSION}: {count} statements")
    else:
        progress(f"{SCHEMA_VERSION}: up to date")


def _migrate_sqlite(path: Path, progress: Progress) -> None:
    try:
        # Whoever can read the file can read everybody's telephone numbers.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            start = _sqlite_version(connection)
            statements = _statements("sqlite", start)
            _announce(start, statements, progress)
            for statement in statements:
                connection.execute(statement)
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode=WAL")
    except (OSError, sqlite3.OperationalError) as error:
        raise RecordsUnavailable(f"{path}: {error}") from error


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


async def _migrate_postgresql(dsn: str, progress: Progress) -> None:
    from portvakt.records.postgresql import connected  # noqa: PLC0415 - only where it is used

    async with connected(dsn, command_timeout=_PATIENCE) as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        start = await _postgresql_version(connection)
        statements = _statements("postgresql", start)
        _announce(start, statements, progress)
        for statement in statements:
            await connection.execute(statement)


async def _current_postgresql(dsn: str) -> str | None:
    from portvakt.records.postgresql import connected  # noqa: PLC0415

    async with connected(dsn, command_timeout=3) as connection:
        return await _postgresql_version(connection)


async def _postgresql_version(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    found: str | None = await connection.fetchval(_VERSION)
    return found
