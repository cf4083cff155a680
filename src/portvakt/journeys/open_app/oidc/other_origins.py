"""Which pages of other origins may read our answers: apps that run wholly in the browser.

The Fetch standard's CORS protocol, without credentials: such an app brings its token in the
request, so no cookie of ours goes along and none would count (ADR 42).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from portvakt.proving.rules import Rules
from portvakt.web.request import said

Endpoint = Callable[[Request], Awaitable[Response]]
PREFLIGHT: Final = "OPTIONS"
_NO_CONTENT: Final = 204
_ASKED_FIRST: Final = {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization, content-type, dpop",
    "access-control-max-age": "600",
}
_READABLE: Final = "www-authenticate, dpop-nonce, retry-after"
"""What an app must be able to read beside the answer: why not, the next nonce, and when again."""


@dataclass(frozen=True, slots=True)
class OtherOrigins:
    """Lets the pages of registered apps read what is answered to them."""

    rules: Rules
    clock: Callable[[], datetime]

    @staticmethod
    def all(endpoint: Endpoint) -> Endpoint:
        """Let every page read what is published for everybody."""

        async def answer(request: Request) -> Response:
            response = await endpoint(request)
            response.headers["access-control-allow-origin"] = "*"
            return response

        return answer

    def registered(self, endpoint: Endpoint) -> Endpoint:
        """Let the pages of apps in the browser read the answer, errors too.

        A browser asks first whether it may (`OPTIONS`); where it may not, the answer is an empty
        one, and the browser keeps it from the page.
        """

        async def answer(request: Request) -> Response:
            named = said(request, b"origin")
            if not named:
                return await endpoint(request)
            origin = named[0]
            known = origin in (await self.rules.current(self.clock())).browser_origins
            first = request.method == PREFLIGHT
            response = Response(status_code=_NO_CONTENT) if first else await endpoint(request)
            response.headers["vary"] = "Origin"
            if known:
                response.headers["access-control-allow-origin"] = origin
                more = _ASKED_FIRST if first else {"access-control-expose-headers": _READABLE}
                response.headers.update(more)
            return response

        return answer
