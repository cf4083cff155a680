"""An app gives a token back: RFC 7009."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from portvakt.core.assurance import CLOCK_BOUND
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.families import Member
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.journeys.open_app.oidc.token.access_token import AccessTokens, revoked_by
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True)
class Revocation:
    """`/oidc/revoke`. Whoever asks has shown which app it is."""

    records: Records
    tokens: AccessTokens

    async def answer(
        self, app: RelyingParty, sent: Mapping[str, str], call: Call
    ) -> OAuthError | None:
        """End what the token gives; None also where it gave nothing (section 2.2).

        A refresh token ends its grant, and with it every access token that came of it (section
        2.1); an access token ends alone.
        """
        token = sent.get("token") or ""
        if not token:
            return OAuthError(ErrorCode.INVALID_REQUEST, "token is required.")
        refresh = Member.read(token)
        if refresh is not None:
            return await self._refresh(app, refresh, call)
        found = await self.tokens.counting(token, call.now)
        if found is None:
            return None
        if found.claims.get("client_id") != app.client_id:
            return _not_yours()
        ends = datetime.fromtimestamp(int(found.claims["exp"]), UTC) + CLOCK_BOUND
        named = revoked_by(found.claims)
        await self.records.write_one(lambda unit: unit.seen_ids.spend(named, ends))
        return None

    async def _refresh(self, app: RelyingParty, token: Member, call: Call) -> OAuthError | None:
        """End the grant, also by a token that was used before: its family is the same."""

        async def act(unit: Unit) -> OAuthError | None:
            id_ = await unit.refresh_tokens.whose(token.family_hash)
            found = None if id_ is None else await unit.grants.load(id_, call.now)
            if found is None:
                return None
            if found[0].client_id != app.client_id:
                return _not_yours()
            await unit.grants.revoke(found[0].id, call.now)
            return None

        return await self.records.write(act)


def _not_yours() -> OAuthError:
    return OAuthError(ErrorCode.INVALID_REQUEST, "The token was not given to this app.")
