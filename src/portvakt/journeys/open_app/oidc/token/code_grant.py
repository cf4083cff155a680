"""A code in, tokens out: RFC 6749 section 4.1.3 with RFC 7636.

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

from portvakt.core.events import CodeReused
from portvakt.core.people import Account
from portvakt.core.relying_parties import REFRESH_TOKEN, RelyingParty
from portvakt.crypto.digests import lookup_hash, same
from portvakt.crypto.families import NewFamily, new_family
from portvakt.journeys.open_app.oidc.calls import Call, Sent
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.resources import audience_of
from portvakt.journeys.open_app.oidc.token.issuing import Issuer
from portvakt.journeys.open_app.oidc.token.refresh_token import begin
from portvakt.records.grants import AuthorizationCode, Reused
from portvakt.records.unit import Records, Unit

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")  # RFC 7636 section 4.1
_CODE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A code that was good, and the person as they are now."""

    code: AuthorizationCode
    account: Account


@dataclass(frozen=True, slots=True)
class CodeGrant:
    """`grant_type=authorization_code`."""

    records: Records
    issuer: Issuer

    async def answer(
        self, app: RelyingParty, sent: Sent, call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (OpenID Connect Core section 3.1.3.3), or why not."""
        if (wrong := check_code_and_verifier(sent)) is not None:
            return wrong
        asked = audience_of(app, (), sent.every("resource"))
        if isinstance(asked, OAuthError):  # what nobody may have, before the code is used up
            return asked
        family = new_family(self.issuer.random) if REFRESH_TOKEN in app.grant_types else None
        await self.issuer.ready(app, call)
        fetched = await self._fetch(app, sent, call, family)
        if isinstance(fetched, OAuthError):
            return fetched
        grant, nonce = fetched.code.grant, fetched.code.nonce
        audience = audience_of(app, grant.resources, sent.every("resource"))
        if isinstance(audience, OAuthError):
            return audience
        answer = await self.issuer.tokens(
            app, grant, fetched.account, call, audience=audience, nonce=nonce
        )
        return answer if family is None else answer | {"refresh_token": family.secret}

    async def _fetch(
        self, app: RelyingParty, sent: Mapping[str, str], call: Call, family: NewFamily | None
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
                if await unit.grants.revoke(found.grant_id, call.now):  # said once
                    await unit.audit.write(code_reused(found, app, call))
                return _no_grant()
            standing = await unit.grants.load(found.grant.id, call.now)
            if standing is None or not standing[1].usable:
                return _no_grant()
            account = standing[1]
            fits = (
                found.grant.client_id == app.client_id
                and found.redirect_uri == sent.get("redirect_uri")
                and _verifies(found.code_challenge, verifier)
                and found.dpop_jkt in {None, call.bound.jkt}
                and bool(app.groups & account.groups)
            )
            if not fits:
                return _no_grant()
            if family is not None:
                await begin(unit, family, app, found.grant.id, call)
            return _Fetched(found, account)

        return await self.records.write(act)


def check_code_and_verifier(sent: Mapping[str, str]) -> OAuthError | None:
    """Demand a code and its PKCE proof, written as they are written (RFC 7636 section 4.5)."""
    code, verifier = sent.get("code") or "", sent.get("code_verifier") or ""
    if not code or not verifier:
        return OAuthError(ErrorCode.INVALID_REQUEST, "code and code_verifier are required.")
    if not _CODE.fullmatch(code) or not _VERIFIER.fullmatch(verifier):
        return _no_grant()
    return None


def _verifies(challenge: str | None, verifier: str) -> bool:
    """Compare a PKCE proof with what was announced (RFC 7636 section 4.6, S256)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return challenge is not None and same(made, challenge.encode())


def code_reused(found: Reused, app: RelyingParty, call: Call) -> CodeReused:
    """Return what is said of a code that comes twice, whichever kind it is."""
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
