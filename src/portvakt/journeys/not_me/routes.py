"""The address that links in mails lead to.

Programs that look through mail open every link in it, so opening shows a page and no more; the
token is in the path, and no page of ours has anything that would carry it elsewhere.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.journeys.not_me.flow import NotMe
from portvakt.journeys.not_me.pages import AskPage, DonePage, OverPage
from portvakt.proving.gate import Gate
from portvakt.proving.notices import FREEZES
from portvakt.web.responses import page
from portvakt.web.routing import Route, Who, route

NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeRoutes:
    """See what a link would do, and do it."""

    flow: NotMe
    gate: Gate

    def routes(self) -> list[Route]:
        """List the addresses."""
        one = f"{FREEZES}/{{token}}"
        return [
            route(one, self.show, who=Who.ANYONE),
            route(one, self.freeze, methods=("POST",), who=Who.ANYONE),
        ]

    async def show(self, request: Request) -> Response:
        """Ask whether it shall be frozen."""
        link = await self.flow.look(_token(request), await self.gate.visit(request))
        if link is None:
            return page(request, OverPage(), NOT_FOUND)
        return page(request, AskPage(change=link.change, made=link.made))

    async def freeze(self, request: Request) -> Response:
        """Freeze it. The page stands at the link's own address, where a second look finds none."""
        link = await self.flow.freeze(_token(request), await self.gate.visit(request))
        if link is None:
            return page(request, OverPage(), NOT_FOUND)
        return page(request, DonePage())


def _token(request: Request) -> str:
    return str(request.scope["path_params"]["token"])
