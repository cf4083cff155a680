"""The stream: what the service tells without being asked (HTML Living Standard, 9.2)."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import httpx

from portvakt.phone.answers import State, gone_event, read, refusal
from portvakt.phone.errors import PhoneError, RefusedError, UnreachableError, UnreadableError
from portvakt.phone.keys import Key
from portvakt.phone.line import JSON, Line, check_kind, growing, unreachable

EVENT_STREAM = "text/event-stream"
SILENCE = 45.0
"""Seconds without a byte after which a stream is dead: a line comes at least every 30 s."""
WHOLE_LIFE = 14 * 60.0
"""Seconds after which an end is the service's own, which comes after 15 minutes."""
LONGEST_PAUSE = 60


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    data: str


@dataclass(slots=True)
class Parser:
    """Cuts bytes into events. Lines end with CR LF, LF or CR, and with nothing else."""

    _rest: bytes = b""
    _name: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, more: bytes) -> list[Event]:
        """Take the next bytes, and return the events that they complete."""
        text = self._rest + more
        held = text.endswith(b"\r")  # an LF may follow in the next bytes
        body = (text[:-1] if held else text).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = body.split(b"\n")
        self._rest = rest + (b"\r" if held else b"")
        return [event for line in lines if (event := self._line(line)) is not None]

    def _line(self, line: bytes) -> Event | None:
        if not line:
            name, data = self._name or "message", "\n".join(self._data)
            complete = bool(self._data)
            self._name, self._data = "", []
            return Event(name, data) if complete else None
        try:
            field_name, _, value = line.decode("utf-8").partition(":")
        except UnicodeDecodeError as error:
            raise UnreadableError("a stream that is not UTF-8") from error
        value = value.removeprefix(" ")
        if field_name == "event":
            self._name = value
        elif field_name == "data":
            self._data.append(value)
        return None  # a comment, or a field that means nothing here


async def one_stream(line: Line, key: Key, phone: str) -> AsyncGenerator[State, None]:
    """Open one stream and yield what comes until the service ends it.

    Raises `GoneError` at the event `gone`, `RefusedError` where the stream is refused,
    `UnreachableError` where it breaks, `UnreadableError` for what the page does not allow.
    """
    compact, _ = line.signed("stream", {}, key, phone)
    headers = {"authorization": f"PortvaktPhone {compact}", "accept": EVENT_STREAM}
    patience = httpx.Timeout(10, read=SILENCE)
    try:
        async with line.client.stream(
            "GET", line.address("stream"), headers=headers, timeout=patience
        ) as answer:
            if answer.status_code != httpx.codes.OK:
                check_kind(answer, JSON)
                raise refusal(answer.status_code, await answer.aread())
            check_kind(answer, EVENT_STREAM)
            parser = Parser()
            async for more in answer.aiter_bytes():
                for event in parser.feed(more):
                    yield _state(event, line.clock.now())
    except httpx.TransportError as error:
        raise unreachable(line.origin, error) from error


def _state(event: Event, now: int) -> State:
    if event.name == "gone":
        raise gone_event(event.data, now)
    if event.name != "state":
        raise UnreadableError(f"the event “{event.name[:40]}”")
    return read(State, event.data)


def nobody(_trouble: PhoneError) -> None:
    """Tell nobody that a stream has broken: it is opened again anyway."""


async def watched(
    line: Line,
    key: Key,
    phone: str,
    *,
    trouble: Callable[[PhoneError], None] = nobody,
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[State, None]:
    """Yield what comes, over as many streams as it takes. It ends by an error only.

    `trouble` is told why a stream broke or was not to be had, each time that another is tried.
    Raises `GoneError` when the phone was removed, and what no waiting mends: a refused signature,
    an answer that cannot be read.
    """
    failed, clock_set = 0, False
    while True:
        began = monotonic()
        try:
            async with aclosing(one_stream(line, key, phone)) as states:
                async for state in states:
                    failed, clock_set = 0, False
                    yield state
            if monotonic() - began >= WHOLE_LIFE:
                continue
        except RefusedError as refused:
            if refused.word == "clock" and not clock_set:
                line.clock.set(refused.now)
                clock_set = True
                continue
            if refused.word not in {"busy", "down", "too_many"}:
                raise
            trouble(refused)
        except UnreachableError as broken:
            trouble(broken)
        await line.pause(growing(failed, LONGEST_PAUSE))
        failed += 1
