"""When a rule applies: kinds of facts, and what a fact that is not known does to each of them.

A rule can only ask for more, so a fact that is not known counts as whatever makes the rule apply:
in the positive form (`countries`) and in the negative (`countries_not`) alike.
"""

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

from portvakt.core.ids import AccountId, ClientId, GroupId, NetworkId
from portvakt.core.roles import Role
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk, Signals

OWN_PAGES = ClientId("portvakt")
"""What rules call our own pages; no app may have this `client_id`."""
DAY_MINUTES: Final = 24 * 60


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_DAYS: Final = tuple(Day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Some hours of some days, as the clock on the wall shows them in a named zone.

    `begin` is part of it and `end` is not, in minutes after midnight (0 to 1440). Where `end` is
    not after `begin` they go over midnight, and belong to the day on which they begin. An hour that
    the clock skips in spring is on no day; one that it shows twice in autumn counts twice.
    """

    zone: str
    days: frozenset[Day] = frozenset()
    """Empty: every day."""
    begin: int = 0
    end: int = DAY_MINUTES

    def holds(self, local: datetime) -> bool:
        """Say whether a wall clock of the zone is within them."""
        minute = local.hour * 60 + local.minute
        if self.begin < self.end:
            return self.begin <= minute < self.end and self._on(local)
        if minute >= self.begin:
            return self._on(local)
        return minute < self.end and self._on(local - timedelta(days=1))

    def _on(self, local: datetime) -> bool:
        return not self.days or _DAYS[local.weekday()] in self.days


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a rule applies: all named kinds at once, any of the names within a kind.

    An empty set places no condition, but of `actions`: a rule that names none is about signing in.
    """

    networks: frozenset[NetworkId] = frozenset()
    networks_not: frozenset[NetworkId] = frozenset()
    groups: frozenset[GroupId] = frozenset()
    groups_not: frozenset[GroupId] = frozenset()
    apps: frozenset[ClientId] = frozenset()
    apps_not: frozenset[ClientId] = frozenset()
    people: frozenset[str] = frozenset()
    """User names, or the `id` of state files."""
    people_not: frozenset[str] = frozenset()
    roles: frozenset[Role] = frozenset()
    roles_not: frozenset[Role] = frozenset()
    actions: frozenset[Action] = frozenset()
    actions_not: frozenset[Action] = frozenset()
    countries: frozenset[str] = frozenset()
    """ISO 3166-1 alpha-2."""
    countries_not: frozenset[str] = frozenset()
    devices: frozenset[Device] = frozenset()
    devices_not: frozenset[Device] = frozenset()
    platforms: frozenset[Platform] = frozenset()
    platforms_not: frozenset[Platform] = frozenset()
    client_kinds: frozenset[ClientKind] = frozenset()
    client_kinds_not: frozenset[ClientKind] = frozenset()
    risks: frozenset[Risk] = frozenset()
    risks_not: frozenset[Risk] = frozenset()
    times: frozenset[Hours] = frozenset()
    times_not: frozenset[Hours] = frozenset()


def no_zone(_: str) -> tzinfo | None:
    """Know no time zone."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is for rules to name."""

    groups: AbstractSet[GroupId] = frozenset()
    networks: AbstractSet[NetworkId] = frozenset()
    apps: AbstractSet[ClientId] = frozenset()
    people: Mapping[str, AccountId] = field(default_factory=dict)
    """Whose each name is that a rule names."""
    zone_of: Callable[[str], tzinfo | None] = no_zone
    """Finds a time zone by its name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of condition over names: which fact it looks at, and what a miss is called."""

    name: str
    fact: Callable[[Signals], frozenset[Any] | None]
    """None where the fact is not known."""
    outside: str
    """What is said where the positive form does not hold; `{}` is the fact."""
    inside: str
    """What is said where the negative form does not hold; `{}` is the name that was met."""


def _app(signals: Signals) -> frozenset[Any]:
    return frozenset({OWN_PAGES if signals.app is None else signals.app})


def _one(fact: Any) -> frozenset[Any] | None:
    return None if fact is None else frozenset({fact})


def _risk(signals: Signals) -> frozenset[Any] | None:
    return None if Risk.UNKNOWN in signals.risk else signals.risk


KINDS: Final = (
    Kind(
        "networks",
        lambda signals: signals.networks if signals.address_known else None,
        "not on a named network of the rule",
        "on {}",
    ),
    Kind("groups", lambda signals: signals.groups, "in no group of the rule", "in group {}"),
    Kind("apps", _app, "app {} is not in the rule", "app {} is exempt"),
    Kind(
        "people",
        lambda signals: frozenset({signals.account_id}),
        "the person is not in the rule",
        "the person is exempt",
    ),
    Kind("roles", lambda signals: signals.roles, "has no role of the rule", "has role {}"),
    Kind("actions", lambda signals: frozenset({signals.action}), "to {} is not in the rule", ""),
    Kind(
        "countries",
        lambda signals: _one(signals.country),
        "country {} is not in the rule",
        "in country {}",
    ),
    Kind(
        "devices",
        lambda signals: frozenset({signals.device}),
        "device {} is not in the rule",
        "device {} is exempt",
    ),
    Kind(
        "platforms",
        lambda signals: _one(signals.platform),
        "platform {} is not in the rule",
        "platform {} is exempt",
    ),
    Kind(
        "client_kinds",
        lambda signals: _one(signals.client_kind),
        "a {} client is not in the rule",
        "a {} client is exempt",
    ),
    Kind("risks", _risk, "no risk of the rule was seen", "risk {} was seen"),
)
"""Every kind but `times`, which no list of names can say."""


def missing(when: Condition, known: Known) -> str:
    """Name what a rule refers to and nobody knows; empty if all of it exists."""
    apps = when.apps | when.apps_not
    gone = [
        *(f"group {each}" for each in (when.groups | when.groups_not) - known.groups),
        *(f"network {each}" for each in (when.networks | when.networks_not) - known.networks),
        *(f"app {each}" for each in apps - known.apps - {OWN_PAGES}),
        *(f"person {each}" for each in (when.people | when.people_not) - known.people.keys()),
        *(
            f"time zone {zone}"
            for zone in {each.zone for each in when.times | when.times_not}
            if known.zone_of(zone) is None
        ),
    ]
    return f"{', '.join(sorted(gone))} does not exist" if gone else ""


def named(when: Condition, kind: str, known: Known) -> tuple[frozenset[Any], frozenset[Any]]:
    """Return the facts of a kind that the positive and the negative form of a condition name.

    A name of a person becomes the account; an action becomes all that it stands for.
    """
    yes, no = getattr(when, kind), getattr(when, f"{kind}_not")
    if kind == "people":
        yes, no = (frozenset(map(known.people.__getitem__, names)) for names in (yes, no))
    elif kind == "actions":
        yes, no = actions_of(when), frozenset()
    return yes, no


def actions_of(when: Condition) -> frozenset[Action]:
    """Return what a rule is about: signing in where it does not say, which administering is too."""
    about = when.actions
    if not about:
        about = frozenset(Action) if when.actions_not else frozenset({Action.SIGN_IN})
    if Action.SIGN_IN in about:
        about |= {Action.ADMINISTER}
    return about - when.actions_not


@dataclass(frozen=True, slots=True)
class Reading:
    """One condition made ready to be told: what it names of each kind that it names at all."""

    named: tuple[tuple[Kind, frozenset[Any], frozenset[Any]], ...]
    times: frozenset[Hours]
    times_not: frozenset[Hours]


def reading_of(when: Condition, known: Known) -> Reading:
    """Make a condition ready that names nothing but what there is."""
    each = ((kind, *named(when, kind.name, known)) for kind in KINDS)
    found = tuple((kind, yes, no) for kind, yes, no in each if yes or no)
    return Reading(found, when.times, when.times_not)


def facts_of(signals: Signals) -> Mapping[str, frozenset[Any] | None]:
    """Read every fact once, by its kind."""
    return {kind.name: kind.fact(signals) for kind in KINDS}


def mismatch(
    reading: Reading, facts: Mapping[str, frozenset[Any] | None], at: datetime, known: Known
) -> str | None:
    """Say which condition is not met, or None where all of them are."""
    return next(_mismatches(reading, facts, at, known), None)


def _mismatches(
    reading: Reading, facts: Mapping[str, frozenset[Any] | None], at: datetime, known: Known
) -> Iterator[str]:
    for kind, yes, no in reading.named:
        fact = facts[kind.name]
        if fact is None:
            continue
        if yes and not yes & fact:
            yield kind.outside.format(", ".join(sorted(fact)))
        if no & fact:
            yield kind.inside.format(min(no & fact))
    if reading.times and not any(within(each, at, known) for each in reading.times):
        yield "not within the hours of the rule"
    if any(within(each, at, known) for each in reading.times_not):
        yield "within hours that are exempt"


def within(hours: Hours, at: datetime, known: Known) -> bool:
    """Say whether a moment is within hours; the zone must be known."""
    return hours.holds(at.astimezone(known.zone_of(hours.zone)))
