"""How many texts a day may cost, and who goes without before nobody gets any (docs/adr/0034).

People are moved to other ways before anything stops. From four fifths of the day's texts on, other
ways are asked for first. The last tenth is for those who have no other way, and for notices, which
are counted and never stopped. What strangers ask for has a share of its own that they cannot leave.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from enum import IntEnum

from portvakt.core.authenticators import Authenticator, AuthenticatorType


class Room(IntEnum):
    """How many of the day's texts are left. A larger one leaves less."""

    PLENTY = 0
    SCARCE = 1
    """Other ways are asked for first."""
    KEPT = 2
    """What is left is for those who have no other way."""
    NONE = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """Texts of this day so far: all of them, and those asked for before any password was shown."""

    all: int
    unproven: int


def room(sent: int, per_day: int) -> Room:
    """Say how much is left of the day's texts."""
    if sent >= per_day:
        return Room.NONE
    if sent * 10 >= per_day * 9:
        return Room.KEPT
    if sent * 5 >= per_day * 4:
        return Room.SCARCE
    return Room.PLENTY


def may_send(counted: Counted, per_day: int, *, only_way: bool, unproven: bool) -> bool:
    """Say whether one more code may be sent.

    `only_way` means that the person has no other second factor. Strangers (`unproven`) get a fifth
    of the day at most, and nothing of what is kept for people without another way.
    """
    left = room(counted.all, per_day)
    if left is Room.NONE or (unproven and counted.unproven * 5 >= per_day):
        return False
    return left is not Room.KEPT or (only_way and not unproven)


def began(now: datetime, zone: tzinfo) -> datetime:
    """Return when the day of `now` began on the clocks of a zone."""
    local = now.astimezone(zone)
    return datetime.combine(local.date(), time(), zone).astimezone(now.tzinfo)


def texts_last(offered: Iterable[Authenticator]) -> tuple[Authenticator, ...]:
    """Put phones for text messages behind what costs nothing to ask for.

    Printed codes stay last: they are for when all else fails.
    """

    def place(each: Authenticator) -> int:
        if each.type is AuthenticatorType.RECOVERY_CODE:
            return 2
        return int(each.type is AuthenticatorType.SMS_CODE)

    return tuple(sorted(offered, key=place))


def is_only_way(second_factors: Iterable[Authenticator]) -> bool:
    """Say whether somebody's second factors are texts, and at most printed codes beside them."""
    return {each.type for each in second_factors} <= {
        AuthenticatorType.SMS_CODE,
        AuthenticatorType.RECOVERY_CODE,
    }
