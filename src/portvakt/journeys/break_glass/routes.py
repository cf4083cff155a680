"""Addresses of break-glass accounts: to sign in, and to make their keys with a link."""

from dataclasses import dataclass
from typing import assert_never

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.secret import Secret
from portvakt.journeys.break_glass.flow import BreakGlassFlow, NotOpened
from portvakt.journeys.break_glass.making import Made, Making, NotMade
from portvakt.journeys.break_glass.pages import MakeKeyPage, OverPage, ReadyPage, SignInPage
from portvakt.proving.finish import Opened
from portvakt.proving.gate import Gate
from portvakt.web.forms import form
from portvakt.web.request import context
from portvakt.web.responses import page, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

HOME = "/break-glass"
NEW = f"{HOME}/new"
"""Where the printed link leads; what it holds is the next part of the path."""
WRONG = 422
NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassRoutes:
    """Nothing here is counted or stopped, and nothing says which accounts there are."""

    flow: BreakGlassFlow
    making: Making
    gate: Gate

    def routes(self) -> list[Route]:
        """List the addresses."""
        one = f"{NEW}/{{token}}"
        return [
            route(HOME, self.show, who=Who.ANYONE),
            route(HOME, self.sign_in, methods=("POST",), who=Who.ANYONE),
            route(f"{HOME}/key", self.ask, methods=("POST",), who=Who.ANYONE),
            route(one, self.show_link, who=Who.ANYONE),
            route(one, self.make, methods=("POST",), who=Who.ANYONE),
        ]

    async def show(self, request: Request) -> Response:
        """Show one button."""
        return page(request, SignInPage())

    async def ask(self, request: Request) -> Response:
        """Tell the page's script what any key is to sign."""
        await form(request)
        told = orjson.dumps(self.flow.ask(await self.gate.visit(request)))
        return Response(told, media_type="application/json")

    async def sign_in(self, request: Request) -> Response:
        """Take what a key signed."""
        sent = await form(request)
        outcome = await self.flow.sign_in(Secret(sent["key"]), await self.gate.visit(request))
        match outcome:
            case Opened():
                response = see_other(outcome.to)
                kept = await self.gate.keep_one(request, outcome)
                self.gate.hand_out(request, response, kept)
                return response
            case NotOpened():
                said = f"break_glass_page.error_{outcome.value}"
                return page(request, SignInPage(errors={"": said}), WRONG)
            case _ as never:  # pragma: no cover
                assert_never(never)

    async def show_link(self, request: Request) -> Response:
        """Show which key is made now."""
        return await self._show(request)

    async def make(self, request: Request) -> Response:
        """Take the key that was made."""
        sent = await form(request)
        visit, token = await self.gate.visit(request), _token(request)
        outcome = await self.making.confirm(
            token, sent["asked"], Secret(sent["key"]), sent["label"], visit
        )
        match outcome:
            case Made(name, ready=True):
                return page(request, ReadyPage(name=name))
            case Made():
                return see_other(f"{NEW}/{token}")
            case NotMade.OVER:
                return page(request, OverPage(), NOT_FOUND)
            case NotMade():
                where = "label" if outcome is NotMade.LABEL else ""
                said = f"break_glass_page.error_{outcome.value}"
                return await self._show(request, sent["label"], {where: said})
            case _ as never:  # pragma: no cover
                assert_never(never)

    async def _show(
        self, request: Request, label: str = "", errors: dict[str, Message | str] | None = None
    ) -> Response:
        visit, organisation = await self.gate.visit(request), context(request).site.organisation
        asked = await self.making.ask(_token(request), visit, organisation=organisation.name)
        if asked is None:
            return page(request, OverPage(), NOT_FOUND)
        view = MakeKeyPage(
            name=asked.name,
            number=asked.number,
            challenge=asked.challenge,
            options=orjson.dumps(asked.options).decode(),
            label=label,
            errors=errors or {},
        )
        return page(request, view, WRONG if errors else 200)


def _token(request: Request) -> str:
    return str(request.scope["path_params"]["token"])
