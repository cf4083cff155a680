"""Structured logs: one line for each thing that happened, in which secrets cannot appear.

Secrets are kept out twice. By type: a `Secret` shows nothing of itself wherever it stands. By a
second net, for what was not given that type: values under telling names, whatever looks like a
telephone number, and the part of an address that opens something. What cannot be seen is written as
an escape, so a name with a line end or a direction mark in it stays one line of one event (A090).
"""

import io
import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, TextIO, cast

import orjson
import structlog

Level = Literal["debug", "info", "warning", "error"]
Form = Literal["json", "text"]

HIDDEN = "•••"
_TELLING = re.compile(
    r"(?:.*[^a-z])?(?:password|passwd|passphrase|secret|token|code|otp|digits|pin|seed|cookie"
    r"|authorization|assertion|verifier|mac|sealed|csrf|binding|challenge|answer|body)s?"
    r"(?:[^a-z].*)?"
)
_HARMLESS = frozenset({"status_code", "exit_code", "error_code", "country_code"})
_NUMBER = re.compile(
    r"(?<![\w.:+-])(?:\+|00)[1-9](?:[ ()/-]?[0-9]){7,14}(?!\w|\.\d)"  # +46 (0)70-174 06 05, 0046…
    r"|(?<![\w.:+-])07(?:[ /-]?[0-9]){8}(?!\w|\.\d)"  # 070-174 06 05
)
_SHORTEST_NUMBER = len("+12345678")
"""Letters. No part of an address that is hidden below is shorter."""
# The link in a mail that freezes an account, wherever an address is told of.
_IN_ADDRESS = re.compile(r"(/not-me/)[^/?#\s\"']+")
_DEEPEST = 6
_LONGEST = 4_000

# What these say of a request holds its address, and with it codes and texts.
_TALKATIVE = ("httpcore", "httpx", "uvicorn.access", "asyncio")

Event = MutableMapping[str, Any]
Processor = Callable[[Any, str, Event], Event]


class _Enduring(io.TextIOBase):
    """A stream that loses what it cannot write, and knows how much: nobody's sign-in waits for it.

    A disk that is full, or a collector that has gone, is trouble enough without everybody being
    shut out (F47). What must not be lost are events, which are in the database.
    """

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out
        self._lost = 0

    def write(self, text: str) -> int:
        """Write what can be written. Never raises OSError."""
        try:
            written = self._out.write(text)
        except OSError:
            self._lost += 1
            return 0
        self._lost = 0  # which this line has said
        return written

    def flush(self) -> None:
        """Send it on its way. Never raises OSError."""
        try:
            self._out.flush()
        except OSError:
            self._lost += 1

    def confess(self, logger: Any, name: str, event: Event) -> Event:
        """Say in the next line how many were lost before it (a structlog processor)."""
        del logger, name
        if self._lost:
            event["log_lines_lost"] = self._lost
        return event


def configure(form: Form, level: Level, stream: TextIO | None = None) -> None:
    """Send all logs, those of libraries included, to a stream (standard error if not given)."""
    enduring = _Enduring(sys.stderr if stream is None else stream)
    out = cast("TextIO", enduring)
    number = logging.getLevelNamesMapping()[level.upper()]
    render = _json_line if form == "json" else _text_line
    said: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
    ]
    added: list[Processor] = [  # by us, so there is nothing to clean
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        enduring.confess,
    ]
    structlog.configure(
        processors=[*said, redact, *added, render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,  # a later `configure` must reach every logger
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*said, *added],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redact,
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def redact(logger: Any, name: str, event: Event) -> Event:
    """Clean every value of an event (a structlog processor)."""
    del logger, name
    return {key: _under(key, value) for key, value in event.items()}


def _under(key: str, value: Any, depth: int = 0) -> Any:
    """Clean a value; under a telling name only its presence is shown."""
    if key == "exception" and isinstance(value, str):
        return [_line(line) for line in value.splitlines()]
    if value is None or isinstance(value, bool) or key in _HARMLESS:
        return _clean(value, depth)
    return HIDDEN if _tells(key) else _clean(value, depth)


@lru_cache(maxsize=1024)
def _tells(key: str) -> bool:
    """Say whether what stands under this name is to be hidden; there are few names."""
    return _TELLING.fullmatch(key.lower()) is not None


def _clean(value: Any, depth: int = 0) -> Any:
    if type(value) is str:  # nearly all are, and asking for a Mapping costs more than the rest
        return _line(value)
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {_line(str(key)): _under(str(key), each, depth + 1) for key, each in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_clean(each, depth + 1) for each in value]
    return _line(_written(value))


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    return value.isoformat() if isinstance(value, date) else repr(value)


def _line(text: str) -> str:
    """Return a text as one visible line without telephone numbers."""
    shown = text if text.isprintable() else "".join(map(_visible, text))
    if len(shown) >= _SHORTEST_NUMBER:  # most values are shorter, and there are many
        shown = _NUMBER.sub(lambda found: f"{HIDDEN} {found[0][-2:]}", shown)
        shown = _IN_ADDRESS.sub(rf"\1{HIDDEN}", shown)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _visible(letter: str) -> str:
    if letter.isprintable():
        return letter
    return letter.encode("unicode_escape", "backslashreplace").decode("ascii")


def _json_line(logger: Any, name: str, event: Event) -> str:
    del logger, name
    said = {"time": event.pop("timestamp", None), "level": event.pop("level", None)}
    return orjson.dumps(said | dict(event), default=repr).decode()


def _text_line(logger: Any, name: str, event: Event) -> str:
    """Write `12:03:04 info    sign_in.failed  method=totp`, and a traceback indented under it."""
    del logger, name
    at, level = str(event.pop("timestamp", ""))[11:19], event.pop("level", "")
    what, trace = event.pop("event", ""), event.pop("exception", [])
    rest = " ".join(f"{key}={_quoted(value)}" for key, value in event.items())
    lines = [f"{at} {level:<7} {what}  {rest}".rstrip(), *(f"    | {line}" for line in trace)]
    return "\n".join(lines)


def _quoted(value: Any) -> str:
    """Quote what holds blanks or quotes, so that no value can pass for another field."""
    plain = isinstance(value, str) and not set(value) & set(" =\"'")
    return str(value) if plain else orjson.dumps(value, default=repr).decode()
