"""The pages that a sign-in begins with, and when a ticket is asked for in their place."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.assurance import METHODS
from portvakt.journeys.sign_in.flow import Wanted
from portvakt.journeys.sign_in.pages import AgainPage, StartPage
from portvakt.journeys.sign_in.show import reason_of
from portvakt.journeys.sign_in.ticket import TicketSignIn
from portvakt.journeys.sign_in.ticket_routes import BY_ITSELF, BY_NAME
from portvakt.proving.destination import needs_of
from portvakt.proving.gate import Current, Gate
from portvakt.proving.rules import Rules
from portvakt.web.forms import query
from portvakt.web.request import here
from portvakt.web.responses import page
from portvakt.web.templates import Message

WRONG = 422


class FirstPages:
    """Shows them."""

    def __init__(self, rules: Rules, gate: Gate, tickets: TicketSignIn) -> None:
        self._rules = rules
        self._gate = gate
        self._tickets = tickets

    async def ticket_instead(self, request: Request, wanted: Wanted) -> str:
        """Return where the browser is sent for a ticket by itself; empty where it is not.

        Not where somebody wants to type a name, as after signing out; not where an app expects
        another person; and not before a device has been looked at that a rule asks for.
        """
        if query(request)["by"] == BY_NAME or needs_of(wanted.to).somebody_else:
            return ""
        way = await self._way(request, wanted)
        return "" if not way or await self._gate.to_look(request) else f"{way}&by={BY_ITSELF}"

    async def start(self, request: Request, wanted: Wanted, name: str) -> Response:
        """Ask for name and password, and have the device looked at meanwhile."""
        view = await self._start(request, wanted, name)
        return page(request, replace(view, our_device=await self._gate.to_look(request)))

    async def wrong(
        self,
        request: Request,
        wanted: Wanted,
        name: str,
        errors: Mapping[str, Message | str],
        status: int = WRONG,
    ) -> Response:
        """Ask again, and say what was wrong."""
        return page(request, await self._start(request, wanted, name, errors), status)

    async def again(self, request: Request, current: Current, wanted: Wanted) -> Response:
        """Say why somebody signed in must show more."""
        verdict = await self._gate.decide(request, current, wanted.app, wanted.to)
        methods = wanted.purpose == METHODS
        view = AgainPage(
            to=wanted.to,
            purpose=wanted.purpose,
            name=current.standing.account.display_name,
            reason="" if methods else reason_of(verdict, here(request).language),
            methods=methods,
            our_device=await self._gate.to_look(request),
        )
        return page(request, view)

    async def _way(self, request: Request, wanted: Wanted) -> str:
        return await self._tickets.way_from(wanted, await self._gate.visit(request))

    async def _start(
        self,
        request: Request,
        wanted: Wanted,
        name: str,
        errors: Mapping[str, Message | str] | None = None,
    ) -> StartPage:
        configuration = await self._rules.current(self._gate.now())
        app = None if wanted.app is None else configuration.app(wanted.app)
        return StartPage(
            to=wanted.to,
            purpose=wanted.purpose,
            app_name="" if app is None else app.client_name,
            name=name[:254],
            by_ticket=await self._way(request, wanted),
            somebody_else=app is not None and needs_of(wanted.to).somebody_else,
            errors=errors or {},
        )
