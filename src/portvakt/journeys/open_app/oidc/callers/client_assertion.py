"""An app shows that it is itself by what it signs: RFC 7523 section 3, OpenID Connect Core 9.

Nothing that could be stolen on the way is of any use afterwards: each assertion counts once, for a
few minutes, and for us alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.client_keys import claims_unproven
from portvakt.journeys.open_app.oidc.callers.app_keys import AppKeys
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.records.unit import Records

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIVES = timedelta(minutes=5)
"""The longest that an assertion may be good for: each is remembered for as long."""
LEEWAY = timedelta(seconds=30)
"""By how much an app's clock may differ from ours (RFC 7519 section 4.1.4)."""
_LONGEST_ID = 256


def claimed_client(assertion: str) -> str | None:
    """Read who an assertion says that it is from, before anything is proven."""
    claims = claims_unproven(assertion)
    subject = None if claims is None else claims.get("sub")
    return subject if isinstance(subject, str) and subject else None


@dataclass(frozen=True, slots=True)
class Assertions:
    """Judges assertions, and remembers those that were used."""

    records: Records
    keys: AppKeys
    audiences: frozenset[str]
    """What may be named as `aud`: our issuer, and the address of the token endpoint."""

    async def prove(self, assertion: str, app: RelyingParty, call: Call) -> bool:
        """Say whether the app signed this for us, just now, and for the first time."""
        claims = await self.keys.signed(app, assertion)
        if claims is None:
            return False
        ends = in_force(claims, app.client_id, self.audiences, call.now)
        if ends is None:
            return False
        named = sha256(f"assertion\0{app.client_id}\0{claims['jti']}".encode()).digest()
        return await self.records.write_one(lambda unit: unit.seen_ids.spend(named, ends + LEEWAY))


def in_force(
    claims: Mapping[str, Any], client_id: str, audiences: frozenset[str], now: datetime
) -> datetime | None:
    """Return until when an assertion counts, or None where it does not (RFC 7523 section 3)."""
    named, jti = claims.get("aud"), claims.get("jti")
    meant = [named] if isinstance(named, str) else named
    own = claims.get("iss") == claims.get("sub") == client_id
    ours = isinstance(meant, list) and len(meant) == 1 and meant[0] in audiences
    once = isinstance(jti, str) and 0 < len(jti) <= _LONGEST_ID
    if not (own and ours and once):
        return None
    ends, begins = _time(claims.get("exp")), _time(claims.get("nbf", 0))
    made = _time(claims.get("iat", 0))
    if ends is None or begins is None or made is None or max(begins, made) > now + LEEWAY:
        return None
    return ends if now - LEEWAY < ends <= now + LIVES + LEEWAY else None


_LAST = 253_402_300_799  # the last second of the year 9999


def _time(value: object) -> datetime | None:
    """Read a NumericDate (RFC 7519 section 2); None for what no calendar has."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LAST:
        return None
    return datetime.fromtimestamp(value, UTC)
