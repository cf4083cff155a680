"""How many wrong answers are taken before we stop listening."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Familiarity(StrEnum):
    """From where a password is tried.

    Each has a count of its own, so that a stranger's guesses stop strangers and not the person
    (A010). It gives no right.
    """

    KNOWN = "known"
    """A browser in which this account has signed in before."""
    INSIDE = "inside"
    """Another browser on one of the organisation's networks."""
    UNFAMILIAR = "unfamiliar"
    ANY = "any"
    """One count for all: second factors, which are asked for after the password."""


class Kind(StrEnum):
    """What is counted."""

    PASSWORD = "password"  # noqa: S105  # the name of a kind, not a password
    TOTP = "totp"
    SMS_CODE = "sms_code"
    RECOVERY_CODE = "recovery_code"
    START_CODE = "start_code"
    UNPROVEN = "unproven"
    """A second factor tried before any password was proved."""
    ADDRESS = "address"
    """One client address, over all accounts."""
    ADDRESS_INSIDE = "address_inside"


@dataclass(frozen=True, slots=True)
class Limit:
    """When tries of one kind are stopped. A try is counted before it is checked."""

    run: int
    """Tries in a row after which a stop begins; the last of them is still checked."""
    stop: timedelta
    per_day: int | None = None
    """Tries in the 24 hours from the first of them."""
    disable_at: int | None = None
    """Consecutive failures at which the method is disabled and must be bound anew."""
    window: timedelta | None = None
    """A run older than this, counted from its first try, starts over. None: it never does."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a try found, and what is stored for the next one."""

    allowed: bool
    run: int
    day: int
    total: int
    stopped_until: datetime | None
    run_started: datetime
    day_started: datetime
