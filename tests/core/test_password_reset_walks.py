"""What must hold wherever a walk through `/reset` comes (`tests.core.resets`)."""

from itertools import combinations
from random import Random
from typing import get_args

import pytest

from portvakt.core import vouchers
from portvakt.core.authenticators import phone_of
from portvakt.core.password_outcomes import Refused, Unreachable
from portvakt.core.password_reset import (
    EXPIRED,
    LONGEST,
    NOT_HERE,
    NOT_NOW,
    TOO_MANY,
    TRIES,
    AskAnother,
    AskName,
    AskPassword,
    AskProof,
    AskUnlock,
    AwaitAnswer,
    AwaitLater,
    AwaitPeople,
    Done,
    Goal,
    NoOtherWay,
    Refuse,
    Stage,
    Step,
    Unsure,
    Way,
    closed,
    provable,
    start_writing,
)
from portvakt.core.push_approval import RESET
from portvakt.core.reset_proofs import SLOW
from tests.core.resets import DAY, HOUR, WALKS, Moment, walk
from tests.make import PASSWORD, START_CODE

ENDS = (Done, Refuse, NoOtherWay)
WRITES = (AskPassword, AskUnlock)


@pytest.fixture(scope="module")
def walks() -> list[list[Moment]]:
    """The same walks in every run, the simplest first, so that what fails first is readable."""
    chance = Random(4207)  # noqa: S311  # chance that repeats is the point
    made = [list(walk(chance)) for _ in range(WALKS)]
    return sorted(made, key=lambda each: len(each[0].facts.bound))


@pytest.fixture(scope="module")
def moments(walks: list[list[Moment]]) -> list[Moment]:
    return [moment for each in walks for moment in each]


def independent_kinds(at: Moment) -> set[frozenset[str]]:
    """Pairs of kinds that were shown, counted again here in the plainest way."""
    held = {each.id: each for each in at.facts.bound}
    found: list[tuple[str, str | None]] = []
    for each in at.state.evidence:
        assert each.purpose == RESET
        assert each.type is not PASSWORD
        if each.type is START_CODE:
            found.append((each.type.value, "elsewhere"))
        elif each.authenticator_id in held and held[each.authenticator_id].usable(at.now):
            old = at.now - held[each.authenticator_id].changed_at >= DAY
            came = held[each.authenticator_id].source != "self"
            young_account = at.now - at.facts.account.created_at < DAY
            if old or (came and young_account):
                found.append((each.type.value, phone_of(held[each.authenticator_id])))
    if vouchers.is_complete(vouchers.counting(at.state.vouches, at.state.id, at.now)):
        found.append(("people", "elsewhere"))
    if at.state.slow_since is not None:
        late = [e for e in at.state.evidence if e.at >= at.state.slow_since + SLOW]
        found += [("later", None)] * (Way.LATER in at.ways and bool(late))
    return {frozenset({a[0], b[0]}) for a, b in combinations(found, 2) if a[0] != b[0]}


def test_a074_nothing_is_written_without_two_kinds(moments: list[Moment]) -> None:
    """Neither the password nor a person or support alone, and never two of one kind."""
    reached = 0
    for at in moments:
        if isinstance(at.step, WRITES):
            reached += 1
            pairs = independent_kinds(at)
            assert pairs
            assert pairs != {frozenset({"people", "start_code"})}
            assert closed(at.facts, at.now) is None
            assert at.state.refused < TRIES
        elif at.state.stage is Stage.OPEN:
            assert start_writing(at.state, at.facts, at.now, ways=at.ways) is None or at.spent
    assert reached > 500


def test_strict_people_never_write_with_one_phone(moments: list[Moment]) -> None:
    reached = 0
    for at in moments:
        if isinstance(at.step, WRITES) and (at.facts.strict or at.facts.privileged):
            reached += 1
            elsewhere = {"people", "start_code", "recovery_code", "hardware_token"}
            two = {
                phone_of(b)
                for b in at.facts.bound
                for e in at.state.evidence
                if b.id == e.authenticator_id
            } - {None}
            assert any(pair & elsewhere for pair in independent_kinds(at)) or len(two) > 1
    assert reached > 100


def test_a025_nothing_of_what_somebody_has_is_told_before_a_proof(moments: list[Moment]) -> None:
    """Every name, and every account however it stands, gets the very step of a name nobody has."""
    for at in moments:
        if not at.state.evidence and at.state.stage is Stage.OPEN:
            assert at.step == at.again(facts=None)
            assert isinstance(at.step, AskName | AskProof | Refuse)
        if isinstance(at.step, AskAnother | AwaitPeople | AwaitLater | NoOtherWay):
            assert at.state.evidence


def test_a078_closed_accounts_walk_the_steps_of_a_name_nobody_has(moments: list[Moment]) -> None:
    reached = 0
    for at in moments:
        if closed(at.facts, at.now) is None:
            continue
        reached += 1
        for way in Way:
            assert provable(at.state, at.facts, way, at.now, ways=at.ways) == ()
        if at.state.stage is Stage.OPEN:
            assert isinstance(at.step, AskName | AskProof | Refuse)
    assert reached > 300


def test_nothing_is_offered_that_would_not_be_enough(moments: list[Moment]) -> None:
    """Nor what is unusable, younger than 24 hours, of a kind that was shown, or switched off."""
    for at in moments:
        if not isinstance(at.step, AskAnother):
            continue
        assert at.step.offered
        assert at.step.chosen in {None, *(each.way for each in at.step.offered)}
        for offer in at.step.offered:
            assert offer.way in at.ways
            assert bool(offer.sorts) is (offer.way is Way.PEOPLE)
            for each in offer.authenticators:
                assert each.usable(at.now)
                old = at.now - each.changed_at >= DAY
                assert old or each.source != "self" or each.type is START_CODE


def test_a_budget_that_is_used_up_stops_proofs_and_no_write(moments: list[Moment]) -> None:
    for at in moments:
        step = at.again(spent=True)
        if isinstance(at.step, AskProof | AskAnother):
            assert step == Refuse(NOT_NOW)
        if isinstance(at.step, WRITES):
            assert step == at.step


def test_a079_what_was_finished_is_not_used_again(moments: list[Moment]) -> None:
    for at in moments:
        if isinstance(at.step, Done):
            later = at.again(now=at.state.expires_at + HOUR)
            assert later == at.step
            assert start_writing(at.state, at.facts, at.now, ways=at.ways) is None


def test_an_attempt_lives_an_hour_at_most_unless_it_waits_a_day(moments: list[Moment]) -> None:
    for at in moments:
        most = LONGEST if at.state.slow_since is None else 3 * DAY
        assert at.state.expires_at - at.state.created_at <= most
        if at.state.stage is Stage.OPEN:
            assert at.again(now=at.state.expires_at) == Refuse(EXPIRED)


def test_answering_what_is_offered_always_ends(walks: list[list[Moment]]) -> None:
    """At an end, or where the person has nothing to answer with."""
    for each in walks:
        assert isinstance(each[-1].step, (*ENDS, AskProof, AskAnother))


def test_one_more_kind_that_is_switched_off_never_opens_a_door(moments: list[Moment]) -> None:
    for at in moments:
        if not isinstance(at.step, WRITES):
            for way in at.ways:
                fewer = at.again(ways=at.ways - {way})
                assert not isinstance(fewer, WRITES)


def test_what_became_of_the_last_write_is_told(moments: list[Moment]) -> None:
    told = {type(at.step.last) for at in moments if isinstance(at.step, WRITES)}
    assert told == {type(None), Refused, Unreachable}


def test_the_walks_come_everywhere(moments: list[Moment]) -> None:
    """A walk that never reaches a step proves nothing about it."""
    assert {type(at.step) for at in moments} == set(get_args(Step))
    ends = {at.step.why for at in moments if isinstance(at.step, Refuse)}
    assert ends == {EXPIRED, NOT_HERE, NOT_NOW, TOO_MANY}
    assert {at.step.goal for at in moments if isinstance(at.step, Done)} == set(Goal)
    offered = {o.way for at in moments if isinstance(at.step, AskAnother) for o in at.step.offered}
    assert offered == set(Way)
    assert {type(at.step) for at in moments} >= {AwaitAnswer, Unsure}
