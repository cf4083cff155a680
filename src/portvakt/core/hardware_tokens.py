"""Hardware tokens: small devices that show codes by a clock (RFC 6238) or a counter (RFC 4226).

Both drift: a clock goes slow, and a counter moves on each time the button is pressed for nobody.
One code is looked for close to where the device is thought to be; two codes in a row are looked for
far away, and say where it is (RFC 4226 section 7.4). A code works once, and never an older one
after a newer.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from portvakt.core.one_time_codes import normalise_digits, same
from portvakt.core.totp import code_at

ALGORITHMS = ("sha1", "sha256", "sha512")
DIGITS = (6, 8)
PERIODS = (30, 60)
"""Seconds. NIST SP 800-63B-4 section 3.1.4.2 allows up to two minutes."""
LEAST_SECRET = 16
"""Bytes (RFC 4226 section 4, R6)."""
LONGEST_SECRET = 128
LONGEST_SERIAL = 64

WINDOW = 1
"""Steps taken each way of where the clock of a device is thought to be (RFC 6238 section 5.2)."""
MOST_DRIFT = timedelta(minutes=10)
"""How wrong the clock of a device may be (RFC 6238 section 6); beyond that it is worn out."""
LOOK_AHEAD = 5
"""Presses of the button that went nowhere, before one code (RFC 4226 section 7.4)."""
RESYNC_AHEAD = 1000
"""The same before two codes in a row: one guess in 1,000,000,000 would be right."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TokenKind(StrEnum):
    """What moves a device on: a clock, or its button."""

    TOTP = "totp"
    HOTP = "hotp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """How a device computes. `period` is in seconds, and 0 for one with a button."""

    kind: TokenKind
    algorithm: str = "sha1"
    digits: int = 6
    period: int = 30

    def step_of(self, at: datetime) -> int:
        """Give the number of the time step that an instant lies in."""
        return (at - _EPOCH) // timedelta(seconds=self.period)

    @property
    def most_drift(self) -> int:
        """Steps between a device's clock and ours that are taken at all."""
        return MOST_DRIFT // timedelta(seconds=self.period)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device is thought to be: its last step or counter, and when that was used.

    `used_at` is None where that is not known, as for one that nobody uses yet.
    """

    last_step: int | None = None
    used_at: datetime | None = None


def read_serial(typed: str) -> str | None:
    """Read a serial number as it is kept: without spaces and hyphens, letters large.

    None for what none can be.
    """
    bare = "".join(typed.split()).replace("-", "").upper()
    return bare if bare.isascii() and bare.isalnum() and len(bare) <= LONGEST_SERIAL else None


def detail_of(make: Make, serial: str) -> str:
    """Write what a bound device is: «totp sha1 6 30 2308712345», for `Authenticator.detail`."""
    return f"{make.kind} {make.algorithm} {make.digits} {make.period} {serial}"


def read_detail(detail: str) -> tuple[Make, str]:
    """Read it back. Raises ValueError for what was not written by `detail_of`."""
    kind, algorithm, digits, period, serial = detail.split(" ")
    made = Make(kind=TokenKind(kind), algorithm=algorithm, digits=int(digits), period=int(period))
    return made, serial


def matching_step(make: Make, secret: bytes, typed: str, place: Place, now: datetime) -> int | None:
    """Find the time step or counter of the last code that was typed; None for a wrong answer.

    One code, or two in a row. Nothing at or before `place.last_step` can match.
    """
    two = normalise_digits(typed, 2 * make.digits)
    if two is not None:
        return _two_in_a_row(make, secret, (two[: make.digits], two[make.digits :]), place, now)
    one = normalise_digits(typed, make.digits) or ""
    return _one(make, secret, one, _near(make, place, now))


def first_step(make: Make, secret: bytes, typed: str, place: Place, now: datetime) -> int | None:
    """Find the same for a device that is taken into use, whose place nobody knows.

    One code of a clock is enough, for no clock is more than `MOST_DRIFT` wrong; a counter may be
    anywhere, so that takes two codes in a row.
    """
    one = normalise_digits(typed, make.digits)
    if one is None:
        return matching_step(make, secret, typed, place, now)
    if make.kind is TokenKind.HOTP:
        return None
    return _one(make, secret, one, _far(make, place, now))


def was_used(make: Make, secret: bytes, typed: str, place: Place) -> bool:
    """Whether a wrong answer was right a moment ago: it is a replay, and no guess."""
    if place.last_step is None:
        return False
    first = max(place.last_step - LOOK_AHEAD, 0)
    used = range(first, place.last_step + 1)
    two = normalise_digits(typed, 2 * make.digits)
    last = normalise_digits(typed, make.digits) if two is None else two[make.digits :]
    return _one(make, secret, last or "", used) is not None


def _near(make: Make, place: Place, now: datetime) -> range:
    """Say where one code is looked for."""
    if make.kind is TokenKind.HOTP:
        if place.used_at is None:
            return range(0)  # nobody knows where the counter stands: two codes say it
        first = _after(place)
        return range(first, first + LOOK_AHEAD)
    centre = make.step_of(now) + _drift(make, place)
    return range(max(centre - WINDOW, _after(place)), centre + WINDOW + 1)


def _far(make: Make, place: Place, now: datetime) -> range:
    """Say where two codes in a row are looked for."""
    first = _after(place)
    if make.kind is TokenKind.HOTP:
        return range(first, first + RESYNC_AHEAD)
    centre, most = make.step_of(now), make.most_drift
    return range(max(centre - most, first), centre + most + 1)


def _after(place: Place) -> int:
    return 0 if place.last_step is None else place.last_step + 1


def _drift(make: Make, place: Place) -> int:
    """Say how many steps the device's clock is ahead of ours, as its last code told."""
    if place.last_step is None or place.used_at is None:
        return 0
    drift = place.last_step - make.step_of(place.used_at)
    return max(-make.most_drift, min(drift, make.most_drift))


def _one(make: Make, secret: bytes, code: str, steps: range) -> int | None:
    """Find the first step that shows this code; all are computed, whatever was typed."""
    found: int | None = None
    for step in steps:
        if same(_code(make, secret, step), code) and found is None:
            found = step
    return found


def _two_in_a_row(
    make: Make, secret: bytes, codes: tuple[str, str], place: Place, now: datetime
) -> int | None:
    """Find the second of two neighbouring steps that show these codes."""
    shown = ((step, _code(make, secret, step)) for step in _far(make, place, now))
    found: int | None = None
    for (_, before), (step, after) in pairwise(shown):
        right = same(before + after, "".join(codes))
        if right and found is None:
            found = step
    return found


def _code(make: Make, secret: bytes, step: int) -> str:
    return code_at(secret, step, make.digits, make.algorithm)
