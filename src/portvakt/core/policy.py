"""Conditional access: rules and the facts of one request in, a decision with its trace out.

Every matching rule counts; a block wins; requirements add up to the strictest; a rule that
only reports leaves a line and changes nothing. A rule that cannot be decided because it names
something that does not exist counts as matching: unknown is never a way in (A071).
"""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from portvakt.core.asking import Require, left_of, may_ask, words
from portvakt.core.assurance import Requirement
from portvakt.core.conditions import (
    OWN_PAGES,
    Condition,
    Known,
    Reading,
    actions_of,
    facts_of,
    mismatch,
    missing,
    reading_of,
)
from portvakt.core.demands import Demands, takes_for_known
from portvakt.core.ids import AccountId, GroupId, RuleId
from portvakt.core.matching import Matching
from portvakt.core.networks import Network, networks_of
from portvakt.core.roles import Role
from portvakt.core.rule import Rule, RuleState, spoken
from portvakt.core.signals import Action, Signals

__all__ = [
    "OWN_PAGES",
    "Condition",
    "Decision",
    "Known",
    "Network",
    "Outcome",
    "Require",
    "Rule",
    "RuleSet",
    "RuleState",
    "TraceLine",
    "asks_for_more",
    "networks_of",
    "spoken",
]


class Outcome(StrEnum):
    """What became of one rule."""

    APPLIED = "applied"
    NOT_MATCHED = "not_matched"
    REPORT_ONLY = "report_only"
    BROKEN = "broken"
    MET = "met"
    """It applied, and what it asks for is there: the device, or the browser."""


@dataclass(frozen=True, slots=True)
class TraceLine:
    """Why one rule did or did not count, for the event, the administrator and the person."""

    rule: RuleId
    outcome: Outcome
    detail: str
    refuses: bool = False
    """Whether nothing that the person could show would do."""
    limits: str = ""
    """How often one must sign in, and how long a session lasts, where the rule says."""
    seen: str = ""
    """What was amiss, with its numbers, where that and no rule asks (`core.risk`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What is asked in this request. `reasons` are the rules that ask for something."""

    blocked: bool
    requirement: Requirement
    reasons: tuple[RuleId, ...]
    told: tuple[TraceLine, ...] | Callable[[], tuple[TraceLine, ...]]
    """The trace, or what makes it: most decisions are never told."""
    refusing: tuple[RuleId, ...] = ()
    """Those of them that nothing would do for."""
    session_at_most: timedelta | None = None
    remember: timedelta | None = None
    """How long nothing more than the password would be asked for here in a browser that is known
    from now on; None where it would be all the same."""
    looks_at_browser: bool = False
    """Whether less would be asked for in a browser that is known."""

    @property
    def trace(self) -> tuple[TraceLine, ...]:
        """A line for each rule that is not off, by its id."""
        return self.told if isinstance(self.told, tuple) else self.told()

    def __eq__(self, other: object) -> bool:
        """Compare what is decided and why."""
        return isinstance(other, Decision) and self._parts() == other._parts()

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash((self.blocked, self.requirement, self.reasons))

    def _parts(self) -> tuple[object, ...]:
        mine = (self.blocked, self.requirement, self.reasons, self.trace)
        rest = (self.session_at_most, self.remember, self.looks_at_browser)
        return (*mine, self.refusing, *rest)

    def asking_more(self, more: Requirement, *lines: TraceLine) -> "Decision":
        """Return it with something added that no rule asks for, and the lines that say so.

        No browser is ever known well enough for that.
        """
        both = self.requirement + more
        remember = None if more.two_factors else self.remember
        return replace(self, requirement=both, told=(*self.trace, *lines), remember=remember)


class RuleSet:
    """The rules of one version of the configuration, made ready: deciding is a few steps."""

    def __init__(self, rules: Iterable[Rule], known: Known) -> None:
        """Make the rules ready. Their order does not matter."""
        self.rules = tuple(
            sorted((each for each in rules if each.state is not RuleState.OFF), key=_by_id)
        )
        self._known = known
        self._missing = tuple(missing(each.when, known) for each in self.rules)
        """Of each rule what it names and nobody knows; empty where all of it exists."""
        self._matching = Matching(
            [
                None if gone else each.when
                for each, gone in zip(self.rules, self._missing, strict=True)
            ],
            known,
        )
        self._readings = tuple(
            gone or reading_of(each.when, known)
            for each, gone in zip(self.rules, self._missing, strict=True)
        )
        self._on = sum(1 << at for at, each in enumerate(self.rules) if each.state is RuleState.ON)
        self._demands = Demands(self.rules)

    @property
    def broken(self) -> Mapping[RuleId, str]:
        """Which rules name what does not exist, and what that is: they hold for everybody."""
        both = zip(self.rules, self._missing, strict=True)
        return {rule.id: gone for rule, gone in both if gone}

    @property
    def looks_at_countries(self) -> bool:
        """Whether any rule asks in which country an address is."""
        return self._matching.looks_at("countries")

    @property
    def limits_sessions(self) -> bool:
        """Whether any rule says how long a session may last."""
        return any(each.session_at_most is not None for each in self.rules)

    @property
    def knows_browsers(self) -> bool:
        """Whether any rule in force asks for less in a browser that is known."""
        return any(each.remember is not None and each.state is RuleState.ON for each in self.rules)

    def is_about(self, action: Action) -> bool:
        """Whether any rule is about this."""
        return any(action in actions_of(each.when) for each in self.rules)

    def decide(self, signals: Signals) -> Decision:
        """Decide what is asked of this person, for this app, from here, now."""
        matched = self._matching.of(signals) & self._on
        total = self._demands.total(matched, signals)
        refusing = self._ids(matched & total.refusing)
        return Decision(
            bool(refusing),
            total.requirement,
            self._ids(matched & total.asking) + self._ids(matched & total.limiting),
            lambda: self.trace(signals),
            refusing,
            total.session_at_most,
            total.remember,
            total.looks_at_browser,
        )

    def _ids(self, places: int) -> tuple[RuleId, ...]:
        found = []
        while places:
            lowest = places & -places
            found.append(self.rules[lowest.bit_length() - 1].id)
            places ^= lowest
        return tuple(found)

    def trace(self, signals: Signals) -> tuple[TraceLine, ...]:
        """Say of each rule that is not off why it counts or does not."""
        facts = facts_of(signals)
        lines = []
        for rule, reading in zip(self.rules, self._readings, strict=True):
            differs = None
            if isinstance(reading, Reading):
                differs = mismatch(reading, facts, signals.at, self._known)
            gone = reading if isinstance(reading, str) else ""
            lines.append(self._line(rule, gone, differs, signals))
        return tuple(lines)

    @staticmethod
    def _line(rule: Rule, gone: str, differs: str | None, signals: Signals) -> TraceLine:
        if differs is not None:
            return TraceLine(rule.id, Outcome.NOT_MATCHED, differs)
        said, limits = words(rule.require), _limits(rule)
        if rule.state is RuleState.REPORT_ONLY:
            return TraceLine(
                rule.id, Outcome.REPORT_ONLY, gone or f"would ask {said}", limits=limits
            )
        known = takes_for_known(rule.remember, signals)
        left = left_of(rule.require, signals.device, known_browser=known)
        refuses = left is None
        if gone:
            return TraceLine(rule.id, Outcome.BROKEN, gone, refuses, limits)
        met = left is not None and not left and rule.require is not Require.PASSWORD
        return TraceLine(rule.id, Outcome.MET if met else Outcome.APPLIED, said, refuses, limits)

    def may_require_more(
        self,
        account_id: AccountId | None,
        groups: AbstractSet[GroupId],
        roles: AbstractSet[Role] | None,
    ) -> bool:
        """Whether any rule in force could ever ask this person for a second factor, somewhere.

        Where they are now, and by what, and which app they open, is left out: the last second
        factor must not be removed inside by somebody who will need it outside (A043). A broken
        rule asks everybody.
        """
        return any(
            asks_for_more(rule)
            and (bool(gone) or self._about(rule.when, account_id, groups, roles))
            for rule, gone in zip(self.rules, self._missing, strict=True)
        )

    def _about(
        self,
        when: Condition,
        account_id: AccountId | None,
        groups: AbstractSet[GroupId],
        roles: AbstractSet[Role] | None,
    ) -> bool:
        people = self._known.people
        facts: tuple[
            tuple[AbstractSet[object], AbstractSet[object], AbstractSet[object] | None], ...
        ]
        facts = (
            (when.groups, when.groups_not, groups),
            (when.roles, when.roles_not, roles),
            (
                {people[each] for each in when.people},
                {people[each] for each in when.people_not},
                None if account_id is None else {account_id},
            ),
        )
        return all(
            fact is None or ((not yes or bool(yes & fact)) and not no & fact)
            for yes, no, fact in facts
        )


def _by_id(rule: Rule) -> RuleId:
    return rule.id


def _limits(rule: Rule) -> str:
    said = []
    if rule.sign_in_every is not None:
        said.append(f"a new sign-in every {spoken(rule.sign_in_every)}")
    if rule.session_at_most is not None:
        said.append(f"a session of at most {spoken(rule.session_at_most)}")
    if rule.remember is not None:
        said.append(f"a known browser for {spoken(rule.remember)}")
    return " and ".join(said)


def asks_for_more(rule: Rule) -> bool:
    """Whether a rule is in force and asks for a second factor, from anybody anywhere."""
    return rule.state is RuleState.ON and may_ask(rule.require)
