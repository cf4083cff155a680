"""The token endpoint without HTTP: a code in, an ID token and an access token out.

The code is spent in one statement before anything else is looked at, so of many who bring it one
gets an answer, and whoever brings it a second time ends what the first one got (RFC 6749 section
4.1.2, RFC 9700 section 4.5). Person, session and app are read again: what ended since the browser
was here is not opened by a code from before.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from portvakt.core.events import AppSecretWrong, CodeReused
from portvakt.core.people import Account
from portvakt.core.relying_parties import RelyingParty
from portvakt.core.throttle import Limit
from portvakt.crypto.digests import lookup_hash, same
from portvakt.crypto.randomness import Random
from portvakt.crypto.signing import Algorithm
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.claims import (
    ACCESS_TOKEN_LIVES,
    Issue,
    authentication_of,
)
from portvakt.journeys.open_app.oidc.client_auth import (
    Credentials,
    credentials_of,
    invalid_client,
    proves,
)
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.proving.rules import Rules
from portvakt.records.grants import AuthorizationCode, Reused
from portvakt.records.unit import Records, Unit

SECRET_LIMIT = Limit(run=10, stop=timedelta(minutes=5), window=timedelta(minutes=5))
"""Wrong secrets of one app from one address. The address is part of the count, so that a stranger
cannot lock an app out; the secrets are too long to be guessed from many addresses."""

_OURS: Algorithm = "ES256"
"""Only we read access tokens, so their algorithm need not be one that the app understands."""

_KIND = "client_secret"
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")  # RFC 7636 section 4.1
_CODE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an app: when, from where, and its number in the log."""

    now: datetime
    address: str | None
    request_id: str


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A code that was good, and the person as they are now."""

    code: AuthorizationCode
    account: Account


class Tokens:
    """Trades codes for tokens."""

    def __init__(
        self,
        *,
        issuer: str,
        records: Records,
        rules: Rules,
        random: Random,
        keys: KeyRing,
        names: Names,
    ) -> None:
        self._issuer = issuer
        self._records = records
        self._rules = rules
        self._random = random
        self._keys = keys
        self._names = names

    async def answer(
        self, authorization: str | None, sent: Mapping[str, str], call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (OpenID Connect Core section 3.1.3.3), or why not."""
        if (wrong := check_grant_type(sent)) is not None:
            return wrong
        app = await self._client(authorization, sent, call)
        if isinstance(app, OAuthError):
            return app
        if (wrong := check_code_and_verifier(sent)) is not None:
            return wrong
        fetched = await self._fetch(app, sent, call)
        if isinstance(fetched, OAuthError):
            return fetched
        return await self._tokens(app, fetched, call)

    async def _client(
        self, authorization: str | None, sent: Mapping[str, str], call: Call
    ) -> RelyingParty | OAuthError:
        """Find out which app calls. While its address is stopped not even a right secret counts."""
        credentials = credentials_of(authorization, sent)
        if isinstance(credentials, OAuthError):
            return credentials
        app = (await self._rules.current(call.now)).app(credentials.client_id)
        right = proves(credentials, app)
        if app is None or app.secret_hash is None:
            return app if app is not None and right else invalid_client()
        stopped = await self._stopped(app, call)
        if stopped is not None:
            return invalid_client(wait=max(1, int((stopped - call.now).total_seconds())))
        if right:
            return app
        await self._count_wrong(app, credentials, call)
        return invalid_client()

    async def _stopped(self, app: RelyingParty, call: Call) -> datetime | None:
        """Say until when this address is not listened to for this app."""
        count = await self._records.read(
            lambda unit: unit.attempts.peek(app.client_id, _KIND, call.address or "")
        )
        until = None if count is None else count.stopped_until
        return until if until is not None and until > call.now else None

    async def _count_wrong(self, app: RelyingParty, credentials: Credentials, call: Call) -> None:
        """Count a wrong secret. A wrong *method* is counted alike: nothing tells them apart."""
        wrong = AppSecretWrong(
            at=call.now,
            actor=f"app:{credentials.client_id}",
            request_id=call.request_id,
            address=call.address,
            app=app.client_id,
        )

        async def act(unit: Unit) -> None:
            await unit.attempts.count(
                app.client_id, _KIND, call.address or "", SECRET_LIMIT, call.now
            )
            await unit.audit.write(wrong)

        await self._records.write(act)

    async def _fetch(
        self, app: RelyingParty, sent: Mapping[str, str], call: Call
    ) -> _Fetched | OAuthError:
        """Spend the code, then hold it against the app, the address and the proof it came with.

        A code that turns out to be somebody else's stays spent: it has been in wrong hands.
        """
        hashed, verifier = lookup_hash(sent["code"]), sent["code_verifier"]

        async def act(unit: Unit) -> _Fetched | OAuthError:
            found = await unit.grants.spend_code(hashed, call.now)
            if found is None:
                return _no_grant()
            if isinstance(found, Reused):
                await unit.grants.revoke(found.grant_id, call.now)
                await unit.audit.write(_reused(found, app, call))
                return _no_grant()
            standing = await unit.grants.load(found.grant.id, call.now)
            if standing is None or not standing[1].usable:
                return _no_grant()
            account = standing[1]
            fits = (
                found.grant.client_id == app.client_id
                and found.redirect_uri == sent.get("redirect_uri")
                and _verifies(found.code_challenge, verifier)
                and bool(app.groups & account.groups)
            )
            return _Fetched(found, account) if fits else _no_grant()

        return await self._records.write(act)

    async def _tokens(self, app: RelyingParty, fetched: _Fetched, call: Call) -> dict[str, object]:
        grant, signer = fetched.code.grant, await self._keys.signer(call.now)
        issue = Issue(
            issuer=self._issuer,
            client_id=app.client_id,
            subject=self._names.subject(fetched.account.id, app),
            sid=self._names.sid(grant.session_id, app),
            authentication=authentication_of(grant.evidence),
            now=call.now,
        )
        access = issue.access_token(
            grant_id=grant.id, token_id=self._random.id(), scope=grant.scope
        )
        alg = cast("Algorithm", app.id_token_signed_response_alg)
        return {
            "access_token": signer.sign(access, typ="at+jwt", alg=_OURS),
            "token_type": "Bearer",
            "expires_in": int(ACCESS_TOKEN_LIVES.total_seconds()),
            "scope": " ".join(grant.scope),
            "id_token": signer.sign(issue.id_token(fetched.code.nonce), typ="JWT", alg=alg),
        }


def check_grant_type(sent: Mapping[str, str]) -> OAuthError | None:
    """Take codes only. There is no password grant (RFC 9700 section 2.4; A073)."""
    asked = sent.get("grant_type") or None
    if asked is None:
        return _malformed("grant_type is missing.")
    if asked != "authorization_code":
        return OAuthError(
            ErrorCode.UNSUPPORTED_GRANT_TYPE, "The supported grant_type is authorization_code."
        )
    return None


def check_code_and_verifier(sent: Mapping[str, str]) -> OAuthError | None:
    """Demand a code and its PKCE proof, written as they are written (RFC 7636 section 4.5)."""
    code, verifier = sent.get("code") or "", sent.get("code_verifier") or ""
    if not code or not verifier:
        return _malformed("code and code_verifier are required.")
    if not _CODE.fullmatch(code) or not _VERIFIER.fullmatch(verifier):
        return _no_grant()
    return None


def _verifies(challenge: str | None, verifier: str) -> bool:
    """Compare a PKCE proof with what was announced (RFC 7636 section 4.6, S256)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return challenge is not None and same(made, challenge.encode())


def _reused(found: Reused, app: RelyingParty, call: Call) -> CodeReused:
    return CodeReused(
        at=call.now,
        actor=f"app:{app.client_id}",
        request_id=call.request_id,
        address=call.address,
        app=app.client_id,
        grant_id=found.grant_id,
    )


def _no_grant() -> OAuthError:
    """Say no in the same words whatever was wrong with the code (RFC 6749 section 5.2)."""
    return OAuthError(
        ErrorCode.INVALID_GRANT, "The code is unknown, used, too old, or not for this request."
    )


def _malformed(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_REQUEST, description)
