"""The address where browsers are asked for the computer's account, and the only one (RFC 4559)."""

from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from portvakt.journeys.sign_in.flow import Wanted
from portvakt.journeys.sign_in.outcomes import Outcome
from portvakt.journeys.sign_in.pages import TicketPage, TicketRefusedPage
from portvakt.journeys.sign_in.ticket import KERBEROS, TicketOpensNothing, TicketSignIn
from portvakt.proving.gate import Gate
from portvakt.proving.visit import Visit
from portvakt.web.forms import query
from portvakt.web.request import context
from portvakt.web.responses import bound, page, see_other
from portvakt.web.routing import Route, Who, route

BY_NAME = "name"
"""Said in `by` where somebody wants to type a name: no ticket is asked for then."""
BY_ITSELF = "itself"
"""Said there where `/sign-in` sent the browser, with a cookie that it must have brought by now."""
_ASKED = 401
_REFUSED = 403
_AWAY = 503
_SCHEME = "negotiate "

Wants = Callable[[str, str], Awaitable[Wanted]]
After = Callable[[Request, Outcome, Visit], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRoutes:
    """Asks for a ticket, and takes it; the rest is what follows any first answer."""

    tickets: TicketSignIn
    gate: Gate
    wants: Wants
    after: After

    def routes(self) -> list[Route]:
        """List the address."""
        return [route(KERBEROS, self.ask, who=Who.ANYONE)]

    async def ask(self, request: Request) -> Response:
        """Ask the browser for a ticket, or judge the one that it sends."""
        wanted = await self.wants(query(request)["to"], "")
        by_name = _by_name(wanted)
        visit = await self.gate.visit(request)
        signed_in = await self.gate.current(request, act=False) is not None
        if signed_in or not await self.tickets.way_from(wanted, visit):
            return see_other(by_name)
        written = _token(request)
        if written is None:
            response = page(request, TicketPage(to=by_name), _ASKED)
            response.headers["www-authenticate"] = "Negotiate"
            return response
        if query(request)["by"] == BY_ITSELF and context(request).new_binding is not None:
            return see_other(by_name)  # without cookies it would be sent here again, for ever
        found = await self.tickets.start(written, wanted, visit)
        if isinstance(found, TicketOpensNothing):
            view = TicketRefusedPage(to=by_name, away=found.away)
            return page(request, view, _AWAY if found.away else _REFUSED)
        # what comes next belongs to this browser
        response = bound(request, await self.after(request, found.outcome, visit))
        if found.answer:
            mutual = b64encode(found.answer).decode("ascii")
            response.headers["www-authenticate"] = f"Negotiate {mutual}"
        return response


def _token(request: Request) -> str | None:
    """Return what stands after `Negotiate`, in whatever case; None where nothing was sent.

    More than one such line, or another scheme, is no ticket, and is judged as one that nobody can
    read.
    """
    given = request.headers.getlist("authorization")
    if not given:
        return None
    scheme, token = given[0][: len(_SCHEME)], given[0][len(_SCHEME) :]
    return token.strip() if len(given) == 1 and scheme.lower() == _SCHEME else ""


def _by_name(wanted: Wanted) -> str:
    """Return the ordinary sign-in, which does not lead back here by itself."""
    return f"/sign-in?to={quote(wanted.to, safe='/')}&for={wanted.purpose}&by={BY_NAME}"
