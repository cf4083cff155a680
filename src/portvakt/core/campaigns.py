"""Registration campaigns: who is asked to register something after signing in, and who must.

Until the last day it may wait, and the page that asks can be passed. After it nobody who lacks the
method gets further than to its registration, and what that takes is what binding any method takes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from portvakt.core.assurance import SIGN_IN, still_bound, types_of
from portvakt.core.authenticators import (
    Authenticator,
    AuthenticatorType,
    usable_second_factors,
    withdrawn_second_factors,
)
from portvakt.core.best_shown import best_of
from portvakt.core.enrolment import NeedsFreshProof, for_registration, may_change
from portvakt.core.first_registration import Basis, FirstRegistration, NeedsProof
from portvakt.core.method_rules import Allowed
from portvakt.core.sign_in import (
    AskAuthenticator,
    AskEnrolment,
    AskSecondProof,
    Finish,
    SignIn,
    Step,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody is asked to register."""

    register: AuthenticatorType
    last_day: date | None
    must: bool
    """Whether it cannot wait any more."""
    snooze_days: int


def asked_of(may: Allowed, bound: Collection[Authenticator], now: datetime) -> Asked | None:
    """Say what somebody is asked to register now: what must be first, then what must be soonest.

    None where they have it, or may not register it.
    """
    today, found = now.date(), list[Asked]()
    has = {each.type for each in bound if each.usable(now)}
    for entry in may.entries:
        campaign = entry.campaign
        if campaign is None or today < campaign.begins or campaign.register in has:
            continue
        if may.registers(campaign.register):
            last = campaign.last_day
            must = last is not None and today > last
            found.append(
                Asked(
                    register=campaign.register,
                    last_day=last,
                    must=must,
                    snooze_days=campaign.snooze_days,
                )
            )
    return min(found, key=lambda each: (not each.must, each.last_day or date.max), default=None)


def demanded(
    step: Step,
    state: SignIn,
    asked: Asked | None,
    bound: Collection[Authenticator],
    first: FirstRegistration,
    now: datetime,
) -> Step:
    """Return what comes next where something must be registered before a sign-in ends.

    It never opens what was not open: only where the sign-in would end is anything put in its place,
    and that is registering, or what registering takes.
    """
    done = isinstance(step, Finish) and state.purpose == SIGN_IN and state.session_id is None
    if asked is None or not asked.must or not done:
        return step
    shown = still_bound(state.evidence, bound, now)
    verdict = may_change(bound, for_registration(shown), first, now, registering=True)
    if isinstance(verdict, NeedsProof):
        return AskSecondProof(verdict.options)
    if not isinstance(verdict, NeedsFreshProof):
        return AskEnrolment(verdict.basis)
    second = usable_second_factors(bound, now)
    best = best_of((*second, *withdrawn_second_factors(bound, now)))
    offered = tuple(each for each in best if each in second and each.type not in types_of(shown))
    if not offered:
        return AskSecondProof((Basis.START_CODE,))
    kinds = {each.type for each in offered}
    chosen = state.chosen if state.chosen in kinds else offered[0].type
    return AskAuthenticator(offered, chosen or offered[0].type)
