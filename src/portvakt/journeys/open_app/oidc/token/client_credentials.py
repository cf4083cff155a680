"""A token for an app in its own name: RFC 6749 section 4.4."""

import re
from dataclasses import dataclass

from portvakt.core.relying_parties import OFFLINE_ACCESS, RelyingParty
from portvakt.journeys.open_app.oidc.calls import Call, Sent
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.resources import audience_of
from portvakt.journeys.open_app.oidc.scopes import SCOPES
from portvakt.journeys.open_app.oidc.token.issuing import Issuer

ABOUT_PEOPLE = frozenset({*SCOPES, OFFLINE_ACCESS})
_SCOPES = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")  # RFC 6749 3.3


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """`grant_type=client_credentials`."""

    issuer: Issuer

    async def answer(
        self, app: RelyingParty, sent: Sent, call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (RFC 6749 section 4.4.3), or why not.

        There is no person, so scopes that tell of one are not to be had, and no refresh token.
        """
        if app.token_endpoint_auth_method == "none":  # noqa: S105 - a way, not a secret
            needs = "An app that cannot show that it is itself gets no token in its own name."
            return OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, needs)
        assigned = [each for each in app.scope if each not in ABOUT_PEOPLE]
        asked = sent.get("scope") or ""
        if asked and not (_SCOPES.fullmatch(asked) and set(asked.split()) <= set(assigned)):
            return OAuthError(ErrorCode.INVALID_SCOPE, "scope may hold only what is assigned.")
        wanted = set(asked.split()) if asked else set(assigned)
        audience = audience_of(app, (), sent.every("resource"))
        if isinstance(audience, OAuthError):
            return audience
        scope = [each for each in assigned if each in wanted]
        return await self.issuer.own(app, scope, audience, call)
