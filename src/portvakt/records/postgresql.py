"""PostgreSQL: asyncpg, few connections, made when they are needed and again when they are lost.

asyncpg's own pool costs 40 µs for each act, most of it in wrapping the connection; the list of
idle connections here does what we need of it (docs/adr/0004). Every act is READ COMMITTED: what
may happen once is one conditional statement, which that level keeps.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Generic

import asyncpg

from portvakt.records.bell import Bell
from portvakt.records.driver import PATIENCE, Act, Counts, Row, Rules, Run, T, U
from portvakt.records.errors import RecordsUnavailable
from portvakt.records.lineage import Lineage
from portvakt.records.reaching import Reach, away, is_away, is_read_only
from portvakt.records.statements import Statement, Value

CONNECTIONS: Final = 8
"""In one process at most. Acts are short, so waiting for a turn is cheaper than a connection."""
_TRIES: Final = 4
_CHANNEL: Final = "portvakt"
_SETTINGS: Final = {
    "application_name": "portvakt",
    "default_transaction_isolation": "read committed",
    # Every statement of ours finds its rows by an index (a test says so). What the planner knows
    # of a table that has just been filled, or was empty when last looked at, says otherwise.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",  # no statement of ours is long enough to earn its compilation
    # Before ours ends: so a server that is slow says so itself, and our own time-out means silence.
    "statement_timeout": str(int(PATIENCE * 1000) - 500),
    "idle_in_transaction_session_timeout": "10000",  # a process that hangs keeps no locks
}
_AGAIN: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,  # the tables changed under a prepared statement
)
_TURN: Final = """
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest($1::text[]) AS name ORDER BY 1
    ) AS keys
"""
_TIME: Final = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
_TOPIC: Final = re.compile(r"[\w:.-]{1,200}", re.ASCII)


@asynccontextmanager
async def connected(dsn: str, *, command_timeout: float) -> AsyncIterator[asyncpg.Connection]:
    """Open one connection for work outside the records, such as a migration."""
    connection = await Reach(dsn).connect(command_timeout=command_timeout)
    try:
        yield connection
    finally:
        connection.terminate() if connection.is_in_transaction() else await connection.close()


def _is_gone(error: BaseException) -> bool:
    """Whether the server behind a connection is gone, silent, or no longer the one that writes."""
    return isinstance(error, OSError) or is_read_only(error)


def _noticed(attempt: asyncio.Task[None]) -> None:
    """Take note of how it went, for where everybody who waited for it has left."""
    if not attempt.cancelled():
        attempt.exception()


def run_on(connection: asyncpg.Connection) -> Run:
    """Return what runs statements in a transaction that the caller holds.

    For work outside the records, such as a restore.
    """
    run = _PostgresRun(connection)
    run.writing = True
    return run


class _PostgresRun(Rules):
    """Statements on one connection."""

    __slots__ = ("_connection", "rung")

    def __init__(self, connection: asyncpg.Connection) -> None:
        super().__init__()
        self._connection = connection
        self.rung: list[str] = []

    async def rows(self, statement: Statement, /, **values: Value) -> list[Row]:
        arguments = self._arguments(statement, values)
        found: list[Row] = await self._connection.fetch(statement.postgresql, *arguments)
        return found

    async def row(self, statement: Statement, /, **values: Value) -> Row | None:
        found = await self.rows(statement, **values)
        return found[0] if found else None

    async def changed(self, statement: Statement, /, **values: Value) -> int:
        arguments = self._arguments(statement, values)
        done: str = await self._connection.execute(statement.postgresql, *arguments)
        return _many(done)

    async def each(self, statement: Statement, rows: Sequence[Sequence[Value]], /) -> int:
        if not rows:
            return 0
        self.count(statement)
        columns = zip(*rows, strict=True)
        return _many(await self._connection.execute(statement.postgresql, *columns))

    async def turn(self, *names: str) -> None:
        self.count()
        await self._connection.execute(_TURN, names)

    async def ring(self, topic: str, /) -> None:
        if _TOPIC.fullmatch(topic) is None:
            raise AssertionError(f"{topic!r} cannot be the name of a topic")
        self.rung.append(topic)

    def _arguments(self, statement: Statement, values: dict[str, Value]) -> list[Value]:
        self.count(statement)
        return [values[name] for name in statement.names]


def _many(done: str) -> int:
    """Read how many rows were written out of `UPDATE 1` or `INSERT 0 1`."""
    return int(done.rpartition(" ")[2])


class _Link(Generic[U]):
    """A connection with what an act uses of it."""

    __slots__ = ("connection", "fresh", "repeatable", "run", "unit")

    def __init__(self, connection: asyncpg.Connection, make: Callable[[Run], U]) -> None:
        self.connection = connection
        self.run = _PostgresRun(connection)
        self.unit = make(self.run)
        self.fresh = True
        self.repeatable = True
        """Whether nothing can have been stored yet, so that the act may begin again."""


class PostgresDriver(Generic[U]):
    """A server, or several of which one takes writes."""

    def __init__(self, dsn: str, make: Callable[[Run], U]) -> None:
        self.bell = Bell()
        self._reach = Reach(dsn)
        self._lineage = Lineage()
        self._make = make
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[_Link[U]] = []  # the last one used is the next one used
        self._statements = 0
        self._transactions = 0
        self._listener: asyncpg.Connection | None = None
        self._beginning: asyncio.Task[None] | None = None

    async def read(self, act: Act[U, T]) -> T:
        """Run an act without a transaction."""
        return await self._repeat(self._read, act)

    async def write(self, act: Act[U, T], *, single: bool) -> T:
        """Run an act in a transaction, again after a deadlock or a connection that was dead."""
        return await self._repeat(self._single if single else self._transaction, act)

    async def _repeat(
        self, how: Callable[[_Link[U], Act[U, T]], Awaitable[T]], act: Act[U, T]
    ) -> T:
        for tries_left in reversed(range(_TRIES)):
            link = await self._take()
            try:
                result = await how(link, act)
            except BaseException as error:
                closed = link.connection.is_closed()
                await self._put_away(link, error)
                if isinstance(error, _AGAIN):
                    if tries_left:
                        continue
                    raise away(error) from error
                if not is_away(error, closed=closed):
                    raise
                if closed and link.repeatable and not link.fresh:
                    continue
                raise away(error) from error
            self._give(link)
            return result
        raise RecordsUnavailable("PostgreSQL: every connection was closed")

    async def _read(self, link: _Link[U], act: Act[U, T]) -> T:
        link.repeatable = True
        return await act(link.unit)

    async def _single(self, link: _Link[U], act: Act[U, T]) -> T:
        link.repeatable = False
        link.run.writing, link.run.left, link.run.mark = True, 1, None
        try:
            result = await act(link.unit)
        finally:
            link.run.writing, link.run.left = False, None
        if link.run.rung:
            raise AssertionError("write_one rings no bell; write does")
        self._lineage.committed(link.run.mark)
        return result

    async def _transaction(self, link: _Link[U], act: Act[U, T]) -> T:
        run = link.run
        link.repeatable = True
        run.writing, run.mark = True, None
        run.rung.clear()
        try:
            await link.connection.execute("BEGIN")
            result = await act(link.unit)
            link.repeatable = False
            rings = "".join(f"NOTIFY {_CHANNEL}, '{topic}';" for topic in dict.fromkeys(run.rung))
            done = await link.connection.execute(f"{rings}COMMIT")
        finally:
            run.writing = False
            run.rung.clear()
        if done != "COMMIT":
            raise AssertionError("the act went on after a statement had failed")
        self._transactions += 1
        self._lineage.committed(run.mark)
        return result

    async def _take(self) -> _Link[U]:
        if self._turns.locked():
            await self._queue()
        else:
            await self._turns.acquire()  # at once, without the price of a time-out
        while self._idle:
            link = self._idle.pop()
            if not link.connection.is_closed():
                link.fresh = False
                return link
        try:
            return _Link(await self._connect(), self._make)
        except BaseException:
            self._turns.release()
            raise

    async def _queue(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turns.acquire()
        except TimeoutError as error:
            raise RecordsUnavailable("PostgreSQL: every connection is busy") from error

    async def _connect(self) -> asyncpg.Connection:
        connection = await self._reach.connect(
            command_timeout=PATIENCE,
            statement_cache_size=512,
            max_cached_statement_lifetime=0,
            server_settings=_SETTINGS,
        )
        try:
            await self._lineage.look(connection, run_on(connection))
        except BaseException as error:
            connection.terminate()
            if is_away(error, connecting=True):
                raise away(error) from error
            raise
        return connection

    def _give(self, link: _Link[U]) -> None:
        self._statements += link.run.statements
        link.run.statements = 0
        self._idle.append(link)
        self._turns.release()

    async def _put_away(self, link: _Link[U], error: BaseException) -> None:
        """Undo what an act that failed has begun; keep the connection only if it is sound."""
        connection = link.connection
        if connection.is_closed() or _is_gone(error):
            self._drop_idle()  # they lead to the same server
        try:
            sound = isinstance(error, Exception) and not _is_gone(error)
            if sound and not connection.is_closed() and connection.is_in_transaction():
                await connection.execute("ROLLBACK")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            sound = False
        finally:
            if not sound:
                connection.terminate()
            self._give(link)

    def _drop_idle(self) -> None:
        """Let go of every connection that nobody uses, and of the one that hears bells.

        A frozen server keeps that one open and rings no more, until the end of TCP's own patience.
        """
        for link in self._idle:
            link.connection.terminate()
        self._idle.clear()
        if self._listener is not None:
            self._listener.terminate()  # whoever waits is rung for and listens anew

    async def listen(self) -> bool:
        """Have one connection of its own that hears other processes' bells.

        Whoever comes while there is none shares one attempt, which goes on where one of them
        leaves: a connection that is given up half-way would be left open.
        """
        if self._listener is not None and not self._listener.is_closed():
            return False
        if self._beginning is None or self._beginning.done():
            self._beginning = asyncio.create_task(self._begin())
            self._beginning.add_done_callback(_noticed)
        await asyncio.shield(self._beginning)
        return True

    async def _begin(self) -> None:
        listener = await self._connect()
        listener.add_termination_listener(self._deaf)
        await listener.add_listener(_CHANNEL, self._heard)
        self._listener = listener

    def _heard(self, _connection: object, _process: int, _channel: str, topic: str) -> None:
        self.bell.ring(topic)

    def _deaf(self, _connection: object) -> None:
        self.bell.ring_all()

    async def database_time(self) -> int | None:
        """Return the server's clock in ms."""
        link = await self._take()
        try:
            await self._lineage.look(link.connection, run_on(link.connection))
            now: int = await link.connection.fetchval(_TIME)
        except BaseException as error:
            await self._put_away(link, error)
            if is_away(error, closed=link.connection.is_closed()):
                raise away(error) from error
            raise
        self._give(link)
        return now

    def counted(self) -> Counts:
        """Say how much was asked so far."""
        return Counts(self._statements, self._transactions)

    async def close(self) -> None:
        """Wait a little for what is under way, then close every connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for _ in range(CONNECTIONS):
                    await self._turns.acquire()
        if self._beginning is not None:
            await asyncio.wait([self._beginning])
        if self._listener is not None:
            self._listener.remove_termination_listener(self._deaf)
            self._listener.terminate()
        with suppress(OSError, asyncpg.PostgresError):  # a server that is gone needs no goodbye
            for link in self._idle:
                await link.connection.close(timeout=1)
        self._drop_idle()
