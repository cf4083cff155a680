"""The rules of a file: what each says wrongly or unwisely, and what it is in the types of the core.

A strength of one's own is kept in the rules that name it and nowhere else, so that no rule can ever
name one that is gone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import prod
from typing import Any, Final

from portvakt.core.asking import AllOf, AnyOf, Ask, Own, Require, parts_of
from portvakt.core.authenticators import SECOND_FACTORS, AuthenticatorType
from portvakt.core.conditions import DAY_MINUTES, KINDS, Condition, Hours, actions_of
from portvakt.core.ids import RuleId
from portvakt.core.known_browsers import LONGEST_KNOWN
from portvakt.core.policy import Rule, RuleState, spoken
from portvakt.core.roles import Role
from portvakt.core.signals import Risk
from portvakt.journeys.apply_state import document
from portvakt.strict_toml import Problems, did_you_mean
from portvakt.toml_places import Path
from portvakt.zones import zone_of

NAMEABLE: Final = SECOND_FACTORS | {AuthenticatorType.PHONE_SIGN_IN}
"""Methods that a strength may name: what may stand beside a password, or in its place."""
DEEPEST: Final = 3
"""How far «any» and «all» may stand in one another; nobody can read more."""
WIDEST: Final = 8
"""How many may stand beside one another in them."""
MOST_WAYS: Final = 64
"""How many ways of meeting it may come of them: «any» of many «all» multiplies what is in those."""
_UNITS: Final = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
Strengths = Mapping[str, frozenset[AuthenticatorType]]
Asked = str | document.Joined


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """What there is for rules to name: in the file, or stored."""

    networks: Collection[str]
    groups: Collection[str]
    apps: Collection[str]
    people: Collection[str] | None
    """None where nobody looked: then any name will do."""
    strengths: Strengths = field(default_factory=dict)


def strengths_of(rules: Iterable[Rule]) -> Strengths:
    """Return the strengths that rules name."""
    parts = (part for rule in rules for part in parts_of(rule.require))
    return {part.name: part.methods for part in parts if isinstance(part, Own)}


def people_in(state: document.State) -> frozenset[str]:
    """Return the people that the rules of a file name."""
    conditions = (each.when for each in state.rules)
    return frozenset(name for each in conditions for name in (*each.people, *each.people_not))


def rules_of(state: document.State, stored: Iterable[Rule] = ()) -> list[Rule]:
    """Return the rules of a file that has no problems; `stored` is what it may build on."""
    known = {**strengths_of(stored), **_own(state)}
    return [rule_of(each, known) for each in state.rules]


def _own(state: document.State) -> Strengths:
    return {each.id: frozenset(each.methods) for each in state.strengths}


def rule_of(rule: document.Rule, strengths: Strengths) -> Rule:
    """Return a rule of the file."""
    reason = {"sv": rule.reason.sv, "en": rule.reason.en}
    return Rule(
        id=RuleId(rule.id),
        state=RuleState(rule.state),
        when=_condition(rule.when),
        require=_ask(rule.require, strengths),
        reason={language: text for language, text in reason.items() if text},
        sign_in_every=_time(rule.sign_in_every),
        session_at_most=_time(rule.session_at_most),
        remember=_time(rule.remember),
    )


def _condition(when: document.When) -> Condition:
    names = [name for kind in KINDS for name in (kind.name, f"{kind.name}_not")]
    sets: dict[str, Any] = {name: frozenset(getattr(when, name)) for name in names}
    return Condition(
        **sets,
        times=frozenset(map(_hours, when.times)),
        times_not=frozenset(map(_hours, when.times_not)),
    )


def _hours(hours: document.Hours) -> Hours:
    begin, end = _minutes(hours.begin), _minutes(hours.end)
    return Hours(zone=hours.zone, days=frozenset(hours.days), begin=begin, end=end)


def _minutes(clock: str) -> int:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)


def _ask(asked: Asked, strengths: Strengths) -> Ask:
    if isinstance(asked, document.Joined):
        if asked.one_of:
            return AnyOf(tuple(_ask(each, strengths) for each in asked.one_of))
        return AllOf(tuple(_ask(each, strengths) for each in asked.every))
    if asked in strengths:
        return Own(asked, strengths[asked])
    # a word that is none is a problem already, and nothing comes of the file
    return Require(asked) if asked in set(Require) else Require.BLOCK


def _time(text: str | None) -> timedelta | None:
    return None if text is None else int(text[:-1]) * _UNITS[text[-1]]


def check_rules(
    state: document.State, known: KnownNames, stored: Iterable[Rule], problems: Problems
) -> None:
    """Note everything that is wrong, or unwise, in the rules and strengths of a file."""
    mine = {each.id for each in state.rules}
    others: dict[str, Rule] = {each.id: each for each in stored if each.id not in mine}
    for at, strength in enumerate(state.strengths):
        _strength(("strengths", at), strength, state, others, problems)
    strengths = {**known.strengths, **_own(state)}
    for at, rule in enumerate(state.rules):
        path: Path = ("rules", at)
        _names((*path, "when"), rule.when, known, problems)
        _facts((*path, "when"), rule.when, problems)
        _weaker((*path, "when"), rule.when, problems)
        _asked((*path, "require"), rule.require, strengths, problems)
        _alone(path, rule, problems)
        _remembered(path, rule, problems)
        _reason(path, rule, problems)


def _strength(
    path: Path,
    strength: document.Strength,
    state: document.State,
    others: Mapping[str, Rule],
    problems: Problems,
) -> None:
    if strength.id in set(Require):
        problems.add((*path, "id"), f"“{strength.id}” is a word that rules have already")
    if not strength.methods:
        problems.add((*path, "methods"), "names none")
    for at, method in enumerate(strength.methods):
        if method not in NAMEABLE:
            problems.add((*path, "methods", at), f"“{method}” can be no second factor")
    for id_, rule in others.items():
        before = strengths_of([rule]).get(strength.id)
        if before is not None and before != frozenset(strength.methods):
            problems.add(path, f"rule “{id_}” is stored with another: it must be in this file too")
    if not any(strength.id in _words(rule.require) for rule in state.rules):
        problems.warn(path, "no rule of this file names it, so it says nothing")


def _words(asked: Asked) -> set[str]:
    if isinstance(asked, document.Joined):
        return set().union(*(_words(each) for each in (*asked.one_of, *asked.every)))
    return {asked}


def _names(path: Path, when: document.When, known: KnownNames, problems: Problems) -> None:
    for kind in ("networks", "groups", "apps", "people"):
        names = getattr(known, kind)
        for key in (kind, f"{kind}_not"):
            for at, name in enumerate(getattr(when, key)):
                if names is not None and name not in names:
                    problems.add((*path, key, at), f"“{name}” is neither in this file nor stored")


def _facts(path: Path, when: document.When, problems: Problems) -> None:
    """Note what no fact can ever be."""
    for key in ("times", "times_not"):
        for at, hours in enumerate(getattr(when, key)):
            if zone_of(hours.zone) is None:
                problems.add((*path, key, at, "zone"), f"“{hours.zone}” is no time zone")
            if _minutes(hours.begin) == DAY_MINUTES:
                problems.add((*path, key, at, "from"), "is the end of a day")
    for key in ("risks", "risks_not"):
        if Risk.UNKNOWN in getattr(when, key):
            problems.add((*path, key), "what is not known counts as every risk already")
    for key in ("roles", "roles_not"):
        if Role.BREAK_GLASS in getattr(when, key):
            problems.add((*path, key), "no rule counts for a break-glass account")
    if not actions_of(_condition(when)):
        problems.add((*path, "actions_not"), "leaves no action that the rule could be about")


def _weaker(path: Path, when: document.When, problems: Problems) -> None:
    """Warn of conditions that hold for more, or for fewer, than they seem to."""
    if (when.countries or when.countries_not) and not when.networks_not:
        problems.warn(
            path, "your own networks are in no country, so this holds there; add “networks_not”"
        )
    if when.platforms_not:
        problems.warn(
            (*path, "platforms_not"),
            "whoever writes such a name goes unasked: a browser says itself what it runs on",
        )
    if "ours" in when.devices or "other" in when.devices_not:
        problems.warn(path, "whoever hides that a device is yours goes unasked")


def _asked(
    path: Path,
    asked: Asked,
    strengths: Strengths,
    problems: Problems,
    deep: int = 0,
) -> None:
    if isinstance(asked, str):
        if asked not in strengths and asked not in set(Require):
            known = (*Require, *strengths)
            problems.add(path, f"“{asked}” is no way to ask{did_you_mean(asked, known)}")
        elif deep and asked == Require.BLOCK:
            problems.add(path, "“block” stands alone")
        return
    if bool(asked.one_of) is bool(asked.every):
        problems.add(path, "needs either “any” or “all”")
    elif deep >= DEEPEST:
        problems.add(path, f"stands in more than {DEEPEST} others")
    else:
        key = "any" if asked.one_of else "all"
        if len(asked.one_of or asked.every) > WIDEST:
            problems.add((*path, key), f"joins more than {WIDEST}")
        for at, each in enumerate(asked.one_of or asked.every):
            _asked((*path, key, at), each, strengths, problems, deep + 1)
        if not deep and _ways(asked) > MOST_WAYS:
            problems.add(
                path, f"can be met in more than {MOST_WAYS} ways; make several rules of it"
            )


def _ways(asked: Asked) -> int:
    """Count the clauses that come of it at most (`core.asking`), without making them."""
    if isinstance(asked, str):
        return 1
    if asked.one_of:
        return prod(map(_ways, asked.one_of))
    return sum(map(_ways, asked.every))


def _alone(path: Path, rule: document.Rule, problems: Problems) -> None:
    if isinstance(rule.require, document.Joined) and Require.PASSWORD in rule.require.one_of:
        problems.warn((*path, "require"), "“password” is enough there, so it asks for nothing")


def _remembered(path: Path, rule: document.Rule, problems: Problems) -> None:
    """Hold `remember` against what the rule asks: one means nothing without the other."""
    named = Require.KNOWN_BROWSER in _words(rule.require)
    lives = _time(rule.remember)
    if named and lives is None:
        problems.warn(
            (*path, "require"), "no browser is ever known there: “remember” says for how long"
        )
    if lives is not None and not named:
        problems.add((*path, "remember"), "“require” does not name “known_browser”")
    if lives is not None and lives > LONGEST_KNOWN:
        problems.add((*path, "remember"), f"is longer than {spoken(LONGEST_KNOWN)}")


def _reason(path: Path, rule: document.Rule, problems: Problems) -> None:
    quiet = rule.require == Require.PASSWORD and not (rule.sign_in_every or rule.session_at_most)
    for language in ("sv", "en"):
        reason = getattr(rule.reason, language)
        if not reason.strip() and not quiet:
            problems.warn((*path, "reason"), f"says nothing in “{language}”; people are told why")
        elif not reason.isprintable():
            problems.add((*path, "reason", language), "must be one line")
