"""`/healthz` says that the process lives; `/readyz` that it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from portvakt.web.routing import Route, Who, route

Check = Callable[[], Awaitable[object]]
"""Returns when the part is ready and raises when it is not."""

_log = structlog.get_logger("portvakt.web")


@dataclass(frozen=True, slots=True)
class Health:
    """Answers monitoring with the name of each part and whether it is ready, and nothing more."""

    checks: Mapping[str, Check]
    longest: float = 3.0
    """Seconds; a part that does not answer by then is not ready."""

    def routes(self) -> list[Route]:
        """Return both addresses."""
        return [
            route("/healthz", self.alive, who=Who.OPERATIONS),
            route("/readyz", self.ready, who=Who.OPERATIONS),
        ]

    async def alive(self, _request: Request) -> Response:
        """Say that this process answers, whatever else is down."""
        return PlainTextResponse("alive\n")

    async def ready(self, _request: Request) -> Response:
        """Ask every part at once; 200 when all are ready, else 503."""
        answers = await asyncio.gather(*(self._ask(name) for name in self.checks))
        parts = dict(zip(self.checks, answers, strict=True))
        ready = all(answers)
        body = {"ready": ready, "parts": {n: "ok" if ok else "down" for n, ok in parts.items()}}
        return Response(
            orjson.dumps(body), status_code=200 if ready else 503, media_type="application/json"
        )

    async def _ask(self, name: str) -> bool:
        try:
            async with asyncio.timeout(self.longest):
                await self.checks[name]()
        except Exception as error:  # noqa: BLE001 (whatever it is, the part is not ready)
            _log.warning("not_ready", part=name, error=type(error).__name__)
            return False
        return True
