"""The stream: a phone that is open hears at once what changes (server-sent events).

Plain ASGI and as little kept as can be, since ten thousand phones may listen: who it is, and one
place in the bell. Everything else is read again when the bell rings.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import orjson
import structlog
from starlette.types import Message, Receive, Scope, Send

from portvakt.journeys.approve_push.flow import Desk, Line
from portvakt.journeys.approve_push.parts import Json, Refused, Word, body_of
from portvakt.records import RecordsUnavailable
from portvakt.web.headers import security_headers
from portvakt.web.request import STOP_KEY

HEARTBEAT: Final = 25.0
"""Seconds after which a line is sent where nothing happens; phones expect one every 30."""
LASTS: Final = 15 * 60.0
"""Seconds after which a stream ends, so that its phone signs again."""
_SCHEME: Final = b"portvaktphone "

_log = structlog.get_logger("portvakt.phones")


class Stream:
    """Answers `GET api/v1/stream`. The root mounts it by path, before every other layer.

    `https` is whether the installation is reached by https, which the headers say. A phone has one
    stream: a second one ends the first, which nobody listens to any more.
    """

    def __init__(self, *, desk: Desk, clock: Callable[[], datetime], https: bool) -> None:
        self._desk = desk
        self._clock = clock
        self._open: dict[str, asyncio.Future[None]] = {}
        headers = (
            (b"cache-control", b"no-store"),
            *security_headers(https=https, app=True),
        )
        self._json = [(b"content-type", b"application/json"), *headers]
        self._events = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"x-accel-buffering", b"no"),  # nginx would keep what is sent
            *headers,
        ]

    @property
    def listening(self) -> int:
        """How many phones listen in this process."""
        return len(self._open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one phone until it leaves, it is gone, or its time is over."""
        try:
            line = await self._line(scope["headers"])
        except RecordsUnavailable:
            line = Refused(Word.DOWN)
        if isinstance(line, Refused):
            _log.info("stream", status=line.word.status)
            await self._refuse(line, send)
            return
        _log.info("stream", status=200)
        await send({"type": "http.response.start", "status": 200, "headers": self._events})
        scope["headers"].clear()  # nobody reads them again, and ten thousand phones keep them
        await self._listen(scope, receive, send, line)

    async def _listen(self, scope: Scope, receive: Receive, send: Send, line: Line) -> None:
        left: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        older, self._open[line.phone_id] = self._open.get(line.phone_id), left
        if older is not None:
            _end(older)
        scope[STOP_KEY] = lambda: _end(left)
        watching = asyncio.create_task(_until_left(receive, left))
        try:
            await self._tell(line, send, left)
        except RecordsUnavailable:
            _log.info("stream_ends", reason="records")
        finally:
            watching.cancel()
            if self._open.get(line.phone_id) is left:
                del self._open[line.phone_id]
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, line: Line, send: Send, left: asyncio.Future[None]) -> None:
        """Send what there is, each time that something changed.

        The bell is listened to before the records are read: what changes in between rings.
        """
        loop, records, topic = asyncio.get_running_loop(), self._desk.parts.records, line.topic
        ends, changed = loop.time() + LASTS, True
        while not left.done() and loop.time() < ends:
            rung = asyncio.create_task(records.wait(topic, HEARTBEAT))
            try:
                await asyncio.sleep(0)  # until the task above is in its place
                state = await self._desk.again(line, self._clock()) if changed else None
                if changed and state is None:
                    await send(_body(b"event: gone\ndata: {}\n\n"))
                    return
                await send(_body(b":\n\n" if state is None else _event(state, self._clock())))
                del state  # not to be kept while nothing happens
                await asyncio.wait((rung, left), return_when=asyncio.FIRST_COMPLETED)
                changed = rung.done() and rung.result()
            finally:
                _drop(rung)

    async def _line(self, headers: Iterable[tuple[bytes, bytes]]) -> Line | Refused:
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) != 1 or not given[0].lower().startswith(_SCHEME) or not given[0].isascii():
            return Refused(Word.MALFORMED)
        line = await self._desk.line(
            given[0][len(_SCHEME) :].decode("ascii").strip(" "), self._clock()
        )
        if isinstance(line, Line):
            # The records begin to listen here, where nothing cancels it; at once where they do.
            await self._desk.parts.records.wait(line.topic, 0)
        return line

    async def _refuse(self, why: Refused, send: Send) -> None:
        status, body = body_of(why, self._clock())
        await send({"type": "http.response.start", "status": status, "headers": self._json})
        await send({"type": "http.response.body", "body": orjson.dumps(body)})


async def _until_left(receive: Receive, left: asyncio.Future[None]) -> None:
    """Wait until the phone, or the server, hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass
    _end(left)


def _drop(rung: asyncio.Task[bool]) -> None:
    """Let go of a place in the bell. What went wrong there has been met elsewhere, or will be."""
    if not rung.cancel() and not rung.cancelled():
        rung.exception()


def _end(left: asyncio.Future[None]) -> None:
    if not left.done():
        left.set_result(None)


def _body(data: bytes) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": True}


def _event(state: Json, now: datetime) -> bytes:
    return b"event: state\ndata: " + orjson.dumps(body_of(state, now)[1]) + b"\n\n"
