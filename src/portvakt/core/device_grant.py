"""Letting a device in that has no keyboard: how its code is written, and how long it counts.

The device shows a short code; somebody types it on a page of ours, where they are signed in (RFC
8628). Whoever can talk a person into typing a code gets in as them, so all of it is short-lived,
and the page tells what is asked and by whom.
"""

from datetime import timedelta
from enum import StrEnum

from portvakt.core.assurance import Requirement

PATH = "/device"
"""The page where codes are typed (`verification_uri`)."""
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no words come out, and no digits (RFC 8628 section 6.1)."""
LENGTH = 8
"""20 to the power of 8 is 34 bits: with the limits on guessing, one in a hundred million guesses a
day for a hundred codes that wait at once (section 5.1)."""
LIVES = timedelta(minutes=10)
INTERVAL = timedelta(seconds=5)
"""Between two questions of the device, and by how much more where it asks sooner (section 3.5)."""
FRESH = timedelta(minutes=15)
CAREFUL = Requirement(multifactor=True, max_age=FRESH)
"""What the page asks of whoever lets a device in, whatever the rules ask beside."""
_LONGEST = 60


class DeviceState(StrEnum):
    """What a person has said to the asking of a device."""

    WAITING = "waiting"
    ALLOWED = "allowed"
    DENIED = "denied"


def normalised(typed: str) -> str | None:
    """Read a code as people type it: in any case, in groups or not; None for what is no code.

    What is not one of the letters is left out (RFC 8628 section 6.1).
    """
    if len(typed) > _LONGEST:
        return None
    letters = "".join(each for each in typed.upper() if each in LETTERS)
    return letters if len(letters) == LENGTH else None


def grouped(code: str) -> str:
    """Write a code as it is shown: in two groups."""
    half = LENGTH // 2
    return f"{code[:half]}-{code[half:]}"


def asked_by_page(to: str) -> Requirement:
    """Return what a page of ours asks of whoever opens it, beside what the rules ask."""
    return CAREFUL if to.partition("?")[0] == PATH else Requirement()
