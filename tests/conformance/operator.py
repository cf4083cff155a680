"""An operator's side of the wire, on loopback: behaves well or badly, byte by byte."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.servers.listening import stop_listening

Behave = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields of the body, decoded."""
        return parse_qs(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)

    @property
    def query(self) -> dict[str, list[str]]:
        """The fields of the query, decoded."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(slots=True)
class Operator:
    """Takes requests and does with each what `behave` says."""

    behave: Behave
    port: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where texts are handed in."""
        return f"http://127.0.0.1:{self.port}/send"


def answers(status: int, body: bytes = b"", *lines: str) -> Behave:
    """Answer each request with this status and body."""

    async def behave(request: Request, out: asyncio.StreamWriter) -> None:
        del request
        head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *lines]
        out.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        await out.drain()

    return behave


def writes(raw: bytes) -> Behave:
    """Answer each request with these very bytes."""

    async def behave(request: Request, out: asyncio.StreamWriter) -> None:
        del request
        out.write(raw)
        await out.drain()

    return behave


async def hangs(request: Request, out: asyncio.StreamWriter) -> None:
    """Take the request and never say a word."""
    del request, out
    await asyncio.sleep(60)


async def closes(request: Request, out: asyncio.StreamWriter) -> None:
    """Take the request and hang up."""
    del request, out


async def drips(request: Request, out: asyncio.StreamWriter) -> None:
    """Answer one byte at a time, so that no single read ever takes long."""
    del request
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow":
        out.write(bytes((byte,)))
        await out.drain()
        await asyncio.sleep(0.2)


@asynccontextmanager
async def operator(
    behave: Behave, tls: ssl.SSLContext | None = None, port: int = 0, address: str = "127.0.0.1"
) -> AsyncIterator[Operator]:
    """Run an operator on a free port, or on this one."""
    found = Operator(behave)

    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        try:
            request = await _read(reader)
            found.requests.append(request)
            await found.behave(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the test is over, or the client is gone
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, address, port, ssl=tls)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        await stop_listening(server)
        for task in serving:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in serving if task), return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)
