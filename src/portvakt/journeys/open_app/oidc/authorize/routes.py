"""The authorization endpoint: what an app sends a browser here with, and where it goes on."""

from dataclasses import dataclass, replace
from typing import Self, assert_never
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from portvakt.crypto.digests import same
from portvakt.crypto.sealing import Mac
from portvakt.journeys.open_app.oidc.answers import (
    answered,
    brought,
    json_answer,
    refused,
    with_nonce,
)
from portvakt.journeys.open_app.oidc.authorize.answering import PostToApp, ToApp
from portvakt.journeys.open_app.oidc.authorize.arriving import Arriving
from portvakt.journeys.open_app.oidc.authorize.asked import Asked
from portvakt.journeys.open_app.oidc.authorize.consent import AskConsent
from portvakt.journeys.open_app.oidc.authorize.flow import (
    Authorize,
    Blocked,
    NotYours,
    Outcome,
    SignedIn,
    ToSignIn,
)
from portvakt.journeys.open_app.oidc.authorize.hints import Hints
from portvakt.journeys.open_app.oidc.authorize.noting import Noting
from portvakt.journeys.open_app.oidc.authorize.posted import Keeping, Posted
from portvakt.journeys.open_app.oidc.authorize.pushed import Pushed
from portvakt.journeys.open_app.oidc.authorize.request_object import RequestObjects
from portvakt.journeys.open_app.oidc.authorize.scope_words import in_words
from portvakt.journeys.open_app.oidc.callers.app_keys import AppKeys
from portvakt.journeys.open_app.oidc.callers.binding import Binding
from portvakt.journeys.open_app.oidc.callers.client_auth import ClientAuthentication
from portvakt.journeys.open_app.oidc.calls import MANY, Sent
from portvakt.journeys.open_app.oidc.errors import OAuthError, Untrusted
from portvakt.journeys.open_app.oidc.other_origins import PREFLIGHT, OtherOrigins
from portvakt.journeys.open_app.oidc.places import AUTHORIZE, PUSH
from portvakt.journeys.open_app.oidc.token.issuing import Issuer
from portvakt.journeys.open_app.pages import (
    BlockedPage,
    BrokenRequestPage,
    ConsentPage,
    FormPostPage,
    GoingOnPage,
    NotYoursPage,
)
from portvakt.proving.gate import ANEW, Gate
from portvakt.web.cookies import Cookie, read_cookies, set_language
from portvakt.web.forms import form
from portvakt.web.headers import policy_for_posting_to
from portvakt.web.paths import local_path
from portvakt.web.request import here
from portvakt.web.responses import bound, page, problem, see_other
from portvakt.web.routing import Route, Who, route

CREATED, REFUSED, FORBIDDEN = 201, 400, 403


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeRoutes:
    """Answers browsers that apps have sent here."""

    gate: Gate
    authorizing: Authorize
    posted: Posted
    pushed: Pushed
    clients: ClientAuthentication
    binding: Binding

    @classmethod
    def over(
        cls,
        gate: Gate,
        writes: Issuer,
        clients: ClientAuthentication,
        keys: AppKeys,
        asked: Mac,
        binding: Binding,
    ) -> Self:
        """Put the parts together over what writes tokens and what knows apps.

        `asked` marks fresh sign-ins.
        """
        records, rules = clients.records, clients.rules
        objects = RequestObjects(writes.name, keys)
        arriving = Arriving(records, rules, Hints(writes.name, writes.keys), objects)
        keeping, noting = Keeping(records, writes.random), Noting(records)
        authorizing = Authorize(
            issuer=writes.name,
            records=records,
            rules=rules,
            random=writes.random,
            asked=asked,
            names=writes.names,
            arriving=arriving,
            keeping=keeping,
            noting=noting,
        )
        return cls(
            gate=gate,
            authorizing=authorizing,
            posted=Posted(arriving, keeping),
            pushed=Pushed(arriving, keeping, noting),
            clients=clients,
            binding=binding,
        )

    def routes(self, origins: OtherOrigins) -> list[Route]:
        """Return the addresses. `origins` lets apps in the browser read what they push.

        What is posted comes from an app's own page, so there is no token of ours in it: the route
        takes it as from a program, reads no cookie, and decides nothing.
        """
        return [
            route(AUTHORIZE, self.authorize, who=Who.ANYONE),
            route(AUTHORIZE, self.take_posted, methods=("POST",), who=Who.CLIENT),
            route(
                PUSH,
                origins.registered(self.take_pushed),
                methods=("POST", PREFLIGHT),
                who=Who.CLIENT,
            ),
            route("/oidc/consent", self.consent, methods=("POST",), who=Who.SIGNED_IN),
        ]

    async def authorize(self, request: Request) -> Response:
        """Answer a browser that an app has sent here."""
        if request.method == "HEAD":  # a code is issued, and HEAD changes nothing
            response = problem(request, "method", 405)
            response.headers["allow"] = "GET, POST"
            return response
        visit = await self.gate.visit(request)
        asked = await self.authorizing.read(request.scope["query_string"], visit)
        if isinstance(asked, Asked):
            # A page that asks by itself, without anybody seeing it, keeps no session alive (A058).
            current = await self.gate.current(request, act=not asked.silent)
            who = None if current is None else SignedIn(current.session, current.standing.account)
            response = self._shown(request, await self.authorizing.answer(asked, who))
        else:
            await self.gate.current(request, act=False)  # a shared computer's page says whose it is
            response = self._shown(request, asked)
        return bound(request, response)

    async def take_posted(self, request: Request) -> Response:
        """Keep a request that a browser posts, and lead it on with GET (Core section 3.1.2.1)."""
        sent = Sent((await form(request, MANY)).pairs)
        found = await self.posted.next(sent, await self.gate.visit(request))
        return refused(found) if isinstance(found, OAuthError) else see_other(found)

    async def take_pushed(self, request: Request) -> Response:
        """Keep a request that an app sends itself (RFC 9126 section 2)."""
        visit = await self.gate.visit(request)
        came = await brought(request, visit.now)
        if isinstance(came, OAuthError):
            return refused(came)
        app = await self.clients.app(came.authorization, came.sent, came.call)
        if isinstance(app, OAuthError):
            return answered(app)
        sent = await self.binding.pushed(app, came.sent, came.call)
        answer = (
            sent if isinstance(sent, OAuthError) else await self.pushed.answer(app, sent, visit)
        )
        said = refused(answer) if isinstance(answer, OAuthError) else json_answer(answer, CREATED)
        return with_nonce(said, came.call, self.binding.proofs.nonces)

    async def consent(self, request: Request) -> Response:
        """Take what a person says to what an app of others wants to know.

        The whole request is judged again with the answer. What does not fit, such as an answer in
        somebody else's session, leads back to the question.
        """
        sent = await form(request)
        again = see_other(local_path(f"{AUTHORIZE}?{sent['query']}"))
        current, visit = await self.gate.current(request), await self.gate.visit(request)
        if current is None or sent["answer"] not in {"yes", "no"}:
            return again
        asked = await self.authorizing.read(sent["query"].encode(), visit)
        if not isinstance(asked, Asked):
            return again
        whose = self.authorizing.names.sid(current.session.id, asked.app)
        if not same(whose.encode(), sent["whose"].encode()):
            return again
        who = SignedIn(current.session, current.standing.account)
        allowed = sent["answer"] == "yes"
        outcome = await self.authorizing.answer(replace(asked, allowed=allowed), who)
        if not isinstance(outcome, ToApp):
            return self._shown(request, outcome)
        view = GoingOnPage(app=asked.app.client_name, to=outcome.location, opens=allowed)
        return page(request, view)

    def _shown(  # noqa: PLR0911  # one answer for each outcome there is
        self, request: Request, outcome: Outcome
    ) -> Response:
        number, language = here(request).request_id, here(request).language
        match outcome:
            case ToApp(location):
                # 303 and never 307, so that nothing that was posted goes along (RFC 9700 4.12)
                return Response(status_code=303, headers={"location": location})
            case PostToApp():
                return _posting(request, outcome)
            case ToSignIn(to, anew, locales):
                response = self.gate.sign_in(request, to=to, purpose=ANEW if anew else None)
                suggest_language(request, response, locales)
                return response
            case AskConsent():
                return _consent_page(request, outcome)
            case NotYours(app):
                view = NotYoursPage(app=app.client_name, number=number)
                return page(request, view, FORBIDDEN)
            case Blocked(app, verdict):
                why = verdict.reason(language)
                blocked = BlockedPage(app=app.client_name, reason=why, number=number)
                return page(request, blocked, FORBIDDEN)
            case Untrusted(message):
                return page(request, BrokenRequestPage(why=message, number=number), REFUSED)
            case _:
                assert_never(outcome)


def _consent_page(request: Request, asking: AskConsent) -> Response:
    gets, others = in_words(asking.scopes)
    view = ConsentPage(
        app=asking.app.client_name,
        gets=gets,
        others=others,
        query=asking.query,
        whose=asking.whose,
    )
    return page(request, view)


def _posting(request: Request, answer: PostToApp) -> Response:
    """Show the page that posts an answer, and let its form reach the app."""
    view = FormPostPage(
        app=answer.app.client_name, action=answer.action, fields=tuple(answer.fields.items())
    )
    response = page(request, view)
    scheme = urlsplit(answer.action).scheme
    response.headers["content-security-policy"] = policy_for_posting_to(scheme)
    return response


def suggest_language(request: Request, response: Response, locales: tuple[str, ...]) -> None:
    """Take the app's word for the language where the person has not chosen one.

    `ui_locales` is a list in order of preference (OpenID Connect Core section 3.1.2.1).
    """
    if Cookie.LANGUAGE.value in read_cookies(request.scope["headers"]):
        return
    spoken = (tag.partition("-")[0].lower() for tag in locales)
    if (known := next((tag for tag in spoken if tag in {"sv", "en"}), None)) is not None:
        set_language(response, known)
