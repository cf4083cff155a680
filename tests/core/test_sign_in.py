from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.assurance import METHODS, Evidence, Requirement
from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.first_registration import Basis
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import AccountState
from portvakt.core.policy import Decision
from portvakt.core.sign_in import (
    BLOCKED,
    EXPIRED,
    NEEDS_KEY,
    UNUSABLE,
    AskAuthenticator,
    AskEnrolment,
    AskPassword,
    AskProofFirst,
    AskSecondProof,
    AskStartCode,
    Finish,
    Refuse,
    SignIn,
    Step,
    next_step,
    record,
)
from tests import make
from tests.make import (
    MULTIFACTOR,
    NOW,
    PASSKEY,
    PASSWORD,
    RECOVERY_CODE,
    SMS_CODE,
    START_CODE,
    TOTP,
    decision,
)

MINUTE = timedelta(minutes=1)
OWN = make.first(applies=False)
WITH_PASSWORD = make.bound(PASSWORD)
WITH_TOTP = make.bound(TOTP)
ANNA = (WITH_PASSWORD, WITH_TOTP)
NOTHING = decision()


def after(*shown: Evidence | AuthenticatorType, **given: Any) -> SignIn:
    state = make.sign_in(**given)
    for each in shown:
        state = record(
            state,
            each
            if isinstance(each, Evidence)
            else make.evidence(each, NOW, given.get("purpose", "sign_in")),
        )
    return state


def step(
    state: SignIn,
    bound: Sequence[Authenticator] = ANNA,
    asked: Decision = MULTIFACTOR,
    first: Any = OWN,
    *,
    disabled: bool = False,
) -> Step:
    account = make.account(state=AccountState.DISABLED if disabled else AccountState.ACTIVE)
    return next_step(state, account, bound, asked, NOW, first)


def test_a_sign_in_begins_with_the_password() -> None:
    assert step(after()) == AskPassword()


def test_a063_after_the_password_the_second_factor_is_asked_for() -> None:
    assert step(after(PASSWORD)) == AskAuthenticator((WITH_TOTP,), TOTP)
    assert step(after(TOTP)) == AskPassword()


def test_inside_the_password_is_enough_where_no_rule_asks_more() -> None:
    assert step(after(PASSWORD), asked=NOTHING) == Finish()


def test_password_and_second_factor_finish_it() -> None:
    assert step(after(PASSWORD, TOTP)) == Finish()
    assert step(after(TOTP, PASSWORD)) == Finish()


def test_the_preferred_method_is_shown_and_another_can_be_chosen() -> None:
    texts = make.bound(SMS_CODE, preferred=True)
    bound = (*ANNA, texts, make.bound(RECOVERY_CODE))
    asked = step(after(PASSWORD), bound)
    assert isinstance(asked, AskAuthenticator)
    assert [each.type for each in asked.offered] == [SMS_CODE, TOTP, RECOVERY_CODE]
    assert asked.chosen is SMS_CODE
    other = step(after(PASSWORD, chosen=TOTP), bound)
    assert isinstance(other, AskAuthenticator)
    assert other.chosen is SMS_CODE, "an answer forgets what was chosen before it"
    state = make.sign_in(evidence=(make.evidence(PASSWORD),), chosen=RECOVERY_CODE)
    chosen = step(state, bound)
    assert isinstance(chosen, AskAuthenticator)
    assert chosen.chosen is RECOVERY_CODE


@pytest.mark.parametrize("chosen", [SMS_CODE, PASSWORD, START_CODE])
def test_what_is_not_offered_cannot_be_chosen(chosen: AuthenticatorType) -> None:
    state = make.sign_in(evidence=(make.evidence(PASSWORD),), chosen=chosen)
    assert step(state) == AskAuthenticator((WITH_TOTP,), TOTP)


@pytest.mark.parametrize("state", [AuthenticatorState.SUSPENDED, AuthenticatorState.DISABLED])
def test_a_method_that_was_put_aside_is_not_offered(state: AuthenticatorState) -> None:
    bound = (*ANNA, make.bound(SMS_CODE, state=state))
    assert step(after(PASSWORD), bound) == AskAuthenticator((WITH_TOTP,), TOTP)


def test_proof_by_a_method_that_was_suspended_meanwhile_is_asked_for_again() -> None:
    texts = make.bound(SMS_CODE)
    gone = make.bound(TOTP, state=AuthenticatorState.SUSPENDED)
    asked = step(after(PASSWORD, TOTP), (WITH_PASSWORD, gone, texts))
    assert asked == AskAuthenticator((texts,), SMS_CODE)


def test_somebody_without_a_second_factor_is_led_to_registration_by_the_verdict() -> None:
    bound = (WITH_PASSWORD,)
    inside = make.first(inside_counts=True)
    assert step(after(PASSWORD), bound, first=inside) == AskEnrolment(Basis.INSIDE)
    outside = step(after(PASSWORD), bound, first=make.first())
    assert outside == AskSecondProof((Basis.INSIDE, Basis.START_CODE))
    proved = step(after(PASSWORD, START_CODE), bound, first=make.first())
    assert proved == AskEnrolment(Basis.START_CODE)


def test_facts_that_contradict_each_other_open_nothing() -> None:
    """An account with nothing bound is at its first registration whatever it is said to have."""
    assert isinstance(step(after(PASSWORD), (WITH_PASSWORD,), first=OWN), AskSecondProof)


def test_a041_an_account_without_methods_gets_in_with_the_password_where_no_rule_asks() -> None:
    assert step(after(PASSWORD), (WITH_PASSWORD,), NOTHING, make.first()) == Finish()


def test_a_start_code_alone_opens_registration_and_never_a_session() -> None:
    bound = (make.bound(START_CODE),)
    for asked in (NOTHING, MULTIFACTOR):
        found = step(after(START_CODE), bound, asked, make.first())
        assert found == AskEnrolment(Basis.START_CODE)


def test_a_start_code_does_not_stand_for_a_password_that_there_is() -> None:
    bound = (WITH_PASSWORD, make.bound(START_CODE))
    assert step(after(START_CODE), bound, NOTHING, make.first()) == AskPassword()
    both = step(after(START_CODE, PASSWORD), bound, NOTHING, make.first())
    assert both == AskEnrolment(Basis.START_CODE)


def test_a_start_code_beside_methods_asks_for_the_best_of_them_first() -> None:
    phone = make.work_phone()
    first = make.first(work_phones=frozenset({phone.id}))
    state = after(START_CODE)
    assert step(state, (phone,), first=first) == AskAuthenticator((phone,), SMS_CODE)
    shown = record(state, make.evidence(phone))
    assert step(shown, (phone,), first=first) == AskEnrolment(Basis.START_CODE)


def test_a_start_code_can_be_asked_for_instead_of_the_password() -> None:
    assert step(after(chosen=START_CODE)) == AskStartCode()
    assert next_step(after(chosen=START_CODE), None, None, None, NOW) == AskStartCode()


def test_a010_a_guarded_password_is_opened_by_a_second_factor() -> None:
    assert step(after(guarded=True)) == AskProofFirst()
    assert step(after(TOTP, guarded=True)) == AskPassword()
    assert step(after(TOTP, PASSWORD, guarded=True)) == Finish()
    assert step(after(chosen=START_CODE, guarded=True)) == AskStartCode()


def test_a_blocked_person_hears_of_it_after_the_password_only() -> None:
    blocked = decision(blocked=True)
    assert step(after(), asked=blocked) == AskPassword()
    assert step(after(guarded=True), asked=blocked) == AskProofFirst()
    assert step(after(TOTP, guarded=True), asked=blocked) == AskPassword()
    assert step(after(PASSWORD), asked=blocked) == Refuse(BLOCKED)
    assert step(after(START_CODE), (), blocked, make.first()) == Refuse(BLOCKED)


def test_a055_where_a_key_is_asked_for_nothing_weaker_is_offered() -> None:
    asked = decision(Requirement(multifactor=True, phishing_resistant=True))
    for bound in (ANNA, (WITH_PASSWORD,)):
        for first in (OWN, make.first(inside_counts=True, welcome_open=True)):
            assert step(after(), bound, asked, first) == AskPassword()
            assert step(after(PASSWORD), bound, asked, first) == Refuse(NEEDS_KEY)
            assert step(after(PASSWORD, TOTP), bound, asked, first) == Refuse(NEEDS_KEY)


def test_a055_whoever_has_a_key_is_asked_for_it_and_for_nothing_else() -> None:
    asked = decision(Requirement(multifactor=True, phishing_resistant=True))
    key = make.bound(PASSKEY)
    with_key = (*ANNA, key)
    only_the_key = AskAuthenticator((key,), PASSKEY)
    for chosen in (None, *AuthenticatorType):
        sign_in = replace(after(PASSWORD), chosen=chosen)
        assert step(sign_in, with_key, asked) == only_the_key
    assert step(after(PASSWORD, TOTP), with_key, asked) == only_the_key
    assert step(after(PASSWORD, PASSKEY), with_key, asked) == Finish()


def test_a055_a_start_code_lets_a_first_key_be_bound_beside_the_best_there_is() -> None:
    asked = decision(Requirement(multifactor=True, phishing_resistant=True))
    codes = make.bound(TOTP)
    bound = (WITH_PASSWORD, codes, make.bound(START_CODE))
    assert step(after(PASSWORD, START_CODE), bound, asked) == AskAuthenticator((codes,), TOTP)
    enrol = AskEnrolment(Basis.START_CODE)
    assert step(after(PASSWORD, START_CODE, TOTP), bound, asked) == enrol
    assert step(after(START_CODE), (bound[2],), asked, make.first()) == enrol
    with_key = (*bound, make.bound(PASSKEY))
    helped = step(after(PASSWORD, START_CODE, TOTP), with_key, asked)
    assert helped == AskAuthenticator((with_key[3],), PASSKEY)


def test_a_key_that_verifies_its_holder_needs_no_password() -> None:
    bound = (*ANNA, make.bound(PASSKEY))
    used = make.evidence(PASSKEY, user_verified=True)
    assert step(replace(after(), evidence=(used,)), bound) == Finish()
    touched = make.evidence(PASSKEY)
    assert step(replace(after(), evidence=(touched,)), bound) == AskPassword()
    alone = (bound[-1],)
    assert step(replace(after(), evidence=(used,)), alone) == Finish()


def test_where_texts_are_not_enough_the_best_there_is_comes_before_a_better_one() -> None:
    """Offering to bind after the password alone would be a way round the second factor."""
    asked = decision(Requirement(multifactor=True, no_restricted=True))
    texts = make.bound(SMS_CODE)
    bound = (WITH_PASSWORD, texts)
    assert step(after(PASSWORD), bound, asked) == AskAuthenticator((texts,), SMS_CODE)
    assert step(after(PASSWORD, SMS_CODE), bound, asked) == AskEnrolment(Basis.OWN_METHODS)
    both = (*bound, WITH_TOTP)
    assert step(after(PASSWORD), both, asked) == AskAuthenticator((WITH_TOTP,), TOTP)
    assert step(after(PASSWORD, SMS_CODE), both, asked) == AskAuthenticator((WITH_TOTP,), TOTP)


def test_a103_a_max_age_asks_again_for_what_is_old_and_ends() -> None:
    asked = decision(Requirement(multifactor=True, max_age=timedelta()))
    old = make.evidence(PASSWORD, NOW - MINUTE), make.evidence(TOTP, NOW - MINUTE)
    state = make.sign_in(evidence=old)
    assert step(state, asked=asked) == AskPassword()
    state = record(state, make.evidence(PASSWORD))
    assert step(state, asked=asked) == AskAuthenticator((WITH_TOTP,), TOTP)
    state = record(state, make.evidence(TOTP))
    later = NOW + 3 * MINUTE
    assert next_step(state, make.account(), ANNA, asked, later, OWN) == Finish()


def test_changing_methods_takes_the_best_again_and_for_that() -> None:
    signed_in = (make.evidence(PASSWORD), make.evidence(TOTP))
    state = make.sign_in(purpose=METHODS, evidence=signed_in)
    assert step(state, asked=NOTHING) == AskPassword()
    again = after(PASSWORD, purpose=METHODS)
    assert step(again, asked=NOTHING) == AskAuthenticator((WITH_TOTP,), TOTP)
    assert step(after(PASSWORD, TOTP, purpose=METHODS), asked=NOTHING) == Finish()


def test_changing_methods_without_any_follows_first_registration() -> None:
    bound = (WITH_PASSWORD,)
    inside = make.first(inside_counts=True)
    shown = after(PASSWORD, purpose=METHODS)
    assert step(shown, bound, NOTHING, inside) == AskEnrolment(Basis.INSIDE)
    assert isinstance(step(shown, bound, NOTHING, make.first()), AskSecondProof)


def test_changing_methods_with_a_work_phone_only_takes_the_phone() -> None:
    phone = make.work_phone()
    bound = (WITH_PASSWORD, phone)
    first = make.first(work_phones=frozenset({phone.id}))
    state = after(PASSWORD, purpose=METHODS)
    assert step(state, bound, NOTHING, first) == AskAuthenticator((phone,), SMS_CODE)
    state = record(state, make.evidence(phone, purpose=METHODS))
    assert step(state, bound, NOTHING, first) == Finish()
    silent = make.first(start_code_only=True, work_phones=frozenset({phone.id}))
    assert step(state, bound, NOTHING, silent) == AskSecondProof((Basis.START_CODE,))


def test_a_silent_person_with_a_work_phone_still_signs_in() -> None:
    phone = make.work_phone()
    silent = make.first(start_code_only=True, work_phones=frozenset({phone.id}))
    state = record(after(PASSWORD), make.evidence(phone))
    assert step(state, (WITH_PASSWORD, phone), first=silent) == Finish()


def test_two_apps_are_both_offered() -> None:
    other = make.bound(TOTP, id=AuthenticatorId("other"))
    asked = step(after(PASSWORD), (*ANNA, other))
    assert asked == AskAuthenticator((WITH_TOTP, other), TOTP)


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("chosen", [None, START_CODE, TOTP])
def test_a011_strangers_and_disabled_people_see_what_everybody_sees(
    chosen: AuthenticatorType | None, *, guarded: bool
) -> None:
    state = after(guarded=guarded, chosen=chosen)
    known = step(state)
    assert next_step(state, None, None, None, NOW) == known
    assert step(state, disabled=True) == known
    assert next_step(state, make.account(), ANNA, None, NOW, OWN) == known


def test_somebody_disabled_after_the_password_is_told() -> None:
    assert step(after(PASSWORD, TOTP), disabled=True) == Refuse(UNUSABLE)
    assert step(after(TOTP, guarded=True), disabled=True) == AskPassword()


def test_an_attempt_that_is_too_old_is_over() -> None:
    state = after(PASSWORD, TOTP, expires_at=NOW)
    assert step(state) == Refuse(EXPIRED)
    assert next_step(state, None, None, None, NOW) == Refuse(EXPIRED)
