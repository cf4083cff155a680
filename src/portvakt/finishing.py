"""Puts together what opens sessions, and what is looked at beside the rules before it does."""

from portvakt.base import Base
from portvakt.password_service import PasswordService
from portvakt.proving.finish import Finisher, FirstPolicy
from portvakt.proving.risk import Risks, no_spot
from portvakt.risk_settings import risk_policy


def risks_over(base: Base, passwords: PasswordService) -> Risks:
    """Return what finds out what is amiss."""
    places = base.locations
    return Risks(
        policy=risk_policy(base.settings),
        spot_of=no_spot if places is None else places.spot,
        breached=passwords.judge.breached,
        notices=base.notices,
    )


def finisher_of(base: Base, policy: FirstPolicy, risks: Risks) -> Finisher:
    """Return what opens sessions, for every way in."""
    return Finisher(random=base.random, policy=policy, notices=base.notices, risks=risks)
