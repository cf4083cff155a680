"""The kept connections of one kind to one directory.

A directory that is slow or silent holds its own few connections and nothing else: who finds none
free waits a while and then gets an honest answer.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from portvakt.wire.ldap_connection import BrokenError, Connection, Steps
from portvakt.wire.ldap_line import NoLineError
from portvakt.wire.ldap_values import Server

T = TypeVar("T")
Open = Callable[[Server], Awaitable[Connection]]
"""Raises `NoLineError` and `BrokenError`."""

LAST_FOR: Final = 30.0
"""Seconds that a server which failed is tried after the others."""
KEPT_FOR: Final = 600.0
"""Seconds after which a connection is made anew: the first server may be well again."""
IDLE_FOR: Final = 120.0
"""Seconds after which an unused one is not trusted: a firewall may have forgotten it."""
TURN_WITHIN: Final = 5.0
"""Seconds to wait for a free connection."""
MOST_WAITING: Final = 200


class NobodyAnswersError(Exception):
    """No server could be used; the message says what each of them did."""


class Servers:
    """Who is tried first: the order of the settings, those that just failed last."""

    def __init__(self, servers: Sequence[Server], clock: Callable[[], float]) -> None:
        self._servers = tuple(servers)
        self._clock = clock
        self._failed: dict[Server, tuple[float, str]] = {}

    def order(self, prefer: Server | None = None) -> list[Server]:
        """List all of them. One that is preferred comes first even if it failed."""
        troubled = self.troubles()
        return sorted(self._servers, key=lambda each: (each != prefer, each in troubled))

    def troubles(self) -> dict[Server, str]:
        """Say which servers failed lately, and how."""
        until = self._clock() - LAST_FOR
        return {each: why for each, (at, why) in self._failed.items() if at > until}

    def failed(self, server: Server, why: str) -> None:
        """Note that it did not answer."""
        self._failed[server] = (self._clock(), why)

    def well(self, server: Server) -> None:
        """Note that it did."""
        self._failed.pop(server, None)


class Pool:
    """Connections of one kind. All of it belongs to one event loop."""

    def __init__(
        self,
        servers: Servers,
        opening: Open,
        *,
        connections: int,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open by `opening`; `patience` is how many seconds all servers together may take."""
        self._servers = servers
        self._opening = opening
        self._patience = patience
        self._clock = clock
        self._turns = asyncio.Semaphore(connections)
        self._waiting = 0
        self._idle: list[tuple[Connection, float, float]] = []

    @asynccontextmanager
    async def lease(
        self, prefer: Server | None = None, *, fresh: bool = False
    ) -> AsyncIterator[Connection]:
        """Have a connection for oneself. One that is not well afterwards must be closed by `run`.

        Raises `NobodyAnswersError`.
        """
        async with self._turn():
            kept = None if fresh else self._take(prefer)
            connection, born = kept or (await self._open(prefer), self._clock())
            whole = False
            try:
                yield connection
                whole = True
            finally:
                if whole and not connection.closed:
                    self._idle.append((connection, born, self._clock()))
                else:
                    connection.close()

    async def run(self, connection: Connection, steps: Steps[T], within: float) -> T:
        """Take an operation to its end. Raises `BrokenError`, with the connection closed."""
        try:
            answer = await connection.run(steps, within)
        except BrokenError as error:
            self._servers.failed(connection.server, str(error))
            raise
        self._servers.well(connection.server)
        return answer

    def close(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop()[0].close()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._turns.locked():
            await self._queue()
        else:
            await self._turns.acquire()
        try:
            yield
        finally:
            self._turns.release()

    async def _queue(self) -> None:
        if self._waiting >= MOST_WAITING:
            raise NobodyAnswersError("too many are waiting already")
        self._waiting += 1
        try:
            async with asyncio.timeout(TURN_WITHIN):
                await self._turns.acquire()
        except TimeoutError as error:
            raise NobodyAnswersError("every connection is busy") from error
        finally:
            self._waiting -= 1

    def _take(self, prefer: Server | None) -> tuple[Connection, float] | None:
        """Take the one used last; those that are too old go."""
        now = self._clock()
        for place in range(len(self._idle) - 1, -1, -1):
            connection, born, used = self._idle[place]
            if prefer is not None and connection.server != prefer:
                continue
            del self._idle[place]
            if now - born < KEPT_FOR and now - used < IDLE_FOR and connection.line.is_quiet:
                return connection, born
            connection.close()
        return None

    async def _open(self, prefer: Server | None) -> Connection:
        """Try the servers in turn. Raises `NobodyAnswersError`, and what `opening` else raises."""
        until = self._clock() + self._patience
        said: list[str] = []
        for server in self._servers.order(prefer):
            if self._clock() >= until:
                said.append(f"{server}: not tried, no time left")
                continue
            try:
                connection = await self._opening(server)
            except (NoLineError, BrokenError) as error:
                self._servers.failed(server, str(error))
                said.append(f"{server}: {error}")
            else:
                return connection
        raise NobodyAnswersError("; ".join(said))
