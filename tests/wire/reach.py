"""How tests reach the directories they started, and servers that misbehave on purpose."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from portvakt.core.secret import Secret
from portvakt.wire.ldap import Ldap, Reach, Server
from tests.servers import samba as ad
from tests.servers import slapd as openldap
from tests.servers.listening import stop_listening
from tests.servers.samba import Samba
from tests.servers.slapd import Slapd

SILENT, GARBAGE, HANGS_UP = "silent", "garbage", "hangs up"


def to_slapd(server: Slapd, *urls: str, **different: Any) -> Reach:
    """Reach slapd as the service account."""
    settings: dict[str, Any] = {
        "bind_dn": openldap.SERVICE,
        "bind_password": lambda: Secret(openldap.SERVICE_PASSWORD),
        "ca_file": server.authority.ca_file,
    }
    servers = [Server(url) for url in urls or (server.ldaps,)]
    return Reach(servers=servers, **settings | different)


def to_samba(server: Samba, *urls: str, **different: Any) -> Reach:
    """Reach the domain controller as the service account."""
    settings: dict[str, Any] = {
        "bind_dn": ad.SERVICE,
        "bind_password": lambda: Secret(ad.SERVICE_PASSWORD),
        "ca_file": server.authority_file,
    }
    servers = [Server(url) for url in urls or (server.ldaps,)]
    return Reach(servers=servers, **settings | different)


@asynccontextmanager
async def opened(reach: Reach, clock: Callable[[], float] | None = None) -> AsyncIterator[Ldap]:
    """Open a directory, and hang up afterwards."""
    ldap = Ldap(reach) if clock is None else Ldap(reach, clock=clock)
    try:
        yield ldap
    finally:
        await ldap.close()


@asynccontextmanager
async def stranger(kind: str) -> AsyncIterator[Server]:
    """A server that takes connections and is of no use."""

    met: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        met.add(task)
        with contextlib.suppress(ConnectionError):
            try:
                if kind == GARBAGE:
                    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
                    await writer.drain()
                if kind == SILENT:
                    await reader.read()  # until the client gives up
            finally:
                writer.close()
                await writer.wait_closed()

    listening = await asyncio.start_server(meet, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield Server(f"ldaps://127.0.0.1:{port}")
    finally:
        await stop_listening(listening)
        for task in met:
            task.cancel()
        await asyncio.gather(*met, return_exceptions=True)


class Proxy:
    """Stands before a server, counts connections, and keeps what clients sent in the clear."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._listening: asyncio.Server | None = None
        self.connections = 0
        self.sent = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listening is not None
        await stop_listening(self._listening)
        await asyncio.wait_for(asyncio.gather(*self._tasks), 10)

    @property
    def port(self) -> int:
        assert self._listening is not None
        port: int = self._listening.sockets[0].getsockname()[1]
        return port

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        back, forth = await asyncio.open_connection(*self._to)
        await asyncio.gather(self._pass(reader, forth, self.sent), self._pass(back, writer, None))

    @staticmethod
    async def _pass(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: bytearray | None
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                if seen is not None:
                    seen += data
                writer.write(data)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
