"""The addresses of OpenID Connect."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self, assert_never

from starlette.requests import Request
from starlette.responses import Response

from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import Mac, MasterKeys, Sealer
from portvakt.crypto.user_codes import UserCodes
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.access_token import AccessTokens
from portvakt.journeys.open_app.oidc.answers import (
    REALM,
    answered,
    brought,
    json_answer,
    raw_answer,
    refused,
    signed_answer,
)
from portvakt.journeys.open_app.oidc.app_keys import AppKeys
from portvakt.journeys.open_app.oidc.authorize import (
    Authorize,
    Blocked,
    NotYours,
    Outcome,
    SignedIn,
    ToApp,
    ToSignIn,
)
from portvakt.journeys.open_app.oidc.client_assertion import Assertions
from portvakt.journeys.open_app.oidc.client_auth import ClientAuthentication
from portvakt.journeys.open_app.oidc.client_credentials import ClientCredentials
from portvakt.journeys.open_app.oidc.code_grant import CodeGrant
from portvakt.journeys.open_app.oidc.device_asking import DeviceAsking
from portvakt.journeys.open_app.oidc.device_authorization import DeviceAuthorization
from portvakt.journeys.open_app.oidc.device_grant import DeviceGrant
from portvakt.journeys.open_app.oidc.device_routes import DeviceRoutes
from portvakt.journeys.open_app.oidc.discovery import (
    AUTHORIZE,
    DISCOVERY,
    INTROSPECT,
    JWKS,
    REVOKE,
    TOKEN,
    USERINFO,
    discovery_document,
)
from portvakt.journeys.open_app.oidc.errors import OAuthError, Untrusted
from portvakt.journeys.open_app.oidc.introspection import Introspection
from portvakt.journeys.open_app.oidc.issuing import Issuer
from portvakt.journeys.open_app.oidc.refresh_grant import RefreshGrant
from portvakt.journeys.open_app.oidc.revocation import Revocation
from portvakt.journeys.open_app.oidc.signed_answers import Signed, SignedAnswers, wants_signed
from portvakt.journeys.open_app.oidc.token import Tokens
from portvakt.journeys.open_app.oidc.userinfo import UserInfo
from portvakt.journeys.open_app.pages import BlockedPage, BrokenRequestPage, NotYoursPage
from portvakt.proving.gate import ANEW, Gate
from portvakt.proving.notices import Notices
from portvakt.proving.rules import Rules
from portvakt.records.unit import Records
from portvakt.web.cookies import Cookie, read_cookies, set_binding, set_language
from portvakt.web.request import context, here
from portvakt.web.responses import page, problem
from portvakt.web.routing import Route, Who, route
from portvakt.wire.outward import Outward

REFUSED, FORBIDDEN = 400, 403
_PUBLISHED = "public, max-age=300"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdConnect:
    """Discovery, keys, authorize, token and userinfo."""

    issuer: str
    gate: Gate
    keys: KeyRing
    authorizing: Authorize
    clients: ClientAuthentication
    tokens: Tokens
    introspection: Introspection
    revocation: Revocation
    people: UserInfo
    signed: SignedAnswers
    devices: DeviceRoutes
    clock: Callable[[], datetime]

    @classmethod
    def over(
        cls,
        *,
        issuer: str,
        gate: Gate,
        rules: Rules,
        records: Records,
        notices: Notices,
        keys: MasterKeys,
        ring: KeyRing,
        sealer: Sealer,
        random: Random,
        outward: Outward,
        clock: Callable[[], datetime],
    ) -> Self:
        """Put the parts of the protocol together over what the root has built."""
        names = Names(keys)
        signed = SignedAnswers(issuer, ring)
        access = AccessTokens(issuer, ring, sealer, records)
        writes = Issuer(issuer, ring, names, random, access)
        clients = ClientAuthentication(
            records,
            rules,
            Assertions(records, AppKeys(outward, clock), frozenset({issuer, issuer + TOKEN})),
        )
        return cls(
            issuer=issuer,
            gate=gate,
            keys=ring,
            authorizing=Authorize(
                issuer=issuer, records=records, rules=rules, random=random, asked=Mac(keys, "asked")
            ),
            clients=clients,
            introspection=Introspection(records, rules, access, names),
            revocation=Revocation(records, access),
            tokens=_tokens(clients, records, writes, notices),
            people=UserInfo(rules=rules, tokens=access, names=names, signed=signed),
            signed=signed,
            devices=DeviceRoutes(
                gate=gate,
                clients=clients,
                authorization=DeviceAuthorization(issuer, records, UserCodes(keys), random),
                asking=DeviceAsking(records, rules, UserCodes(keys), random),
                clock=clock,
            ),
            clock=clock,
        )

    def routes(self) -> list[Route]:
        """Return the addresses of the protocol."""
        both = ("GET", "POST")
        return [
            route(DISCOVERY, self.discovery, who=Who.CLIENT),
            route(JWKS, self.jwks, who=Who.CLIENT),
            route(AUTHORIZE, self.authorize, who=Who.ANYONE),
            route(TOKEN, self.token, methods=("POST",), who=Who.CLIENT),
            route(INTROSPECT, self.introspect, methods=("POST",), who=Who.CLIENT),
            route(REVOKE, self.revoke, methods=("POST",), who=Who.CLIENT),
            route(USERINFO, self.userinfo, methods=both, who=Who.CLIENT),
            *self.devices.routes(),
        ]

    async def discovery(self, _request: Request) -> Response:
        """Say what is done here."""
        return json_answer(discovery_document(self.issuer), cache=_PUBLISHED)

    async def jwks(self, _request: Request) -> Response:
        """Publish the keys: those that sign, will sign, and have signed what still counts."""
        signer = await self.keys.signer(self.clock())
        return raw_answer(signer.jwks(), cache=_PUBLISHED)

    async def authorize(self, request: Request) -> Response:
        """Answer a browser that an app has sent here."""
        if request.method == "HEAD":  # a code is issued, and HEAD changes nothing
            response = problem(request, "method", 405)
            response.headers["allow"] = "GET"
            return response
        query: bytes = request.scope["query_string"]
        # A page that asks by itself, without anybody seeing it, keeps no session alive (A058).
        current = await self.gate.current(request, act=b"prompt=none" not in query)
        who = None if current is None else SignedIn(current.session, current.standing.account)
        outcome = await self.authorizing.answer(query, who, await self.gate.visit(request))
        response = self._shown(request, outcome)
        if (binding := context(request).new_binding) is not None:
            set_binding(response, binding)
        return response

    def _shown(self, request: Request, outcome: Outcome) -> Response:
        number, language = here(request).request_id, here(request).language
        match outcome:
            case ToApp(location):
                # 303 and never 307, so that nothing that was posted goes along (RFC 9700 4.12)
                return Response(status_code=303, headers={"location": location})
            case ToSignIn(to, anew, locales):
                response = self.gate.sign_in(request, to=to, purpose=ANEW if anew else None)
                _suggest_language(request, response, locales)
                return response
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

    async def token(self, request: Request) -> Response:
        """Answer an app that brings a code, a refresh token or nothing but itself."""
        came = await brought(request, self.clock())
        if isinstance(came, OAuthError):
            return refused(came)
        answer = await self.tokens.answer(came.authorization, came.sent, came.call)
        return answered(answer)

    async def introspect(self, request: Request) -> Response:
        """Tell an app whether a token counts (RFC 7662)."""
        came = await brought(request, self.clock())
        if isinstance(came, OAuthError):
            return refused(came)
        app = await self.clients.app(came.authorization, came.sent, came.call)
        if isinstance(app, OAuthError):
            return answered(app)
        answer = await self.introspection.answer(app, came.sent, came.call)
        if isinstance(answer, OAuthError) or not wants_signed(request.headers.getlist("accept")):
            return answered(answer)
        return signed_answer(await self.signed.introspection(app, answer, came.call.now))

    async def revoke(self, request: Request) -> Response:
        """Take a token back (RFC 7009)."""
        came = await brought(request, self.clock())
        if isinstance(came, OAuthError):
            return refused(came)
        app = await self.clients.app(came.authorization, came.sent, came.call)
        if isinstance(app, OAuthError):
            return answered(app)
        wrong = await self.revocation.answer(app, came.sent, came.call)
        if wrong is not None:
            return refused(wrong)
        return Response(headers={"cache-control": "no-store"})

    async def userinfo(self, request: Request) -> Response:
        """Tell an app who the person is, for an access token in the header (RFC 6750 2.1)."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or len(request.headers.getlist("authorization")) > 1:
            # without a token there is no error to name (RFC 6750 section 3.1)
            return Response(status_code=401, headers={"www-authenticate": f"Bearer {REALM}"})
        answer = await self.people.answer(value.strip(" "), self.clock())
        if isinstance(answer, OAuthError):
            return refused(answer, challenge=f"Bearer {REALM}")
        return signed_answer(answer) if isinstance(answer, Signed) else json_answer(answer)


def _tokens(
    clients: ClientAuthentication, records: Records, writes: Issuer, notices: Notices
) -> Tokens:
    return Tokens(
        clients=clients,
        codes=CodeGrant(records, writes),
        refreshing=RefreshGrant(records, writes, notices),
        own=ClientCredentials(writes),
        devices=DeviceGrant(records, writes),
    )


def _suggest_language(request: Request, response: Response, locales: tuple[str, ...]) -> None:
    """Take the app's word for the language where the person has not chosen one.

    `ui_locales` is a list in order of preference (OpenID Connect Core section 3.1.2.1).
    """
    if Cookie.LANGUAGE.value in read_cookies(request.scope["headers"]):
        return
    spoken = (tag.partition("-")[0].lower() for tag in locales)
    if (known := next((tag for tag in spoken if tag in {"sv", "en"}), None)) is not None:
        set_language(response, known)
