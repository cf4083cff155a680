"""Phones with our app: what is kept of each, how one is paired, and what belongs to it."""

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from portvakt.core.authenticators import Authenticator, AuthenticatorType, phone_of
from portvakt.core.ids import AccountId, AuthenticatorId, PairingId, SessionId
from portvakt.core.one_time_codes import group, normalise_base32

__all__ = [
    "LONGEST_NAME",
    "LONG_BYTES",
    "SHORT_LENGTH",
    "Pairing",
    "Phone",
    "PhoneState",
    "Subscription",
    "decode",
    "encode",
    "is_long_code",
    "linked",
    "phone_of",
    "short_code",
    "short_code_text",
    "sign_in_of",
    "stands_alone",
]

SHORT_LENGTH = 8
"""Characters of base32: 40 bits, for ten minutes, five tries and one account."""
LONG_BYTES = 16
LONGEST_NAME = 40


class PhoneState(StrEnum):
    """PROVING until the test request is answered; then ACTIVE."""

    PROVING = "proving"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One app paired with one account."""

    id: AuthenticatorId
    """Also the id of its authenticator of type `push`, from the moment it is bound."""
    account_id: AccountId
    state: PhoneState
    name: str
    jwk: str
    """Its public key (RFC 7517), as canonical JSON."""
    credential_id: bytes | None = None
    credential_key: bytes | None = field(default=None, repr=False)
    """The screen lock's credential, once it was made: id and COSE public key (RFC 9052)."""
    sign_count: int = 0
    subscription: bytes | None = field(default=None, repr=False)
    """Where it is woken, sealed; None where it is not."""
    created_at: datetime
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A code that brings one phone to one account."""

    id: PairingId
    account_id: AccountId
    session_id: SessionId | None
    """The session whose page shows it; None for a transfer."""
    old_phone: AuthenticatorId | None
    """The phone that hands over; None on the page."""
    code_hash: bytes = field(repr=False)
    short_hash: bytes = field(repr=False)
    tries: int = 0
    """Wrong short codes so far."""
    created_at: datetime
    expires_at: datetime
    spent_at: datetime | None = None
    phone_id: AuthenticatorId | None = None
    """The phone that came with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where a browser maker's service wakes a phone, and the keys to write to it (RFC 8291)."""

    endpoint: str = field(repr=False)
    p256dh: bytes = field(repr=False)
    """The phone's public key: an uncompressed point on P-256, 65 bytes."""
    auth: bytes = field(repr=False)
    """The shared secret of RFC 8291 section 3.2: 16 bytes."""

    def __post_init__(self) -> None:
        """Refuse keys of the wrong form; raises ValueError."""
        if len(self.p256dh) != _POINT or self.p256dh[0] != _UNCOMPRESSED:
            raise ValueError("p256dh is not an uncompressed point on P-256")
        if len(self.auth) != _AUTH:
            raise ValueError("auth is not 16 bytes")

    def to_json(self) -> bytes:
        """Write it for sealing."""
        told = {
            "endpoint": self.endpoint,
            "p256dh": encode(self.p256dh),
            "auth": encode(self.auth),
        }
        return json.dumps(told, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read what `to_json` wrote; raises ValueError for anything else."""
        told = json.loads(data)
        if not isinstance(told, dict) or told.keys() != {"endpoint", "p256dh", "auth"}:
            raise ValueError("not a push subscription")
        if not all(isinstance(each, str) for each in told.values()):
            raise ValueError("not a push subscription")
        return cls(
            endpoint=told["endpoint"], p256dh=decode(told["p256dh"]), auth=decode(told["auth"])
        )


_POINT = 65
_UNCOMPRESSED = 0x04
_AUTH = 16


def encode(data: bytes) -> str:
    """Write base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Read base64url without padding, in its one canonical form (RFC 4648 section 3.5).

    Raises ValueError for padding, other characters, or left-over bits that are not nought.
    """
    try:
        data = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except ValueError as error:
        raise ValueError("not base64url") from error
    if encode(data) != text:
        raise ValueError("not base64url in its one form")
    return data


_LONG = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]", re.ASCII)


def is_long_code(typed: str) -> bool:
    """Whether this is written as a long code: base64url of exactly 16 bytes, without padding."""
    return _LONG.fullmatch(typed) is not None


def short_code(typed: str) -> str | None:
    """Read a typed short code: 8 letters of base32 in capitals; None for anything else."""
    return normalise_base32(typed, SHORT_LENGTH)


def short_code_text(code: str) -> str:
    """Write a short code as people read it: two groups of four."""
    return group(code)


def linked(
    phone_id: AuthenticatorId, authenticators: Iterable[Authenticator]
) -> tuple[Authenticator, ...]:
    """Pick everything that belongs to a phone: itself, its codes and its sign-in."""
    return tuple(each for each in authenticators if phone_of(each) == phone_id)


def sign_in_of(
    phone_id: AuthenticatorId, authenticators: Iterable[Authenticator]
) -> Authenticator | None:
    """Find what evidence of signing in with this phone alone names; None where it is off.

    What an approval spends is the phone; evidence of type `phone_sign_in` names this.
    """
    kind = AuthenticatorType.PHONE_SIGN_IN
    return next((each for each in linked(phone_id, authenticators) if each.type is kind), None)


def stands_alone(authenticator: Authenticator) -> bool:
    """Whether it is listed and counted on its own, and not as a part of its phone."""
    return phone_of(authenticator) in {None, authenticator.id}
