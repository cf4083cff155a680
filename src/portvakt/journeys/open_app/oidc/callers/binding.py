"""What a token is bound to, when it is given and when it is brought."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.client_certificates import thumbprint
from portvakt.journeys.open_app.oidc.callers.dpop import Proofs
from portvakt.journeys.open_app.oidc.calls import Bound, Call, Sent
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError


@dataclass(frozen=True, slots=True)
class Binding:
    """Finds out which keys a caller has, and holds tokens against them."""

    proofs: Proofs

    async def shown(self, app: RelyingParty, call: Call) -> Bound | OAuthError:
        """Return what is bound to the caller's keys of all that it gets now."""
        jkt = await self.proofs.key(app, call)
        if isinstance(jkt, OAuthError):
            return jkt
        if jkt is None and app.dpop_bound_access_tokens:
            needs = "The entry of this app demands a DPoP proof."
            return OAuthError(ErrorCode.INVALID_DPOP_PROOF, needs)
        if not app.tls_client_certificate_bound_access_tokens:
            return Bound(jkt)
        if call.certificate is None:
            needs = "The entry of this app demands a client certificate."
            return OAuthError(ErrorCode.INVALID_REQUEST, needs)
        return Bound(jkt, thumbprint(call.certificate))

    async def pushed(self, app: RelyingParty, sent: Sent, call: Call) -> Sent | OAuthError:
        """Return a pushed request that names the key which came with it (RFC 9449 section 10.1)."""
        jkt = await self.proofs.key(app, call)
        if jkt is None or isinstance(jkt, OAuthError):
            return sent if jkt is None else jkt
        if sent.get("request"):
            needs = "A signed request names its key in dpop_jkt, and brings no proof."
            return OAuthError(ErrorCode.INVALID_REQUEST, needs)
        if (sent.get("dpop_jkt") or jkt) != jkt:
            return OAuthError(ErrorCode.INVALID_REQUEST, "dpop_jkt is another key than was shown.")
        return sent.having("dpop_jkt", jkt)

    async def brought(
        self, claims: Mapping[str, Any], token: str, scheme: str, app: RelyingParty, call: Call
    ) -> OAuthError | None:
        """Say what is wrong with how an access token comes (RFC 9449 sections 7.1 and 7.2).

        One that is bound to a key comes with a proof of it; one that is not, comes without. One
        that is bound to a certificate comes with that (RFC 8705 section 3).
        """
        bound = confirmed(claims)
        jkt, x5t = bound.get("jkt"), bound.get("x5t#S256")
        shown = None if call.certificate is None else thumbprint(call.certificate)
        if x5t not in {None, shown}:
            return _invalid("The access token is bound to another certificate.")
        if (jkt is not None) is not (scheme == "dpop"):
            return _invalid("The access token does not come in the way of its token_type.")
        if jkt is None:
            return None
        key = await self.proofs.key(app, call, token)
        if isinstance(key, OAuthError):
            return key
        return None if key == jkt else _invalid("The access token is bound to another key.")


def confirmed(claims: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a token of ours is bound to; empty where it is not."""
    found: Mapping[str, str] = claims.get("cnf", {})
    return found


def _invalid(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_TOKEN, description)
