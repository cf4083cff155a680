"""Which app is calling, and whether it is that app: RFC 6749 section 2.3."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from portvakt.core.events import AppSecretWrong
from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import BY_ISSUER, BY_KEY, BY_SECRET, RelyingParty
from portvakt.core.secret import Secret
from portvakt.core.throttle import Limit
from portvakt.crypto.client_certificates import NAMES, Issuers, is_of_key, names
from portvakt.crypto.digests import lookup_hash, same
from portvakt.journeys.open_app.oidc.callers.client_assertion import (
    ASSERTION_TYPE,
    Assertions,
    claimed_client,
)
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.proving.rules import Rules
from portvakt.records.unit import Records, Unit

BY_CERTIFICATE = frozenset({BY_ISSUER, BY_KEY})
PRIVATE_KEY_JWT = "private_key_jwt"
"""RFC 7523 section 2.2, OpenID Connect Core section 9."""

SECRET_LIMIT = Limit(run=10, stop=timedelta(minutes=5), window=timedelta(minutes=5))
"""Wrong secrets of one app from one address. The address is part of the count, so that a stranger
cannot lock an app out; the secrets are too long to be guessed from many addresses."""
HEARD_KEPT = timedelta(seconds=1)
_MOST_HEARD = 1024
_KIND = "client_secret"
_MAX_HEADER = 2048
_BASIC = re.compile(r"[Bb][Aa][Ss][Ii][Cc] +([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who the caller says it is, and by which registered method (RFC 7591 section 2)."""

    client_id: str
    method: str
    secret: Secret | None
    """A shared secret, or an assertion that it signed."""


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """Finds out which app calls, wherever one must say so."""

    records: Records
    rules: Rules
    assertions: Assertions
    issuers: Issuers
    """Of the certificates that apps show."""
    heard: dict[tuple[ClientId, str], datetime] = field(default_factory=dict)
    """When it was seen last that an address is listened to, by app and address."""

    async def app(
        self, authorization: str | None, sent: Mapping[str, str], call: Call
    ) -> RelyingParty | OAuthError:
        """Return the app that shows that it is itself, by the one way that is registered for it.

        While its address is stopped not even a right secret counts.
        """
        credentials = credentials_of(authorization, sent)
        if isinstance(credentials, OAuthError):
            return credentials
        app = (await self.rules.current(call.now)).app(credentials.client_id)
        way = None if app is None else app.token_endpoint_auth_method
        if credentials.method == PRIVATE_KEY_JWT or way in BY_CERTIFICATE:
            mine = app is not None and await self._by_key(app, credentials, call)
            return app if app is not None and mine else invalid_client()
        right = proves(credentials, app, call.now)
        if app is None or app.secret_hash is None:
            return app if app is not None and right else invalid_client()
        return await self._by_secret(app, call, right=right)

    async def _by_secret(
        self, app: RelyingParty, call: Call, *, right: bool
    ) -> RelyingParty | OAuthError:
        """Listen to an address that has not guessed too often, and count what is wrong."""
        if right and self._heard_lately(app, call):
            return app
        stopped = await self._stopped(app, call)
        if stopped is not None:
            return invalid_client(wait=max(1, int((stopped - call.now).total_seconds())))
        if not right:
            await self._count_wrong(app, call)
            return invalid_client()
        if len(self.heard) >= _MOST_HEARD:
            self.heard.clear()
        self.heard[app.client_id, call.address or ""] = call.now
        return app

    def _heard_lately(self, app: RelyingParty, call: Call) -> bool:
        """Say whether this address was listened to a moment ago, and nothing was wrong since.

        An app that calls all the time is not looked up each time; what was wrong at another node
        counts here a second later.
        """
        at = self.heard.get((app.client_id, call.address or ""))
        return at is not None and timedelta() <= call.now - at < HEARD_KEPT

    async def _by_key(self, app: RelyingParty, credentials: Credentials, call: Call) -> bool:
        """Judge what the app signed. It is no secret to guess, so wrong ones are not counted."""
        if app.token_endpoint_auth_method in BY_CERTIFICATE:
            return await self._by_certificate(app, credentials, call)
        if app.token_endpoint_auth_method != PRIVATE_KEY_JWT:
            return False
        text = "" if credentials.secret is None else credentials.secret.open()
        return await self.assertions.prove(text, app, call)

    async def _by_certificate(
        self, app: RelyingParty, credentials: Credentials, call: Call
    ) -> bool:
        """Hold the certificate that came with a bare `client_id` against the entry (RFC 8705 2)."""
        if credentials.method != "none" or call.certificate is None:
            return False
        if app.token_endpoint_auth_method == BY_KEY:
            jwks = await self.assertions.keys.of(app)
            return jwks is not None and is_of_key(call.certificate, jwks, call.now)
        named = [(kind, getattr(app, f"tls_client_auth_{kind}")) for kind in NAMES]
        said = [(kind, name) for kind, name in named if name is not None]
        return (
            len(said) == 1
            and names(call.certificate, *said[0])
            and self.issuers.vouch(call.certificate, call.now)
        )

    async def _stopped(self, app: RelyingParty, call: Call) -> datetime | None:
        """Say until when this address is not listened to for this app."""
        count = await self.records.read(
            lambda unit: unit.attempts.peek(app.client_id, _KIND, call.address or "")
        )
        until = None if count is None else count.stopped_until
        return until if until is not None and until > call.now else None

    async def _count_wrong(self, app: RelyingParty, call: Call) -> None:
        """Count a wrong secret. A wrong *method* is counted alike: nothing tells them apart."""
        self.heard.pop((app.client_id, call.address or ""), None)
        wrong = AppSecretWrong(
            at=call.now,
            actor=f"app:{app.client_id}",
            request_id=call.request_id,
            address=call.address,
            app=app.client_id,
        )

        async def act(unit: Unit) -> None:
            await unit.attempts.count(
                app.client_id, _KIND, call.address or "", SECRET_LIMIT, call.now
            )
            await unit.audit.write(wrong)

        await self.records.write(act)


def credentials_of(authorization: str | None, form: Mapping[str, str]) -> Credentials | OAuthError:
    """Read who calls from the header or the body, never from both (RFC 6749 section 2.3)."""
    named = form.get("client_id") or None
    posted = form.get("client_secret") or None
    signed = form.get("client_assertion") or None
    if [authorization, posted, signed].count(None) < 2:  # noqa: PLR2004 - more than one is there
        return OAuthError(
            ErrorCode.INVALID_REQUEST, "Use one way of client authentication, not two."
        )
    found: Credentials | None
    if authorization is not None:
        found = _basic(authorization)
    elif signed is not None:
        found = _signed(signed, form.get("client_assertion_type"))
    elif named is None:
        found = None
    elif posted is not None:
        found = Credentials(named, "client_secret_post", Secret(posted))
    else:
        found = Credentials(named, "none", None)
    if found is None or named not in {None, found.client_id}:
        return invalid_client()
    return found


def _signed(assertion: str, kind: str | None) -> Credentials | None:
    """Read who an assertion says that it is from (RFC 7521 section 4.2)."""
    client_id = claimed_client(assertion) if kind == ASSERTION_TYPE else None
    return None if client_id is None else Credentials(client_id, PRIVATE_KEY_JWT, Secret(assertion))


def proves(credentials: Credentials, app: RelyingParty | None, now: datetime) -> bool:
    """Say whether the caller is the app, by the one method that is registered for it.

    The secret is compared as its hash and in constant time, and the hash is made for unknown apps
    and apps without a secret too (ASVS 11.2.4; A106).
    """
    sent = b"" if credentials.secret is None else lookup_hash(credentials.secret.open())
    kept, before = (b"", b"") if app is None else app.secret_hashes(now)
    right = same(sent, kept) | same(sent, before)
    if app is None or credentials.method != app.token_endpoint_auth_method:
        return False
    if credentials.method in BY_SECRET:
        return sent != b"" and right
    return credentials.method == "none"


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
