"""Time-based one-time passwords (RFC 6238) over HOTP (RFC 4226)."""

import hmac
from datetime import UTC, datetime, timedelta

from portvakt.core.one_time_codes import normalise_digits, same

DIGITS = 6
STEP = timedelta(seconds=30)
"""RFC 6238 section 5.2; NIST SP 800-63B-4 section 3.1.4.2 allows up to two minutes."""
WINDOW = 1
"""Steps of clock difference taken each way (RFC 6238 section 5.2, A018)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def step_of(now: datetime) -> int:
    """Give the number of the time step that `now` lies in, from the epoch."""
    return (now - _EPOCH) // STEP


def code_at(secret: bytes, step: int, digits: int = DIGITS, algorithm: str = "sha1") -> str:
    """Compute the code of one time step, or of one counter of RFC 4226.

    `algorithm` is "sha1", "sha256" or "sha512". Leading noughts are kept.
    """
    digest = hmac.digest(secret, step.to_bytes(8, "big"), algorithm)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(
    secret: bytes,
    typed: str,
    now: datetime,
    last_step: int | None,
    window: int = WINDOW,
) -> int | None:
    """Find the time step whose code was typed, or None.

    Only steps after `last_step`, the last one that was used, can match: a code works once, and
    never an older one after a newer (RFC 6238 section 5.2, A016). Every step of the window is
    computed whatever was typed, so that the work tells nothing.
    """
    digits = normalise_digits(typed, DIGITS) or ""
    current = step_of(now)
    found: int | None = None
    for step in range(max(current - window, 0), current + window + 1):
        right = same(code_at(secret, step), digits)
        if right and found is None and (last_step is None or step > last_step):
            found = step
    return found
