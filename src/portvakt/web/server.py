"""How uvicorn must be started for the rules of this package to hold, with bounds on requests.

uvicorn's fast protocol reads the first line and the headers of a request without any bound on their
size or on the time they take, and the same goes for what follows a body. A stranger could fill the
memory, or hold every connection, before the stack is even asked or after it has answered.
"""

import asyncio
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from portvakt.web.forms import WHOLE_KEY
from portvakt.web.held import STOP_KEY

MAX_HEAD = 96 * 1024
"""Bytes of a request up to its body. The stack refuses politely well below, also where it takes
long tickets; this is the wall."""
MAX_REST = 1024 * 1024
"""Bytes from there to the end: the largest body that the stack takes, in chunks of one byte."""


MAX_HELD = 64 * 1024
"""Bytes of an answer that are kept to be sent together."""


class OnePiece(asyncio.Transport):
    """Sends what is written in one step of the loop as one piece.

    uvicorn writes the head and the body of an answer apart, and each is sent by itself: in a crowd
    the second way through the kernel is a tenth of the price of a short answer.
    """

    __slots__ = ("_held", "_inner", "_loop", "_size")

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._inner = inner
        self._loop = loop
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it until the loop's next step, or until it is much."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(bytes(data))
        self._size += len(data)
        if self._size > MAX_HELD:
            self.flush()

    def flush(self) -> None:
        """Send what is kept."""
        if self._held:
            piece = self._held[0] if len(self._held) == 1 else b"".join(self._held)
            self._held.clear()
            self._size = 0
            self._inner.write(piece)

    def close(self) -> None:
        """Send what is kept, and hang up."""
        self.flush()
        self._inner.close()

    def abort(self) -> None:
        """Hang up at once."""
        self._held.clear()
        self._inner.abort()

    def is_closing(self) -> bool:
        """Say whether it is being closed."""
        return self._inner.is_closing()

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return what is known of the connection."""
        return self._inner.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Take nothing in for now."""
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        """Take in again."""
        self._inner.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the connection over."""
        self._inner.set_protocol(protocol)


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, which gives up on a request that is too long or too slow."""

    within = 10.0
    """Seconds from the connection, or from the first byte, until a head must be whole."""
    rest_within = 15.0
    """Seconds from there until the request must be; forms give up before, with a page."""

    leaving = 1.0
    """Seconds that a quiet connection is kept when the server stops: a request may be under way."""

    _read = 0
    _most: int | None = MAX_HEAD
    """How much of this part of the request is taken; None between requests."""
    _deadline: asyncio.TimerHandle | None = None
    _last = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """Start waiting for the first head."""
        super().connection_made(OnePiece(transport, self.loop))
        self._await(MAX_HEAD, self.within)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting, and have an answer that is held open end."""
        self._have_it()
        super().connection_lost(exc)
        self._end_what_is_open()

    def on_message_begin(self) -> None:
        """Begin to count the next head on the same connection."""
        super().on_message_begin()
        self._await(MAX_HEAD, self.within)

    def on_headers_complete(self) -> None:
        """Begin to count the rest. The stack bounds the body; nobody else what is round it."""
        self._await(MAX_REST, self.rest_within)
        cast("dict[str, object]", self.scope)[STOP_KEY] = None  # whoever leaves one is called
        super().on_headers_complete()
        if self._last:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Stop counting: the rest is up to the answer, which may take its time."""
        self._have_it()
        cast("dict[str, object]", self.scope)[WHOLE_KEY] = True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Count what has come of a part that is not whole yet, and hang up where it has no end."""
        super().data_received(data)
        if self._most is None or self.transport.is_closing():
            return
        self._read += len(data)
        if self._read > self._most:
            if self._most == MAX_HEAD:
                self.send_400_response("Request head too large.")
            else:
                self.transport.close()
            self._have_it()

    def shutdown(self) -> None:
        """Answer what is under way, be it only in the network, and close.

        What is held open, such as a stream of events, is told to end.
        """
        if self._is_quiet():
            self._last = True
            self.loop.call_later(self.leaving, self._close_if_quiet)
        else:
            super().shutdown()
            self._end_what_is_open()

    def _end_what_is_open(self) -> None:
        # uvicorn types it as always there, and it is not before the first request
        if self.scope is not None:
            stop = self.scope.get(STOP_KEY)
            if callable(stop):
                stop()

    def _is_quiet(self) -> bool:
        # uvicorn types it as always there, and it is not before the first request
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def _close_if_quiet(self) -> None:
        if self._is_quiet() and not self.transport.is_closing():
            self.transport.close()

    def _await(self, most: int, within: float) -> None:
        self._have_it()
        self._read, self._most = 0, most
        self._deadline = self.loop.call_later(within, self.transport.close)

    def _have_it(self) -> None:
        self._most = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server(uvicorn.Server):
    """uvicorn's server, which on its way out also serves those whom it has not looked at yet.

    The kernel takes connections and keeps them in a queue. Closing what listens resets all that
    wait there, and with them the requests that were sent already.
    """

    handshake = 2.0
    """Seconds that they get to agree on TLS."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take in who has come, answer what is under way, and stop."""
        await self._take_in(self._close_and_empty())
        await super().shutdown(sockets)

    def _close_and_empty(self) -> list[socket.socket]:
        """Listen no more, and return the connections that were waiting."""
        listening = [each for server in self.servers for each in server.sockets]
        queues = [socket.socket(fileno=os.dup(each.fileno())) for each in listening]
        for server in self.servers:
            server.close()
        most = self.config.backlog  # where others listen as well, they have the rest
        return [each for queue in queues for each in islice(_waiting(queue), most)]

    async def _take_in(self, come: list[socket.socket]) -> None:
        loop, config = asyncio.get_running_loop(), self.config
        tls = config.ssl
        opening = [
            loop.connect_accepted_socket(
                lambda: config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn does
                    config=config, server_state=self.server_state, app_state=self.lifespan.state
                ),
                each,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else self.handshake,
            )
            for each in come
        ]
        await asyncio.gather(*opening, return_exceptions=True)  # who hangs up meanwhile is gone


def _waiting(queue: socket.socket) -> Iterator[socket.socket]:
    """Accept those in the queue, then close it."""
    with queue, suppress(OSError):  # BlockingIOError: nobody else is there
        queue.settimeout(0)
        while True:
            yield queue.accept()[0]


UVICORN_OPTIONS: Mapping[str, object] = {
    "http": BoundedHttp,
    "loop": "uvloop",
    "ws": "none",
    "server_header": False,  # nobody needs to know what answers
    "proxy_headers": False,  # it believes 127.0.0.1 by itself; addresses.py decides instead
    "access_log": False,  # the shell writes a line that names the request and no query
}
"""The options that the root gives to uvicorn, beside where to listen."""
