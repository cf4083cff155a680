"""What must hold wherever a walk comes while the organisation takes methods away."""

from dataclasses import replace
from random import Random

import pytest

from portvakt.core.assurance import meets, stands_alone, still_bound
from portvakt.core.authenticators import SECOND_FACTORS
from portvakt.core.enrolment import MayChange, for_registration, may_change, may_change_password
from portvakt.core.first_registration import Basis, first_registration_of
from portvakt.core.method_rules import Allowed, MethodRules
from portvakt.core.sign_in import AskAuthenticator, AskEnrolment, AskSecondProof, Finish, Step
from tests.core.method_entries import some_entry
from tests.core.walks import Moment, World, some_start, some_world, walk
from tests.make import NOW, PASSWORD, START_CODE

WALKS = 2500


def under(world: World, may: Allowed) -> World:
    return replace(world, bound=tuple(map(may.at_sign_in, world.bound)))


@pytest.fixture(scope="module")
def moments() -> list[tuple[Moment, Allowed, Allowed]]:
    """Looks at sign-ins, each with what some entries leave, and what one of them less does."""
    chance = Random(5811)  # noqa: S311  # chance that repeats is the point
    made: list[tuple[Moment, Allowed, Allowed]] = []
    for _ in range(WALKS):
        entries = [some_entry(chance, name) for name in "ab"]
        more, fewer = MethodRules(entries).of(()), MethodRules(entries[:1]).of(())
        world = some_world(chance)
        start = some_start(chance, world)
        walked = world if chance.random() < 1 / 2 else under(world, more)
        made += [
            (replace(at, world=replace(at.world, bound=world.bound)), fewer, more)
            for at in walk(walked, start, chance)
        ]
    return made


def steps(at: Moment, *mays: Allowed) -> list[Step]:
    return [under(at.world, may).step(at.state) for may in mays]


def test_nobody_finishes_but_by_what_is_left_and_by_the_decision(
    moments: list[tuple[Moment, Allowed, Allowed]],
) -> None:
    finished = 0
    for at, _, may in moments:
        (step,) = steps(at, may)
        if isinstance(step, Finish):
            finished += 1
            shown = still_bound(at.state.evidence, under(at.world, may).bound, NOW)
            counted = [each for each in shown if each.type is not START_CODE]
            assert not at.world.decision().blocked
            assert meets(counted, at.world.decision().requirement, NOW)
            types = {each.type for each in counted}
            assert types - {PASSWORD} <= may.second_factor | may.passwordless
            assert PASSWORD in types or any(map(stands_alone, counted))
    assert finished > 500


def test_nothing_withdrawn_is_offered(moments: list[tuple[Moment, Allowed, Allowed]]) -> None:
    for at, _, may in moments:
        (step,) = steps(at, may)
        if isinstance(step, AskAuthenticator):
            assert {each.type for each in step.offered} <= may.second_factor


def test_one_more_entry_never_opens_a_door(
    moments: list[tuple[Moment, Allowed, Allowed]],
) -> None:
    """Nor does it let anybody bind anything, but by a start code that support has given."""
    opened = 0
    for at, fewer, more in moments:
        before, after = steps(at, fewer, more)
        if isinstance(after, Finish):
            opened += 1
            assert before == Finish()
        if isinstance(after, AskEnrolment) and START_CODE not in at.shown:
            assert isinstance(before, AskEnrolment | Finish)
    assert opened > 500


def test_what_is_left_when_everything_is_withdrawn_is_a_start_code(
    moments: list[tuple[Moment, Allowed, Allowed]],
) -> None:
    """Never a first registration by the password alone, as for somebody who had nothing before."""
    asked = 0
    for at, _, may in moments:
        world, had = under(at.world, may), at.world.usable(*SECOND_FACTORS)
        (step,) = steps(at, may)
        if not had or world.usable(*SECOND_FACTORS):
            continue
        if isinstance(step, AskEnrolment):
            assert step.basis is Basis.START_CODE
        if isinstance(step, AskSecondProof):
            asked += 1
            assert step.options == (Basis.START_CODE,)
    assert asked > 50


def test_less_that_may_be_used_never_lets_methods_or_the_password_be_changed_with_less(
    moments: list[tuple[Moment, Allowed, Allowed]],
) -> None:
    for at, fewer, more in moments:
        if START_CODE in at.shown:
            continue
        shown, may = for_registration(at.state.evidence), []
        for each in (fewer, more):
            bound = under(at.world, each).bound
            first = first_registration_of(
                at.world.account, bound, first=at.world.first, inside=at.world.inside, now=NOW
            )
            changes = isinstance(may_change(bound, shown, first, NOW), MayChange)
            may.append((changes, may_change_password(bound, shown, NOW)))
        before, after = may
        assert all(then or not now for then, now in zip(before, after, strict=True))
