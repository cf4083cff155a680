"""Addresses that pages ask by themselves while they wait: for a phone's answer, for a text."""

from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.ids import FlowId
from portvakt.core.push_approval import RequestStanding, standing_of_request
from portvakt.journeys.sign_in.answers import Answers
from portvakt.journeys.sign_in.outcomes import Gone
from portvakt.journeys.sign_in.phone import PhoneSteps, seen_of
from portvakt.journeys.sign_in.show import text_shown, told_of
from portvakt.proving.gate import Gate
from portvakt.proving.texts_told import TextShown, answer_waiting_page
from portvakt.records import Records
from portvakt.web.forms import query
from portvakt.web.request import context, held_back
from portvakt.web.routing import Route, Who, route

TOO_MANY = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRoutes:
    """For scripts only. Another browser learns not even that there is such a sign-in (A037)."""

    answers: Answers
    phones: PhoneSteps
    records: Records
    gate: Gate

    def routes(self) -> list[Route]:
        """List the addresses."""
        flow = "/sign-in/{flow}"
        return [
            route(f"{flow}/phone", self.phone, who=Who.BROWSER),
            route(f"{flow}/text", self.text, who=Who.BROWSER),
        ]

    async def phone(self, request: Request) -> Response:
        """Tell a waiting page what has become of its request, as soon as there is something new.

        It keeps no session alive.
        """
        flow, seen = _flow(request), query(request)["seen"]
        visit = await self.gate.visit(request)
        with held_back(request) as held:
            found = await self.phones.wait(flow, seen, lambda: self.gate.later(visit), held.wait)
        if held.crowded:
            return _json({"error": "too_many"}, TOO_MANY)
        if isinstance(found, Gone):
            return _json({"error": "not_found"}, 404)
        visit = self.gate.later(visit)
        asked = None if found is None else found.asked
        if asked is None or standing_of_request(asked, visit.now) is not RequestStanding.WAITING:
            return _json({"changed": True})
        texts = context(request).site.texts
        told = (
            texts.say(visit.language, each.id, **each.values) for each in told_of(asked, visit.now)
        )
        return _json(
            {"changed": False, "seen": seen_of(asked, visit.now), "told": " · ".join(told)}
        )

    async def text(self, request: Request) -> Response:
        """Tell a waiting page what has become of its text, as soon as there is something new."""
        flow, visit = _flow(request), await self.gate.visit(request)

        async def look() -> TextShown | None:
            return text_shown(await self.answers.text(flow, self.gate.later(visit)))

        return await answer_waiting_page(request, self.records, look, now=self.gate.now)


def _flow(request: Request) -> FlowId:
    return FlowId(request.scope["path_params"]["flow"])


def _json(told: dict[str, object], status: int = 200) -> Response:
    return Response(orjson.dumps(told), status_code=status, media_type="application/json")
