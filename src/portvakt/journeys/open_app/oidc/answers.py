"""What the addresses that programs call have in common: a form comes in, JSON goes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portvakt.journeys.open_app.oidc.callers.dpop import Nonces
from portvakt.journeys.open_app.oidc.calls import MANY, Call, Sent
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.signed_answers import Signed
from portvakt.web.client_certificates import HEADER, client_certificate
from portvakt.web.forms import BadFormError, form
from portvakt.web.headers import NO_STORE, Header
from portvakt.web.request import context, said
from portvakt.web.responses import Written

REALM = 'realm="portvakt"'
_JSON: Header = (b"content-type", b"application/json")
_KEPT_NOWHERE: tuple[Header, ...] = (_JSON, NO_STORE, (b"pragma", b"no-cache"))
"""RFC 6749 section 5.1."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What an app has sent to one of the addresses where it says who it is."""

    authorization: str | None
    sent: Sent
    call: Call


async def brought(request: Request, now: datetime) -> Brought | OAuthError:
    """Read what an app has sent, each parameter once (RFC 6749 section 3.2) but for `MANY`."""
    call = call_of(request, now)
    authorizations = said(request, b"authorization")
    try:
        sent = Sent((await form(request, MANY)).pairs)
    except BadFormError:
        return _malformed("The body must be a form with each parameter once.")
    if len(authorizations) > 1:
        return _malformed("Authorization was given more than once.")
    return Brought(authorizations[0] if authorizations else None, sent, call)


def call_of(request: Request, now: datetime) -> Call:
    """Return what every call of an app has in common."""
    around, scope = context(request), request.scope
    peer = scope.get("client")
    return Call(
        now,
        around.here.address,
        around.here.request_id,
        method=scope["method"],
        path=scope["path"],
        proofs=tuple(said(request, b"dpop")),
        certificate=client_certificate(
            peer[0] if peer else None, said(request, HEADER), around.site.trusted_proxies
        ),
    )


def with_nonce(response: Response, call: Call, nonces: Nonces) -> Response:
    """Give whoever makes proofs the number for the next one (RFC 9449 section 8.2)."""
    if call.proofs:
        response.headers["dpop-nonce"] = nonces.current(call.now)
    return response


def answered(answer: Mapping[str, object] | OAuthError) -> Response:
    """Write what an app gets, or why not; it says which way of showing itself we know."""
    if isinstance(answer, OAuthError):
        return refused(answer, challenge=f"Basic {REALM}")
    return json_answer(answer)


def refused(error: OAuthError, challenge: str | None = None, status: int | None = None) -> Response:
    """Write an error as RFC 6749 section 5.2 and RFC 6750 section 3 want it.

    `status` is of an address where tokens are brought, where errors are 401 that are 400 elsewhere.
    """
    response = json_answer(error.parameters(), status or error.status)
    if challenge is not None and response.status_code in {401, 403}:
        named = f'{challenge}, error="{error.code}", error_description="{error.description}"'
        response.headers["www-authenticate"] = challenge if challenge.startswith("Basic") else named
    if error.wait is not None:
        response.headers["retry-after"] = str(error.wait)
    return response


def json_answer(body: Mapping[str, object], status: int = 200, cache: str = "no-store") -> Response:
    """Write JSON that nobody keeps, unless `cache` says otherwise."""
    return raw_answer(orjson.dumps(body), status, cache)


def raw_answer(body: bytes, status: int = 200, cache: str = "no-store") -> Response:
    """Write JSON that is written already."""
    headers = _KEPT_NOWHERE
    if cache != "no-store":
        headers = (_JSON, (b"cache-control", cache.encode("ascii")))
    return Written(body, status, headers)


def signed_answer(signed: Signed) -> Response:
    """Write a JWT that nobody keeps."""
    headers = {"cache-control": "no-store"}
    return Response(signed.jwt, headers=headers, media_type=signed.media_type)


def _malformed(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_REQUEST, description)
