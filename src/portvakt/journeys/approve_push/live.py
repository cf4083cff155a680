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
from portvakt.web.held import STOP_KEY

HEARTBEAT: Final = 25.0
"""Seconds after which a line is sent where nothing happens; phones expect one every 30."""
LASTS: Final = 15 * 60.0
"""Seconds after which a stream ends, so that its phone signs again."""
LOOKS: Final = 5
"""How often within a heartbeat it is looked whose is due."""
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
        self._open: dict[str, _Listener] = {}
        self._beating: asyncio.Task[None] | None = None
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
        listener = _Listener(line, asyncio.get_running_loop())
        older, self._open[line.phone_id] = self._open.get(line.phone_id), listener
        if older is not None:
            older.end()
        watching = None
        if STOP_KEY not in scope:  # this server does not say when a phone hangs up
            watching = asyncio.create_task(_until_left(receive, listener))
        scope[STOP_KEY] = listener.end
        unhook = self._desk.parts.records.on_ring(line.topic, listener.heard)
        self._keep_beating()
        try:
            await self._tell(listener, send)
        except RecordsUnavailable:
            _log.info("stream_ends", reason="records")
        finally:
            unhook()
            if watching is not None:
                watching.cancel()
            if self._open.get(line.phone_id) is listener:
                del self._open[line.phone_id]
            if not self._open and self._beating is not None:
                self._beating.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, listener: "_Listener", send: Send) -> None:
        """Send what there is, each time that something changed.

        The bell is listened to before the records are read: what changes in between rings.
        """
        records, line = self._desk.parts.records, listener.line
        while not listener.over:
            if listener.rung:
                listener.rung = False
                await records.listen()
                state = await self._desk.again(line, self._clock())
                if state is None:
                    await send(_body(b"event: gone\ndata: {}\n\n"))
                    return
                await send(_body(_event(state, self._clock())))
                del state  # not to be kept while nothing happens
            elif listener.beat:
                await send(_body(b":\n\n"))
            else:
                await listener.wait()
                continue
            listener.told()

    def _keep_beating(self) -> None:
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beats())

    async def _beats(self) -> None:
        """Have a line sent to whoever has heard nothing for a while: one timer for all of them."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(HEARTBEAT / LOOKS)
            now = loop.time()
            for each in tuple(self._open.values()):
                if now - each.since >= LASTS:
                    each.end()
                elif now - each.told_at >= HEARTBEAT * (LOOKS - 1) / LOOKS:
                    each.remind()

    async def _line(self, headers: Iterable[tuple[bytes, bytes]]) -> Line | Refused:
        given = [value for name, value in headers if name == b"authorization"]
        if len(given) != 1 or not given[0].lower().startswith(_SCHEME) or not given[0].isascii():
            return Refused(Word.MALFORMED)
        return await self._desk.line(
            given[0][len(_SCHEME) :].decode("ascii").strip(" "), self._clock()
        )

    async def _refuse(self, why: Refused, send: Send) -> None:
        status, body = body_of(why, self._clock())
        await send({"type": "http.response.start", "status": status, "headers": self._json})
        await send({"type": "http.response.body", "body": orjson.dumps(body)})


class _Listener:
    """One phone that listens: all that is kept of it, so as little as can be."""

    __slots__ = ("_loop", "_waiting", "beat", "line", "over", "rung", "since", "told_at")

    def __init__(self, line: Line, loop: asyncio.AbstractEventLoop) -> None:
        self.line = line
        self.rung = True
        """Whether something changed; at first it is told what there is."""
        self.beat = False
        self.over = False
        self.since = self.told_at = loop.time()
        self._loop = loop
        self._waiting: asyncio.Future[None] | None = None

    def heard(self) -> None:
        """Something changed."""
        self.rung = True
        self._wake()

    def remind(self) -> None:
        """Nothing has happened for a while."""
        self.beat = True
        self._wake()

    def end(self) -> None:
        """Come to an end: the phone left, its time is up, or the server stops."""
        self.over = True
        self._wake()

    def told(self) -> None:
        """Something was sent."""
        self.beat = False
        self.told_at = self._loop.time()

    async def wait(self) -> None:
        """Wait until one of these happens; at most one waits."""
        self._waiting = self._loop.create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


async def _until_left(receive: Receive, listener: _Listener) -> None:
    """Wait until the phone, or the server, hangs up."""
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()


def _body(data: bytes) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": True}


def _event(state: Json, now: datetime) -> bytes:
    return b"event: state\ndata: " + orjson.dumps(body_of(state, now)[1]) + b"\n\n"
