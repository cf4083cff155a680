"""The reset state machine, case by case; `test_password_reset_walks` says what holds everywhere."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.authenticators import Authenticator, AuthenticatorState
from portvakt.core.ids import AuthenticatorId, FlowId
from portvakt.core.password_reset import (
    EXPIRED,
    LONGEST,
    NOT_HERE,
    NOT_NOW,
    STANDARD,
    AskAnother,
    AskName,
    AskPassword,
    AskProof,
    AskUnlock,
    AwaitLater,
    AwaitPeople,
    Closed,
    Facts,
    Goal,
    NoOtherWay,
    Offer,
    Refuse,
    Reset,
    Way,
    ask_people,
    closed,
    name,
    next_step,
    provable,
    start_writing,
    vouched,
    wait,
)
from portvakt.core.people import AccountState
from portvakt.core.push_approval import RESET
from portvakt.core.reset_proofs import SLOW, way_of
from portvakt.core.roles import Role
from portvakt.core.throttle import LIMITS, SHARED, Kind, counted, kind_of
from portvakt.core.vouchers import Sort
from tests import make
from tests.core.resets import DAY, HOUR, MINUTE, facts, reset, shown, vouch
from tests.make import (
    NOW,
    PASSWORD,
    PHONE_SIGN_IN,
    PUSH,
    RECOVERY_CODE,
    SMS_CODE,
    START_CODE,
    TOTP,
)

TEXT, APP, CARD = make.bound(SMS_CODE), make.bound(TOTP), make.bound(RECOVERY_CODE)
PHONE = make.bound(PUSH)
CODES = make.bound(TOTP, id=AuthenticatorId("codes"), detail=PHONE.id)
OTHER_PHONE = make.bound(PUSH, id=AuthenticatorId("other"))
START = make.bound(START_CODE)
BOTH = frozenset(Sort)
SUPPORTER = make.account(roles=frozenset({Role.SUPPORT}))


def step(state: Reset, known: Facts | None, **given: object) -> object:
    return next_step(state, known, NOW, **given)  # type: ignore[arg-type]  # a test's own words


def ways_of(asked: object) -> list[Way]:
    assert isinstance(asked, AskAnother)
    return [each.way for each in asked.offered]


def test_it_begins_with_a_name_and_the_same_ways_for_every_name() -> None:
    assert step(reset(claimed=""), None) == AskName()
    first = AskProof((Way.PHONE, Way.KEY, Way.CODE, Way.TOKEN, Way.TEXT, Way.CARD), None)
    assert step(reset(account_id=None, claimed="ingen"), None) == first
    assert step(reset(), facts()) == first
    assert step(reset(), facts(TEXT, PHONE, CODES, CARD)) == first
    chosen = reset(chosen=Way.TEXT)
    assert step(chosen, facts(APP)) == step(chosen, None) == replace(first, chosen=Way.TEXT)
    assert step(reset(chosen=Way.PEOPLE), None) == first


def test_a_kind_that_the_organisation_has_switched_off_is_not_asked_for() -> None:
    ways = STANDARD - {Way.TEXT, Way.PHONE}
    assert step(reset(), None, ways=ways) == AskProof(
        (Way.KEY, Way.CODE, Way.TOKEN, Way.CARD), None
    )
    assert step(shown(reset(), TEXT, APP), facts(TEXT, APP), ways=ways) == AskAnother(
        (Offer(Way.SUPPORT),), None
    )


def test_a074_one_kind_is_not_enough_and_another_is_asked_for() -> None:
    known = facts(TEXT, APP, CARD, sorts=BOTH)
    asked = step(shown(reset(), TEXT), known)
    assert asked == AskAnother(
        (
            Offer(Way.CODE, (APP,)),
            Offer(Way.CARD, (CARD,)),
            Offer(Way.PEOPLE, sorts=BOTH),
            Offer(Way.SUPPORT),
        ),
        None,
    )
    assert start_writing(shown(reset(), TEXT), known, NOW) is None
    assert step(shown(reset(chosen=Way.CARD), TEXT), known) == asked  # what was chosen is past
    chosen = replace(shown(reset(), TEXT), chosen=Way.CARD)
    assert step(chosen, known) == AskAnother(asked.offered, Way.CARD)


@pytest.mark.parametrize(
    "two",
    [(TEXT, APP), (TEXT, CARD), (PHONE, APP), (PHONE, CODES), (PHONE, TEXT), (APP, CARD)],
)
def test_two_kinds_lead_to_a_new_password(two: tuple[Authenticator, Authenticator]) -> None:
    known = facts(TEXT, APP, CARD, PHONE, CODES)
    assert step(shown(reset(), *two), known) == AskPassword(3, None)
    assert step(shown(reset(goal=Goal.UNLOCK), *two), known) == AskUnlock(3, None)


def test_two_texts_are_one_kind_whatever_the_numbers() -> None:
    other = make.bound(SMS_CODE, id=AuthenticatorId("home"), detail="+46701740606")
    known = facts(TEXT, other)
    assert ways_of(step(shown(reset(), TEXT, other), known)) == [Way.SUPPORT]


def test_two_phones_are_one_kind() -> None:
    known = facts(PHONE, OTHER_PHONE)
    assert ways_of(step(shown(reset(), PHONE, OTHER_PHONE), known)) == [Way.SUPPORT]


@pytest.mark.parametrize("two", [(PHONE, CODES), (PHONE, TEXT), (TEXT, APP), (PHONE, APP)])
def test_strict_people_need_more_than_what_may_be_one_phone(
    two: tuple[Authenticator, Authenticator],
) -> None:
    """Which phone a text or another app is in nobody knows, so it may be the same one."""
    known = facts(TEXT, APP, PHONE, CODES, OTHER_PHONE, CARD, strict=True)
    assert isinstance(step(shown(reset(), *two), known), AskAnother)
    assert step(shown(reset(), CODES, OTHER_PHONE), known) == AskPassword(3, None)
    assert step(shown(reset(), *two, CARD), known) == AskPassword(3, None)
    assert ways_of(step(shown(reset(), CODES), known)) == [Way.PHONE, Way.CARD, Way.SUPPORT]


def test_a_phones_sign_in_and_a_password_prove_nothing_here() -> None:
    known = facts(PHONE, make.bound(PHONE_SIGN_IN, detail=PHONE.id))
    lock = make.bound(PHONE_SIGN_IN, detail=PHONE.id)
    assert isinstance(step(shown(reset(), lock, make.bound(PASSWORD)), known), AskProof)
    assert way_of(lock) is None


def test_what_was_shown_for_something_else_or_before_counts_for_nothing() -> None:
    known = facts(TEXT, APP)
    for evidence in (
        make.evidence(APP, NOW),
        make.evidence(APP, NOW - MINUTE, RESET),
        make.evidence(APP, NOW + MINUTE, RESET),
    ):
        state = replace(shown(reset(), TEXT), evidence=(make.evidence(TEXT, NOW, RESET), evidence))
        assert isinstance(step(state, known), AskAnother)


def test_a029_a_method_added_or_changed_within_a_day_opens_nothing() -> None:
    young = replace(TEXT, changed_at=NOW - DAY + MINUTE)
    known = facts(young, APP)
    assert provable(reset(), known, Way.TEXT, NOW) == ()
    assert isinstance(step(shown(reset(), young), known), AskProof)
    assert ways_of(step(shown(reset(), APP), known)) == [Way.SUPPORT]
    old = facts(replace(TEXT, changed_at=NOW - DAY), APP)
    assert [each.id for each in provable(reset(), old, Way.TEXT, NOW)] == [TEXT.id]


def test_a_number_that_came_with_the_account_counts_from_the_first_second() -> None:
    account = make.account(created_at=NOW)
    came = make.work_phone(created_at=NOW, changed_at=NOW)
    assert provable(reset(), facts(came, account=account), Way.TEXT, NOW) == (came,)
    directory = replace(came, source="ad")
    theirs = make.account(created_at=NOW, source="ad")
    assert provable(reset(), facts(directory, account=theirs), Way.TEXT, NOW) == (directory,)
    own = replace(came, source="self")
    assert provable(reset(), facts(own, account=account), Way.TEXT, NOW) == ()
    later = make.account(created_at=NOW - HOUR)
    assert provable(reset(), facts(came, account=later), Way.TEXT, NOW) == ()


def test_the_codes_of_a_phone_are_as_young_as_the_phone() -> None:
    young = replace(PHONE, changed_at=NOW - HOUR)
    assert provable(reset(), facts(young, CODES), Way.CODE, NOW) == ()
    assert provable(reset(), facts(PHONE, CODES), Way.CODE, NOW) == (CODES,)


def test_what_is_put_aside_meanwhile_no_longer_counts() -> None:
    gone = replace(APP, state=AuthenticatorState.SUSPENDED)
    assert isinstance(step(shown(reset(), TEXT, APP), facts(TEXT, gone)), AskAnother)


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (facts(TEXT, APP, account=make.account(state=AccountState.DISABLED)), Closed.UNUSABLE),
        (
            facts(TEXT, APP, account=make.account(roles=frozenset({Role.SUPPORT}))),
            Closed.PRIVILEGED,
        ),
        (facts(TEXT, APP, directory_admin=True), Closed.PRIVILEGED),
        (replace(facts(), bound=(TEXT, APP)), Closed.NO_PASSWORD),
    ],
)
def test_a078_a_closed_account_looks_like_a_name_that_nobody_has(known: Facts, why: Closed) -> None:
    assert closed(known, NOW) is why
    assert step(reset(), known) == step(reset(), None)
    assert step(reset(chosen=Way.TEXT), known) == step(reset(chosen=Way.TEXT), None)
    assert all(provable(reset(), known, way, NOW) == () for way in Way)
    assert step(shown(reset(), TEXT, APP), known) == Refuse(NOT_HERE)
    assert start_writing(shown(reset(), TEXT, APP), known, NOW) is None


def test_privileged_people_reset_where_a_rule_says_so_and_not_with_one_phone() -> None:
    known = facts(TEXT, APP, CARD, directory_admin=True, privileged_may=True)
    assert closed(known, NOW) is None
    assert isinstance(step(shown(reset(), TEXT, APP), known), AskAnother)
    assert step(shown(reset(), TEXT, CARD), known) == AskPassword(3, None)


def test_a_text_phone_and_the_manager_are_enough() -> None:
    known = facts(TEXT, sorts=frozenset({Sort.MANAGER}))
    begun = shown(reset(), TEXT)
    asked = ask_people(begun, known, NOW)
    assert asked is not None
    assert asked.expires_at == NOW + 30 * MINUTE
    waiting = AwaitPeople(frozenset({Sort.MANAGER}), 0, NOW + 15 * MINUTE)
    assert step(asked, known) == waiting
    assert step(asked, known, spent=True) == waiting
    assert step(vouched(asked, vouch(Sort.MANAGER)), known) == AskPassword(3, None)


def test_two_colleagues_are_enough_and_one_is_not() -> None:
    known = facts(TEXT, sorts=frozenset({Sort.COLLEAGUE}))
    asked = ask_people(shown(reset(), TEXT), known, NOW)
    assert asked is not None
    one = vouched(asked, vouch(Sort.COLLEAGUE))
    assert step(one, known) == AwaitPeople(frozenset({Sort.COLLEAGUE}), 1, NOW + 15 * MINUTE)
    assert isinstance(step(vouched(one, vouch(Sort.COLLEAGUE)), known), AwaitPeople)
    two = vouched(one, vouch(Sort.COLLEAGUE, "eva"))
    assert step(two, known) == AskPassword(3, None)
    off = STANDARD - {Way.PEOPLE}
    assert isinstance(step(two, known, ways=off), AskAnother)


def test_people_for_another_attempt_or_without_ones_own_proof_count_for_nothing() -> None:
    known = facts(TEXT, sorts=BOTH)
    other = replace(vouch(Sort.MANAGER), attempt=FlowId("other"))
    assert isinstance(step(vouched(shown(reset(), TEXT), other), known), AskAnother)
    assert isinstance(step(vouched(reset(), vouch(Sort.MANAGER)), known), AskProof)
    assert ask_people(reset(), known, NOW) is None
    assert ask_people(shown(reset(), TEXT), facts(TEXT), NOW) is None
    assert ask_people(reset(), None, NOW) is None


def test_whoever_waits_in_vain_is_asked_again_and_not_for_ever() -> None:
    known = facts(TEXT, sorts=BOTH)
    asked = ask_people(shown(reset(), TEXT), known, NOW)
    assert asked is not None
    late = NOW + 15 * MINUTE
    assert isinstance(next_step(asked, known, late, ways=STANDARD), AskAnother)
    again = ask_people(asked, known, late)
    assert again is not None
    assert again.expires_at == NOW + 45 * MINUTE
    assert ask_people(again, known, NOW + 44 * MINUTE) == replace(
        again, asked_at=NOW + 44 * MINUTE, expires_at=NOW + LONGEST
    )


def test_a_start_code_from_support_stands_beside_a_proof_and_never_first() -> None:
    known = facts(TEXT, START)
    assert provable(reset(), known, Way.SUPPORT, NOW) == ()
    assert isinstance(step(shown(reset(), START), known), AskProof)
    assert provable(shown(reset(), TEXT), known, Way.SUPPORT, NOW) == (START,)
    spent = replace(START, state=AuthenticatorState.DISABLED)
    assert step(shown(reset(), TEXT, START), facts(TEXT, spent)) == AskPassword(3, None)
    assert provable(shown(reset(), TEXT), facts(TEXT, spent), Way.SUPPORT, NOW) == ()


def test_whoever_has_nothing_more_is_told_so() -> None:
    ways = STANDARD - {Way.SUPPORT}
    assert step(shown(reset(), TEXT), facts(TEXT), ways=ways) == NoOtherWay()


def test_the_slow_way_is_off_and_takes_two_texts_a_day_apart() -> None:
    known, ways = facts(TEXT), STANDARD | {Way.LATER}
    begun = shown(reset(), TEXT)
    assert wait(begun, known, NOW) is None
    assert ways_of(step(begun, known, ways=ways)) == [Way.SUPPORT, Way.LATER]
    waiting = wait(begun, known, NOW, ways=ways)
    assert waiting is not None
    assert wait(waiting, known, NOW, ways=ways) is None
    assert step(waiting, known, ways=ways) == AwaitLater(NOW + SLOW)
    soon = shown(waiting, TEXT, at=NOW + HOUR)
    then = NOW + SLOW
    assert isinstance(next_step(soon, known, then, ways=ways), AskAnother)
    assert provable(waiting, known, Way.LATER, then, ways=ways) == (TEXT,)
    assert provable(begun, known, Way.LATER, NOW, ways=ways) == ()
    done = shown(waiting, TEXT, at=then)
    assert next_step(done, known, then, ways=ways) == AskPassword(3, None)
    assert isinstance(next_step(done, known, then), AskAnother)
    assert Way.LATER not in ways_of(step(shown(reset(), APP), facts(TEXT, APP), ways=ways))
    strict = facts(TEXT, strict=True)
    assert ways_of(step(begun, strict, ways=ways)) == [Way.SUPPORT]
    assert isinstance(next_step(done, strict, then, ways=ways), AskAnother)


def test_the_budget_closes_reset_for_every_name_alike() -> None:
    assert step(reset(), None, spent=True) == Refuse(NOT_NOW)
    assert step(reset(), facts(TEXT), spent=True) == Refuse(NOT_NOW)
    assert step(shown(reset(), TEXT), facts(TEXT, APP), spent=True) == Refuse(NOT_NOW)
    enough = shown(reset(), TEXT, APP)
    assert step(enough, facts(TEXT, APP), spent=True) == AskPassword(3, None)
    assert provable(reset(), facts(TEXT), Way.TEXT, NOW, spent=True) == ()


def test_an_attempt_ends_with_its_time() -> None:
    enough = shown(reset(), TEXT, APP)
    late = NOW + 15 * MINUTE
    assert next_step(enough, facts(TEXT, APP), late) == Refuse(EXPIRED)
    assert start_writing(enough, facts(TEXT, APP), late) is None


def test_another_name_begins_anew() -> None:
    begun = shown(reset(chosen=Way.TEXT, asked_at=NOW), TEXT, APP)
    other = name(begun, "bo.ek", None, Goal.UNLOCK)
    assert (other.claimed, other.account_id, other.goal) == ("bo.ek", None, Goal.UNLOCK)
    assert (other.evidence, other.chosen, other.asked_at) == ((), None, None)


def test_five_wrong_proofs_close_reset_for_a_day_and_a_right_one_clears_no_guess() -> None:
    limit, count = LIMITS[Kind.RESET], None
    for _ in range(5):
        count = counted(count, limit, NOW)
        assert count.allowed
    assert count is not None
    assert not counted(count, limit, NOW + DAY - MINUTE).allowed
    assert counted(count, limit, NOW + DAY).allowed
    assert Kind.RESET in SHARED
    assert kind_of(TOTP, password_proved=True) is not Kind.RESET


def test_a082_three_texts_or_requests_reach_the_person_and_then_none_for_a_while() -> None:
    limit, count = LIMITS[Kind.RESET_ASKED], None
    reached = 0
    for number in range(20):
        count = counted(count, limit, NOW + timedelta(seconds=29 * number))
        reached += count.allowed
    assert reached == 3
