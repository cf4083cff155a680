"""SQLite: reads in the event loop on one connection, writes in one thread, committed in groups.

A read takes some 10 µs, less than a hop to a thread would. A commit waits for the disk, so it
happens in the writer's thread; while it does, other acts queue up and share the next commit.
synchronous=FULL: what was acknowledged is on the disk.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic

from portvakt.records.bell import Bell
from portvakt.records.driver import PATIENCE, Act, Counts, Row, Rules, Run, T, U
from portvakt.records.errors import RecordsUnavailable
from portvakt.records.statements import Statement, Value

GROUP: Final = 64  # acts in one commit: enough to share the disk's wait, few enough to stay fair
_POLL_MS: Final = 50
_AWAY: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
_REOPEN: Final = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
    }
)


def connect(path: Path, *, writing: bool) -> sqlite3.Connection:
    """Open a database file that exists, with the settings every connection of ours has."""
    # Even a reader opens it for writing: the log beside it has an index that readers keep up.
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=512)
    connection.execute(f"PRAGMA busy_timeout={_POLL_MS if writing else 0}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    if writing:
        write_ahead(connection, PATIENCE)
        connection.execute("PRAGMA synchronous=FULL")
    else:
        connection.execute("PRAGMA query_only=ON")
    return connection


def write_ahead(connection: sqlite3.Connection, patience: float) -> None:
    """Have the file keep a write-ahead log, waiting at most `patience` seconds for its turn.

    Raises sqlite3.OperationalError where somebody holds the file for longer.
    """
    given_up_at = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            # The busy handler is not asked while another connection is about to write.
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > given_up_at:
                raise
            time.sleep(_POLL_MS / 1000)
        else:
            return


def run_on(connection: sqlite3.Connection) -> Run:
    """Return what runs statements in a transaction that the caller holds.

    For work outside the records, such as a restore.
    """
    run = _SqliteRun(writing=True)
    run.connection = connection
    return run


def _code(error: BaseException) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF  # the rest of an extended code says more about the same thing


class _LostError(sqlite3.OperationalError):
    """SQLite rolled back the transaction by itself."""


def _is_away(error: BaseException) -> bool:
    return isinstance(error, _LostError) or (
        isinstance(error, sqlite3.Error) and _code(error) in _AWAY
    )


def _away(error: BaseException) -> RecordsUnavailable:
    unavailable = RecordsUnavailable(f"SQLite: {error}")
    unavailable.__cause__ = error
    return unavailable


class _SqliteRun(Rules):
    """Statements on one connection. Nothing here waits, so an act runs through in one go."""

    __slots__ = ("connection", "rung")

    def __init__(self, *, writing: bool) -> None:
        super().__init__(writing=writing)
        self.connection: sqlite3.Connection | None = None
        self.rung: list[str] = []

    def _execute(self, statement: Statement, values: dict[str, Value]) -> sqlite3.Cursor:
        return self._counted(statement).execute(statement.sqlite, values)

    def _counted(self, statement: Statement) -> sqlite3.Connection:
        if self.connection is None:
            raise AssertionError("an act's unit is used while the act runs")
        self.count(statement)
        return self.connection

    async def rows(self, statement: Statement, /, **values: Value) -> list[Row]:
        return self._execute(statement, values).fetchall()

    async def row(self, statement: Statement, /, **values: Value) -> Row | None:
        found = await self.rows(statement, **values)
        return found[0] if found else None

    async def changed(self, statement: Statement, /, **values: Value) -> int:
        return self._execute(statement, values).rowcount

    async def each(self, statement: Statement, rows: Sequence[Sequence[Value]], /) -> int:
        if not rows:
            return 0
        return self._counted(statement).executemany(statement.sqlite, rows).rowcount

    async def turn(self, *names: str) -> None:
        """There is one writer: it is always this act's turn."""

    async def ring(self, topic: str, /) -> None:
        self.rung.append(topic)


@dataclass(slots=True)
class _Job(Generic[U]):
    """One act on its way through the writer's thread."""

    act: Act[U, Any]
    future: asyncio.Future[Any]
    given_up_at: float
    single: bool
    result: Any = None
    error: BaseException | None = None
    rung: tuple[str, ...] = ()


class _Writer(Generic[U]):
    """The one connection that writes; all but `put` and `stop` runs in its thread."""

    def __init__(self, path: Path, make: Callable[[Run], U], bell: Bell) -> None:
        self._path = path
        self._bell = bell
        self.run = _SqliteRun(writing=True)
        self._unit = make(self.run)
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job[U] | None] = queue.SimpleQueue()
        self._going = True
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self.transactions = 0
        self._thread = threading.Thread(target=self._work, name="portvakt-writer", daemon=True)
        self._thread.start()

    async def put(self, act: Act[U, T], *, single: bool) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(act, future, time.monotonic() + PATIENCE, single))
        return await future

    async def stop(self) -> None:
        """Finish what is queued, then end the thread."""
        self._jobs.put(None)
        await self._ended
        self._thread.join()

    def _work(self) -> None:
        while self._going:
            group: list[_Job[U]] = []
            self._take(group, self._jobs.get())
            self._gather(group)
            self._settle(group)
        self._close()
        self._loop.call_soon_threadsafe(self._ended.set_result, None)

    def _take(self, group: list[_Job[U]], job: _Job[U] | None) -> None:
        if job is None:
            self._going = False
        elif not job.future.cancelled():
            group.append(job)

    def _gather(self, group: list[_Job[U]]) -> None:
        """Add what else is queued."""
        with contextlib.suppress(queue.Empty):
            while self._going and len(group) < GROUP:
                self._take(group, self._jobs.get_nowait())

    def _settle(self, group: list[_Job[U]]) -> None:
        """Run and commit one group, and hand out what became of each act."""
        try:
            if self.run.connection is None:
                self.run.connection = connect(self._path, writing=True)
            connection = self.run.connection
            if self._begin(connection, group):
                if len(group) == 1:
                    self._perform_alone(group[0])
                else:
                    for job in group:
                        self._perform(connection, job)
                connection.execute("COMMIT")
                self.transactions += 1
        except BaseException as error:  # noqa: BLE001 - raised again where each act is awaited
            self._fail(group, error)
        self._hand_out(group)

    def _close(self) -> None:
        if self.run.connection is not None:
            self.run.connection.close()
            self.run.connection = None

    def _begin(self, connection: sqlite3.Connection, group: list[_Job[U]]) -> bool:
        """Take the write lock in short waits; each act gives up when its own time is over.

        Returns False when nobody is left to do it for.
        """
        while group:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY:
                    raise
                now = time.monotonic()
                late = [job for job in group if job.given_up_at <= now]
                for job in late:
                    job.error = _away(error)
                self._hand_out(late)
                group[:] = [job for job in group if job.given_up_at > now]
                self._gather(group)
            else:
                return True
        return False

    def _perform_alone(self, job: _Job[U]) -> None:
        """Run the only act of a commit, which is undone as a whole where it raises.

        A savepoint would have every page that it writes copied first.
        """
        self._do(job)
        job.rung = tuple(self.run.rung)

    def _do(self, job: _Job[U]) -> None:
        self.run.rung.clear()
        self.run.left = 1 if job.single else None
        job.result = _drive(job.act(self._unit))

    def _perform(self, connection: sqlite3.Connection, job: _Job[U]) -> None:
        """Run one act; where it raises, undo it and it alone."""
        connection.execute("SAVEPOINT act")
        try:
            self._do(job)
        except BaseException as error:
            if not connection.in_transaction:
                raise _LostError("the work of the whole group was undone") from error
            connection.execute("ROLLBACK TO act")
            job.error = _away(error) if _is_away(error) else error
        else:
            job.rung = tuple(self.run.rung)
        connection.execute("RELEASE act")

    def _fail(self, group: list[_Job[U]], error: BaseException) -> None:
        """Nothing of the group was committed."""
        for job in group:
            job.rung = ()
            if job.error is None:
                job.error = _away(error) if _is_away(error) else error
        connection = self.run.connection
        if connection is None:
            return
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        if _code(error) in _REOPEN or connection.in_transaction:
            self._close()

    def _hand_out(self, jobs: list[_Job[U]]) -> None:
        if jobs:
            self._loop.call_soon_threadsafe(self._deliver, list(jobs))

    def _deliver(self, jobs: list[_Job[U]]) -> None:
        """Back in the event loop."""
        for job in jobs:
            for topic in job.rung:
                self._bell.ring(topic)
            if job.future.done():  # whoever asked has gone away
                continue
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)


def _drive(act: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that has nothing to wait for to its end, without an event loop."""
    try:
        act.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    act.close()
    raise AssertionError("an act awaits its unit and nothing else")


class SqliteDriver(Generic[U]):
    """One file, used by one process at a time for writing, by any number for reading."""

    def __init__(self, path: Path, make: Callable[[Run], U]) -> None:
        self.bell = Bell()
        self._path = path
        self._run = _SqliteRun(writing=False)
        self._unit = make(self._run)
        self._writer = _Writer(path, make, self.bell)

    async def read(self, act: Act[U, T]) -> T:
        """Run an act on the reading connection; where it is locked, wait without blocking."""
        given_up_at = time.monotonic() + PATIENCE
        while True:
            try:
                if self._run.connection is None:
                    self._run.connection = connect(self._path, writing=False)
                return await act(self._unit)
            except sqlite3.Error as error:
                if not _is_away(error):
                    raise
                if _code(error) in _REOPEN:
                    self._close_reader()
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > given_up_at:
                    raise _away(error) from error
            await asyncio.sleep(_POLL_MS / 1000)

    async def write(self, act: Act[U, T], *, single: bool) -> T:
        """Have the writer's thread run an act and commit it."""
        return await self._writer.put(act, single=single)

    async def listen(self) -> bool:
        """Miss nothing: one process writes, and it rings its own bell."""
        return False

    async def database_time(self) -> int | None:
        """Return None: there is no clock but this machine's."""
        return None

    def counted(self) -> Counts:
        """Say how much was asked so far."""
        statements = self._run.statements + self._writer.run.statements
        return Counts(statements, self._writer.transactions)

    async def close(self) -> None:
        """Finish what is queued, then close both connections."""
        await self._writer.stop()
        self._close_reader()

    def _close_reader(self) -> None:
        if self._run.connection is not None:
            self._run.connection.close()
            self._run.connection = None
