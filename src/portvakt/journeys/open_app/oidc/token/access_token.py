"""Access tokens in both their forms, and whether one still counts.

A signed one (RFC 9068) can be read by others; a sealed one by nobody but us, and is otherwise the
same. Neither is believed for its own words alone: its grant must stand, and it must not have been
revoked (rule R2).
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from portvakt.core.ids import GrantId
from portvakt.core.people import Account
from portvakt.core.relying_parties import RelyingParty, answers_are_opaque
from portvakt.crypto.remembered import Remembered
from portvakt.crypto.sealing import Sealer, SealError
from portvakt.crypto.signing import Algorithm, Forged, in_force
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.records.grants import Grant
from portvakt.records.unit import Records, Unit

OURS: Algorithm = "ES256"
"""Of access tokens, whatever algorithm the app understands: it has no need to read them."""
TYPE = "at+jwt"
SEALED = "pvat_"
"""Begins a token that is sealed, so that nobody takes it for anything else, nor publishes it."""
_PLACE = {"table": "access_tokens", "column": "claims", "row": "-"}
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Counting:
    """A token that counts now; `grant` and `account` are None where an app got it for itself."""

    claims: Mapping[str, Any]
    grant: Grant | None
    account: Account | None


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Writes and reads them."""

    issuer: str
    keys: KeyRing
    sealer: Sealer
    records: Records
    known: Remembered[Mapping[str, Any]]
    """What sealed tokens say that were brought before."""

    async def write(self, app: RelyingParty, claims: Mapping[str, object], now: datetime) -> str:
        """Return a token in the form that the app's entry asks for."""
        if answers_are_opaque(app):
            sealed = self.sealer.seal(orjson.dumps(claims), **_PLACE)
            return SEALED + base64.urlsafe_b64encode(sealed).decode("ascii")
        return (await self.keys.signer(now)).sign(claims, typ=TYPE, alg=OURS)

    async def counting(self, token: str, now: datetime) -> Counting | None:
        """Judge a token by itself, then by what stands of what it came of."""
        claims = await self._read(token, now)
        if claims is None:
            return None
        named, grant_id = revoked_by(claims), claims.get("grant")

        async def look(unit: Unit) -> Counting | None:
            if grant_id is None:
                revoked = await unit.seen_ids.has(named)
                return None if revoked else Counting(claims, None, None)
            found = await unit.grants.load(GrantId(str(grant_id)), now, named)
            return None if found is None else Counting(claims, *found)

        return await self.records.read(look)

    async def _read(self, token: str, now: datetime) -> Mapping[str, Any] | None:
        if len(token) > _LONGEST:
            return None
        if token.startswith(SEALED):
            claims = self.known.of(token, lambda: self._opened(token.removeprefix(SEALED)))
            if claims is None:
                return None
            found = in_force(claims, self.issuer, None, now.timestamp())
            return None if isinstance(found, Forged) else found.claims
        signer = await self.keys.signer(now)
        verified = signer.verify(token, typ=TYPE, issuer=self.issuer, audience=None, now=now)
        return None if isinstance(verified, Forged) else verified.claims

    def _opened(self, text: str) -> Mapping[str, Any] | None:
        try:
            sealed = base64.b64decode(text, altchars=b"-_", validate=True)
            claims: dict[str, Any] = orjson.loads(self.sealer.open(sealed, **_PLACE))
        except (binascii.Error, ValueError, SealError):
            return None
        return claims


def revoked_by(claims: Mapping[str, Any]) -> bytes:
    """Return what `seen_ids` knows a revoked access token by."""
    return sha256(f"access\0{claims.get('jti')}".encode()).digest()
