"""A small proxy in front of the product: it decides where the browser seems to be.

The product trusts this proxy and reads the address from `X-Forwarded-For`, as it would from any
other. So one switch is enough to stand inside or outside the region's network, and the product
needs no branch for the demo.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

import httpx
from starlette.types import Message, Receive, Scope, Send


class Place(StrEnum):
    """Where the browser seems to be."""

    INSIDE = "inside"
    OUTSIDE = "outside"

    @property
    def address(self) -> str:
        """The address that the product sees."""
        return {Place.INSIDE: "10.20.30.40", Place.OUTSIDE: "203.0.113.7"}[self]


@dataclass(slots=True)
class Switch:
    """The one switch, shared by the proxy and the control page."""

    place: Place = Place.OUTSIDE


# RFC 9110 section 7.6.1: these belong to one connection and are not passed on.
_OF_ONE_CONNECTION = {
    b"connection",
    b"keep-alive",
    b"proxy-authenticate",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
_WHERE_FROM = {b"forwarded", b"x-real-ip"}

Headers = list[tuple[bytes, bytes]]


class Front:
    """Passes each request to the product as it is, from the place the switch says."""

    def __init__(self, switch: Switch, port: int) -> None:
        """Take the switch, and the loopback port of the product."""
        self._switch = switch
        self._port = port
        # The transport, not a client: nothing is added, kept, followed or decoded on the way.
        # Kept shorter than the product keeps it (5 s): a connection that is closed in the very
        # moment in which it is used again would be a 502.
        limits = httpx.Limits(max_connections=None, keepalive_expiry=1)
        self._transport = httpx.AsyncHTTPTransport(limits=limits)

    async def close(self) -> None:
        """Drop the connections to the product."""
        await self._transport.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError("the demo's proxy passes on HTTP only")
        try:
            response = await self._transport.handle_async_request(self._onwards(scope, receive))
        except httpx.TransportError as error:
            await _answer(send, 502, f"Portvakt svarar inte just nu ({type(error).__name__}).")
            return
        try:
            headers = [pair for pair in response.headers.raw if _passes(pair[0])]
            await send(
                {"type": "http.response.start", "status": response.status_code, "headers": headers}
            )
            passing = asyncio.create_task(_pass_on(response, send))
            leaving = asyncio.create_task(_browser_gone(receive))
            await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for task in (passing, leaving):
                task.cancel()  # a stream that nobody reads any more would be passed on for ever
            await asyncio.gather(passing, leaving, return_exceptions=True)
            if not passing.cancelled():
                passing.result()  # raises what went wrong on the way
        finally:
            await response.aclose()

    def _onwards(self, scope: Scope, receive: Receive) -> httpx.Request:
        headers: Headers = scope["headers"]
        has_body = any(name in {b"content-length", b"transfer-encoding"} for name, _ in headers)
        passed = [pair for pair in headers if _passes(pair[0])]
        passed.append((b"x-forwarded-for", self._switch.place.address.encode()))
        passed.append((b"x-forwarded-proto", scope["scheme"].encode()))
        target: bytes = scope["raw_path"]
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        return httpx.Request(
            scope["method"],
            httpx.URL(scheme="http", host="127.0.0.1", port=self._port, raw_path=b"/"),
            headers=passed,
            content=_body(receive) if has_body else None,
            extensions={"target": target},  # as it came, however strange: the product judges it
        )


def _passes(name: bytes) -> bool:
    lower = name.lower()
    return (
        lower not in _OF_ONE_CONNECTION
        and lower not in _WHERE_FROM
        and not lower.startswith(b"x-forwarded-")
    )


async def _pass_on(response: httpx.Response, send: Send) -> None:
    if not isinstance(response.stream, httpx.AsyncByteStream):
        raise TypeError("an asynchronous transport answers with an asynchronous stream")
    async for chunk in response.stream:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _browser_gone(receive: Receive) -> None:
    """Return when the browser has hung up; what is left of its request is of no use by now."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            raise httpx.ReadError("the browser went away")
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _answer(send: Send, status: int, text: str) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"text/plain; charset=utf-8")],
        }
    )
    await send({"type": "http.response.body", "body": text.encode()})
