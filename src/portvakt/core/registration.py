"""Apps that register themselves (RFC 7591, RFC 7592): what may come of one asking."""

from dataclasses import dataclass, field

from portvakt.core.relying_parties import RelyingParty
from portvakt.core.secret import Secret

REGISTERED = "registered"
"""Whose the rows are of apps that registered themselves."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The app as it is now stored, and what opens it: each is known nowhere else."""

    app: RelyingParty
    access: Secret = field(repr=False)
    """The registration access token (RFC 7592 section 3)."""
    made_at: int
    """Seconds since 1970."""
    secret: Secret | None = field(default=None, repr=False)
    """The client secret, where one was drawn now."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """It was not done, for what was sent is wrong."""

    why: str
    of_redirect: bool = False
    """Whether it is an address to come back to (RFC 7591 section 3.2.2)."""


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The token does not count: unknown, used up, too old, or of another app."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The app cannot be removed, for a rule names it."""
