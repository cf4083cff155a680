"""Requests that an app has signed: RFC 9101, OpenID Connect Core section 6.1.

What stands beside the object is ignored, so nobody on the way can add to it. An object is taken by
value; by reference (`request_uri`) only what was pushed or posted here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from portvakt.core.assurance import CLOCK_BOUND
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.authorize.request import RESOURCE, AuthorizationRequest
from portvakt.journeys.open_app.oidc.callers.app_keys import AppKeys
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError

OBJECT: Final = "request"
_ABOUT_ITSELF: Final = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})
"""What a JWT says of itself, and no parameter of a request."""
_NEVER_INSIDE: Final = frozenset({"request", "request_uri"})  # RFC 9101 section 4


@dataclass(frozen=True, slots=True)
class RequestObjects:
    """Opens request objects."""

    issuer: str
    keys: AppKeys

    async def opened(
        self, token: str, app: RelyingParty, now: datetime | None
    ) -> AuthorizationRequest | OAuthError:
        """Return the parameters in an object that this app signed for us.

        `now` is None for one that was stored: it was good when it came, and the store says how long
        it is kept.
        """
        claims = await self.keys.signed(app, token)
        if claims is None:
            return _wrong("The request object is not signed with a key of this app.")
        if (wrong := said_wrongly(claims, app, self.issuer, now)) is not None:
            return _wrong(wrong)
        pairs: list[tuple[str, str]] = []
        for name, value in claims.items():
            if name not in _ABOUT_ITSELF:
                texts = list(_texts(name, value))
                if not texts:
                    return _wrong("A parameter in the request object is neither text nor number.")
                pairs += [(name, text) for text in texts]
        found = AuthorizationRequest.of(pairs)
        return _wrong(found.description) if isinstance(found, OAuthError) else found


def said_wrongly(
    claims: Mapping[str, Any], app: RelyingParty, issuer: str, now: datetime | None
) -> str | None:
    """Say what is wrong with the words of a signed object, or None (RFC 9101 sections 4, 6.3, 10).

    A `sub` that is the app would make it an assertion by which the app shows itself elsewhere.
    """
    named = claims.get("aud", issuer)
    ends, begins = claims.get("exp"), claims.get("nbf", 0)
    times = _is_time(begins) and (ends is None or _is_time(ends))
    wrong = (
        (claims.get("client_id") != app.client_id, "client_id must be that of the request"),
        (bool(claims.keys() & _NEVER_INSIDE), "there must be no other inside"),
        (claims.get("iss", app.client_id) != app.client_id, "iss must be the app"),
        (claims.get("sub") == app.client_id, "sub must not be the app"),
        (issuer not in (named if isinstance(named, list) else [named]), "aud must be this issuer"),
        (not times, "exp and nbf must be numbers"),
        (times and now is not None and not _in_force(begins, ends, now), "it must be in force"),
    )
    found = next((text for holds, text in wrong if holds), None)
    return None if found is None else f"In the request object, {found}."


def _in_force(begins: float, ends: float | None, now: datetime) -> bool:
    at, bound = now.timestamp(), CLOCK_BOUND.total_seconds()
    return begins <= at + bound and (ends is None or at - bound < ends)


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts(name: str, value: object) -> Iterator[str]:
    """Write a member as a parameter would have it (RFC 9101 section 4)."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, dict):
        yield orjson.dumps(value).decode()
    elif name == RESOURCE and isinstance(value, list):
        yield from (each for each in value if isinstance(each, str))


def _wrong(why: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_REQUEST_OBJECT, why)
