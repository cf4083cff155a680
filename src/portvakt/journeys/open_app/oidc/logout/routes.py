"""The address that apps send a browser to for signing out (RP-Initiated Logout 1.0 section 2)."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.messages import MessageId
from portvakt.journeys.open_app.oidc.authorize.request import MAX_STORED, AuthorizationRequest
from portvakt.journeys.open_app.oidc.authorize.routes import suggest_language
from portvakt.journeys.open_app.oidc.errors import OAuthError
from portvakt.journeys.open_app.oidc.logout.end_session import TICKET, EndSession, NotRead, Wish
from portvakt.journeys.open_app.oidc.places import END_SESSION
from portvakt.journeys.open_app.pages import AskToSignOutPage, BrokenRequestPage, LeftPage
from portvakt.proving.gate import Gate
from portvakt.web.cookies import drop_session
from portvakt.web.forms import BadFormError, form
from portvakt.web.headers import policy_for_posting_to
from portvakt.web.request import here
from portvakt.web.responses import page, problem, see_other
from portvakt.web.routing import Route, Who, route

CONFIRM: Final = END_SESSION + "/confirm"
_SIGNED_OUT: Final = "/signed-out"
_REFUSED: Final = 400
_BY_APP: Final = "by_app"
_BY_OWNER: Final = "signed_out"


@dataclass(frozen=True, slots=True)
class EndSessionRoutes:
    """Answers browsers that apps have sent here to sign out."""

    gate: Gate
    ending: EndSession

    def routes(self) -> list[Route]:
        """Return the addresses.

        What is posted comes from an app's own page: the route takes it as from a program, reads no
        cookie and ends nothing; it leads on to the same address with GET.
        """
        return [
            route(END_SESSION, self.asked, who=Who.ANYONE),
            route(END_SESSION, self.take_posted, methods=("POST",), who=Who.CLIENT),
            route(CONFIRM, self.confirmed, methods=("POST",), who=Who.ANYONE),
        ]

    async def asked(self, request: Request) -> Response:
        """End the session that the app has shown an ID token of; else ask the person."""
        if request.method == "HEAD":  # a session may end, and HEAD changes nothing
            response = problem(request, "method", 405)
            response.headers["allow"] = "GET, POST"
            return response
        sent = AuthorizationRequest.parse(request.scope["query_string"], MAX_STORED)
        wish = await self._read(sent)
        if isinstance(wish, NotRead):
            return _broken(request, wish)
        if not _is_ticket(sent):
            wish = await self.ending.noted(wish, await self.gate.visit(request))
        done = await self._at_once(request, wish, sent)
        if done is not None:
            return done
        if not _is_ticket(sent):  # nothing of what was sent stays in the address of a page
            response = self._once_more(wish)
            suggest_language(request, response, wish.locales)
            return response
        return await self._page(request, wish)

    async def take_posted(self, request: Request) -> Response:
        """Read what a browser posts, and lead it on with GET (section 2)."""
        try:
            sent = AuthorizationRequest.of((await form(request)).items())
        except BadFormError:
            return _broken(request, NotRead(MessageId("open_app.unreadable")))
        wish = await self._read(sent)
        if isinstance(wish, NotRead):
            return _broken(request, wish)
        return self._once_more(await self.ending.noted(wish, await self.gate.visit(request)))

    async def confirmed(self, request: Request) -> Response:
        """End the session: the person has said so."""
        sent = AuthorizationRequest.of([(TICKET, (await form(request))[TICKET])])
        wish = await self._read(sent)
        if isinstance(wish, NotRead):
            return _broken(request, wish)
        await self._end(request, _BY_OWNER)
        return self._onward(wish)

    async def _read(self, sent: AuthorizationRequest | OAuthError) -> Wish | NotRead:
        if isinstance(sent, OAuthError):
            return NotRead(MessageId("open_app.unreadable"))
        return await self.ending.read(sent, self.gate.now())

    def _once_more(self, wish: Wish) -> Response:
        ticket = self.ending.ticket(wish, self.gate.now())
        return see_other(f"{END_SESSION}?{urlencode({TICKET: ticket})}")

    async def _at_once(
        self, request: Request, wish: Wish, sent: AuthorizationRequest | OAuthError
    ) -> Response | None:
        """End the session that the app has shown an ID token of; None where a page is needed."""
        current = await self.gate.current(request, act=False)
        if current is None:
            if wish.number is not None and _is_ticket(sent):
                return _gone(page(request, LeftPage(app="", number=wish.number)))
            if wish.onward is None:
                return self._onward(wish)
            return None if wish.sid is None else _gone(_redirect(wish.onward))
        app = await self.ending.app(wish, self.gate.now())
        if app is None or not self.ending.meant(wish, current.session, app):
            return None
        await self._end(request, _BY_APP)
        return self._onward(wish)

    async def _page(self, request: Request, wish: Wish) -> Response:
        """Ask the person; show who is signed out already the way back."""
        app = await self.ending.app(wish, self.gate.now())
        name = None if app is None else app.client_name
        onward = wish.onward
        if onward is not None and await self.gate.current(request, act=False) is None:
            return _gone(page(request, LeftPage(app=name or "", onward=onward)))
        ticket = self.ending.ticket(wish, self.gate.now())
        view = AskToSignOutPage(app=name, ticket=ticket, action=CONFIRM, number=wish.number)
        response = page(request, view)
        if onward is not None:
            scheme = urlsplit(onward).scheme
            response.headers["content-security-policy"] = policy_for_posting_to(scheme)
        return response

    def _onward(self, wish: Wish) -> Response:
        onward = wish.onward
        if wish.number is not None:  # a page tells it, whose address holds nothing that was sent
            return _gone(self._once_more(wish))
        return _gone(see_other(_SIGNED_OUT) if onward is None else _redirect(onward))

    async def _end(self, request: Request, reason: str) -> None:
        current = await self.gate.current(request, act=False)
        if current is not None:
            await self.ending.end(current.session, await self.gate.visit(request), reason)


def _is_ticket(sent: AuthorizationRequest | OAuthError) -> bool:
    return not isinstance(sent, OAuthError) and sent.get(TICKET) is not None


def _redirect(to: str) -> Response:
    return Response(status_code=303, headers={"location": to})


def _gone(response: Response) -> Response:
    """Take the cookie back, also where no session was left to end."""
    drop_session(response)
    return response


def _broken(request: Request, why: NotRead) -> Response:
    view = BrokenRequestPage(why=why.message, number=here(request).request_id)
    return page(request, view, _REFUSED)
