"""Whoever brings a token shows that they have its key: RFC 9449.

A proof is a JWT that the app signs anew for each request. It holds for one method, one address and
one token, for a minute and once. An app that cannot show in any other way that it is itself needs a
number of ours in it, too, so that nobody makes proofs ahead; the number is made of the time, and
nothing is kept of it.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.client_keys import SelfSigned, self_signed
from portvakt.crypto.digests import same
from portvakt.crypto.sealing import Mac
from portvakt.journeys.open_app.oidc.calls import Call
from portvakt.journeys.open_app.oidc.errors import ErrorCode, OAuthError
from portvakt.records.unit import Records

TYPE = "dpop+jwt"
LIVES = timedelta(seconds=60)
AHEAD = timedelta(seconds=30)
"""By how much an app's clock may be before ours."""
NONCE_LIVES = timedelta(minutes=2)
"""At least; a number counts until the one after the next is given."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_ID = 256
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Nonces:
    """Numbers that only we can make, each for a while (section 8)."""

    def __init__(self, mac: Mac) -> None:
        """Take a MAC whose key serves nothing else."""
        self._mac = mac

    def current(self, now: datetime) -> str:
        """Return the number to give out."""
        return _nonce(self._mac.of, _period(now))

    def counts(self, nonce: str, now: datetime) -> bool:
        """Say whether a number is of this span of time or the one before."""
        makers, period = (self._mac.of, self._mac.by_neighbour), _period(now)
        known = [_nonce(make, each) for make in makers for each in (period, period - 1)]
        return any([same(each.encode(), nonce.encode()) for each in known])  # noqa: C419 - all of them


def _period(now: datetime) -> int:
    return (now - _EPOCH) // NONCE_LIVES


def _nonce(make: Callable[..., bytes], period: int) -> str:
    return base64.urlsafe_b64encode(make(str(period))[:24]).decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What a proof must be for."""

    method: str
    address: str
    now: datetime
    token: str | None
    """The access token that comes with it, where one does."""
    nonces: Nonces
    nonce: bool
    """Whether it must hold a number of ours."""


Check = Callable[[SelfSigned, Needed], OAuthError | None]


def check_type(proof: SelfSigned, _needed: Needed) -> OAuthError | None:
    """Take what was made as a proof, and no other JWT (section 4.3, 3; RFC 8725 section 3.11)."""
    return None if proof.typ == TYPE else _wrong(f"typ must be {TYPE}.")


def check_id(proof: SelfSigned, _needed: Needed) -> OAuthError | None:
    """Demand a `jti` to know the proof by (section 4.2)."""
    jti = proof.claims.get("jti")
    if isinstance(jti, str) and 0 < len(jti) <= _LONGEST_ID:
        return None
    return _wrong("jti must be a text of at most 256 characters.")


def check_method(proof: SelfSigned, needed: Needed) -> OAuthError | None:
    """Compare `htm` (section 4.3, 8)."""
    return None if proof.claims.get("htm") == needed.method else _wrong("htm is another method.")


def check_address(proof: SelfSigned, needed: Needed) -> OAuthError | None:
    """Compare `htu` with the address as we publish it, whatever headers say (section 4.3, 9)."""
    named = proof.claims.get("htu")
    if isinstance(named, str) and _normal(named) == _normal(needed.address):
        return None
    return _wrong("htu is another address.")


def check_time(proof: SelfSigned, needed: Needed) -> OAuthError | None:
    """Take what was made just now (section 4.3, 11)."""
    made = _made_at(proof)
    if made is not None and needed.now - LIVES <= made <= needed.now + AHEAD:
        return None
    return _wrong("iat is not now.")


def check_token(proof: SelfSigned, needed: Needed) -> OAuthError | None:
    """Compare `ath` with the token that came along (section 4.3, 12)."""
    if needed.token is None:
        return None
    digest = base64.urlsafe_b64encode(sha256(needed.token.encode()).digest()).rstrip(b"=")
    named = proof.claims.get("ath")
    if isinstance(named, str) and same(named.encode("utf-8", "replace"), digest):
        return None
    return _wrong("ath is not of this access token.")


def check_nonce(proof: SelfSigned, needed: Needed) -> OAuthError | None:
    """Take no number but ours, and do without one only where that is allowed (section 4.3, 10)."""
    nonce = proof.claims.get("nonce")
    if nonce is None and not needed.nonce:
        return None
    if isinstance(nonce, str) and needed.nonces.counts(nonce, needed.now):
        return None
    return OAuthError(
        ErrorCode.USE_DPOP_NONCE, "The proof needs the nonce of the DPoP-Nonce header."
    )


CHECKS: Sequence[Check] = (
    check_type,
    check_id,
    check_method,
    check_address,
    check_time,
    check_token,
    check_nonce,  # last: whoever is told to come again does so with a proof that is good
)


@dataclass(frozen=True, slots=True)
class Proofs:
    """Judges proofs, and remembers those that were used."""

    issuer: str
    records: Records
    nonces: Nonces

    async def key(
        self, app: RelyingParty, call: Call, token: str | None = None
    ) -> str | OAuthError | None:
        """Return the thumbprint of the key that the caller has; None where no proof came.

        `token` is the access token that came along.
        """
        if not call.proofs:
            return None
        if len(call.proofs) > 1:
            return _wrong("Give one DPoP header.")
        proof = self_signed(call.proofs[0])
        if proof is None:
            return _wrong("The proof is not signed by the public key in its header.")
        needed = Needed(
            method=call.method,
            address=self.issuer + call.path,
            now=call.now,
            token=token,
            nonces=self.nonces,
            nonce=app.token_endpoint_auth_method == "none",  # noqa: S105 - a way, not a secret
        )
        for check in CHECKS:
            if (wrong := check(proof, needed)) is not None:
                return wrong
        return (
            proof.thumbprint if await self._first(proof, call) else _wrong("jti was used before.")
        )

    async def _first(self, proof: SelfSigned, call: Call) -> bool:
        """Use the proof up, in one statement, for as long as it would count (section 11.1)."""
        named = sha256(f"dpop\0{proof.thumbprint}\0{proof.claims['jti']}".encode()).digest()
        until = call.now + LIVES + AHEAD
        return await self.records.write_one(lambda unit: unit.seen_ids.spend(named, until))


def _made_at(proof: SelfSigned) -> datetime | None:
    """Read `iat` as a moment; None for what is none."""
    made = proof.claims.get("iat")
    if not isinstance(made, int | float) or isinstance(made, bool):
        return None
    try:
        return datetime.fromtimestamp(made, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _normal(address: str) -> tuple[str, str, int | None, str] | None:
    """Take an address apart as RFC 3986 section 6.2 compares it, without query and fragment."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.username is not None or not address.isascii():
        return None
    return parts.scheme, host, port or _DEFAULT_PORTS.get(parts.scheme), parts.path or "/"


def _wrong(description: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_DPOP_PROOF, description)
