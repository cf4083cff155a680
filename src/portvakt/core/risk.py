"""What is amiss about a sign-in: facts in, named findings out, each with the numbers that made it.

No score: a finding is there or it is not, a level follows from a published table of findings, and
what a level asks is a rule like any other. Nothing here refuses anybody. What strangers can bring
about for somebody (`BY_OTHERS`) asks for no more than any second factor, and whoever has none is
asked for nothing more, so that nobody is locked out by somebody else's will.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from types import MappingProxyType
from typing import Final

from portvakt.core.asking import AnyOf, Ask, Own, Require, left_of, requirement_of, words
from portvakt.core.assurance import Requirement
from portvakt.core.authenticators import PROOFS, Authenticator, AuthenticatorType
from portvakt.core.ids import RuleId
from portvakt.core.policy import Outcome, RuleState, TraceLine
from portvakt.core.signals import Device, Risk

EARTH_KM: Final = 6371.0
"""The mean radius."""
_HOUR: Final = 3600.0


class Level(StrEnum):
    """How much is amiss, by `level_of`."""

    LOW = "low"
    ELEVATED = "elevated"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where an address is, as far as a database tells."""

    country: str | None = None
    """ISO 3166-1 alpha-2."""
    latitude: float | None = None
    longitude: float | None = None
    """Degrees; both are known or neither is."""
    radius_km: float = 0.0
    """The address is within so far of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One sign-in that opened a session."""

    at: datetime
    spot: Spot = Spot()
    ours: bool = False
    """Whether it came from a network of the organisation, which is at no place in the world."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came from the same place in the world within `RiskPolicy.spray_within`."""

    people: int
    """Other people for whom a wrong password came, and who have not got in from there since."""
    got_in: int
    """People who did get in from there. Counted only where `people` is enough for a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFacts:
    """What one sign-in is judged by, when its first right answer has come."""

    at: datetime
    spot: Spot = Spot()
    ours: bool = False
    """Whether it comes from a network of the organisation."""
    past: tuple[Past, ...] = ()
    """The person's own sign-ins of the last `RiskPolicy.remembered`, in any order."""
    tried: Tried | None = None
    """None where the address is not known."""
    guesses: int = 0
    """Wrong passwords for this person in the last `RiskPolicy.guesses_within`, none of them older
    than the last sign-in."""
    refused: int = 0
    """Requests to which the phone said no in the last `RiskPolicy.refused_within`."""
    leaked: bool = False
    """Whether the password that was typed, and is right, is in the list of leaked ones."""


_ON: Final[Mapping[Risk, RuleState]] = MappingProxyType(
    {each: RuleState.ON for each in Risk if each is not Risk.UNKNOWN}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPolicy:
    """What is looked for, and from where on it counts. The numbers are published defaults."""

    states: Mapping[Risk, RuleState] = field(default_factory=lambda: _ON)
    """What is `off` is not looked for. What only reports is told, and rules may name it."""
    spray_people: int = 10
    spray_people_inside: int = 100
    """The same on a network of the organisation, where many sit behind one address."""
    spray_share: float = 50.0
    """Percent of all who tried from there that did not get in."""
    spray_within: timedelta = timedelta(hours=1)
    guesses: int = 10
    guesses_within: timedelta = timedelta(days=1)
    refused: int = 3
    refused_within: timedelta = timedelta(days=1)
    remembered: timedelta = timedelta(days=90)
    """For how long somebody's countries are remembered."""
    speed: int = 1000
    """Kilometres in an hour."""
    distance: int = 300
    """Kilometres: what is nearer is no travel."""
    home: str = "SE"
    """The organisation's country, which is new to nobody."""

    def state(self, risk: Risk) -> RuleState:
        """Say what is done about one kind."""
        return self.states.get(risk, RuleState.OFF)

    def looks_for(self, *risks: Risk) -> bool:
        """Whether any of these is looked for."""
        return any(self.state(each) is not RuleState.OFF for each in risks)


NOTHING_LOOKED_FOR: Final = RiskPolicy(states=MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is amiss, with the numbers that made it one."""

    risk: Risk
    numbers: tuple[tuple[str, int | str], ...]

    @property
    def said(self) -> str:
        """What was seen, for the trace: words for whoever answers the telephone."""
        if not self.numbers and self.risk is not Risk.LEAKED_PASSWORD:
            return "supposed"
        return _SAID[self.risk].format(**dict(self.numbers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found when somebody's sign-in was looked at; it holds until the sign-in is over."""

    findings: tuple[Finding, ...] = ()
    been_here: bool | None = None
    """Whether the person has signed in from this address lately; None where nobody looked."""


_SAID: Final[Mapping[Risk, str]] = MappingProxyType(
    {
        Risk.SPRAY: (
            "wrong passwords for {people} other people came from here within {minutes} minutes, "
            "and {got_in} people got in (from {least} on)"
        ),
        Risk.GUESSING: "{wrong} wrong passwords within {hours} hours (from {least} on)",
        Risk.REFUSED_ON_PHONE: (
            "the phone said no to {refused} requests within {hours} hours (from {least} on)"
        ),
        Risk.LEAKED_PASSWORD: "the password is in the list of leaked passwords",
        Risk.NEW_COUNTRY: "from {country}, and in {days} days before from {before}",
        Risk.IMPOSSIBLE_TRAVEL: (
            "at least {km} km in {minutes} minutes, from {before} to {country}: {speed} km/h "
            "(from {least} on)"
        ),
    }
)


def spray(facts: RiskFacts, policy: RiskPolicy) -> Finding | None:
    """Find that one place tries the passwords of many people.

    People who mistype and then get in are not among them. A network of the organisation is judged
    by a number of its own, and anywhere it must be a large part of all who tried.
    """
    if facts.tried is None:
        return None
    people, got_in = facts.tried.people, facts.tried.got_in
    least = policy.spray_people_inside if facts.ours else policy.spray_people
    if people < least or 100 * people < policy.spray_share * (people + got_in):
        return None
    minutes = int(policy.spray_within.total_seconds() // 60)
    numbers = (("people", people), ("got_in", got_in), ("minutes", minutes), ("least", least))
    return Finding(Risk.SPRAY, numbers)


def guessing(facts: RiskFacts, policy: RiskPolicy) -> Finding | None:
    """Find that many wrong passwords came before this right one."""
    if facts.guesses < policy.guesses:
        return None
    within = _hours(policy.guesses_within)
    numbers = (("wrong", facts.guesses), ("hours", within), ("least", policy.guesses))
    return Finding(Risk.GUESSING, numbers)


def refused_on_phone(facts: RiskFacts, policy: RiskPolicy) -> Finding | None:
    """Find that the phone has said no again and again."""
    if facts.refused < policy.refused:
        return None
    within = _hours(policy.refused_within)
    numbers = (("refused", facts.refused), ("hours", within), ("least", policy.refused))
    return Finding(Risk.REFUSED_ON_PHONE, numbers)


def leaked_password(facts: RiskFacts, policy: RiskPolicy) -> Finding | None:
    """Find that others know the password, too."""
    del policy
    return Finding(Risk.LEAKED_PASSWORD, ()) if facts.leaked else None


def new_country(facts: RiskFacts, policy: RiskPolicy) -> Finding | None:
    """Find that nobody has seen the person sign in from this country; never from our networks."""
    country = facts.spot.country
    if facts.ours or country is None or country == policy.home:
        return None
    since = facts.at - policy.remembered
    before = {each.spot.country for each in facts.past if not each.ours and each.at >= since}
    if country in before:
        return None
    known = ", ".join(sorted({policy.home, *(each for each in before if each is not None)}))
    numbers = (("country", country), ("before", known), ("days", policy.remembered.days))
    return Finding(Risk.NEW_COUNTRY, numbers)


def impossible_travel(facts: RiskFacts, policy: RiskPolicy) -> Finding | None:
    """Find that the last sign-in was too far away for the time since; never on our networks.

    Both addresses may be anywhere within the radius that the database gives, so the way counts as
    the shortest there could be.
    """
    if facts.ours:
        return None
    placed = [each for each in facts.past if not each.ours and each.spot.latitude is not None]
    if not placed:
        return None
    last = max(placed, key=lambda each: each.at)
    way = distance_km(last.spot, facts.spot)
    hours = max((facts.at - last.at).total_seconds(), 60.0) / _HOUR
    if way is None or way < policy.distance or way / hours < policy.speed:
        return None
    numbers = (
        ("km", int(way)),
        ("minutes", round(hours * 60)),
        ("speed", int(way / hours)),
        ("before", last.spot.country or "?"),
        ("country", facts.spot.country or "?"),
        ("least", policy.speed),
    )
    return Finding(Risk.IMPOSSIBLE_TRAVEL, numbers)


Finder = Callable[[RiskFacts, RiskPolicy], Finding | None]
FINDERS: Final[Mapping[Risk, Finder]] = MappingProxyType(
    {
        Risk.SPRAY: spray,
        Risk.GUESSING: guessing,
        Risk.REFUSED_ON_PHONE: refused_on_phone,
        Risk.LEAKED_PASSWORD: leaked_password,
        Risk.NEW_COUNTRY: new_country,
        Risk.IMPOSSIBLE_TRAVEL: impossible_travel,
    }
)


def look(facts: RiskFacts, policy: RiskPolicy) -> tuple[Finding, ...]:
    """Return everything that is amiss, of what is looked for; the facts have no order."""
    found = (find(facts, policy) for risk, find in FINDERS.items() if policy.looks_for(risk))
    return tuple(each for each in found if each is not None)


def supposed(risks: AbstractSet[Risk], policy: RiskPolicy) -> tuple[Finding, ...]:
    """Return findings of these kinds without numbers, as far as they are looked for."""
    return tuple(Finding(each, ()) for each in FINDERS if each in risks and policy.looks_for(each))


def distance_km(one: Spot, other: Spot) -> float | None:
    """Return the shortest way there could be between two spots, in kilometres; None if unknown.

    Along a great circle (haversine), less both radii.
    """
    if one.latitude is None or one.longitude is None:
        return None
    if other.latitude is None or other.longitude is None:
        return None
    north, south = radians(one.latitude), radians(other.latitude)
    turn = sin(radians(other.longitude - one.longitude) / 2) ** 2
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * turn
    way = 2 * EARTH_KM * asin(min(1.0, sqrt(half)))
    return max(0.0, way - one.radius_km - other.radius_km)


BY_OTHERS: Final = frozenset({Risk.GUESSING, Risk.REFUSED_ON_PHONE})
"""What somebody who knows a name can bring about for its owner, wherever the owner is."""


def level_of(risks: AbstractSet[Risk]) -> Level:
    """Return the level, by the published table: more findings never lower it."""
    own = risks - BY_OTHERS - {Risk.UNKNOWN}
    if Risk.IMPOSSIBLE_TRAVEL in risks or len(own) > 1:
        return Level.HIGH
    return Level.ELEVATED if risks else Level.LOW


_STRONG: Final = frozenset(
    {AuthenticatorType.PASSKEY, AuthenticatorType.PUSH, AuthenticatorType.PHONE_SIGN_IN}
)
EFFECTS: Final[Mapping[Level, Ask]] = MappingProxyType(
    {
        Level.LOW: Require.PASSWORD,
        Level.ELEVATED: Require.MULTIFACTOR,
        Level.HIGH: AnyOf((Require.PHISHING_RESISTANT, Own("a number in our app", _STRONG))),
    }
)
"""What is asked at each level of whoever has it. A known browser stands for nothing there, nor does
being inside."""


def effect(level: Level, second: Collection[Authenticator]) -> Ask:
    """Return what a level asks of somebody with these second factors: never what they lack."""
    if not second:
        return Require.PASSWORD
    strong = any(each.type in _STRONG or PROOFS[each.type].phishing_resistant for each in second)
    return EFFECTS[Level.ELEVATED if level is Level.HIGH and not strong else level]


@dataclass(frozen=True, slots=True)
class Raised:
    """What findings ask for, beside the rules, and a line of the trace for each."""

    level: Level
    requirement: Requirement
    lines: tuple[TraceLine, ...]
    asking: tuple[Risk, ...]
    """Those that ask for something, for the page that says why."""


def raised(
    findings: Iterable[Finding], policy: RiskPolicy, second: Collection[Authenticator]
) -> Raised:
    """Say what is asked of somebody with these second factors, and why."""
    each = tuple(findings)
    on = {found.risk for found in each if policy.state(found.risk) is RuleState.ON}
    level = level_of(on)
    ask = effect(level, second)
    left = left_of(ask, Device.OTHER, known_browser=False)
    if left is None:
        raise AssertionError("no level blocks")
    lines = tuple(_line(found, on, ask) for found in each)
    asking = tuple(found.risk for found in each if found.risk in on and left)
    return Raised(level, requirement_of(left), lines, asking)


def _line(found: Finding, on: AbstractSet[Risk], ask: Ask) -> TraceLine:
    outcome = Outcome.APPLIED if found.risk in on else Outcome.REPORT_ONLY
    said = words(ask) if found.risk in on else "asks for nothing"
    return TraceLine(RuleId(f"risk {found.risk}"), outcome, said, seen=found.said)


def _hours(span: timedelta) -> int:
    return int(span.total_seconds() // _HOUR)
