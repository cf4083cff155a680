"""Reads the files that hardware tokens come with: CSV, and PSKC (RFC 6030).

A file holds secrets, so what is said of a row that cannot be used names the row and the field, and
never what stands there.
"""

import base64
import binascii
from dataclasses import dataclass, field

from portvakt.core.hardware_tokens import (
    ALGORITHMS,
    DIGITS,
    LEAST_SECRET,
    LONGEST_SECRET,
    PERIODS,
    Make,
    TokenKind,
)

_FAR = 10**15
"""Nobody presses a button so often, and the database holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """One device of a file."""

    row: int
    """Which device of the file, from 1; in CSV the line, with the header as line 1."""
    serial: str
    """As `core.hardware_tokens.read_serial` gives it."""
    secret: bytes = field(repr=False)
    make: Make
    counter: int = 0
    """The next counter of a device with a button."""
    manufacturer: str = ""
    model: str = ""
    user: str = ""
    """Whom it is for: a user name or e-mail address; empty for a spare one."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A device that cannot be taken, and why."""

    row: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class TokenFile:
    """What a file holds."""

    seeds: tuple[Seed, ...]
    unusable: tuple[Unusable, ...]


class BrokenTokenFileError(Exception):
    """A file cannot be read at all; the message is the one line that says why."""


class BadFieldError(Exception):
    """A field of one device cannot be used; `field` names it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.field = name


def make_of(kind: str, algorithm: str, digits: int, period: int) -> Make:
    """Return how a device computes. Raises `BadFieldError` for what we cannot compute."""
    if kind not in set(TokenKind):
        raise BadFieldError("kind", "is neither totp nor hotp")
    if algorithm not in ALGORITHMS:
        raise BadFieldError("algorithm", f"is none of {', '.join(ALGORITHMS)}")
    if digits not in DIGITS:
        raise BadFieldError("digits", "is neither 6 nor 8")
    if kind == TokenKind.HOTP:
        return Make(kind=TokenKind.HOTP, algorithm=algorithm, digits=digits, period=0)
    if period not in PERIODS:
        raise BadFieldError("time interval", "is neither 30 nor 60 seconds")
    return Make(kind=TokenKind.TOTP, algorithm=algorithm, digits=digits, period=period)


def checked_counter(counter: int) -> int:
    """Return a counter that a device could have reached. Raises `BadFieldError`."""
    if not 0 <= counter < _FAR:
        raise BadFieldError("counter", "is not a whole number that a device could have reached")
    return counter


def checked_secret(secret: bytes) -> bytes:
    """Return a secret that is long enough. Raises `BadFieldError`."""
    if not LEAST_SECRET <= len(secret) <= LONGEST_SECRET:
        raise BadFieldError(
            "secret key", f"is not {LEAST_SECRET} to {LONGEST_SECRET} bytes (RFC 4226 section 4)"
        )
    return secret


def decoded(text: str, how: str) -> bytes:
    """Decode a secret that is written in "base32" or "hex". Raises `BadFieldError`."""
    bare = "".join(text.split()).replace("-", "").upper().rstrip("=")
    try:
        if how == "hex":
            return checked_secret(bytes.fromhex(bare))
        return checked_secret(base64.b32decode(bare + "=" * (-len(bare) % 8)))
    except (ValueError, binascii.Error) as error:
        raise BadFieldError("secret key", f"is not {how}") from error
