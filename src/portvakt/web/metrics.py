"""`/metrics`, for the networks that the settings name; for all others there is no such address."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from portvakt.web.addresses import Network, is_trusted, parse_address
from portvakt.web.request import context

PATH: Final = "/metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What counts requests, and who may read what was counted."""

    networks: Sequence[Network]
    page: Callable[[], Awaitable[bytes]]
    media_type: str
    answered: Callable[[str | None, str, int, float], None]
    """Takes the pattern of the route (None: there is none), method, status and seconds."""


class MetricsDoor:
    """Answers those who may read the numbers, under any host name and over plain HTTP.

    Everybody else goes on to what answers for an address that is not there: neither the status, the
    methods nor the name of the host tell that there is anything here (A124).
    """

    def __init__(self, app: ASGIApp, measuring: Measuring) -> None:
        self._app = app
        self._measuring = measuring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["path"] != PATH or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        around = context(Request(scope))
        address = None if around.here.address is None else parse_address(around.here.address)
        if address is None or not is_trusted(address, self._measuring.networks):
            await self._app(scope, receive, send)
            return
        around.pattern = PATH
        page = await self._measuring.page()
        response = Response(page, headers={"content-type": self._measuring.media_type})
        await response(scope, receive, send)
