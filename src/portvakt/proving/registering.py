"""What rules say of binding a method, here and now: a session that was let in may be so no longer.

A registration session lasts for a while, and proof of one's methods for some minutes; meanwhile a
rule may be applied, a network left, a device reported stolen. Rules bite within a minute (R27).
"""

from collections.abc import Collection
from datetime import datetime

from portvakt.core.assurance import Evidence, Requirement, meets, still_bound
from portvakt.core.authenticators import Authenticator, usable_second_factors
from portvakt.core.people import Account
from portvakt.core.sessions import REGISTRATION, Session, SessionKind
from portvakt.core.signals import Action
from portvakt.proving.rules import Verdict, judge
from portvakt.proving.visit import Visit
from portvakt.records.configuration import Configuration


def by_rules_of_registering(
    configuration: Configuration, account: Account, visit: Visit
) -> Verdict | None:
    """Return what the rules about a first method say; None where there are none."""
    action = Action.REGISTER
    if not configuration.rule_set.is_about(action):
        return None
    return judge(configuration, account, None, visit.address, visit.now, visit.seen, action=action)


def rules_let_bind(
    configuration: Configuration,
    account: Account,
    bound: Collection[Authenticator],
    session: Session,
    visit: Visit,
    begun: datetime,
) -> bool:
    """Say whether a method may be bound in this session that was begun at that time.

    The first is for the rules about registering; any other for those of signing in, which its
    proof was held against when it was given. What follows in the same sitting as the first is a
    part of that. Where rules of signing in let nobody in, nothing is bound.
    """
    now, visit = visit.now, visit.beside(session.risks)
    signing_in = judge(configuration, account, None, visit.address, now, visit.seen).decision
    if signing_in.blocked:
        return False
    need = signing_in.requirement
    if session.kind is SessionKind.REGISTRATION or not usable_second_factors(bound, now):
        verdict = by_rules_of_registering(configuration, account, visit)
        if verdict is None:
            return True
        if verdict.decision.blocked:
            return False
        need = verdict.decision.requirement
    elif session.resume_to is not None and now - session.created_at <= REGISTRATION.absolute:
        return True
    return _enough(still_bound(session.evidence, bound, now), need, begun, now)


def _enough(shown: tuple[Evidence, ...], need: Requirement, begun: datetime, now: datetime) -> bool:
    """Whoever is slow need not show again what was fresh when it was begun."""
    return any(meets(shown, need, at) for at in (begun, now))
