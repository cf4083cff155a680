"""The address where somebody sets their own account free; the page is the door's."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.journeys.set_up_mfa.acting import HOME
from portvakt.journeys.set_up_mfa.door_routes import Door
from portvakt.journeys.set_up_mfa.thawing import Thawing
from portvakt.web.responses import see_other
from portvakt.web.routing import Route, Who, route


@dataclass(frozen=True, slots=True, kw_only=True)
class ThawRoutes:
    """One button. Who may not press it is led back to the page that says why."""

    door: Door
    thawing: Thawing

    def routes(self) -> list[Route]:
        """List the addresses."""
        return [route(f"{HOME}/thaw", self.thaw, methods=("POST",), who=Who.SIGNED_IN)]

    async def thaw(self, request: Request) -> Response:
        """Set the account free."""
        person = await self.door.who(request)
        if isinstance(person, Response):
            return person
        done = await self.thawing.thaw(person)
        return see_other(f"{HOME}?done=thawed" if done else HOME)
