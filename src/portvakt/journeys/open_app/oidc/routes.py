"""The addresses of OpenID Connect."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from portvakt.crypto.client_certificates import Issuers
from portvakt.crypto.client_keys import KINDS
from portvakt.crypto.randomness import Random
from portvakt.crypto.remembered import Remembered
from portvakt.crypto.sealing import Mac, MasterKeys, Sealer
from portvakt.crypto.user_codes import UserCodes
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.answers import (
    REALM,
    answered,
    brought,
    call_of,
    json_answer,
    raw_answer,
    refused,
    signed_answer,
    with_nonce,
)
from portvakt.journeys.open_app.oidc.authorize.noting import Noting
from portvakt.journeys.open_app.oidc.authorize.routes import AuthorizeRoutes
from portvakt.journeys.open_app.oidc.callers.app_keys import AppKeys
from portvakt.journeys.open_app.oidc.callers.binding import Binding
from portvakt.journeys.open_app.oidc.callers.client_assertion import Assertions
from portvakt.journeys.open_app.oidc.callers.client_auth import ClientAuthentication
from portvakt.journeys.open_app.oidc.callers.dpop import Nonces, Proofs
from portvakt.journeys.open_app.oidc.device.grant import DeviceGrant
from portvakt.journeys.open_app.oidc.device.routes import DeviceRoutes
from portvakt.journeys.open_app.oidc.discovery import published
from portvakt.journeys.open_app.oidc.errors import OAuthError
from portvakt.journeys.open_app.oidc.logout.end_session import EndSession
from portvakt.journeys.open_app.oidc.logout.routes import EndSessionRoutes
from portvakt.journeys.open_app.oidc.other_origins import PREFLIGHT, OtherOrigins
from portvakt.journeys.open_app.oidc.places import (
    DISCOVERY,
    INTROSPECT,
    JWKS,
    PUSH,
    REVOKE,
    TOKEN,
    USERINFO,
)
from portvakt.journeys.open_app.oidc.signed_answers import Signed, SignedAnswers, wants_signed
from portvakt.journeys.open_app.oidc.token.access_token import AccessTokens
from portvakt.journeys.open_app.oidc.token.client_credentials import ClientCredentials
from portvakt.journeys.open_app.oidc.token.code_grant import CodeGrant
from portvakt.journeys.open_app.oidc.token.endpoint import Tokens
from portvakt.journeys.open_app.oidc.token.introspection import Introspection
from portvakt.journeys.open_app.oidc.token.issuing import Issuer
from portvakt.journeys.open_app.oidc.token.refresh_grant import RefreshGrant
from portvakt.journeys.open_app.oidc.token.revocation import Revocation
from portvakt.journeys.open_app.oidc.token.token_exchange import TokenExchange
from portvakt.journeys.open_app.oidc.token.userinfo import UserInfo
from portvakt.proving.gate import Gate
from portvakt.proving.notices import Notices
from portvakt.proving.our_devices import OurDevices
from portvakt.proving.rules import Rules
from portvakt.records.unit import Records
from portvakt.web.request import said
from portvakt.web.routing import Route, Who, route
from portvakt.wire.outward import Outward

FORBIDDEN = 403
SCHEMES = {"bearer": f"Bearer {REALM}", "dpop": f'DPoP algs="{" ".join(KINDS)}"'}
"""How a token comes in a header (RFC 6750 section 2.1, RFC 9449 section 7.1), and what is asked."""
_PUBLISHED = "public, max-age=300"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdConnect:
    """Discovery, keys, authorize, token and userinfo."""

    issuer: str
    keys: KeyRing
    browsers: AuthorizeRoutes
    clients: ClientAuthentication
    tokens: Tokens
    introspection: Introspection
    revocation: Revocation
    people: UserInfo
    signed: SignedAnswers
    origins: OtherOrigins
    devices: DeviceRoutes
    ends: EndSessionRoutes
    binding: Binding
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
        issuers: Issuers,
        clock: Callable[[], datetime],
        our_devices: OurDevices | None = None,
    ) -> Self:
        """Put the parts of the protocol together over what the root has built."""
        names = Names(keys)
        signed = SignedAnswers(issuer, ring)
        access = AccessTokens(issuer, ring, sealer, records, Remembered(sealer))
        writes = Issuer(issuer, ring, names, random, access)
        binding = Binding(Proofs(issuer, records, Nonces(Mac(keys, "dpop_nonce"))))
        ending = EndSession(issuer, ring, names, rules, records, sealer, Noting(records))
        fetched, asked = AppKeys(outward, clock), Mac(keys, "asked")
        ours = frozenset({issuer, issuer + TOKEN, issuer + PUSH})
        clients = ClientAuthentication(records, rules, Assertions(records, fetched, ours), issuers)
        return cls(
            issuer=issuer,
            keys=ring,
            browsers=AuthorizeRoutes.over(gate, writes, clients, fetched, asked, binding),
            clients=clients,
            introspection=Introspection(records, rules, access, names),
            revocation=Revocation(records, access),
            tokens=_tokens(clients, records, writes, notices, binding, rules, our_devices),
            people=UserInfo(rules, access, names, signed, binding),
            signed=signed,
            origins=OtherOrigins(rules, clock),
            devices=DeviceRoutes.over(gate, writes, clients, rules, UserCodes(keys), clock),
            ends=EndSessionRoutes(gate, ending),
            binding=binding,
            clock=clock,
        )

    def routes(self) -> list[Route]:
        """Return the addresses of the protocol."""
        anybody, apps = self.origins.all, self.origins.registered
        post, both = ("POST", PREFLIGHT), ("GET", "POST", PREFLIGHT)
        return [
            route(DISCOVERY, anybody(self.discovery), who=Who.CLIENT),
            route(JWKS, anybody(self.jwks), who=Who.CLIENT),
            *self.browsers.routes(self.origins),
            route(TOKEN, apps(self.token), methods=post, who=Who.CLIENT),
            route(INTROSPECT, self.introspect, methods=("POST",), who=Who.CLIENT),
            route(REVOKE, apps(self.revoke), methods=post, who=Who.CLIENT),
            route(USERINFO, apps(self.userinfo), methods=both, who=Who.CLIENT),
            *self.devices.routes(),
            *self.ends.routes(),
        ]

    async def discovery(self, _request: Request) -> Response:
        """Say what is done here."""
        return raw_answer(published(self.issuer), cache=_PUBLISHED)

    async def jwks(self, _request: Request) -> Response:
        """Publish the keys: those that sign, will sign, and have signed what still counts."""
        signer = await self.keys.signer(self.clock())
        return raw_answer(signer.jwks(), cache=_PUBLISHED)

    async def token(self, request: Request) -> Response:
        """Answer an app that brings a code, a refresh token or nothing but itself."""
        came = await brought(request, self.clock())
        if isinstance(came, OAuthError):
            return refused(came)
        answer = await self.tokens.answer(came.authorization, came.sent, came.call)
        return with_nonce(answered(answer), came.call, self.binding.proofs.nonces)

    async def introspect(self, request: Request) -> Response:
        """Tell an app whether a token counts (RFC 7662)."""
        came = await brought(request, self.clock())
        if isinstance(came, OAuthError):
            return refused(came)
        app = await self.clients.app(came.authorization, came.sent, came.call)
        if isinstance(app, OAuthError):
            return answered(app)
        answer = await self.introspection.answer(app, came.sent, came.call)
        if isinstance(answer, OAuthError) or not wants_signed(said(request, b"accept")):
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
        authorizations = said(request, b"authorization")
        scheme, _, value = "".join(authorizations[:1]).partition(" ")
        scheme = scheme.lower()
        if scheme not in SCHEMES or len(authorizations) > 1:
            # without a token there is no error to name (RFC 6750 section 3.1)
            ways = ", ".join(SCHEMES.values())
            return Response(status_code=401, headers={"www-authenticate": ways})
        call, nonces = call_of(request, self.clock()), self.binding.proofs.nonces
        answer = await self.people.answer(value.strip(" "), scheme, call)
        if isinstance(answer, OAuthError):
            status = 403 if answer.status == FORBIDDEN else 401
            return with_nonce(refused(answer, SCHEMES[scheme], status), call, nonces)
        told = signed_answer(answer) if isinstance(answer, Signed) else json_answer(answer)
        return with_nonce(told, call, nonces)


def _tokens(
    clients: ClientAuthentication,
    records: Records,
    writes: Issuer,
    notices: Notices,
    binding: Binding,
    rules: Rules,
    our_devices: OurDevices | None,
) -> Tokens:
    return Tokens(
        clients=clients,
        codes=CodeGrant(records, writes),
        refreshing=RefreshGrant(records, writes, notices, rules, our_devices),
        own=ClientCredentials(writes),
        devices=DeviceGrant(records, writes),
        exchange=TokenExchange(rules, writes, our_devices),
        binding=binding,
    )
