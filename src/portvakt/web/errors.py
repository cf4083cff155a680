"""The one place where exceptions become answers: a page for people, JSON for programs.

Nobody outside learns more than a number to quote; the log has the rest under the same number.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portvakt.core.lanes import come_back_after
from portvakt.web.crowd import TurnedAway
from portvakt.web.forms import BadFormError, ManyFieldsError, SlowFormError, UnknownFormTypeError
from portvakt.web.request import here
from portvakt.web.responses import problem

_log = structlog.get_logger("portvakt.web")

_RETRY_DOWN = 5
_RETRY_BUSY = 2
_CROWD_TOLD_EVERY = 1.0
"""Seconds: a crowd must not fill the log as well. Each refusal has its request's own line."""


class BodyTooLargeError(Exception):
    """A body went on past its limit; answered with 413."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Which exceptions of the layers beside and below mean "not now" rather than "our mistake".

    The web part must not import the records, so the root names their exceptions here.
    """

    down: Sequence[type[Exception]] = ()
    """A part that we need is away; the answer is 503 and it comes back by itself."""
    busy: Sequence[type[Exception]] = ()
    """More work than there is room for; the answer is 503 and trying again soon helps."""


class Errors:
    """Turns what an inner application raises into an answer."""

    def __init__(self, app: ASGIApp, failures: Failures) -> None:
        self._app = app
        self._down = tuple(failures.down)
        self._busy = tuple(failures.busy)
        self._turned_away = TurnedAway()
        self._untold = 0
        self._told = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens inside."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            _log.info("client_gone")
        except Exception as error:  # noqa: BLE001 (the edge of a request; everything is logged)
            response = self._answer_safely(Request(scope, receive), error)
            if not started:
                await response(scope, receive, send)

    def _answer_safely(self, request: Request, error: Exception) -> Response:
        """Answer in plain text where even the page about an error is one of our mistakes."""
        try:
            return self._answer(request, error)
        except Exception as another:  # noqa: BLE001 (the last resort must not fail)
            _log.error("error_page_failed", exc_info=another)
            return PlainTextResponse(f"500 · {here(request).request_id}\n", status_code=500)

    def _answer(self, request: Request, error: Exception) -> Response:
        """Log the error and say what a stranger may know of it."""
        if isinstance(error, BadFormError):
            _log.info("bad_request", reason=str(error))
            return problem(request, *_bad_form(error))
        if isinstance(error, BodyTooLargeError):
            _log.info("body_too_large")
            return _closing(problem(request, "too_large", 413))
        if isinstance(error, self._down):
            _log.error("part_down", error=type(error).__name__)
            return problem(request, "down", 503, retry_after=_RETRY_DOWN)
        if isinstance(error, self._busy):
            self._tell_of_crowd()
            drawn = crc32(here(request).request_id.encode())
            return self._turned_away.answer(request, come_back_after(_RETRY_BUSY, drawn))
        _log.error("unexpected", exc_info=error)
        return problem(request, "internal", 500)

    def _tell_of_crowd(self) -> None:
        """Log at most once a second how many were turned away since it was last said."""
        self._untold += 1
        now = asyncio.get_running_loop().time()
        if now - self._told >= _CROWD_TOLD_EVERY:
            _log.warning("busy", turned_away=self._untold)
            self._told, self._untold = now, 0


def _bad_form(error: BadFormError) -> tuple[str, int]:
    if isinstance(error, UnknownFormTypeError):
        return "bad_request", 415
    if isinstance(error, ManyFieldsError):
        return "many_fields", 400
    if isinstance(error, SlowFormError):
        return "slow", 408
    return "bad_request", 400


def _closing(response: Response) -> Response:
    """Close the connection: what is left of the body would be read as the next request."""
    response.headers["connection"] = "close"
    return response
