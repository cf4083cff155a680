"""Answers that are signed for the app that gets them: userinfo, and what is told of tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.signing import Algorithm
from portvakt.journeys.open_app.keys import KeyRing

USERINFO: Final = "application/jwt"
INTROSPECTION: Final = "application/token-introspection+jwt"
_TYPE: Final = "token-introspection+jwt"


@dataclass(frozen=True, slots=True)
class Signed:
    """A JWT, and the media type that it is sent as."""

    jwt: str
    media_type: str


@dataclass(frozen=True, slots=True)
class SignedAnswers:
    """Signs them with the keys that sign ID tokens."""

    issuer: str
    keys: KeyRing

    async def userinfo(
        self, app: RelyingParty, claims: Mapping[str, object], alg: str, now: datetime
    ) -> Signed:
        """Sign who somebody is (OpenID Connect Core section 5.3.2): by us, for this app."""
        whole = {"iss": self.issuer, "aud": app.client_id, **claims}
        return Signed(await self._sign(whole, "JWT", alg, now), USERINFO)

    async def introspection(
        self, app: RelyingParty, told: Mapping[str, object], now: datetime
    ) -> Signed:
        """Sign what is told of a token (RFC 9701 section 5), in one claim: this is no token.

        `sub` and `exp` of the token stand in there and nowhere else, and the type is its own.
        """
        whole = {
            "iss": self.issuer,
            "aud": app.client_id,
            "iat": int(now.timestamp()),
            "token_introspection": dict(told),
        }
        alg = app.introspection_signed_response_alg
        return Signed(await self._sign(whole, _TYPE, alg, now), INTROSPECTION)

    async def _sign(self, claims: Mapping[str, object], typ: str, alg: str, now: datetime) -> str:
        chosen = cast("Algorithm", alg)
        return (await self.keys.signer(now, chosen)).sign(claims, typ=typ, alg=chosen)


def wants_signed(accepts: list[str]) -> bool:
    """Say whether the `Accept` headers ask for a signed introspection (RFC 9701 section 4)."""
    named = (each.partition(";")[0].strip().lower() for line in accepts for each in line.split(","))
    return INTROSPECTION in named
