"""Rules as a state file writes them."""

from collections.abc import Iterable
from typing import Any

from portvakt.core.asking import AllOf, AnyOf, Ask, words
from portvakt.core.conditions import DAY_MINUTES, KINDS, Condition, Day, Hours
from portvakt.core.policy import Rule, spoken
from portvakt.journeys.apply_state.rules import strengths_of


def rule_entry(rule: Rule) -> dict[str, Any]:
    """Return the entry of a rule. What says nothing is left out, as people do."""
    every, at_most = rule.sign_in_every, rule.session_at_most
    entry = {
        "id": rule.id,
        "state": rule.state.value,
        "when": _condition(rule.when),
        "require": _ask(rule.require),
        "reason": dict(rule.reason),
        "sign_in_every": every and spoken(every),
        "session_at_most": at_most and spoken(at_most),
        "remember": rule.remember and spoken(rule.remember),
    }
    return {name: value for name, value in entry.items() if value}


def strength_entries(rules: Iterable[Rule]) -> list[dict[str, Any]]:
    """Return the entries of the strengths that these rules name."""
    named = strengths_of(rules)
    return [{"id": name, "methods": sorted(named[name])} for name in sorted(named)]


def _ask(ask: Ask) -> str | dict[str, Any]:
    match ask:
        case AnyOf(of):
            return {"any": [_ask(each) for each in of]}
        case AllOf(of):
            return {"all": [_ask(each) for each in of]}
        case _:
            return words(ask)


def _condition(when: Condition) -> dict[str, list[Any]]:
    names = [name for kind in KINDS for name in (kind.name, f"{kind.name}_not")]
    written: dict[str, list[Any]] = {name: sorted(getattr(when, name)) for name in names}
    for name in ("times", "times_not"):
        written[name] = sorted(map(_hours, getattr(when, name)), key=str)
    return {name: values for name, values in written.items() if values}


def _hours(hours: Hours) -> dict[str, Any]:
    entry: dict[str, Any] = {"zone": hours.zone}
    if hours.days:
        entry["days"] = [day.value for day in Day if day in hours.days]
    if (hours.begin, hours.end) != (0, DAY_MINUTES):
        entry |= {"from": _clock(hours.begin), "to": _clock(hours.end)}
    return entry


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
