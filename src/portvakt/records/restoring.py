"""Puts back what `copying` read, into an empty place or in place of what is there: all or nothing.

SQLite: a new file is made beside, and takes the old one's place when it is whole and on the disk.
PostgreSQL: one transaction, in which the old tables go and the new ones come. Both make the tables
of the version that was copied, fill them, bring them to the version of this code, and let the
caller finish, before anybody can see anything of it.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from portvakt.durable_files import replace_durably
from portvakt.records.addresses import PostgresServer, SqliteFile, address_of
from portvakt.records.after_restore import AfterRestore, Removal
from portvakt.records.copying import PATIENCE, Shape, quoted, shapes
from portvakt.records.driver import Run
from portvakt.records.errors import RecordsError, RecordsUnavailable
from portvakt.records.frames import End, Rows
from portvakt.records.migrate import upgrade_statements
from portvakt.records.sqlite import run_on

if TYPE_CHECKING:
    import asyncpg

T = TypeVar("T")
_BESIDE: Final = ".restoring"
_VERSIONS: Final = "alembic_version"
LEAVING: Final = 3.0
"""Seconds after which whoever is still there has not just left."""
_IN_USE: Final = """
    SELECT COUNT(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'portvakt'
"""
_LOOK_ANEW: Final = "SELECT pg_stat_clear_snapshot()"
"""Within a transaction the first look at who is there is remembered."""
_NUMBERED: Final = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = current_schema()
        AND (is_identity = 'YES' OR column_default LIKE 'nextval(%')
"""
_TRUTHS: Final = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = $1 AND data_type = 'boolean'
"""


class NotEmptyError(RecordsError):
    """There is something where the copy should go, and it was not said to be replaced."""


class InUseError(RecordsError):
    """Somebody has the database open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Generic[T]):
    """What to put where."""

    version: str
    """Of the tables that were copied."""
    frames: Callable[[], Iterator[Rows | End]]
    finish: Callable[[Run], Awaitable[T]]
    """Run in the same transaction, on tables of the present version."""
    replace: bool
    progress: Callable[[int], None]
    """Called with how many rows are in."""


async def restore(url: str, plan: Plan[T]) -> T:
    """Do it, and return what `finish` found out.

    Raises NotEmptyError and InUseError, with nothing changed, and RecordsUnavailable.
    """
    match address_of(url):
        case SqliteFile(path):
            try:
                return await _into_sqlite(path, plan)
            except (sqlite3.Error, OSError) as error:
                raise RecordsUnavailable(f"{path}: {error}") from error
        case PostgresServer(dsn):
            from asyncpg import PostgresError  # noqa: PLC0415 - only where it is used

            try:
                return await _into_postgresql(dsn, plan)
            except PostgresError as error:  # such as tables that are somebody else's
                raise RecordsUnavailable(f"PostgreSQL: {error}") from error


async def removed_since(url: str, since: datetime) -> list[Removal]:
    """List what was taken away in a database that is there now. Raises RecordsUnavailable."""
    match address_of(url):
        case SqliteFile(path):
            if not path.exists():
                return []
            try:
                with closing(_opened(path)) as connection:
                    return await AfterRestore(run_on(connection)).removed_since(since)
            except sqlite3.Error as error:
                raise RecordsUnavailable(f"{path}: {error}") from error
        case PostgresServer(dsn):
            from asyncpg import PostgresError  # noqa: PLC0415 - only where it is used

            from portvakt.records import postgresql  # noqa: PLC0415

            try:
                async with postgresql.connected(dsn, command_timeout=PATIENCE) as connection:
                    return await AfterRestore(postgresql.run_on(connection)).removed_since(since)
            except PostgresError as error:
                raise RecordsUnavailable(f"PostgreSQL: {error}") from error


async def is_empty(url: str) -> bool:
    """Say whether nothing is kept at `url`. Raises RecordsUnavailable."""
    match address_of(url):
        case SqliteFile(path):
            return _sqlite_is_empty(path)
        case PostgresServer(dsn):
            from portvakt.records.postgresql import connected  # noqa: PLC0415

            async with connected(dsn, command_timeout=PATIENCE) as connection:
                return await _postgresql_is_empty(connection)


def _opened(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=1)


def _sqlite_is_empty(path: Path) -> bool:
    """Say so also of no file at all, but never of one that is no database: it may have broken."""
    if not path.exists() or not path.stat().st_size:
        return True
    try:
        with closing(_opened(path)) as connection:
            there = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
            return not any(
                connection.execute(_any(shape.table)).fetchone()
                for shape in shapes()
                if shape.table in there
            )
    except sqlite3.DatabaseError:
        return False


def _any(table: str) -> str:
    return f"SELECT 1 FROM {quoted(table)} LIMIT 1"  # noqa: S608 - a name of our schema


async def _into_sqlite(path: Path, plan: Plan[T]) -> T:
    if not plan.replace and not _sqlite_is_empty(path):
        raise NotEmptyError(f"{path} is not empty")
    _let_go(path)
    beside = path.with_name(path.name + _BESIDE)
    with _alone(path, beside):
        with closing(sqlite3.connect(beside, isolation_level=None)) as connection:
            for pragma in ("foreign_keys=OFF", "journal_mode=OFF", "synchronous=OFF"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("BEGIN")
            for statement in upgrade_statements("sqlite", None, plan.version):
                connection.execute(statement)
            done = 0
            for frame in plan.frames():
                if isinstance(frame, Rows):
                    connection.executemany(_insert(frame.shape), frame.rows)
                    done += len(frame.rows)
                    plan.progress(done)
            for statement in upgrade_statements("sqlite", plan.version):
                connection.execute(statement)
            found = await plan.finish(run_on(connection))
            connection.execute("COMMIT")
        _let_go(path)
        _take_place(beside, path)
        return found


def _insert(shape: Shape) -> str:
    columns = ", ".join(map(quoted, shape.columns))
    values = ", ".join("?" * len(shape.columns))
    return f"INSERT INTO {quoted(shape.table)} ({columns}) VALUES ({values})"  # noqa: S608 - names of our schema


def _let_go(path: Path) -> None:
    """See that nobody has the file open, and that all of it is in it and nothing beside it.

    Leaving the write-ahead log takes a lock that every other connection stands in the way of.
    """
    if not path.exists():
        return
    try:
        with closing(_opened(path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise InUseError(f"{path} is open: stop `portvakt serve` first ({error})") from error
    except sqlite3.DatabaseError:
        return  # it is no database any more, and nobody can have it open as one


@contextmanager
def _alone(path: Path, beside: Path) -> Iterator[None]:
    """Make the new file, as the only one who does so; whatever happens, it does not stay."""
    with beside.open("ab") as file:
        beside.chmod(0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InUseError(f"{path} is being restored by somebody else") from error
        try:
            file.truncate(0)  # left by one that was killed
            yield
        finally:
            beside.unlink(missing_ok=True)


def _take_place(beside: Path, path: Path) -> None:
    owner = path.stat() if path.exists() else path.parent.stat()  # whom the service runs as
    if os.geteuid() == 0:
        os.chown(beside, owner.st_uid, owner.st_gid)
    for ending in ("-wal", "-shm"):  # of a database that broke; a sound one has none by now
        path.with_name(path.name + ending).unlink(missing_ok=True)
    replace_durably(beside, path)


async def _into_postgresql(dsn: str, plan: Plan[T]) -> T:
    from portvakt.records.postgresql import connected, run_on  # noqa: PLC0415 - where it is used

    async with connected(dsn, command_timeout=PATIENCE) as connection, connection.transaction():
        if not plan.replace and not await _postgresql_is_empty(connection):
            raise NotEmptyError("the database is not empty")
        await _until_others_have_left(connection)
        ours = ", ".join(map(quoted, (*await _postgresql_tables(connection), _VERSIONS)))
        await connection.execute(f"DROP TABLE IF EXISTS {ours}")  # fails where others lean on them
        for statement in upgrade_statements("postgresql", None, plan.version):
            await connection.execute(statement)
        await _fill(connection, plan)
        for statement in upgrade_statements("postgresql", plan.version):
            await connection.execute(statement)
        return await plan.finish(run_on(connection))


async def _until_others_have_left(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Wait a moment: the server goes on counting somebody who has just hung up."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + LEAVING
    while await connection.fetchval(_IN_USE):
        if loop.time() >= ends:
            raise InUseError(
                "the database is in use: stop `portvakt serve` and `portvakt work` first"
            )
        await asyncio.sleep(0.05)
        await connection.execute(_LOOK_ANEW)


async def _fill(connection: "asyncpg.Connection[asyncpg.Record]", plan: Plan[T]) -> None:
    done, truths, known = 0, set[int](), ""
    for frame in plan.frames():
        if not isinstance(frame, Rows):
            continue
        shape = frame.shape
        if shape.table != known:
            names = {row[0] for row in await connection.fetch(_TRUTHS, shape.table)}
            truths = {at for at, name in enumerate(shape.columns) if name in names}
            known = shape.table
        rows = (
            tuple(
                bool(value) if at in truths and value is not None else value
                for at, value in enumerate(row)
            )
            for row in frame.rows
        )
        await connection.copy_records_to_table(shape.table, records=rows, columns=shape.columns)
        done += len(frame.rows)
        plan.progress(done)
    for table, column in await connection.fetch(_NUMBERED):
        await connection.execute(
            f"""
            SELECT setval(pg_get_serial_sequence({_text(quoted(table))}, {_text(column)}), newest)
            FROM (SELECT MAX({quoted(column)}) AS newest FROM {quoted(table)}) AS rows
            WHERE newest IS NOT NULL
            """  # noqa: S608 - names of our schema
        )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


async def _postgresql_tables(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """List those of our tables that are there."""
    return [
        shape.table
        for shape in shapes()
        if await connection.fetchval("SELECT to_regclass($1)", quoted(shape.table)) is not None
    ]


async def _postgresql_is_empty(connection: "asyncpg.Connection[asyncpg.Record]") -> bool:
    for table in await _postgresql_tables(connection):
        if await connection.fetchval(_any(table)) is not None:
            return False
    return True
