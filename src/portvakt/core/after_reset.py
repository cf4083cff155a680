"""What a new password does not open for a day: whoever reset it may not be its owner."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portvakt.core.assurance import CLOCK_BOUND, Evidence, still_bound
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorType,
    phone_of,
)
from portvakt.core.ids import AuthenticatorId

FROZEN = timedelta(hours=24)
"""How long after a reset nothing may be added because of it alone."""

_STANDS_APART = SECOND_FACTORS | {AuthenticatorType.PHONE_SIGN_IN}


class Act(StrEnum):
    """What somebody wants to do to a method."""

    ADD = "add"
    CHANGE = "change"
    """Another number, a new card: an addition by another name."""
    RESTORE = "restore"
    """Take back what was suspended."""
    REMOVE = "remove"
    SUSPEND = "suspend"
    """Put aside: the owner's way to stop a thief, at any time."""
    VOUCH = "vouch"
    """Stand up for somebody else's reset."""


@dataclass(frozen=True, slots=True)
class PastReset:
    """The newest reset of an account: when it was done, and with which methods."""

    at: datetime
    used: frozenset[AuthenticatorId]


def thaws_at(reset: PastReset | None, now: datetime) -> datetime | None:
    """Say until when the account is frozen; None where it is not."""
    if reset is None or now >= reset.at + FROZEN:
        return None
    return reset.at + FROZEN


def may_after_reset(
    act: Act,
    reset: PastReset | None,
    evidence: Iterable[Evidence],
    bound: Collection[Authenticator],
    now: datetime,
) -> bool:
    """Whether this may be done, as far as the newest reset has a say.

    Within the 24 hours it takes a proof that the reset did not rest on: a second factor that was
    not used in it, does not live in a phone that was, and was there a day before it, or a start
    code that support gave after it. Standing up for somebody else and removing wait; suspending
    never does.
    """
    if act is Act.SUSPEND or reset is None or thaws_at(reset, now) is None:
        return True
    if act in {Act.VOUCH, Act.REMOVE}:
        return False
    phones = {phone_of(each) for each in bound if each.id in reset.used} - {None}
    held = {
        each.id: each
        for each in bound
        if each.type in _STANDS_APART
        and phone_of(each) not in phones
        and reset.at - each.changed_at >= FROZEN
    }
    return any(
        each.authenticator_id not in reset.used
        and (each.type is AuthenticatorType.START_CODE or each.authenticator_id in held)
        for each in still_bound(evidence, bound, now)
        if reset.at <= each.at <= now + CLOCK_BOUND
    )
