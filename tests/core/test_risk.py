"""What is amiss about a sign-in, and what it asks: findings carry numbers, and lower nothing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.assurance import Requirement, meets
from portvakt.core.authenticators import Authenticator, AuthenticatorType, usable_second_factors
from portvakt.core.policy import Outcome, RuleState
from portvakt.core.risk import (
    BY_OTHERS,
    EFFECTS,
    FINDERS,
    NOTHING_LOOKED_FOR,
    Finding,
    Level,
    Past,
    RiskFacts,
    RiskPolicy,
    Spot,
    Tried,
    distance_km,
    level_of,
    look,
    raised,
)
from portvakt.core.signals import Risk
from tests import make

POLICY = RiskPolicy()
RISKS = tuple(FINDERS)
STOCKHOLM = Spot(country="SE", latitude=59.33, longitude=18.06, radius_km=20)
OSLO = Spot(country="NO", latitude=59.91, longitude=10.75, radius_km=20)
SYDNEY = Spot(country="AU", latitude=-33.87, longitude=151.21, radius_km=50)


def facts(**given: Any) -> RiskFacts:
    """A sign-in from Stockholm about which nothing is amiss."""
    fields: dict[str, Any] = {"at": make.NOW, "spot": STOCKHOLM}
    return RiskFacts(**(fields | given))


def found(judged: RiskFacts, policy: RiskPolicy = POLICY) -> dict[Risk, Mapping[str, int | str]]:
    return {each.risk: dict(each.numbers) for each in look(judged, policy)}


def past(hours: float, spot: Spot, *, ours: bool = False) -> Past:
    return Past(at=make.NOW - timedelta(hours=hours), spot=spot, ours=ours)


def only(states: Mapping[Risk, RuleState]) -> RiskPolicy:
    return RiskPolicy(states=states)


def test_there_is_a_finder_and_a_state_for_every_risk_that_rules_can_name() -> None:
    named = set(Risk) - {Risk.UNKNOWN}
    assert set(FINDERS) == named
    assert set(POLICY.states) == named


def test_nothing_is_amiss_where_nothing_was_seen() -> None:
    assert found(facts()) == {}


@pytest.mark.parametrize(
    ("people", "got_in", "ours", "at_risk"),
    [
        (9, 0, False, False),
        (10, 0, False, True),
        (10, 10, False, True),
        (10, 11, False, False),
        (99, 0, True, False),
        (100, 100, True, True),
        (100, 4000, True, False),
    ],
)
def test_a_spray_is_many_people_who_did_not_get_in_and_not_a_busy_address(
    people: int, got_in: int, ours: bool, at_risk: bool
) -> None:
    seen = found(facts(tried=Tried(people=people, got_in=got_in), ours=ours))
    assert (Risk.SPRAY in seen) is at_risk
    if at_risk:
        least = 100 if ours else 10
        assert seen[Risk.SPRAY] == {
            "people": people,
            "got_in": got_in,
            "minutes": 60,
            "least": least,
        }


def test_an_address_that_is_not_known_sprays_nobody() -> None:
    assert found(facts(tried=None)) == {}


def test_guesses_and_refusals_count_from_their_numbers_on() -> None:
    assert found(facts(guesses=9, refused=2)) == {}
    assert found(facts(guesses=10, refused=3)) == {
        Risk.GUESSING: {"wrong": 10, "hours": 24, "least": 10},
        Risk.REFUSED_ON_PHONE: {"refused": 3, "hours": 24, "least": 3},
    }


def test_a_leaked_password_needs_no_number() -> None:
    assert found(facts(leaked=True)) == {Risk.LEAKED_PASSWORD: {}}


def test_a_country_is_new_where_nobody_saw_the_person_before() -> None:
    assert found(facts(spot=OSLO))[Risk.NEW_COUNTRY] == {
        "country": "NO",
        "before": "SE",
        "days": 90,
    }
    for known in (
        facts(spot=OSLO, past=(past(500, OSLO),)),
        facts(spot=STOCKHOLM, past=(past(500, OSLO),)),
        facts(spot=Spot()),
        facts(spot=OSLO, ours=True),
    ):
        assert Risk.NEW_COUNTRY not in found(known)
    assert Risk.NEW_COUNTRY in found(facts(spot=OSLO, past=(past(91 * 24, OSLO),)))
    assert Risk.NEW_COUNTRY in found(facts(spot=OSLO, past=(past(1000, OSLO, ours=True),)))


def test_travel_is_impossible_by_the_shortest_way_there_could_be() -> None:
    seen = found(facts(spot=SYDNEY, past=(past(5, STOCKHOLM),)))[Risk.IMPOSSIBLE_TRAVEL]
    assert seen["minutes"] == 300
    assert seen["before"] == "SE"
    assert seen["country"] == "AU"
    assert seen["least"] == 1000
    assert int(seen["km"]) == pytest.approx(15_500, abs=150)
    assert int(seen["speed"]) == pytest.approx(3100, abs=50)
    wide = replace(SYDNEY, radius_km=12_000)
    for possible in (
        facts(spot=SYDNEY, past=(past(24, STOCKHOLM),)),
        facts(spot=wide, past=(past(5, STOCKHOLM),)),
        facts(spot=SYDNEY, past=(past(5, STOCKHOLM, ours=True),)),
        facts(spot=SYDNEY, ours=True, past=(past(5, STOCKHOLM),)),
        facts(spot=Spot(country="AU"), past=(past(5, STOCKHOLM),)),
        facts(spot=SYDNEY, past=(past(5, Spot(country="SE")),)),
    ):
        assert Risk.IMPOSSIBLE_TRAVEL not in found(possible)


def test_what_is_near_is_no_travel_however_soon() -> None:
    uppsala = Spot(country="SE", latitude=59.86, longitude=17.64)
    assert found(facts(spot=uppsala, past=(past(0, STOCKHOLM),))) == {}


def test_the_way_is_that_from_the_last_sign_in_whose_place_is_known() -> None:
    before = (past(1, SYDNEY, ours=True), past(2, Spot()), past(30, STOCKHOLM), past(3, OSLO))
    seen = found(facts(spot=SYDNEY, past=before))
    assert seen[Risk.IMPOSSIBLE_TRAVEL]["before"] == "NO"


def test_a_distance_is_that_on_a_globe() -> None:
    pole = Spot(latitude=90, longitude=0)
    other = Spot(latitude=-90, longitude=0)
    assert distance_km(pole, other) == pytest.approx(20_015, abs=1)
    assert distance_km(STOCKHOLM, STOCKHOLM) == 0
    assert distance_km(STOCKHOLM, Spot()) is None
    assert distance_km(Spot(), STOCKHOLM) is None


@pytest.mark.parametrize(
    ("risks", "level"),
    [
        ((), Level.LOW),
        ((Risk.GUESSING,), Level.ELEVATED),
        ((Risk.GUESSING, Risk.REFUSED_ON_PHONE), Level.ELEVATED),
        ((Risk.SPRAY,), Level.ELEVATED),
        ((Risk.NEW_COUNTRY, Risk.GUESSING), Level.ELEVATED),
        ((Risk.LEAKED_PASSWORD, Risk.NEW_COUNTRY), Level.HIGH),
        ((Risk.IMPOSSIBLE_TRAVEL,), Level.HIGH),
    ],
)
def test_the_level_follows_from_the_published_table(risks: tuple[Risk, ...], level: Level) -> None:
    assert level_of(frozenset(risks)) is level


def second(*types: AuthenticatorType) -> tuple[Authenticator, ...]:
    return usable_second_factors([make.bound(each) for each in types], make.NOW)


def finding(*risks: Risk) -> tuple[Finding, ...]:
    return tuple(Finding(each, ()) for each in risks)


def test_nobody_is_asked_for_what_they_do_not_have() -> None:
    travel = look(facts(spot=SYDNEY, past=(past(5, STOCKHOLM),)), POLICY)
    assert raised(travel, POLICY, ()).requirement == Requirement()
    assert raised(travel, POLICY, second(make.TOTP)).requirement == Requirement(multifactor=True)
    with_phone = raised(travel, POLICY, second(make.TOTP, make.PUSH)).requirement
    password = make.evidence(make.PASSWORD)
    for shown, enough in (
        (make.TOTP, False),
        (make.RECOVERY_CODE, False),
        (make.PUSH, True),
        (make.PASSKEY, True),
    ):
        assert meets((password, make.evidence(shown)), with_phone, make.NOW) is enough


def test_a_finding_that_only_reports_asks_for_nothing_and_is_told_with_its_numbers() -> None:
    policy = only({Risk.GUESSING: RuleState.REPORT_ONLY, Risk.NEW_COUNTRY: RuleState.OFF})
    seen = look(facts(guesses=12, spot=OSLO), policy)
    made = raised(seen, policy, second(make.TOTP))
    assert (made.level, made.requirement, made.asking) == (Level.LOW, Requirement(), ())
    assert [(each.rule, each.outcome, each.seen) for each in made.lines] == [
        (
            "risk guessing",
            Outcome.REPORT_ONLY,
            "12 wrong passwords within 24 hours (from 10 on)",
        )
    ]


def test_every_finding_says_its_numbers_in_words() -> None:
    everything = facts(
        spot=SYDNEY,
        past=(past(5, STOCKHOLM),),
        tried=Tried(people=40, got_in=2),
        guesses=12,
        refused=4,
        leaked=True,
    )
    said = {each.risk: each.said for each in look(everything, POLICY)}
    assert set(said) == set(RISKS)
    for risk, numbers in found(everything).items():
        assert all(str(number) in said[risk] for number in numbers.values())


SPOTS = st.sampled_from((Spot(), STOCKHOLM, OSLO, SYDNEY))
PASTS = st.lists(
    st.builds(
        past, st.floats(min_value=0, max_value=3000, allow_nan=False), SPOTS, ours=st.booleans()
    ),
    max_size=6,
)
FACTS = st.builds(
    RiskFacts,
    at=st.just(make.NOW),
    spot=SPOTS,
    ours=st.booleans(),
    past=PASTS.map(tuple),
    tried=st.none() | st.builds(Tried, people=st.integers(0, 200), got_in=st.integers(0, 200)),
    guesses=st.integers(0, 30),
    refused=st.integers(0, 6),
    leaked=st.booleans(),
)
STATES = st.dictionaries(st.sampled_from(RISKS), st.sampled_from(list(RuleState)))
SECONDS = st.sets(
    st.sampled_from((make.TOTP, make.SMS_CODE, make.PUSH, make.PASSKEY, make.RECOVERY_CODE))
).map(lambda types: second(*types))
EVIDENCE = st.sets(
    st.sampled_from((make.PASSWORD, make.TOTP, make.SMS_CODE, make.PUSH, make.PASSKEY))
).map(lambda types: tuple(make.evidence(each) for each in types))


def needed(judged: RiskFacts, policy: RiskPolicy, has: tuple[Authenticator, ...]) -> Requirement:
    return raised(look(judged, policy), policy, has).requirement


@given(FACTS, STATES, st.sampled_from(RISKS), SECONDS, EVIDENCE)
def test_switching_one_on_never_lowers_what_is_asked(
    judged: RiskFacts,
    states: dict[Risk, RuleState],
    risk: Risk,
    has: tuple[Authenticator, ...],
    shown: tuple[Any, ...],
) -> None:
    before = needed(judged, only(states), has)
    after = needed(judged, only(states | {risk: RuleState.ON}), has)
    assert meets(shown, before, make.NOW) or not meets(shown, after, make.NOW)


@given(FACTS, st.data())
def test_the_order_of_what_happened_does_not_matter(judged: RiskFacts, data: st.DataObject) -> None:
    other = replace(judged, past=tuple(data.draw(st.permutations(judged.past))))
    times = [each.at for each in judged.past]
    if len(set(times)) == len(times):
        assert look(judged, POLICY) == look(other, POLICY)


@given(FACTS, SECONDS)
def test_whoever_has_something_can_always_answer_and_nobody_is_blocked(
    judged: RiskFacts, has: tuple[Authenticator, ...]
) -> None:
    everything = (make.evidence(make.PASSWORD), *map(make.evidence, has))
    assert meets(everything, needed(judged, POLICY, has), make.NOW)


@given(FACTS, st.integers(0, 1000), st.integers(0, 1000), SECONDS)
def test_what_others_bring_about_asks_for_no_more_than_any_second_factor(
    judged: RiskFacts, guesses: int, refused: int, has: tuple[Authenticator, ...]
) -> None:
    quiet = replace(judged, guesses=0, refused=0)
    stormy = replace(judged, guesses=guesses, refused=refused)
    before, after = needed(quiet, POLICY, has), needed(stormy, POLICY, has)
    assert after in (before, Requirement(multifactor=True))


@given(FACTS)
def test_what_is_off_is_not_looked_for(judged: RiskFacts) -> None:
    assert look(judged, NOTHING_LOOKED_FOR) == ()
    assert not NOTHING_LOOKED_FOR.looks_for(*RISKS)


@given(st.sets(st.sampled_from(RISKS)), st.sampled_from(RISKS))
def test_one_more_finding_never_lowers_the_level(risks: set[Risk], one: Risk) -> None:
    order = list(Level)
    assert order.index(level_of(risks | {one})) >= order.index(level_of(risks))
    assert order.index(level_of(risks | BY_OTHERS)) <= max(1, order.index(level_of(risks)))


def test_each_level_has_its_effect() -> None:
    assert set(EFFECTS) == set(Level)
