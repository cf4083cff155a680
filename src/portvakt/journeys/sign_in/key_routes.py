"""Addresses that a page's script asks for what a key is to sign."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.ids import FlowId
from portvakt.journeys.sign_in.flow import Wanted
from portvakt.journeys.sign_in.keys import KeySteps
from portvakt.journeys.sign_in.outcomes import Gone, Stopped, Wrong
from portvakt.proving.gate import Gate
from portvakt.proving.visit import Visit
from portvakt.web.forms import form
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

NOT_HERE = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRoutes:
    """For scripts only. What they are told is the same whoever will answer, before a proof."""

    keys: KeySteps
    wanted: Callable[[str, str], Awaitable[Wanted]]
    gate: Gate

    def routes(self) -> list[Route]:
        """List the addresses."""
        return [
            route("/sign-in/key", self.first, methods=("POST",), who=Who.ANYONE),
            route("/sign-in/{flow}/key", self.later, methods=("POST",), who=Who.BROWSER),
        ]

    async def first(self, request: Request) -> Response:
        """Tell the first page what any key is to sign."""
        sent = await form(request)
        wanted = await self.wanted(sent["to"], sent["for"])
        return _json(self.keys.ask_first(wanted, await self.gate.visit(request)))

    async def later(self, request: Request) -> Response:
        """Tell the page of a sign-in what one of the person's keys is to sign."""
        flow = FlowId(request.scope["path_params"]["flow"])
        await form(request)
        asked = await self.keys.ask(flow, await self.gate.visit(request))
        if isinstance(asked, Gone):
            return _json({"error": "not_found"}, NOT_HERE)
        return _json(asked)


def key_said(outcome: Wrong | Stopped, visit: Visit) -> Message | str:
    """Return what the first page says of a key that opened nothing."""
    if isinstance(outcome, Stopped):
        return Message("sign_in.stopped", {"time": outcome.until or visit.now})
    if outcome.why in ("used", "copied"):
        return f"sign_in.{outcome.why}_passkey"
    return "sign_in.wrong_passkey"


def _json(told: object, status: int = 200) -> Response:
    return Response(orjson.dumps(told), status_code=status, media_type="application/json")
