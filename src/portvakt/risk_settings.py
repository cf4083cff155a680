"""What the settings say of risk, as those who look for it take it."""

from datetime import timedelta
from types import MappingProxyType

from portvakt.core.policy import RuleState
from portvakt.core.risk import RiskPolicy
from portvakt.core.signals import Risk
from portvakt.settings import Settings
from portvakt.settings.structs import span


def risk_policy(settings: Settings) -> RiskPolicy:
    """Return what is looked for, and from where on it counts."""
    ours = settings.risk
    return RiskPolicy(
        states=MappingProxyType(
            {each: RuleState(getattr(ours, each)) for each in Risk if each is not Risk.UNKNOWN}
        ),
        spray_people=ours.spray_people,
        spray_people_inside=ours.spray_people_inside,
        spray_share=ours.spray_share,
        spray_within=span(ours.spray_within),
        guesses=ours.guesses,
        guesses_within=span(ours.guesses_within),
        refused=ours.refused,
        refused_within=span(ours.refused_within),
        remembered=timedelta(days=ours.remembered_days),
        speed=ours.speed,
        distance=ours.distance,
        home=settings.organisation.country,
    )
