"""Who the person is, for an access token that still counts (OpenID Connect Core section 5.3)."""

from datetime import datetime

from portvakt.core.ids import GrantId
from portvakt.crypto.signing import Forged
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.names import Names
from portvakt.journeys.open_app.oidc.claims import userinfo_claims
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.proving.rules import Rules
from portvakt.records.unit import Records

_LONGEST = 4096


class UserInfo:
    """Checks an access token and tells what its scope releases."""

    def __init__(
        self, *, issuer: str, records: Records, rules: Rules, keys: KeyRing, names: Names
    ) -> None:
        self._issuer = issuer
        self._records = records
        self._rules = rules
        self._keys = keys
        self._names = names

    async def answer(self, token: str, now: datetime) -> dict[str, object] | OAuthError:
        """Return the claims. The token's own words are never enough: its grant must stand too.

        So a token dies with its session, with its person, with its app and with a second use of
        the code that it came from, whatever it says of its own end (rule R2).
        """
        if len(token) > _LONGEST:
            return _invalid()
        signer = await self._keys.signer(now)
        verified = signer.verify(
            token, typ="at+jwt", issuer=self._issuer, audience=self._issuer, now=now
        )
        if isinstance(verified, Forged):
            return _invalid()
        grant_id = GrantId(str(verified.claims.get("grant")))
        found = await self._records.read(lambda unit: unit.grants.load(grant_id, now))
        if found is None:
            return _invalid()
        grant, account = found
        app = (await self._rules.current(now)).app(grant.client_id)
        if app is None or not account.usable or not app.groups & account.groups:
            return _invalid()
        return userinfo_claims(account, self._names.subject(account.id, app), grant.scope)


def _invalid() -> OAuthError:
    return OAuthError(ErrorCode.INVALID_TOKEN, "The access token does not count any more.")
