"""The only outgoing HTTP client (R16).

It reaches the destinations it was built with and no others, at the address that was judged. It
follows no redirect, keeps no cookie, reads no proxy setting from the environment, waits four
seconds for a connection, five in all, and reads 64 kB. Each request has a connection of its own: on
a kept one that the other side has just closed, nobody can say whether a message was taken.

`exchange` is one request as such, for a place that somebody has judged: this client, by the
settings, and `outward`, for addresses that apps give.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpcore

from portvakt.wire.addresses import (
    Destination,
    ForbiddenAddressError,
    Resolve,
    checked_addresses,
    look_up,
)
from portvakt.wire.trust import trusting

TIME_OUT = 5.0
CONNECT_WITHIN = 4.0
"""Seconds for a connection, TLS included. Nothing has left by then: somebody else may be asked."""
LARGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case; of several alike the last one counts."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte of the request left this machine."""

    why: str
    forbidden: bool = False
    """Whether that is so because the place leads to an address that it may not lead to."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The request left, and no answer that can be used came back in time."""

    why: str


class NotAllowedError(Exception):
    """A URL outside the destinations of this client: a mistake of ours, not an outcome."""


class _JudgedConnection(httpcore.AsyncNetworkBackend):
    """Connects to an address that the destination admits, and to nothing else.

    It remembers what it opened: httpcore forgets a connection whose TLS handshake is cut short.
    """

    def __init__(self, destination: Destination, resolve: Resolve) -> None:
        self._destination = destination
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()
        self._opened: list[httpcore.AsyncNetworkStream] = []
        self.forbidden = False

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Try the addresses in turn. TLS still checks the certificate against the host's name."""
        del host, port
        try:
            addresses = await checked_addresses(self._destination, self._resolve)
        except OSError as error:
            self.forbidden = isinstance(error, ForbiddenAddressError)
            raise httpcore.ConnectError(str(error)) from error
        last = httpcore.ConnectError("no address")
        for address in addresses:
            try:
                stream = await self._inner.connect_tcp(
                    address, self._destination.port, timeout, local_address, socket_options
                )
            except httpcore.ConnectError as error:
                last = error
            else:
                self._opened.append(stream)
                return stream
        raise last

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks its network back end to be able to."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Close what was opened."""
        for stream in self._opened:
            await stream.aclose()


class HttpClient:
    """Sends requests to the destinations it was given."""

    def __init__(
        self,
        allowed: Iterable[Destination],
        *,
        resolve: Resolve = look_up,
        ca_file: Path | None = None,
        time_out: float = TIME_OUT,
        most: int = LARGEST_ANSWER,
    ) -> None:
        """Allow these destinations, with answers of at most `most` bytes.

        `ca_file` replaces the system's certificate authorities.
        """
        self._most = most
        self._allowed = {(place.scheme, place.host, place.port): place for place in allowed}
        self._patterns = [each for each in self._allowed.values() if each.host.startswith("*.")]
        self._resolve = resolve
        self._ca_file = ca_file
        self._tls: ssl.SSLContext | None = None
        self._time_out = time_out

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> Answer | NotSent | NoAnswer:
        """Send one request and read the answer. Raises `NotAllowedError`."""
        asked = Destination.of_url(url, private=True)
        place = self._place(asked)
        if place is None:
            raise NotAllowedError(f"{asked} is not a destination in the settings")
        return await exchange(
            place,
            Request(method, httpcore.URL(url).target, headers, content),
            resolve=self._resolve,
            tls=self._tls_context() if place.scheme == "https" else None,
            time_out=self._time_out,
            most=self._most,
        )

    def _place(self, asked: Destination) -> Destination | None:
        """Find what the settings say of a place. What a `*.` stands for is never private."""
        found = self._allowed.get((asked.scheme, asked.host, asked.port))
        if found is None and any(each.covers(asked) for each in self._patterns):
            return replace(asked, private=False)
        return found

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = trusting(self._ca_file)
        return self._tls


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `Host` and `Connection` are added."""

    method: str
    target: bytes
    """Path and query, as they stand in the URL."""
    headers: Mapping[str, str]
    content: bytes = field(default=b"", repr=False)


async def exchange(
    place: Destination,
    request: Request,
    *,
    resolve: Resolve,
    tls: ssl.SSLContext | None,
    time_out: float,
    most: int = LARGEST_ANSWER,
) -> Answer | NotSent | NoAnswer:
    """Send one request to a place, at an address that it admits, and read at most `most` bytes.

    `time_out` is in seconds and for all of it.
    """
    connection, left = _JudgedConnection(place, resolve), _Left()
    url = httpcore.URL(scheme=place.scheme, host=place.host, port=place.port, target=request.target)
    lines = {"Host": _host_header(place), "Connection": "close", **request.headers}
    try:
        async with (
            asyncio.timeout(time_out),
            httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=connection) as pool,
            pool.stream(
                request.method,
                url,
                headers=[*lines.items()],
                content=request.content,
                extensions={"trace": left.watch, "timeout": {"connect": CONNECT_WITHIN}},
            ) as response,
        ):
            return await _read(response, most)
    except (TimeoutError, httpcore.TimeoutException):
        why = "no answer in time"
    except httpcore.ConnectError as error:
        why = str(error)
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        why = type(error).__name__  # its words may repeat the answer, and that what was sent
    finally:
        await connection.close()
    return NoAnswer(why) if left.began else NotSent(why, connection.forbidden)


class _Left:
    """Notices the moment the first byte of a request leaves."""

    def __init__(self) -> None:
        self.began = False

    async def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Take one of httpcore's trace events."""
        del info
        if event == "http11.send_request_headers.started":
            self.began = True


def _host_header(place: Destination) -> str:
    host = f"[{place.host}]" if ":" in place.host else place.host
    return (
        host if place.port == {"http": 80, "https": 443}[place.scheme] else f"{host}:{place.port}"
    )


async def _read(response: httpcore.Response, most: int) -> Answer | NoAnswer:
    """Read at most so many bytes; a longer answer is nothing that can be used."""
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > most:
            return NoAnswer(f"the answer is over {most // 1024} kB")
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }
    return Answer(response.status, headers, bytes(body))
