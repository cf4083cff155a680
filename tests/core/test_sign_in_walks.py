"""What must hold wherever a walk comes (`tests.core.walks`).

The numbers are those of the invariants in `portvakt.core.sign_in`; 5 to 8 are properties of
assurance and policy as well.
"""

from dataclasses import replace
from random import Random
from typing import get_args

import pytest

from portvakt.core.assurance import (
    METHODS,
    Aal,
    Requirement,
    assurance_of,
    meets,
    still_bound,
)
from portvakt.core.authenticators import (
    PROOFS,
    SECOND_FACTORS,
    is_work_phone,
    usable_second_factors,
)
from portvakt.core.first_registration import Basis, First
from portvakt.core.policy import Require, RuleState
from portvakt.core.sign_in import (
    BLOCKED,
    NEEDS_KEY,
    UNUSABLE,
    AskAuthenticator,
    AskEnrolment,
    AskNewPassword,
    AskPassword,
    AskPhone,
    AskProofFirst,
    AskSecondProof,
    AskStartCode,
    Finish,
    Refuse,
    Step,
    next_step,
    record,
)
from tests import make
from tests.core.walks import WALKS, Moment, some_start, some_world, walk
from tests.make import NOW, PASSWORD, PHONE_SIGN_IN, START_CODE

ENDS = (Finish, AskEnrolment, Refuse)
BEFORE_THE_PASSWORD = (AskPassword, AskProofFirst, AskPhone, AskStartCode)
OPENERS = {PASSWORD, START_CODE, PHONE_SIGN_IN}
"""What comes before anything is told that differs between names."""


@pytest.fixture(scope="module")
def walks() -> list[list[Moment]]:
    """The same walks in every run, the simplest first, so that what fails first is readable."""
    chance = Random(3111)  # noqa: S311  # chance that repeats is the point
    made = [list(walk(some_world(chance), some_start(chance), chance)) for _ in range(WALKS)]
    return sorted(made, key=lambda each: len(each[0].world.bound) + len(each[0].world.rules))


@pytest.fixture
def moments(walks: list[list[Moment]]) -> list[Moment]:
    return [moment for each in walks for moment in each]


def test_nobody_finishes_without_meeting_the_decision(moments: list[Moment]) -> None:
    """Invariant 1; a start code is no part of what is met, nor what is no longer bound."""
    for at in moments:
        if isinstance(at.step, Finish):
            decision = at.world.decision()
            counted = still_bound(at.state.evidence, at.world.bound, NOW)
            shown = [each for each in counted if each.type is not START_CODE]
            assert at.world.account.usable
            assert not decision.blocked
            assert meets(shown, decision.requirement, NOW)
            assert {each.type for each in shown} & {PASSWORD, PHONE_SIGN_IN}


def test_nothing_unbound_or_unusable_is_offered(moments: list[Moment]) -> None:
    """Invariant 2; nor anything before the password, nor twice, nor from a disabled account."""
    for at in moments:
        if isinstance(at.step, AskAuthenticator):
            assert at.world.account.usable
            assert set(at.step.offered) <= set(at.world.usable(*SECOND_FACTORS))
            assert at.step.offered
            assert at.step.chosen in {each.type for each in at.step.offered}
            assert at.shown & {PASSWORD, START_CODE}
            assert PHONE_SIGN_IN not in {each.type for each in at.step.offered}
            counted = still_bound(at.state.evidence, at.world.bound, NOW)
            assert not {e.type for e in counted} & {a.type for a in at.step.offered}
            assert PHONE_SIGN_IN not in {each.type for each in counted}
            assert at.step.chosen is at.state.chosen or at.step.offered[0].type is at.step.chosen


def test_a_stranger_sees_what_everybody_sees_and_no_more(moments: list[Moment]) -> None:
    """Invariant 3: until something is proved, every name, usable or blocked or none, is alike."""
    for at in moments:
        if not at.shown:
            stranger = next_step(at.state, None, None, None, NOW)
            assert isinstance(stranger, BEFORE_THE_PASSWORD)
            assert at.step == stranger
        if not at.shown & OPENERS:
            assert isinstance(at.step, BEFORE_THE_PASSWORD)
        if isinstance(at.step, Refuse):
            assert at.shown & OPENERS
        if not at.world.account.usable:
            told = at.shown & {PASSWORD, PHONE_SIGN_IN}
            assert at.step == Refuse(UNUSABLE) if told else isinstance(at.step, BEFORE_THE_PASSWORD)


def test_a012_a_password_that_must_be_changed_opens_nothing(moments: list[Moment]) -> None:
    """It leads as far as a right one does, through the second factor, and then to a new one."""
    led = 0
    for at in moments:
        stale = tuple(replace(each, stale=each.type is PASSWORD) for each in at.state.evidence)
        step = at.world.step(replace(at.state, evidence=stale))
        if PASSWORD in at.shown and isinstance(at.step, Finish | AskEnrolment):
            assert step == AskNewPassword()
            led += 1
        else:
            assert step == at.step
    assert led


def test_binding_takes_the_best_the_account_can_show(moments: list[Moment]) -> None:
    """Invariant 4, and the ground is one that stands."""
    for at in moments:
        if not isinstance(at.step, AskEnrolment):
            continue
        assert at.world.account.usable
        assert not at.world.decision().blocked
        counted = still_bound(at.state.evidence, at.world.bound, NOW)
        shown = {each.type for each in counted}
        if usable_second_factors(at.world.bound, NOW):
            assert assurance_of(counted).aal is Aal.TWO
        assert shown & OPENERS
        assert not at.world.usable(PASSWORD) or shown & {PASSWORD, PHONE_SIGN_IN}
        if at.step.basis is Basis.START_CODE:
            assert START_CODE in shown
            continue
        if at.step.basis is Basis.OWN_METHODS:
            assert not at.world.texts_count
            assert shown & SECOND_FACTORS
            continue
        assert not at.world.account.roles
        assert not any(each.type in SECOND_FACTORS for each in at.world.bound)
        if at.step.basis is Basis.INSIDE:
            assert at.world.inside
            assert at.world.first is not First.NEVER_PASSWORD_ALONE
        else:
            assert at.step.basis is Basis.WELCOME_WINDOW
            assert at.world.first is First.WELCOME_WINDOW
            assert at.world.account.welcome_used_at is None


def test_changing_methods_takes_the_best_for_that_purpose(moments: list[Moment]) -> None:
    for at in moments:
        if isinstance(at.step, Finish) and at.state.purpose == METHODS:
            best = Requirement(multifactor=True, purpose=METHODS)
            assert meets(still_bound(at.state.evidence, at.world.bound, NOW), best, NOW)
            second = usable_second_factors(at.world.bound, NOW)
            own = [each for each in second if not is_work_phone(each)]
            assert own or not at.world.account.roles


def test_one_more_rule_never_opens_a_door(moments: list[Moment]) -> None:
    """Invariant 6: who finishes under all the rules finishes under any of them."""
    for at in moments:
        if isinstance(at.step, Finish):
            rules = at.world.rules
            for number in range(len(rules)):
                fewer = rules[:number] + rules[number + 1 :]
                assert at.world.step(at.state, fewer) == Finish()


def test_neither_order_nor_report_only_changes_a_step(moments: list[Moment]) -> None:
    """Invariants 7 and 8."""
    for at in moments:
        in_force = [each for each in at.world.rules if each.state is RuleState.ON]
        assert at.world.step(at.state, at.world.rules[::-1]) == at.step
        assert at.world.step(at.state, in_force) == at.step


def test_answering_what_is_offered_always_ends(walks: list[list[Moment]]) -> None:
    """Invariant 9: at an end, or where the person has nothing to answer with."""
    for each in walks:
        last = each[-1].step
        stuck = isinstance(last, AskSecondProof | AskPassword | AskProofFirst | AskStartCode)
        assert isinstance(last, ENDS) or stuck


def test_more_evidence_never_leads_back(moments: list[Moment]) -> None:
    """Invariant 5: once somebody could finish, one more right answer does not change that."""
    for at in moments:
        if isinstance(at.step, Finish):
            for each in at.world.usable(*SECOND_FACTORS, PHONE_SIGN_IN):
                more = record(at.state, make.evidence(each, purpose=at.state.purpose))
                assert at.world.step(more) == Finish()


def test_where_a_key_is_asked_for_nothing_weaker_opens_or_binds(moments: list[Moment]) -> None:
    """The same moments with a rule more, that nothing in this part can meet."""
    key = make.rule(Require.PHISHING_RESISTANT, id="key")
    assert not any(each.phishing_resistant for each in PROOFS.values())
    for at in moments:
        step = at.world.step(at.state, [*at.world.rules, key])
        assert not isinstance(step, Finish | AskEnrolment | AskAuthenticator | AskSecondProof)


def test_a_phone_alone_is_as_good_as_two_and_goes_round_no_rule(moments: list[Moment]) -> None:
    """It comes from this account, while phone and sign-in stand; a rule that blocks still does."""
    alone = 0
    for at in moments:
        counted = still_bound(at.state.evidence, at.world.bound, NOW)
        if PHONE_SIGN_IN in {each.type for each in counted} and not at.shown & {START_CODE}:
            assert assurance_of(counted).aal is Aal.TWO
            if not at.world.account.usable:
                assert at.step == Refuse(UNUSABLE)
            elif at.world.decision().blocked:
                assert at.step == Refuse(BLOCKED)
            elif at.world.decision().requirement.phishing_resistant:
                assert at.step == Refuse(NEEDS_KEY)
            else:
                alone += PASSWORD not in at.shown
                assert at.step == Finish()
    assert alone > 100


def test_a_phone_is_asked_for_where_it_was_chosen_and_nowhere_else(moments: list[Moment]) -> None:
    """The same for every name, also where the password is guarded; and it can be left."""
    for at in moments:
        if isinstance(at.step, AskPhone):
            assert at.state.chosen is PHONE_SIGN_IN
            left = replace(at.state, chosen=None)
            assert isinstance(at.world.step(left), AskPassword | AskProofFirst)
        elif at.state.chosen is PHONE_SIGN_IN:
            assert at.shown & {PASSWORD, PHONE_SIGN_IN, START_CODE}


def test_the_walks_come_everywhere(moments: list[Moment]) -> None:
    """A walk that never reaches a step proves nothing about it."""
    seen = {type(at.step) for at in moments}
    # the password of nobody here lives in a directory; what such a one adds has its own test
    assert seen == set(get_args(Step)) - {AskNewPassword}
    bases = {at.step.basis for at in moments if isinstance(at.step, AskEnrolment)}
    assert bases == set(Basis) - {Basis.WORK_PHONE}
    ends = {at.step.why for at in moments if isinstance(at.step, Refuse)}
    assert ends == {BLOCKED, NEEDS_KEY, UNUSABLE}
