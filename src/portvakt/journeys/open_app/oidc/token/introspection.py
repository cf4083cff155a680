"""Whether a token counts, for an app that was handed it: RFC 7662."""

from collections.abc import Mapping
from dataclasses import dataclass

from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.families import Member
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.callers.binding import confirmed
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.token.access_token import AccessTokens, Counting
from portvakt.proving.rules import Rules
from portvakt.records.grants import Grant
from portvakt.records.unit import Records, Unit

NO = {"active": False}
_TOLD = (
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "client_id",
    "jti",
    "scope",
    "auth_time",
    "acr",
    "amr",
    "cnf",
    "act",
)


@dataclass(frozen=True, slots=True)
class Introspection:
    """`/oidc/introspect`. Whoever asks has shown which app it is."""

    records: Records
    rules: Rules
    tokens: AccessTokens
    names: Names

    async def answer(
        self, app: RelyingParty, sent: Mapping[str, str], call: Call
    ) -> dict[str, object] | OAuthError:
        """Tell about a token of this app's, or for it; of any other that it does not count.

        What is not, what is over and what is none of the caller's business look the same (section
        2.2), so nobody learns from the answer that a token exists.
        """
        token = sent.get("token") or ""
        if not token:
            return OAuthError(ErrorCode.INVALID_REQUEST, "token is required.")
        if app.token_endpoint_auth_method == "none":  # noqa: S105 - a way, not a secret
            needs = "Only an app that can show that it is itself may ask about tokens."
            return OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, needs)
        refresh = Member.read(token)
        if refresh is not None:
            return await self._refresh(app, refresh, call)
        found = await self.tokens.counting(token, call.now)
        if found is None or not await self._may_know(app, found, call):
            return dict(NO)
        told = {name: found.claims[name] for name in _TOLD if name in found.claims}
        kind = "DPoP" if "jkt" in confirmed(found.claims) else "Bearer"
        return {"active": True, "token_type": kind, **told}

    async def _may_know(self, app: RelyingParty, found: Counting, call: Call) -> bool:
        """Say whether the token is the caller's or meant for it, and whose it is still may."""
        named = found.claims.get("aud")
        meant = [named] if isinstance(named, str) else named or []
        mine = {app.client_id, *app.serves}
        if mine.isdisjoint({found.claims.get("client_id"), *meant}):
            return False
        configuration = await self.rules.current(call.now)
        holder = configuration.app(str(found.claims.get("client_id")))
        if holder is None or found.account is None or found.grant is None:
            return holder is not None  # there is no person in a token that an app got for itself
        opened = configuration.app(found.grant.client_id)
        if opened is None or not found.account.usable:
            return False
        return bool(opened.groups & found.account.groups)

    async def _refresh(self, app: RelyingParty, token: Member, call: Call) -> dict[str, object]:
        async def look(unit: Unit) -> tuple[Grant, str] | None:
            id_ = await unit.refresh_tokens.look(token.family_hash, token.own_hash)
            found = None if id_ is None else await unit.grants.load(id_, call.now)
            if found is None or found[0].client_id != app.client_id or not found[1].usable:
                return None
            grant, account = found
            fits = bool(app.groups & account.groups)
            return (grant, self.names.subject(account.id, app)) if fits else None

        found = await self.records.read(look)
        if found is None:
            return dict(NO)
        grant, subject = found
        return {
            "active": True,
            "token_type": "refresh_token",
            "iss": self.tokens.issuer,
            "sub": subject,
            "client_id": app.client_id,
            "scope": " ".join(grant.scope),
            "iat": int(grant.created_at.timestamp()),
            "exp": int(grant.expires_at.timestamp()),
        }
