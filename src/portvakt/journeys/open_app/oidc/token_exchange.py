"""A token that an app was handed, traded for one for a service behind it: RFC 8693.

The new token is the old one with another audience: for the same person, by the same sign-in, with
no more scope, and for no longer. It hangs on the same grant, so what ends the one ends the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.access_token import Counting
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.issuing import Issuer
from portvakt.proving.rules import Rules

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type
MOST_ACTORS = 4
"""How many apps may stand behind each other in one token (section 4.1): it grows with each."""
_KEPT = ("iss", "sub", "auth_time", "acr", "amr", "grant")


@dataclass(frozen=True, slots=True)
class TokenExchange:
    """`grant_type=urn:ietf:params:oauth:grant-type:token-exchange`."""

    rules: Rules
    issuer: Issuer

    async def answer(
        self, app: RelyingParty, sent: Mapping[str, str], call: Call
    ) -> dict[str, object] | OAuthError:
        """Return the members of the answer (section 2.2.1), or why not."""
        wrong = check_types(sent, app) or check_target(sent, app)
        if wrong is not None:
            return wrong
        found = await self.issuer.access.counting(sent["subject_token"], call.now)
        if found is None or not await self._may_trade(app, found, call):
            return _unacceptable()
        old = set(str(found.claims.get("scope", "")).split())
        asked = set((sent.get("scope") or "").split())
        if not asked <= old:
            needs = "scope may hold only what the subject token has."
            return OAuthError(ErrorCode.INVALID_SCOPE, needs)
        scope = [each for each in app.scope if each in (asked or old)]
        claims = self._traded(app, found.claims, target_of(sent), scope, call)
        return await self.issuer.again(app, claims, scope, call) | {
            "issued_token_type": ACCESS_TOKEN
        }

    async def _may_trade(self, app: RelyingParty, found: Counting, call: Call) -> bool:
        """Say whether the token was handed to this app or given to it, and still opens the first.

        A token that is bound to a key stays with whoever has the key.
        """
        claims, grant, account = found.claims, found.grant, found.account
        if grant is None or account is None or "cnf" in claims:
            return False
        named = claims.get("aud")
        meant = [named] if isinstance(named, str) else named or []
        if {app.client_id, *app.serves}.isdisjoint({claims.get("client_id"), *meant}):
            return False
        if len(actors(claims)) >= MOST_ACTORS:
            return False
        opened = (await self.rules.current(call.now)).app(grant.client_id)
        return opened is not None and account.usable and bool(opened.groups & account.groups)

    def _traded(
        self,
        app: RelyingParty,
        old: Mapping[str, Any],
        target: str,
        scope: list[str],
        call: Call,
    ) -> dict[str, object]:
        """Write the claims of the new token: never more, nor longer, than the old one's."""
        claims: dict[str, object] = {name: old[name] for name in _KEPT if name in old}
        claims |= {
            "aud": target,
            "iat": int(call.now.timestamp()),
            "exp": min(int(old["exp"]), self.issuer.end(call)),
            "client_id": app.client_id,
            "jti": self.issuer.random.id(),
            "scope": " ".join(scope),
        }
        before = old.get("act")
        if app.exchange_as == "delegation":
            actor: dict[str, object] = {"sub": app.client_id}
            claims["act"] = actor if before is None else actor | {"act": before}
        elif before is not None:  # nobody is forgotten who stood there before
            claims["act"] = before
        return claims


def check_types(sent: Mapping[str, str], app: RelyingParty) -> OAuthError | None:
    """Take access tokens and give access tokens, to apps that show who they are (section 2.1)."""
    if app.token_endpoint_auth_method == "none":  # noqa: S105 - a way, not a secret
        needs = "An app that cannot show that it is itself exchanges no tokens."
        return OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, needs)
    if not sent.get("subject_token"):
        return _invalid("subject_token is required.")
    if sent.get("subject_token_type") != ACCESS_TOKEN:
        return _invalid(f"subject_token_type must be {ACCESS_TOKEN}.")
    if (sent.get("requested_token_type") or ACCESS_TOKEN) != ACCESS_TOKEN:
        return _invalid(f"requested_token_type must be {ACCESS_TOKEN}.")
    if sent.get("actor_token") or sent.get("actor_token_type"):
        return _invalid("actor_token is not supported: the app that asks is the actor.")
    return None


def check_target(sent: Mapping[str, str], app: RelyingParty) -> OAuthError | None:
    """Demand one target that the entry names (section 2.2.2)."""
    if bool(sent.get("audience")) == bool(sent.get("resource")):
        return _invalid("audience or resource is required, and not both.")
    if target_of(sent) in app.exchange_for:
        return None
    needs = "The entry of this app names no such service for exchange."
    return OAuthError(ErrorCode.INVALID_TARGET, needs)


def target_of(sent: Mapping[str, str]) -> str:
    """Return the service that the token is to be for, by either name."""
    return sent.get("resource") or sent.get("audience") or ""


def actors(claims: Mapping[str, Any]) -> list[str]:
    """List who acts in a token, the newest first (section 4.1)."""
    found, act = [], claims.get("act")
    while isinstance(act, dict):
        found.append(str(act.get("sub")))
        act = act.get("act")
    return found


def _invalid(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_REQUEST, description)


def _unacceptable() -> OAuthError:
    """Say no in the same words whatever is wrong with the token (section 2.2.2)."""
    return _invalid("The subject token does not count, or is not for this app to exchange.")
