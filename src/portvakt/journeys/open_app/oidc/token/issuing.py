"""Tokens for a grant that stands: signed, or sealed where they are nobody else's to read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from portvakt.core.people import Account
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.randomness import Random
from portvakt.crypto.signing import Algorithm
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.claims_request import ClaimsRequest, within_scope
from portvakt.journeys.open_app.oidc.token.access_token import AccessTokens
from portvakt.journeys.open_app.oidc.token.claims import (
    ACCESS_TOKEN_LIVES,
    Issue,
    authentication_of,
    known_claims,
    wished_claims,
    written_audience,
)
from portvakt.records.grants import Grant


@dataclass(frozen=True, slots=True)
class Issuer:
    """Writes what an app gets."""

    name: str
    """The `iss` of all of it: `public_url`."""
    keys: KeyRing
    names: Names
    random: Random
    access: AccessTokens

    async def ready(self, app: RelyingParty, call: Call) -> None:
        """Have the keys at hand before something is used up: where there are none, nothing is lost.

        Raises RecordsUnavailable.
        """
        await self.keys.signer(call.now, _algorithm(app))

    async def tokens(
        self,
        app: RelyingParty,
        grant: Grant,
        account: Account,
        call: Call,
        *,
        scope: Sequence[str] | None = None,
        audience: Sequence[str] = (),
        nonce: str | None = None,
    ) -> dict[str, object]:
        """Return the members of an answer with both tokens (OpenID Connect Core 3.1.3.3).

        `audience` is for which services, ourselves where it is empty. `scope` is what was asked for
        where that is less than the grant's; an ID token comes only with `openid` in it.
        """
        alg = _algorithm(app)
        signer = await self.keys.signer(call.now, alg)
        wishes = ClaimsRequest.parse(grant.claims) or ClaimsRequest()
        issue = Issue(
            issuer=self.name,
            client_id=app.client_id,
            subject=self.names.subject(account.id, app),
            sid=self.names.sid(grant.session_id, app),
            authentication=authentication_of(grant.evidence, wishes.levels),
            now=call.now,
        )
        given = grant.scope if scope is None else tuple(scope)
        access = issue.access_token(
            grant_id=grant.id, token_id=self.random.id(), scope=given, audience=audience
        )
        answer = await self._access(app, access, given, call)
        if "openid" not in given:
            return answer
        asked = within_scope(wishes.id_token, given, grant.scope, app)
        named = wished_claims(known_claims(account, app), asked, app)
        claims = named | issue.id_token(nonce)
        return answer | {"id_token": signer.sign(claims, typ="JWT", alg=alg)}

    async def own(
        self, app: RelyingParty, scope: Sequence[str], audience: Sequence[str], call: Call
    ) -> dict[str, object]:
        """Return the members of an answer with an app's token in its own name (RFC 9068 2.2).

        There is no person in it, so `sub` is the app.
        """
        seconds = int(call.now.timestamp())
        claims: dict[str, object] = {
            "iss": self.name,
            "sub": app.client_id,
            "aud": written_audience(audience or (self.name,)),
            "iat": seconds,
            "exp": self.end(call),
            "client_id": app.client_id,
            "jti": self.random.id(),
            "scope": " ".join(scope),
        }
        return await self._access(app, claims, scope, call)

    async def again(
        self, app: RelyingParty, claims: dict[str, object], scope: Sequence[str], call: Call
    ) -> dict[str, object]:
        """Return the members of an answer with a token of these claims, and their own end."""
        answer = await self._access(app, claims, scope, call)
        return answer | {"expires_in": int(str(claims["exp"])) - int(call.now.timestamp())}

    @staticmethod
    def end(call: Call) -> int:
        """Return when an access token ends that is given now, in seconds since 1970."""
        return int((call.now + ACCESS_TOKEN_LIVES).timestamp())

    async def _access(
        self, app: RelyingParty, claims: dict[str, object], scope: Sequence[str], call: Call
    ) -> dict[str, object]:
        if call.bound.confirmation:
            claims |= {"cnf": call.bound.confirmation}  # RFC 7800 section 3.1
        return {
            "access_token": await self.access.write(app, claims, call.now),
            "token_type": call.bound.token_type,
            "expires_in": _seconds(ACCESS_TOKEN_LIVES),
            "scope": " ".join(scope),
        }


def _algorithm(app: RelyingParty) -> Algorithm:
    return cast("Algorithm", app.id_token_signed_response_alg)


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
