"""What is known of the device in front of somebody, and for how long that counts (ADR 55).

A device is the organisation's own where it showed a certificate of the organisation's device
authority. That was said once, in one browser; it counts there for a while and no longer, so that a
cookie that is copied to another device does not bring it along.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

LOOKED_AGAIN: Final = 0.5
"""The share of its life after which a page that asks for proof has the device looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDevice:
    """A device of ours as it showed itself in one browser."""

    name: str
    """What its certificate calls it."""
    authority: str
    """SHA-256 of the public key of who issued the certificate, in hex."""
    serial: str
    """The certificate's number, in hex."""
    ends: datetime
    """When the certificate ends."""
    at: datetime
    """When it was shown."""
    places: tuple[str, ...] = ()
    """Where it says that its list of revoked certificates is, where there are several."""


class Refusal(StrEnum):
    """Why a certificate that was shown does not make a device ours."""

    UNREADABLE = "unreadable"
    UNTRUSTED = "untrusted"
    """No authority of ours issued it, or it is weaker than we take."""
    ENDED = "ended"
    EARLY = "early"
    """It does not count yet."""
    PURPOSE = "purpose"
    """It is not for clients of TLS."""
    REVOKED = "revoked"
    NO_LIST = "no_list"
    """No list of revoked certificates counts that would tell."""


def counts(shown: ShownDevice, now: datetime, lives: timedelta) -> bool:
    """Say whether what was shown counts now, as far as time goes."""
    return shown.at <= now < min(shown.at + lives, shown.ends)


def is_stale(shown: ShownDevice | None, now: datetime, lives: timedelta) -> bool:
    """Say whether the device is to be looked at again before what is known of it is too old."""
    return shown is None or not shown.at <= now < shown.at + lives * LOOKED_AGAIN
