"""Who the person is, for an access token that still counts (OpenID Connect Core section 5.3)."""

from dataclasses import dataclass

from portvakt.core.relying_parties import userinfo_algorithm
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.callers.binding import Binding
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.claims_request import NOTHING, ClaimsRequest, within_scope
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.signed_answers import Signed, SignedAnswers
from portvakt.journeys.open_app.oidc.token.access_token import AccessTokens
from portvakt.journeys.open_app.oidc.token.claims import userinfo_claims
from portvakt.proving.rules import Rules


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Checks an access token and tells what its scope releases."""

    rules: Rules
    tokens: AccessTokens
    names: Names
    signed: SignedAnswers
    binding: Binding

    async def answer(
        self, token: str, scheme: str, call: Call
    ) -> dict[str, object] | Signed | OAuthError:
        """Return the claims, signed where the app's entry says so. `scheme` is in small letters.

        The token's own words are never enough: its grant must stand too. So a token dies with its
        session, with its person, with its app and with a second use of the code that it came from,
        whatever it says of its own end (rule R2).
        """
        found = await self.tokens.counting(token, call.now)
        if found is None or found.grant is None or found.account is None:
            return _invalid()
        grant, account = found.grant, found.account
        if found.claims.get("aud") != self.tokens.issuer:
            return _invalid()
        app = (await self.rules.current(call.now)).app(grant.client_id)
        if app is None or not account.usable or not app.groups & account.groups:
            return _invalid()
        wrong = await self.binding.brought(found.claims, token, scheme, app, call)
        if wrong is not None:
            return wrong
        scope = str(found.claims.get("scope", "")).split()
        if "openid" not in scope:
            needs = "The token is not for this: its scope has no openid."
            return OAuthError(ErrorCode.INSUFFICIENT_SCOPE, needs)
        subject, asked = self.names.subject(account.id, app), ClaimsRequest.parse(grant.claims)
        wishes = NOTHING if asked is None else asked.userinfo
        wishes = within_scope(wishes, scope, grant.scope, app)
        claims = userinfo_claims(account, subject, scope, app, wishes)
        alg = userinfo_algorithm(app)
        return claims if alg is None else await self.signed.userinfo(app, claims, alg, call.now)


def _invalid() -> OAuthError:
    return OAuthError(ErrorCode.INVALID_TOKEN, "The access token does not count any more.")
