from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portvakt.core.asking import Require
from portvakt.core.conditions import KINDS, Condition, Day, Hours
from portvakt.core.policy import Outcome, RuleSet
from portvakt.core.roles import Role
from portvakt.core.signals import Action, ClientKind, Device, Platform, Risk
from tests import make
from tests.core.ruling import KNOWN, NAMES, NIGHT, OFFICE, STOCKHOLM, UNKNOWN, decide, zones
from tests.make import LAN

HERE: dict[str, Any] = {
    "networks": frozenset({LAN}),
    "roles": frozenset({Role.SUPPORT}),
    "country": "SE",
    "device": Device.OURS,
    "platform": Platform.WINDOWS,
    "client_kind": ClientKind.BROWSER,
    "risk": frozenset({Risk.SPRAY}),
}
"""Anna, of group alla, at the shop, everything known."""
THERE = {
    "networks": ("lan", "vpn"),
    "groups": ("alla", "ekonomi"),
    "apps": ("portvakt", "shop"),
    "people": ("anna", "eva"),
    "roles": (Role.SUPPORT, Role.ADMINISTRATOR),
    "actions": (Action.SIGN_IN, Action.RESET),
    "countries": ("SE", "NO"),
    "devices": (Device.OURS, Device.OTHER),
    "platforms": (Platform.WINDOWS, Platform.IOS),
    "client_kinds": (ClientKind.BROWSER, ClientKind.PROXY),
    "risks": (Risk.SPRAY, Risk.GUESSING),
    "times": (OFFICE, NIGHT),
}
"""Of each kind a name that fits `HERE` at noon on a Monday, and one that does not."""
MONDAY_NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


def applies(*, signals: Any = None, **when: Any) -> bool:
    """Whether a rule with this condition counts; `when` as in `make.rule`."""
    here = signals or make.signals(**HERE, at=MONDAY_NOON)
    decision = decide([make.rule(**when)], here)
    assert decision.requirement.multifactor is (
        decision.trace[0].outcome is not Outcome.NOT_MATCHED
    )
    return decision.requirement.multifactor


def test_every_kind_is_tried_here() -> None:
    fields = {name.removesuffix("_not") for name in Condition.__dataclass_fields__}
    assert fields == set(THERE) == set(NAMES) == {each.name for each in KINDS} | {"times"}


@pytest.mark.parametrize("kind", THERE)
def test_a_rule_applies_where_its_positive_form_names_what_is_there(kind: str) -> None:
    met, not_met = THERE[kind]
    assert applies(**{kind: {met}})
    assert applies(**{kind: {met, not_met}})
    assert not applies(**{kind: {not_met}})


@pytest.mark.parametrize("kind", sorted(set(THERE) - {"actions"}))
def test_a_rule_applies_where_its_negative_form_names_what_is_not_there(kind: str) -> None:
    met, not_met = THERE[kind]
    assert not applies(**{f"{kind}_not": {met}})
    assert not applies(**{f"{kind}_not": {met, not_met}})
    assert applies(**{f"{kind}_not": {not_met}})
    assert not applies(**{kind: {met}, f"{kind}_not": {met}})


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_fact_that_is_not_known_meets_both_forms(kind: str) -> None:
    unknown = make.signals(**(HERE | UNKNOWN[kind]), at=MONDAY_NOON)
    for name in THERE[kind]:
        assert applies(signals=unknown, **{kind: {name}})
        assert applies(signals=unknown, **{f"{kind}_not": {name}})


@pytest.mark.parametrize(
    ("when", "gone"),
    [
        ({"people": {"borta"}}, "person borta"),
        ({"people_not": {"borta", "anna"}}, "person borta"),
        ({"times": {Hours(zone="Borta/Borta")}}, "time zone Borta/Borta"),
        ({"times_not": {Hours(zone="Borta/Borta"), NIGHT}}, "time zone Borta/Borta"),
    ],
)
def test_a071_people_and_zones_that_do_not_exist_count_as_matching(
    when: dict[str, Any], gone: str
) -> None:
    decision = decide([make.rule(Require.BLOCK, **when)])
    assert decision.blocked
    assert decision.trace[0].outcome is Outcome.BROKEN
    assert decision.trace[0].detail == f"{gone} does not exist"


SIGN_IN, ADMINISTER = Action.SIGN_IN, Action.ADMINISTER
REGISTER, RESET = Action.REGISTER, Action.RESET


@pytest.mark.parametrize(
    ("when", "about"),
    [
        ({}, {SIGN_IN, ADMINISTER}),
        ({"actions": {SIGN_IN}}, {SIGN_IN, ADMINISTER}),
        ({"actions": {ADMINISTER}}, {ADMINISTER}),
        ({"actions": {REGISTER, RESET}}, {REGISTER, RESET}),
        ({"actions_not": {RESET}}, {SIGN_IN, ADMINISTER, REGISTER}),
        ({"actions_not": {ADMINISTER}}, {SIGN_IN, REGISTER, RESET}),
        ({"actions": {SIGN_IN}, "actions_not": {ADMINISTER}}, {SIGN_IN}),
    ],
)
def test_a_rule_is_about_signing_in_unless_it_says_otherwise(
    when: dict[str, Any], about: set[Action]
) -> None:
    found = {each for each in Action if applies(signals=make.signals(action=each), **when)}
    assert found == about


def test_rules_know_what_they_look_at() -> None:
    plain = RuleSet([make.rule(networks_not={LAN})], KNOWN)
    assert not plain.looks_at_countries
    assert not plain.is_about(RESET)
    assert plain.is_about(ADMINISTER)
    wide = RuleSet([make.rule(countries={"SE"}, actions={RESET})], KNOWN)
    assert wide.looks_at_countries
    assert wide.is_about(RESET)
    assert not wide.is_about(SIGN_IN)


def holds(hours: Hours, at: str) -> bool:
    """Whether a moment, given in UTC, is within hours."""
    zone = zones(hours.zone)
    return hours.holds(datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(zone))


@pytest.mark.parametrize(
    ("at", "within"),
    [
        ("2026-11-23 05:59", False),  # Monday 06:59 in Stockholm
        ("2026-11-23 06:00", True),
        ("2026-11-23 16:59", True),
        ("2026-11-23 17:00", False),
        ("2026-11-22 12:00", False),  # Sunday
        ("2026-07-06 04:59", False),  # a Monday in summer: 06:59
        ("2026-07-06 05:00", True),
        ("2026-07-06 15:59", True),
        ("2026-07-06 16:00", False),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall_in_their_zone(at: str, *, within: bool) -> None:
    assert holds(OFFICE, at) is within


@pytest.mark.parametrize(
    ("at", "within"),
    [
        ("2026-11-27 20:59", False),  # Friday 21:59
        ("2026-11-27 21:00", True),
        ("2026-11-28 04:59", True),  # Saturday 05:59: the night of Friday
        ("2026-11-28 05:00", False),
        ("2026-11-28 21:30", False),  # the night of Saturday
        ("2026-11-27 03:00", False),  # Friday 04:00: the night of Thursday
    ],
)
def test_hours_over_midnight_belong_to_the_day_on_which_they_begin(
    at: str, *, within: bool
) -> None:
    friday = Hours(zone=STOCKHOLM, days=frozenset({Day.FRI}), begin=22 * 60, end=6 * 60)
    assert holds(friday, at) is within


def test_an_hour_that_is_skipped_is_on_no_day_and_one_that_comes_twice_counts_twice() -> None:
    between_two_and_three = Hours(zone=STOCKHOLM, begin=2 * 60, end=3 * 60)

    def minutes(day: str) -> int:
        begin = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=2)
        moments = (begin + timedelta(minutes=each) for each in range(24 * 60))
        zone = zones(STOCKHOLM)
        return sum(between_two_and_three.holds(each.astimezone(zone)) for each in moments)

    assert minutes("2026-03-28") == 60
    assert minutes("2026-03-29") == 0
    assert minutes("2026-10-25") == 120


def test_a_day_without_hours_is_the_whole_day() -> None:
    sunday = Hours(zone=STOCKHOLM, days=frozenset({Day.SUN}))
    assert holds(sunday, "2026-11-21 23:00")  # midnight in Stockholm
    assert holds(sunday, "2026-11-22 22:59")
    assert not holds(sunday, "2026-11-22 23:00")
    around = Hours(zone=STOCKHOLM, days=frozenset({Day.SUN}), begin=480, end=480)
    assert holds(around, "2026-11-23 06:59")  # Monday 07:59: twenty-four hours from Sunday at 8
    assert not holds(around, "2026-11-23 07:00")


def test_a_decision_names_what_was_met() -> None:
    lines = decide(
        [
            make.rule(id="a", countries_not={"SE"}),
            make.rule(id="b", devices={Device.OTHER}),
            make.rule(id="c", times={NIGHT}),
            make.rule(id="d", times_not={OFFICE}),
            make.rule(id="e", people_not={"anna"}),
            make.rule(id="f", actions={RESET}),
        ],
        make.signals(**HERE, at=MONDAY_NOON),
    ).trace
    assert [each.detail for each in lines] == [
        "in country SE",
        "device ours is not in the rule",
        "not within the hours of the rule",
        "within hours that are exempt",
        "the person is exempt",
        "to sign_in is not in the rule",
    ]


def test_limits_of_time_add_up_to_the_shortest() -> None:
    hour = timedelta(hours=1)
    rules = [
        make.rule(Require.PASSWORD, id="a", sign_in_every=8 * hour, session_at_most=12 * hour),
        make.rule(id="b", sign_in_every=4 * hour),
        make.rule(id="c", session_at_most=24 * hour),
        make.rule(Require.PASSWORD, id="d"),
    ]
    decision = decide(rules)
    assert decision.requirement.max_age == 4 * hour
    assert decision.session_at_most == 12 * hour
    assert decision.reasons == ("b", "c", "a")  # what asks for more is said before what limits
    assert decision.trace[0].limits == "a new sign-in every 8h and a session of at most 12h"
    assert decide([]).session_at_most is None
