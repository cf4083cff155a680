"""Everything unguessable is drawn here, and only from the operating system (ASVS 11.5.1)."""

import base64
import secrets
from typing import Protocol

ID_LENGTH = 26  # base32 characters that hold 128 bits
SECRET_BYTES = 32
BASE32_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648 section 6


class Random(Protocol):
    """Where chance comes from. The product has one implementation; tests may bring another."""

    def bytes(self, count: int) -> bytes:
        """Draw that many bytes."""

    def id(self) -> str:
        """Draw a name for something stored: 26 lower-case base32 characters, 128 bits."""

    def secret(self) -> str:
        """Draw what opens something (a session, a code): 43 base64url characters, 256 bits."""

    def digits(self, count: int) -> str:
        """Draw a one-time code of that many decimal digits, leading zeros kept."""

    def base32(self, count: int) -> str:
        """Draw a printed code of that many upper-case base32 characters, 5 bits each."""


class SystemRandom:
    """The operating system's generator, by way of `secrets`."""

    def bytes(self, count: int) -> bytes:
        """Draw that many bytes."""
        return secrets.token_bytes(count)

    def id(self) -> str:
        """Draw 128 bits and write them as 26 lower-case base32 characters."""
        return base64.b32encode(secrets.token_bytes(16)).decode("ascii")[:ID_LENGTH].lower()

    def secret(self) -> str:
        """Draw 256 bits and write them as 43 base64url characters."""
        return secrets.token_urlsafe(SECRET_BYTES)

    def digits(self, count: int) -> str:
        """Draw uniformly from all codes of that length: no remainder is folded in."""
        return f"{secrets.randbelow(10**count):0{count}d}"

    def base32(self, count: int) -> str:
        """Draw each character by itself from an alphabet of 32, which divides a byte evenly."""
        return "".join(secrets.choice(BASE32_ALPHABET) for _ in range(count))
