"""How uvicorn must be started for the rules of this package to hold, with a bound on heads.

uvicorn's fast protocol reads the first line and the headers of a request without any bound on their
size or on the time they take. A stranger could fill the memory, or hold every connection, before
the stack is even asked.
"""

import asyncio
from collections.abc import Mapping

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 64 * 1024
"""Bytes of a request up to its body. The stack refuses politely well below; this is the wall."""


class BoundedHttp(HttpToolsProtocol):
    """uvicorn's protocol, which gives up on a head that is too long or too slow."""

    within = 10.0
    """Seconds from the connection, or from the first byte, until a head must be whole."""

    _head = 0
    _in_head = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """Start waiting for the first head."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._head_is_whole()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to count the next head on the same connection."""
        super().on_message_begin()
        self._head_is_whole()
        self._await_head()

    def on_headers_complete(self) -> None:
        """Stop counting: the stack bounds the body."""
        self._head_is_whole()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count what has come of a head that is not whole yet, and hang up where it has no end."""
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head += len(data)
            if self._head > MAX_HEAD:
                self._head_is_whole()
                self.send_400_response("Request head too large.")

    def _await_head(self) -> None:
        self._head, self._in_head = 0, True
        self._deadline = self.loop.call_later(self.within, self.transport.close)

    def _head_is_whole(self) -> None:
        self._in_head = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


UVICORN_OPTIONS: Mapping[str, object] = {
    "http": BoundedHttp,
    "loop": "uvloop",
    "ws": "none",
    "server_header": False,  # nobody needs to know what answers
    "proxy_headers": False,  # it believes 127.0.0.1 by itself; addresses.py decides instead
    "access_log": False,  # the shell writes a line that names the request and no query
}
"""The options that the root gives to uvicorn, beside where to listen."""
