"""What must hold of all rules together, over every kind of condition and of asking."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.asking import Require, parts_of
from portvakt.core.assurance import Evidence
from portvakt.core.conditions import facts_of, mismatch, missing, reading_of
from portvakt.core.policy import Outcome, Rule, RuleSet, RuleState
from portvakt.core.signals import Action, Device, Signals
from tests.core.ruling import (
    KNOWN,
    UNKNOWN,
    decide,
    evidence,
    no_stricter,
    opens,
    rule_lists,
    rules,
    situations,
    unknowing,
)

Rules = list[Rule]


@given(rule_lists, situations, st.randoms(use_true_random=False))
def test_the_order_of_the_rules_does_not_matter(
    some: Rules, signals: Signals, random: Random
) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert decide(shuffled, signals) == decide(some, signals)


@given(rule_lists, situations, evidence)
def test_one_more_rule_never_opens_a_door(
    some: Rules, signals: Signals, shown: Sequence[Evidence]
) -> None:
    every = decide(some, signals)
    for each in some:
        fewer = decide([other for other in some if other != each], signals)
        assert no_stricter(fewer, every)
        assert opens(fewer, shown) or not opens(every, shown)


@given(rule_lists, situations)
def test_a_rule_that_only_reports_changes_nothing_but_the_trace(
    some: Rules, signals: Signals
) -> None:
    in_force = [each for each in some if each.state is RuleState.ON]
    every, fewer = decide(some, signals), decide(in_force, signals)
    assert replace(every, told=()) == replace(fewer, told=())


@pytest.mark.parametrize("kind", UNKNOWN)
@given(some=rule_lists, signals=situations, shown=evidence)
def test_what_is_not_known_never_asks_for_less(
    kind: str, some: Rules, signals: Signals, shown: Sequence[Evidence]
) -> None:
    known, unknown = decide(some, signals), decide(some, unknowing(signals, kind))
    assert no_stricter(known, unknown)
    assert opens(known, shown) or not opens(unknown, shown)


@given(rules, situations, evidence)
def test_a_device_and_a_browser_that_are_not_known_open_nothing(
    rule: Rule, signals: Signals, shown: Sequence[Evidence]
) -> None:
    """A rule that does not look at the device in its conditions asks of others no less."""
    plain = replace(rule, when=replace(rule.when, devices=frozenset(), devices_not=frozenset()))
    best = replace(signals, device=Device.OURS, known_for=timedelta())
    worst = replace(signals, device=Device.OTHER, known_for=None)
    assert opens(decide([plain], best), shown) or not opens(decide([plain], worst), shown)


def _differs(rule: Rule, signals: Signals) -> str | None:
    return mismatch(reading_of(rule.when, KNOWN), facts_of(signals), signals.at, KNOWN)


@given(rule_lists, situations)
def test_the_trace_says_of_each_rule_what_was_decided(some: Rules, signals: Signals) -> None:
    """The tables of bits and the words of the trace come to the same."""
    decision = decide(some, signals)
    lines = {each.rule: each for each in decision.trace}
    assert [*lines] == sorted(each.id for each in some if each.state is not RuleState.OFF)
    for rule in some:
        if rule.state is RuleState.OFF:
            continue
        gone = missing(rule.when, KNOWN)
        holds = bool(gone) or _differs(rule, signals) is None
        line = lines[rule.id]
        assert (line.outcome is not Outcome.NOT_MATCHED) is holds
        assert line.detail
        counted = holds and rule.state is RuleState.ON
        assert line.refuses is (rule.id in decision.refusing)
        alone = decide([rule], signals)
        assert bool(alone.reasons) <= counted
        assert set(alone.reasons) <= set(decision.reasons)
    assert decision.blocked is any(each.refuses for each in decision.trace)


@given(rule_lists, situations)
def test_what_is_asked_somewhere_could_be_asked(some: Rules, signals: Signals) -> None:
    """The last second factor stays with somebody whom any rule could ask (A043)."""
    if decide(some, signals).requirement.multifactor:
        ready = RuleSet(some, KNOWN)
        assert ready.may_require_more(signals.account_id, signals.groups, signals.roles)


@given(rule_lists, st.lists(situations, min_size=2, max_size=4))
def test_what_was_decided_before_is_not_taken_for_somebody_else(
    some: Rules, situations: list[Signals]
) -> None:
    """One set of rules decides for many people; each decision is as by a new one."""
    ready = RuleSet(some, KNOWN)
    for each in (*situations, *situations):
        assert ready.decide(each) == decide(some, each)


@given(rule_lists, situations, evidence)
def test_a_known_browser_never_stands_for_a_strength(
    some: Rules, signals: Signals, shown: Sequence[Evidence]
) -> None:
    """Where no rule of them names it, nothing is less for it; and it is never evidence."""
    silent = [each for each in some if Require.KNOWN_BROWSER not in parts_of(each.require)]
    known, unknown = replace(signals, known_for=timedelta()), replace(signals, known_for=None)
    assert replace(decide(silent, known), told=()) == replace(decide(silent, unknown), told=())
    assert decide(silent, known).remember is None
    assert not decide(silent, known).looks_at_browser
    both = decide(some, known)
    assert no_stricter(decide(silent, known), both)
    assert opens(decide(silent, known), shown) or not opens(both, shown)


@given(rule_lists, situations)
def test_a_browser_is_offered_to_be_known_only_where_nothing_more_would_be_asked_then(
    some: Rules, signals: Signals
) -> None:
    """What is promised holds: at the last moment of it, and for whoever was told of it before."""
    now = decide(some, replace(signals, known_for=None))
    if now.remember is None:
        return
    assert signals.action is Action.SIGN_IN
    assert now.looks_at_browser
    last = decide(some, replace(signals, known_for=now.remember - timedelta(microseconds=1)))
    assert not last.blocked
    assert not last.requirement.two_factors
    over = decide(some, replace(signals, known_for=now.remember))
    assert over.blocked or over.requirement.two_factors


@given(rule_lists, situations)
def test_for_anything_but_signing_in_no_browser_is_known(some: Rules, signals: Signals) -> None:
    if signals.action is not Action.SIGN_IN:
        known = decide(some, replace(signals, known_for=timedelta()))
        unknown = decide(some, replace(signals, known_for=None))
        assert replace(known, told=()) == replace(unknown, told=())
        assert [each.outcome for each in known.trace] == [each.outcome for each in unknown.trace]
        assert (unknown.remember, unknown.looks_at_browser) == (None, False)


@given(rule_lists, situations, evidence)
def test_a_browser_that_grows_older_is_never_asked_for_less(
    some: Rules, signals: Signals, shown: Sequence[Evidence]
) -> None:
    ages = (timedelta(), timedelta(hours=2), timedelta(hours=9), None)
    decisions = [decide(some, replace(signals, known_for=each)) for each in ages]
    for younger, older in pairwise(decisions):
        assert opens(younger, shown) or not opens(older, shown)
