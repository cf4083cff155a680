"""What must hold wherever a walk comes (`tests.core.walks`).

The numbers are those of the invariants in `portvakt.core.sign_in`; 5 to 8 are properties of
assurance and policy as well.
"""

from dataclasses import fields, replace
from random import Random
from typing import get_args

import pytest

from portvakt.core.asking import parts_of
from portvakt.core.assurance import (
    METHODS,
    Aal,
    Evidence,
    Requirement,
    assurance_of,
    counting,
    meets,
    stands_alone,
    still_bound,
)
from portvakt.core.authenticators import (
    PROOFS,
    SECOND_FACTORS,
    AuthenticatorType,
    is_work_phone,
    usable_second_factors,
)
from portvakt.core.best_shown import shows_best
from portvakt.core.first_registration import Basis, First
from portvakt.core.leading_on import leads_on, unmet
from portvakt.core.policy import Condition, Require, RuleState
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
from tests.make import NOW, PASSKEY, PASSWORD, PHONE_SIGN_IN, START_CODE

ENDS = (Finish, AskEnrolment, Refuse)
BEFORE_THE_PASSWORD = (AskPassword, AskProofFirst, AskPhone, AskStartCode)
OPENERS = {PASSWORD, START_CODE}
"""Beside whatever stands alone: what comes before anything is told that differs between names."""


@pytest.fixture(scope="module")
def walks() -> list[list[Moment]]:
    """The same walks in every run, the simplest first, so that what fails first is readable."""
    chance = Random(3111)  # noqa: S311  # chance that repeats is the point
    worlds = [some_world(chance) for _ in range(WALKS)]
    made = [list(walk(each, some_start(chance, each), chance)) for each in worlds]
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
            assert PASSWORD in at.shown or any(map(stands_alone, shown))


def test_a_known_browser_opens_nothing_but_what_a_rule_says_it_does(
    moments: list[Moment],
) -> None:
    """Whoever finishes by it has met every rule that does not name it; methods never see it."""
    finished = 0
    for at in moments:
        strange = replace(at.world, around={**at.world.around, "known_for": None})
        if not isinstance(at.step, Finish) or strange.decision() == at.world.decision():
            continue
        silent = [
            each
            for each in at.world.rules
            if each.remember is None or Require.KNOWN_BROWSER not in parts_of(each.require)
        ]
        assert len(silent) < len(at.world.rules)
        rest = strange.decision(silent)
        assert not rest.blocked
        assert meets(at.state.evidence, rest.requirement, NOW, since=at.state.created_at)
        finished += not isinstance(strange.step(at.state), Finish)
        if at.state.purpose == METHODS and at.world.usable(*SECOND_FACTORS):
            assert assurance_of(at.state.evidence).aal >= Aal.TWO
    assert finished


def counted_now(at: Moment) -> tuple[Evidence, ...]:
    """What was shown for this and is bound still, and is not too old for what is asked."""
    need = replace(at.world.decision().requirement, no_restricted=False)
    if at.state.purpose == METHODS:
        need += Requirement(purpose=METHODS)
    bound = still_bound(at.state.evidence, at.world.bound, NOW)
    return counting(bound, need, NOW, since=at.state.created_at)


def lacks_the_best(at: Moment) -> bool:
    """Whether methods are to be changed, and the best of them was not shown (`best_shown`)."""
    second = at.world.usable(*SECOND_FACTORS)
    counted = still_bound(at.state.evidence, at.world.bound, NOW)
    coming = at.state.purpose == METHODS or START_CODE in at.shown
    return coming and not shows_best(counted, second)


def test_nothing_unbound_or_unusable_is_offered(moments: list[Moment]) -> None:
    """Invariant 2; nor anything before the password, nor twice, nor from a disabled account."""
    for at in moments:
        if isinstance(at.step, AskAuthenticator):
            assert at.world.account.usable
            assert set(at.step.offered) <= set(at.world.usable(*SECOND_FACTORS))
            assert at.step.offered
            assert at.step.chosen in {each.type for each in at.step.offered}
            assert at.shown & OPENERS or any(map(stands_alone, at.state.evidence))
            assert PHONE_SIGN_IN not in {each.type for each in at.step.offered}
            counted = counted_now(at)
            assert not {e.type for e in counted} & {a.type for a in at.step.offered}
            need = at.world.decision().requirement
            ways = unmet(counted, need)
            lacks_best = lacks_the_best(at)
            assert (
                ways or lacks_best or need.phishing_resistant or not any(map(stands_alone, counted))
            )
            by_key = assurance_of(counted).phishing_resistant or not need.phishing_resistant
            # a key comes first; with a start code the best they have is asked for
            if ways and by_key and START_CODE not in at.shown:
                assert all(leads_on(each.type, ways) for each in at.step.offered)
            assert at.step.chosen is at.state.chosen or at.step.offered[0].type is at.step.chosen


def test_a_stranger_sees_what_everybody_sees_and_no_more(moments: list[Moment]) -> None:
    """Invariant 3: until something is proved, every name, usable or blocked or none, is alike."""
    for at in moments:
        if not at.shown:
            stranger = next_step(at.state, None, None, None, NOW)
            assert isinstance(stranger, BEFORE_THE_PASSWORD)
            assert at.step == stranger
        alone = any(map(stands_alone, at.state.evidence))
        if not (alone or at.shown & OPENERS):
            assert isinstance(at.step, BEFORE_THE_PASSWORD)
        if isinstance(at.step, Refuse):
            assert alone or at.shown & OPENERS
        if not at.world.account.usable:
            told = alone or PASSWORD in at.shown
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


def test_nothing_is_bound_by_a_ticket_alone(moments: list[Moment]) -> None:
    """Whoever sits at a computer has shown nothing just now."""
    seen = 0
    for at in moments:
        known = [each for each in at.state.evidence if each.type in OPENERS]
        if known and all(each.by_ticket for each in known):
            seen += 1
            assert not isinstance(at.step, AskEnrolment)
            assert at.state.purpose != METHODS or not isinstance(at.step, Finish)
    assert seen > WALKS // 20


def test_changing_methods_takes_the_best_for_that_purpose(moments: list[Moment]) -> None:
    for at in moments:
        if isinstance(at.step, Finish) and at.state.purpose == METHODS:
            best = Requirement(multifactor=True, purpose=METHODS)
            assert meets(still_bound(at.state.evidence, at.world.bound, NOW), best, NOW)
            assert not lacks_the_best(at)
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
    """A055: the same moments with a rule more. A start code alone lets a first key be bound."""
    key = make.rule(Require.PHISHING_RESISTANT, id="key")
    seen: set[type[Step]] = set()
    for at in moments:
        step = at.world.step(at.state, [*at.world.rules, key])
        counted = still_bound(at.state.evidence, at.world.bound, NOW)
        has_key = bool(at.world.usable(PASSKEY))
        seen.add(type(step))
        assert not isinstance(step, AskSecondProof)
        if isinstance(step, Finish):
            assert assurance_of(counted).phishing_resistant
        by_key = assurance_of(counted).phishing_resistant  # then another rule names a way, too
        if isinstance(step, AskAuthenticator) and (has_key or START_CODE not in at.shown):
            assert by_key or {each.type for each in step.offered} == {PASSKEY}
        if isinstance(step, AskEnrolment):
            assert START_CODE in at.shown
            assert assurance_of(counted).phishing_resistant or not has_key
            if at.world.usable(*SECOND_FACTORS):
                assert assurance_of(counted).aal is Aal.TWO
    assert {Finish, Refuse, AskAuthenticator, AskEnrolment} <= seen


def test_a_phone_alone_is_as_good_as_two_and_goes_round_no_rule(moments: list[Moment]) -> None:
    """It comes from this account, while phone and sign-in stand; a rule that blocks still does."""
    alone = 0
    for at in moments:
        counted = counted_now(at)
        if PHONE_SIGN_IN in {each.type for each in counted} and not at.shown & {START_CODE}:
            assert assurance_of(counted).aal is Aal.TWO
            if not at.world.account.usable:
                assert at.step == Refuse(UNUSABLE)
            elif at.world.decision().blocked:
                assert at.step == Refuse(BLOCKED)
            elif at.world.decision().requirement.phishing_resistant and not any(
                each.type is PASSKEY for each in counted
            ):
                if not at.world.usable(PASSKEY):
                    assert at.step == Refuse(NEEDS_KEY)
                else:
                    assert isinstance(at.step, AskAuthenticator) or at.step == Refuse(NEEDS_KEY)
            elif unmet(counted, at.world.decision().requirement):
                assert isinstance(at.step, AskAuthenticator) or at.step == Refuse(NEEDS_KEY)
            elif lacks_the_best(at):
                assert isinstance(at.step, AskAuthenticator)
            else:
                alone += PASSWORD not in at.shown
                assert at.step == Finish()
    assert alone > 100


def test_a_phone_is_asked_for_where_it_was_chosen_and_nowhere_else(moments: list[Moment]) -> None:
    """The same for every name, also where the password is guarded; and it can be left."""
    for at in moments:
        if isinstance(at.step, AskPhone):
            if at.state.chosen is not PHONE_SIGN_IN:
                assert PASSWORD in at.shown  # a rule asks for a way without one
                assert at.world.decision().requirement.any_of
                assert at.world.usable(PHONE_SIGN_IN)
                continue
            left = replace(at.state, chosen=None)
            assert isinstance(at.world.step(left), AskPassword | AskProofFirst)
        elif at.state.chosen is PHONE_SIGN_IN:
            assert at.shown & {PASSWORD, PHONE_SIGN_IN, START_CODE}


def test_who_is_refused_for_want_of_a_way_has_none(moments: list[Moment]) -> None:
    """Where a rule names ways, everybody who has one is asked for it, and nothing else opens."""
    asked = refused = 0
    for at in moments:
        need = at.world.decision().requirement
        counted = still_bound(at.state.evidence, at.world.bound, NOW)
        if not need.any_of or not at.world.account.usable or START_CODE in at.shown:
            continue
        ways = unmet(counted, need)
        if at.step == Refuse(NEEDS_KEY) and not need.phishing_resistant:
            refused += 1
            have = at.world.usable(*SECOND_FACTORS, PHONE_SIGN_IN)
            left = [each for each in have if each.type not in at.shown]
            assert not all(any(leads_on(each.type, [way]) for each in left) for way in ways)
        elif isinstance(at.step, AskAuthenticator) and ways:
            asked += 1
    assert asked > 100
    assert refused > 100


def test_the_walks_come_everywhere(moments: list[Moment]) -> None:
    """A walk that never reaches a step proves nothing about it."""
    seen = {type(at.step) for at in moments}
    # the password of nobody here lives in a directory; what such a one adds has its own test
    assert seen == set(get_args(Step)) - {AskNewPassword}
    bases = {at.step.basis for at in moments if isinstance(at.step, AskEnrolment)}
    # people who stand up are no step of a walk: see test_new_phone
    assert bases == set(Basis) - {Basis.WORK_PHONE, Basis.VOUCHED}
    ends = {at.step.why for at in moments if isinstance(at.step, Refuse)}
    assert ends == {BLOCKED, NEEDS_KEY, UNUSABLE}


def test_the_walks_take_every_method_that_there_is(moments: list[Moment]) -> None:
    """A method that nobody walks with is one that nobody knows the way round."""
    offered, shown, finished = set[AuthenticatorType](), set[AuthenticatorType](), set[str]()
    for at in moments:
        shown |= at.shown
        if isinstance(at.step, AskAuthenticator):
            offered |= {each.type for each in at.step.offered}
        if isinstance(at.step, Finish):
            finished |= {each.type for each in still_bound(at.state.evidence, at.world.bound, NOW)}
    assert set(PROOFS) == set(AuthenticatorType)
    assert offered == SECOND_FACTORS
    assert shown == set(AuthenticatorType)
    assert finished == set(AuthenticatorType)


def test_the_walks_meet_rules_of_every_kind_that_count(moments: list[Moment]) -> None:
    """Each kind of condition decides something on the way, in the positive form and the other."""
    wanted = {each.name for each in fields(Condition)}
    for at in moments:
        for rule in at.world.rules:
            named = {name for name in wanted if getattr(rule.when, name)}
            if named and rule.id in at.world.decision([rule]).reasons:
                wanted -= named
    assert not wanted
