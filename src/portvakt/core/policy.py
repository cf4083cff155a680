"""Conditional access: rules and the facts of one request in, a decision with its trace out.

Every matching rule counts; a block wins; requirements add up to the strictest; a rule that
only reports leaves a line and changes nothing. A rule that cannot be decided because it names
something that does not exist counts as matching: unknown is never a way in (A071).
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from portvakt.core.assurance import Requirement
from portvakt.core.ids import ClientId, GroupId, NetworkId, RuleId
from portvakt.core.networks import Network, networks_of
from portvakt.core.signals import Signals

__all__ = [
    "OWN_PAGES",
    "Condition",
    "Decision",
    "Network",
    "Outcome",
    "Require",
    "Rule",
    "RuleState",
    "TraceLine",
    "asks_for_more",
    "evaluate",
    "may_require_more",
    "networks_of",
]

OWN_PAGES = ClientId("portvakt")
"""What rules call our own pages; no app may have this `client_id`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a rule applies: all named kinds at once, any of the names within a kind.

    An empty set places no condition.
    """

    networks: frozenset[NetworkId] = frozenset()
    networks_not: frozenset[NetworkId] = frozenset()
    groups: frozenset[GroupId] = frozenset()
    groups_not: frozenset[GroupId] = frozenset()
    apps: frozenset[ClientId] = frozenset()
    apps_not: frozenset[ClientId] = frozenset()


class Require(StrEnum):
    """What a matching rule asks for."""

    PASSWORD = "password"  # noqa: S105  # a word in a rule
    MULTIFACTOR = "multifactor"
    PHISHING_RESISTANT = "phishing_resistant"
    BLOCK = "block"


class RuleState(StrEnum):
    """REPORT_ONLY leaves a line in the trace and changes nothing."""

    ON = "on"
    REPORT_ONLY = "report_only"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, with its reason in the languages of the pages (sv, en)."""

    id: RuleId
    state: RuleState
    when: Condition
    require: Require
    reason: Mapping[str, str] = field(default_factory=dict)


class Outcome(StrEnum):
    """What became of one rule."""

    APPLIED = "applied"
    NOT_MATCHED = "not_matched"
    REPORT_ONLY = "report_only"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class TraceLine:
    """Why one rule did or did not count, for the event, the administrator and the person."""

    rule: RuleId
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is asked in this request. `reasons` are the rules that ask for something."""

    blocked: bool
    requirement: Requirement
    reasons: tuple[RuleId, ...]
    trace: tuple[TraceLine, ...]


_REQUIREMENTS: Mapping[Require, Requirement] = {
    Require.PASSWORD: Requirement(),
    Require.MULTIFACTOR: Requirement(multifactor=True),
    Require.PHISHING_RESISTANT: Requirement(multifactor=True, phishing_resistant=True),
    Require.BLOCK: Requirement(),
}


def evaluate(
    rules: Iterable[Rule],
    signals: Signals,
    *,
    known_groups: AbstractSet[GroupId],
    known_networks: AbstractSet[NetworkId],
    known_apps: AbstractSet[ClientId],
) -> Decision:
    """Decide what is asked of this person, for this app, from here, now.

    The order of the rules does not matter: reasons and trace come sorted by rule id.
    """
    blocked = False
    requirement = Requirement()
    reasons: list[RuleId] = []
    trace: list[TraceLine] = []
    for rule in sorted(rules, key=lambda each: each.id):
        if rule.state is RuleState.OFF:
            continue
        missing = _missing(rule.when, known_groups, known_networks, known_apps)
        mismatch = None if missing else _mismatch(rule.when, signals)
        match rule.state:
            case RuleState.REPORT_ONLY:
                trace.append(_reported(rule, missing, mismatch))
                continue
            case RuleState.ON:
                pass
            case _ as never:  # pragma: no cover
                assert_never(never)
        if mismatch is not None:
            trace.append(TraceLine(rule.id, Outcome.NOT_MATCHED, mismatch))
            continue
        outcome = Outcome.BROKEN if missing else Outcome.APPLIED
        trace.append(TraceLine(rule.id, outcome, missing or rule.require.value))
        requirement += _REQUIREMENTS[rule.require]
        blocked = blocked or rule.require is Require.BLOCK
        if rule.require is not Require.PASSWORD:
            reasons.append(rule.id)
    return Decision(blocked, requirement, tuple(reasons), tuple(trace))


def asks_for_more(rule: Rule) -> bool:
    """Whether a rule is in force and asks for a second factor, from anybody anywhere."""
    return rule.state is RuleState.ON and rule.require in {
        Require.MULTIFACTOR,
        Require.PHISHING_RESISTANT,
    }


def may_require_more(
    rules: Iterable[Rule],
    groups: AbstractSet[GroupId],
    *,
    known_groups: AbstractSet[GroupId],
    known_networks: AbstractSet[NetworkId],
    known_apps: AbstractSet[ClientId],
) -> bool:
    """Whether any rule in force could ever ask this person for a second factor, somewhere.

    Where they are now and which app they open is left out: the last second factor must not be
    removed inside by somebody who will need it outside (A043). A broken rule asks everybody.
    """
    return any(
        asks_for_more(rule)
        and (
            _in_groups(rule.when, groups)
            or bool(_missing(rule.when, known_groups, known_networks, known_apps))
        )
        for rule in rules
    )


def _in_groups(when: Condition, groups: AbstractSet[GroupId]) -> bool:
    return (not when.groups or bool(when.groups & groups)) and not when.groups_not & groups


def _missing(
    when: Condition,
    groups: AbstractSet[GroupId],
    networks: AbstractSet[NetworkId],
    apps: AbstractSet[ClientId],
) -> str:
    """Name what a rule refers to and nobody knows; empty if all of it exists."""
    gone = [
        *(f"group {each}" for each in (when.groups | when.groups_not) - groups),
        *(f"network {each}" for each in (when.networks | when.networks_not) - networks),
        *(f"app {each}" for each in (when.apps | when.apps_not) - apps - {OWN_PAGES}),
    ]
    return f"{', '.join(sorted(gone))} does not exist" if gone else ""


def _mismatch(when: Condition, signals: Signals) -> str | None:
    """Say which condition is not met, or None where all of them are."""
    return next(_mismatches(when, signals), None)


def _mismatches(when: Condition, signals: Signals) -> Iterator[str]:
    app = OWN_PAGES if signals.app is None else signals.app
    if when.networks and not when.networks & signals.networks:
        yield "not on a named network of the rule"
    if when.networks_not & signals.networks:
        yield f"on {min(when.networks_not & signals.networks)}"
    if when.groups and not when.groups & signals.groups:
        yield "in no group of the rule"
    if when.groups_not & signals.groups:
        yield f"in group {min(when.groups_not & signals.groups)}"
    if when.apps and app not in when.apps:
        yield f"app {app} is not in the rule"
    if app in when.apps_not:
        yield f"app {app} is exempt"


def _reported(rule: Rule, missing: str, mismatch: str | None) -> TraceLine:
    if mismatch is not None:
        return TraceLine(rule.id, Outcome.NOT_MATCHED, mismatch)
    return TraceLine(rule.id, Outcome.REPORT_ONLY, missing or f"would ask {rule.require.value}")
