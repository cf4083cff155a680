"""The address that operators call: `/receipts/` and the name of a gateway.

It takes no part in the check of forms, because no browser sends it and no cookie is looked at: each
call brings its own proof, which the gateway's reader asks for before anything is changed. GET is
taken as well, although GET changes nothing elsewhere here: some operators know nothing else.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from portvakt.journeys.text_receipts.flow import Receipts
from portvakt.sms import Forged, NoReceipt, ReceiptReader, ReceiptRequest
from portvakt.web.request import context, here
from portvakt.web.responses import problem_json
from portvakt.web.routing import Route, Who, route

LARGEST: Final = 16 * 1024
"""Bytes of a call. Receipts are a few hundred."""
READ_WITHIN: Final = 5.0
"""Seconds in which a body must have come."""
FORGED_PER_MINUTE: Final = 60
"""Calls without proof from one address, after which it is not listened to for the minute's rest."""
_MANY: Final = 10_000

_log = structlog.get_logger("portvakt.sms")


@dataclass(slots=True)
class _Strangers:
    """Counts calls without proof by address, for a minute."""

    since: datetime | None = None
    counts: Counter[str] = field(default_factory=Counter)

    def listens_to(self, address: str, now: datetime) -> bool:
        """Whether this address is listened to now."""
        if self.since is None or now - self.since >= timedelta(minutes=1):
            self.since = now
            self.counts.clear()
        return self.counts[address] < FORGED_PER_MINUTE

    def count(self, address: str) -> None:
        """Note one more call without proof."""
        if len(self.counts) < _MANY or address in self.counts:
            self.counts[address] += 1


class ReceiptRoutes:
    """Reads calls and has them noted."""

    def __init__(
        self,
        *,
        receipts: Receipts,
        readers: Mapping[str, ReceiptReader],
        clock: Callable[[], datetime],
    ) -> None:
        """Take calls for the gateways of `readers`, by name."""
        self._receipts = receipts
        self._readers = dict(readers)
        self._clock = clock
        self._strangers = _Strangers()

    def routes(self) -> list[Route]:
        """List the address."""
        path = "/receipts/{gateway}"
        return [route(path, self.take, methods=("GET", "POST"), who=Who.CLIENT)]

    async def take(self, request: Request) -> Response:
        """Take one call: 204 where it proves whose it is, whether or not it changed anything."""
        name, address = request.scope["path_params"]["gateway"], here(request).address or "unknown"
        reader = self._readers.get(name)
        if reader is None or request.method == "HEAD":
            return problem_json(context(request), "not_found", 404)
        if not self._strangers.listens_to(address, self._clock()):
            return problem_json(context(request), "too_many", 429)
        body = await _body(request)
        if body is None:
            return problem_json(context(request), "too_large", 413)
        read = reader.read(
            ReceiptRequest(
                method=request.method,
                url=_public_url(request),
                headers=_headers(request),
                body=body,
            )
        )
        if isinstance(read, Forged):
            self._strangers.count(address)
            _log.warning("gateway.receipt_forged", gateway=name, address=address, why=read.why)
            return problem_json(context(request), "unauthorized", 401)
        if isinstance(read, NoReceipt):
            _log.debug("gateway.no_receipt", gateway=name, why=read.why)
        else:
            await self._receipts.note(name, read)
        return Response(status_code=204)


def _public_url(request: Request) -> str:
    """Return the address as the operator knows it: some sign it, too."""
    raw: bytes = request.scope.get("raw_path") or b""
    asked = raw.decode("latin-1")
    query: bytes = request.scope["query_string"]
    if query:
        asked += "?" + query.decode("latin-1")
    return context(request).site.origin + asked


def _headers(request: Request) -> dict[str, str]:
    """Return the headers by name; of several alike, all (RFC 9110 section 5.3)."""
    found: dict[str, str] = {}
    for name, value in request.scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


async def _body(request: Request) -> bytes | None:
    """Read the body; None where it is too long or too slow."""
    read = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN):
            async for part in request.stream():
                read += part
                if len(read) > LARGEST:
                    return None
    except TimeoutError:
        return None
    return bytes(read)
