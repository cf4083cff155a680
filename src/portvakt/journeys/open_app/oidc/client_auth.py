"""Which app is calling, and whether it is that app: RFC 6749 section 2.3."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from portvakt.core.relying_parties import RelyingParty
from portvakt.core.secret import Secret
from portvakt.crypto.digests import lookup_hash, same
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError

_MAX_HEADER = 2048
_BASIC = re.compile(r"[Bb][Aa][Ss][Ii][Cc] +([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the caller says it is, and by which registered method (RFC 7591 section 2)."""

    client_id: str
    method: str
    secret: Secret | None


def credentials_of(authorization: str | None, form: Mapping[str, str]) -> Credentials | OAuthError:
    """Read who calls from the header or the body, never from both (RFC 6749 section 2.3)."""
    named = form.get("client_id") or None
    posted = form.get("client_secret") or None
    if authorization is not None:
        if posted is not None:
            return OAuthError(
                ErrorCode.INVALID_REQUEST, "Use one way of client authentication, not two."
            )
        basic = _basic(authorization)
        if basic is None or named not in {None, basic.client_id}:
            return invalid_client()
        return basic
    if named is None:
        return invalid_client()
    if posted is not None:
        return Credentials(named, "client_secret_post", Secret(posted))
    return Credentials(named, "none", None)


def proves(credentials: Credentials, app: RelyingParty | None) -> bool:
    """Say whether the caller is the app, by the one method that is registered for it.

    The secret is compared as its hash and in constant time, and the hash is made for unknown apps
    and apps without a secret too (ASVS 11.2.4; A106).
    """
    sent = b"" if credentials.secret is None else lookup_hash(credentials.secret.open())
    kept = None if app is None else app.secret_hash
    right = same(sent, kept or b"")
    if app is None or credentials.method != app.token_endpoint_auth_method:
        return False
    return credentials.method == "none" or (kept is not None and right)


def invalid_client(wait: int | None = None) -> OAuthError:
    """Say no in the same words whatever was wrong: unknown app, wrong method or wrong secret."""
    return OAuthError(ErrorCode.INVALID_CLIENT, "Client authentication failed.", wait)


def _basic(header: str) -> Credentials | None:
    """Read the header of RFC 6749 section 2.3.1: both halves are form-encoded, then joined."""
    if len(header) > _MAX_HEADER or not (found := _BASIC.fullmatch(header)):
        return None
    try:
        client_id, colon, secret = base64.b64decode(found[1]).decode().partition(":")
        client_id = unquote_plus(client_id, errors="strict")
        secret = unquote_plus(secret, errors="strict")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if not (client_id and colon and secret):
        return None
    return Credentials(client_id, "client_secret_basic", Secret(secret))
