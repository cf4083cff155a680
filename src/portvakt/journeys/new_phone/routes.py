"""Addresses for somebody who has a new phone, under the sign-in in which they showed a password."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.ids import FlowId
from portvakt.core.new_phone import control_number
from portvakt.core.vouchers import Sort
from portvakt.journeys.new_phone.flow import Gone, NewPhone, Often, Parts, Scene
from portvakt.journeys.new_phone.pages import AskPage, ClosedPage, WaitPage
from portvakt.proving.finish import Opened
from portvakt.proving.gate import Gate
from portvakt.web.forms import form
from portvakt.web.responses import Page, page, see_other
from portvakt.web.routing import Route, Who, route

HOME = "/new-phone"
REGISTRATION = "/security-info?done=vouched"
GONE = 410
FORBIDDEN = 403
TOO_MANY = 429


def new_phone_routes(parts: Parts, *, gate: Gate) -> list[Route]:
    """Build the journey and list its addresses; none where it is switched off."""
    if not parts.policy.on:
        return []
    return NewPhoneRoutes(new_phone=NewPhone(parts), gate=gate).routes()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPhoneRoutes:
    """Ask people, wait for them, go on."""

    new_phone: NewPhone
    gate: Gate

    def routes(self) -> list[Route]:
        """List the addresses."""
        one, post, who = f"{HOME}/{{flow}}", ("POST",), Who.BROWSER
        return [
            route(one, self.show, who=who),
            route(one, self.ask, methods=post, who=who),
            route(f"{one}/withdraw", self.withdraw, methods=post, who=who),
            route(f"{one}/go-on", self.go_on, methods=post, who=who),
        ]

    async def show(self, request: Request) -> Response:
        """Say what this is, or how far it has come."""
        scene = await self.new_phone.show(_flow(request), await self.gate.visit(request))
        if isinstance(scene, Gone):
            return page(request, ClosedPage(), GONE)
        return page(request, _page_of(scene), 200 if scene.closed is None else FORBIDDEN)

    async def ask(self, request: Request) -> Response:
        """Ask people."""
        await form(request)
        flow, visit = _flow(request), await self.gate.visit(request)
        outcome = await self.new_phone.ask(flow, visit)
        if isinstance(outcome, Gone):
            return page(request, ClosedPage(), GONE)
        if isinstance(outcome, Often):
            scene = await self.new_phone.show(flow, visit)
            who = "both" if isinstance(scene, Gone) else _who(scene.sorts)
            often = AskPage(flow=flow, who=who, errors={"": "new_phone.often"})
            return page(request, often, TOO_MANY)
        return see_other(f"{HOME}/{flow}")

    async def withdraw(self, request: Request) -> Response:
        """Ask nobody any more."""
        await form(request)
        flow = _flow(request)
        outcome = await self.new_phone.withdraw(flow, await self.gate.visit(request))
        if isinstance(outcome, Gone):
            return page(request, ClosedPage(), GONE)
        return see_other(f"/sign-in/{flow}/other")

    async def go_on(self, request: Request) -> Response:
        """Open registration, if enough people have said yes."""
        await form(request)
        flow = _flow(request)
        outcome = await self.new_phone.finish(flow, await self.gate.visit(request))
        if isinstance(outcome, Gone):
            return page(request, ClosedPage(), GONE)
        if not isinstance(outcome, Opened):
            return see_other(f"{HOME}/{flow}")
        response = see_other(REGISTRATION)
        self.gate.hand_out(request, response, await self.gate.keep_one(request, outcome))
        return response


def _page_of(scene: Scene) -> Page:
    flow, who, progress = scene.state.id, _who(scene.sorts), scene.progress
    if scene.closed is not None:
        return ClosedPage(flow=flow)
    if progress is None:
        return AskPage(flow=flow, who=who)
    return WaitPage(
        flow=flow,
        who=who,
        number=control_number(flow),
        given=progress.given,
        complete=progress.complete,
        until=progress.until,
    )


def _who(sorts: AbstractSet[Sort]) -> str:
    return "both" if len(sorts) > 1 else next(iter(sorts), Sort.MANAGER).value


def _flow(request: Request) -> FlowId:
    return FlowId(request.scope["path_params"]["flow"])
