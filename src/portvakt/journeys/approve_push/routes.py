"""The addresses that phones post to. What is held open is in `live.py`, the app's files apart."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response

from portvakt.journeys.approve_push.flow import Desk
from portvakt.journeys.approve_push.messages import KINDS, LONGEST
from portvakt.journeys.approve_push.parts import API, Answer, Refused, Word, body_of
from portvakt.proving.visit import Visit
from portvakt.records import RecordsUnavailable
from portvakt.web.request import here
from portvakt.web.routing import Endpoint, Route, Who, route

READ_WITHIN = 10.0
"""Seconds in which a body must have come."""
ACTS = tuple(sorted(KINDS.keys() - {"stream"}))

_log = structlog.get_logger("portvakt.phones")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phones:
    """The API of the authenticator app (docs/developers/phone-protocol.md)."""

    desk: Desk
    clock: Callable[[], datetime]

    def routes(self) -> list[Route]:
        """Return one address for each act. Phones bring their own proof, and no cookie."""
        return [
            route(API + act, self._endpoint(act), methods=("POST",), who=Who.CLIENT) for act in ACTS
        ]

    def _endpoint(self, act: str) -> Endpoint:
        async def answer(request: Request) -> Response:
            now = self.clock()
            try:
                return _json(await self._answer(act, request, now), now)
            except RecordsUnavailable as error:
                _log.error("part_down", error=type(error).__name__)
                return _json(Refused(Word.DOWN), now)

        return answer

    async def _answer(self, act: str, request: Request, now: datetime) -> Answer:
        types = [value for name, value in request.scope["headers"] if name == b"content-type"]
        if len(types) != 1 or types[0].lower().split(b";")[0].strip() != b"application/json":
            return Refused(Word.MALFORMED)
        body = await _body(request)
        if body is None:
            return Refused(Word.MALFORMED)
        return await self.desk.answer(act, body, visit_of(request, now))


def visit_of(request: Request, now: datetime) -> Visit:
    """Return where a phone's request comes from, as flows may know it. A phone has no cookie."""
    at = here(request)
    return Visit(
        now=now,
        address=at.address,
        binding=b"",
        browser=None,
        language=at.language,
        request_id=at.request_id,
        user_agent=at.user_agent,
    )


async def _body(request: Request) -> bytes | None:
    """Read the body; None where it is too long or too slow."""
    read = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN):
            async for part in request.stream():
                read += part
                if len(read) > LONGEST:
                    return None
    except TimeoutError:
        return None
    return bytes(read)


def _json(answer: Answer, now: datetime) -> Response:
    status, body = body_of(answer, now)
    response = Response(orjson.dumps(body), status_code=status, media_type="application/json")
    response.headers["cache-control"] = "no-store"
    return response
