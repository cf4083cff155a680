from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.assurance import Requirement
from portvakt.core.ids import ClientId, GroupId, NetworkId, RuleId
from portvakt.core.policy import (
    Condition,
    Decision,
    Known,
    Outcome,
    Require,
    Rule,
    RuleSet,
    RuleState,
)
from portvakt.core.signals import Signals
from tests import make
from tests.make import LAN, SHOP, STAFF

GROUPS = frozenset({STAFF, GroupId("ekonomi")})
NETWORKS = frozenset({LAN, NetworkId("vpn")})
APPS = frozenset({SHOP, ClientId("journal")})


def decide(rules: Sequence[Rule], signals: Signals | None = None) -> Decision:
    known = Known(groups=GROUPS, networks=NETWORKS, apps=APPS)
    return RuleSet(rules, known).decide(make.signals() if signals is None else signals)


def a_set(*names: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names), max_size=2)


GROUP_NAMES = a_set("alla", "ekonomi", "borta")
NETWORK_NAMES = a_set("lan", "vpn", "borta")
APP_NAMES = a_set("shop", "journal", "portvakt", "borta")

conditions = st.builds(
    Condition,
    networks=NETWORK_NAMES,
    networks_not=NETWORK_NAMES,
    groups=GROUP_NAMES,
    groups_not=GROUP_NAMES,
    apps=APP_NAMES,
    apps_not=APP_NAMES,
)
rule_lists = st.lists(
    st.builds(
        Rule,
        id=st.sampled_from("abcdefgh").map(RuleId),
        state=st.sampled_from(RuleState),
        when=conditions,
        require=st.sampled_from(Require),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)
situations = st.builds(
    lambda groups, app, networks: make.signals(groups=groups, app=app, networks=networks),
    a_set("alla", "ekonomi"),
    st.sampled_from([None, "shop", "journal"]),
    a_set("lan", "vpn"),
)


def strictness(decision: Decision) -> tuple[bool, bool, bool]:
    need = decision.requirement
    return (decision.blocked, need.multifactor, need.phishing_resistant)


def test_no_rules_ask_for_the_password_only() -> None:
    assert decide([]) == Decision(False, Requirement(), (), ())  # noqa: FBT003


def test_outside_the_network_a_second_factor_is_asked_for_and_inside_not() -> None:
    rules = [make.rule(networks_not={LAN})]
    outside = decide(rules)
    assert outside.requirement.multifactor
    assert outside.reasons == (rules[0].id,)
    inside = decide(rules, make.signals(networks=frozenset({LAN})))
    assert not inside.requirement.multifactor
    assert inside.reasons == ()
    assert inside.trace[0].outcome is Outcome.NOT_MATCHED


@pytest.mark.parametrize(
    ("when", "applies"),
    [
        ({"networks": {"lan"}}, False),
        ({"networks_not": {"lan"}}, True),
        ({"groups": {"alla"}}, True),
        ({"groups": {"ekonomi"}}, False),
        ({"groups": {"ekonomi", "alla"}}, True),
        ({"groups_not": {"alla"}}, False),
        ({"groups_not": {"ekonomi"}}, True),
        ({"apps": {"portvakt"}}, True),
        ({"apps": {"shop"}}, False),
        ({"apps_not": {"portvakt"}}, False),
        ({"apps_not": {"shop"}}, True),
        ({"groups": {"alla"}, "apps": {"shop"}}, False),
    ],
)
def test_a_rule_applies_when_all_its_conditions_do(when: dict[str, Any], *, applies: bool) -> None:
    """Anna, of group alla, opens our own pages from outside."""
    decision = decide([make.rule(**when)])
    assert decision.requirement.multifactor is applies
    assert decision.trace[0].detail


def test_the_strictest_rule_wins_and_a_block_wins_over_all() -> None:
    rules = [
        make.rule(Require.PASSWORD, id="a"),
        make.rule(Require.PHISHING_RESISTANT, id="b"),
        make.rule(Require.MULTIFACTOR, id="c"),
    ]
    assert strictness(decide(rules)) == (False, True, True)
    blocked = decide([*rules, make.rule(Require.BLOCK, id="d")])
    assert blocked.blocked
    assert blocked.reasons == ("b", "c", "d")


@pytest.mark.parametrize(
    "when",
    [
        {"groups": {"borta"}},
        {"groups_not": {"borta", "alla"}},
        {"networks_not": {"borta"}},
        {"networks": {"borta"}},
        {"apps": {"borta"}},
        {"apps_not": {"borta"}},
    ],
)
def test_a071_a_rule_that_names_what_does_not_exist_counts_as_matching(
    when: dict[str, Any],
) -> None:
    decision = decide([make.rule(Require.BLOCK, **when)])
    assert decision.blocked
    assert decision.trace[0].outcome is Outcome.BROKEN
    assert "borta does not exist" in decision.trace[0].detail


def test_a_rule_that_only_reports_says_what_it_would_ask() -> None:
    decision = decide([make.rule(state=RuleState.REPORT_ONLY)])
    assert strictness(decision) == (False, False, False)
    assert decision.trace[0].outcome is Outcome.REPORT_ONLY
    assert decision.trace[0].detail == "would ask multifactor"
    silent = decide([make.rule(state=RuleState.REPORT_ONLY, apps={"shop"})])
    assert silent.trace[0].outcome is Outcome.NOT_MATCHED
    broken = decide([make.rule(state=RuleState.REPORT_ONLY, apps={"borta"})])
    assert broken.trace[0].detail == "app borta does not exist"


def test_a_rule_that_is_off_leaves_no_trace() -> None:
    assert decide([make.rule(state=RuleState.OFF)]).trace == ()


@given(rule_lists, situations, st.randoms(use_true_random=False))
def test_the_order_of_the_rules_does_not_matter(
    rules: list[Rule],
    signals: Signals,
    random: Random,
) -> None:
    shuffled = list(rules)
    random.shuffle(shuffled)
    assert decide(shuffled, signals) == decide(rules, signals)


@given(rule_lists, situations)
def test_one_more_rule_never_opens_a_door(rules: list[Rule], signals: Signals) -> None:
    every = strictness(decide(rules, signals))
    for each in rules:
        fewer = strictness(decide([other for other in rules if other != each], signals))
        assert all(less <= more for less, more in zip(fewer, every, strict=True))


@given(rule_lists, situations)
def test_report_only_changes_nothing_but_the_trace(rules: list[Rule], signals: Signals) -> None:
    in_force = [each for each in rules if each.state is RuleState.ON]
    every, fewer = decide(rules, signals), decide(in_force, signals)
    assert strictness(every) == strictness(fewer)
    assert every.reasons == fewer.reasons


def could_ask(rules: Sequence[Rule], groups: frozenset[GroupId]) -> bool:
    known = Known(groups=GROUPS, networks=NETWORKS, apps=APPS)
    return RuleSet(rules, known).may_require_more(make.ANNA, groups, frozenset())


@given(rule_lists, situations)
def test_what_is_asked_somewhere_could_be_asked(rules: list[Rule], signals: Signals) -> None:
    if decide(rules, signals).requirement.multifactor:
        assert could_ask(rules, signals.groups)


def test_whether_a_second_factor_could_be_asked_looks_away_from_place_and_app() -> None:
    anna = frozenset({STAFF})
    assert could_ask([make.rule(networks_not={LAN}, apps={SHOP})], anna)
    assert not could_ask([make.rule(state=RuleState.REPORT_ONLY)], anna)
    assert not could_ask([make.rule(Require.PASSWORD)], anna)
    assert not could_ask([make.rule(groups={"ekonomi"})], anna)
    assert not could_ask([make.rule(groups_not={STAFF})], anna)
    assert could_ask([make.rule(groups={"borta"})], anna)
