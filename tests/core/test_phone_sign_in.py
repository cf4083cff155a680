"""Signing in with a phone: beside a password, and in its place."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.assurance import (
    METHODS,
    SIGN_IN,
    Aal,
    Evidence,
    Requirement,
    acr_of,
    assurance_of,
    meets,
    still_bound,
)
from portvakt.core.authenticators import (
    PROOFS,
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorState,
    Factor,
    usable_second_factors,
)
from portvakt.core.enrolment import (
    KeptByRule,
    LimitReached,
    MayChange,
    NeedsFreshProof,
    NotTheirs,
    active_alone,
    is_last,
    may_add,
    may_change,
    may_remove,
    may_turn_on,
)
from portvakt.core.first_registration import Basis, First, first_registration_of
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import AccountState
from portvakt.core.policy import Decision
from portvakt.core.push_approval import MOST_PHONES
from portvakt.core.sign_in import (
    BLOCKED,
    NEEDS_KEY,
    UNUSABLE,
    AskAuthenticator,
    AskPassword,
    AskPhone,
    AskProofFirst,
    Finish,
    Refuse,
    SignIn,
    Step,
    next_step,
    record,
)
from tests import make
from tests.make import MULTIFACTOR, NOW, PASSWORD, PHONE_SIGN_IN, PUSH, RECOVERY_CODE, TOTP

WITH_PASSWORD = make.bound(PASSWORD)
PHONE = make.bound(PUSH)
CODES = make.bound(TOTP, id=AuthenticatorId("codes"), detail=PHONE.id)
ALONE = make.bound(PHONE_SIGN_IN)
ANNA = (WITH_PASSWORD, PHONE, CODES, ALONE)
OWN = make.first(applies=False)
STARTED = make.sign_in(chosen=PHONE_SIGN_IN)


def step(
    state: SignIn,
    bound: Sequence[Authenticator] = ANNA,
    asked: Decision = MULTIFACTOR,
    *,
    disabled: bool = False,
) -> Step:
    account = make.account(state=AccountState.DISABLED if disabled else AccountState.ACTIVE)
    return next_step(state, account, bound, asked, NOW, OWN)


def approved(state: SignIn = STARTED) -> SignIn:
    return record(state, make.evidence(ALONE, purpose=state.purpose))


def fresh(*shown: Authenticator) -> list[Evidence]:
    return [make.evidence(each, NOW, METHODS) for each in shown]


@pytest.mark.parametrize("guarded", [False, True])
def test_a038_after_the_name_a_number_for_the_phone_is_shown_whoever_it_is(guarded: bool) -> None:
    state = replace(STARTED, guarded=guarded)
    assert next_step(state, None, None, None, NOW) == AskPhone()
    for bound in [(), (WITH_PASSWORD,), ANNA]:
        assert step(state, bound) == AskPhone()
        assert step(state, bound, disabled=True) == AskPhone()
        assert step(state, bound, make.decision(blocked=True)) == AskPhone()


def test_a038_a_phone_with_its_screen_lock_is_enough_alone_and_says_so() -> None:
    assert step(approved()) == Finish()
    shown = assurance_of(approved().evidence)
    assert shown.aal is Aal.TWO
    assert shown.amr == {"swk", "user", "mfa"}
    assert acr_of(shown) == "urn:portvakt:aal2"


def test_a_phone_after_the_password_is_a_second_factor() -> None:
    after = record(make.sign_in(), make.evidence(PASSWORD))
    assert step(after) == AskAuthenticator((PHONE, CODES), PUSH)
    shown = record(after, make.evidence(PHONE))
    assert step(shown) == Finish()
    assert assurance_of(shown.evidence).amr == {"pwd", "swk", "mfa"}


def test_a_phone_s_sign_in_is_never_asked_for_beside_a_password() -> None:
    after = record(make.sign_in(), make.evidence(PASSWORD))
    assert step(replace(after, chosen=PHONE_SIGN_IN)) == AskAuthenticator((PHONE, CODES), PUSH)
    assert PHONE_SIGN_IN not in SECOND_FACTORS


def test_another_way_can_be_chosen_while_the_phone_does_not_answer() -> None:
    assert step(replace(STARTED, chosen=None)) == AskPassword()
    assert step(replace(STARTED, chosen=None, guarded=True)) == AskProofFirst()


def test_a_phone_goes_round_no_rule() -> None:
    assert step(approved(), asked=make.decision(blocked=True)) == Refuse(BLOCKED)
    strong = make.decision(Requirement(multifactor=True, phishing_resistant=True))
    assert step(approved(), asked=strong) == Refuse(NEEDS_KEY)
    assert step(approved(), disabled=True) == Refuse(UNUSABLE)
    no_texts = make.decision(Requirement(multifactor=True, no_restricted=True))
    assert step(approved(), asked=no_texts) == Finish()


def test_a034_a_phone_that_was_removed_before_the_browser_went_on_shows_nothing() -> None:
    assert step(approved(), [WITH_PASSWORD]) == AskPassword()
    suspended = replace(PHONE, state=AuthenticatorState.SUSPENDED)
    assert step(approved(), [WITH_PASSWORD, suspended, CODES, ALONE]) == AskPassword()


def test_a_sign_in_that_was_turned_off_shows_nothing_though_the_phone_stands() -> None:
    assert step(approved(), [WITH_PASSWORD, PHONE, CODES]) == AskPassword()
    named_wrongly = make.evidence(replace(ALONE, id=PHONE.id))
    assert still_bound([named_wrongly], ANNA, NOW) == ()


def test_a_phone_alone_is_fresh_proof_when_it_was_given_for_that() -> None:
    state = make.sign_in(purpose=METHODS, chosen=PHONE_SIGN_IN)
    assert step(state) == AskPhone()
    assert step(approved(state)) == Finish()
    old = record(state, make.evidence(ALONE, purpose=SIGN_IN))
    assert step(old) == AskPassword()
    assert may_change(ANNA, fresh(ALONE), OWN, NOW) == MayChange(Basis.OWN_METHODS)
    assert may_change(ANNA, [make.evidence(ALONE)], OWN, NOW) == NeedsFreshProof()


def test_a_phone_alone_answers_a_rule_that_asks_for_two_and_for_new_proof() -> None:
    asked = Requirement(multifactor=True, max_age=timedelta())
    assert meets([make.evidence(ALONE)], asked, NOW, since=NOW)
    assert not meets([make.evidence(PHONE)], asked, NOW, since=NOW)


def test_a_phone_is_held_and_with_its_lock_it_knows_its_owner() -> None:
    push, alone = PROOFS[PUSH], PROOFS[PHONE_SIGN_IN]
    assert push.factors == {Factor.HAVE}
    assert alone.factors == {Factor.HAVE, Factor.ARE}
    for each in (push, alone):
        assert not each.phishing_resistant
        assert not each.restricted


def test_phones_are_offered_first_and_after_what_is_preferred() -> None:
    app, card = make.bound(TOTP), make.bound(RECOVERY_CODE)
    text, liked = make.work_phone(), replace(CODES, preferred=True)
    everything = [card, text, app, CODES, PHONE, ALONE, WITH_PASSWORD]
    assert usable_second_factors(everything, NOW) == (PHONE, app, CODES, text, card)
    assert usable_second_factors([PHONE, liked], NOW) == (liked, PHONE)


def test_a_person_whose_phone_was_put_aside_is_not_new() -> None:
    suspended = replace(PHONE, state=AuthenticatorState.SUSPENDED)
    facts = first_registration_of(
        make.account(),
        (WITH_PASSWORD, suspended, CODES, ALONE),
        first=First.SECOND_PROOF,
        inside=True,
        now=NOW,
    )
    assert facts.applies
    assert facts.start_code_only


def test_a048_no_sixth_phone_is_paired() -> None:
    five = [make.bound(PUSH, id=AuthenticatorId(f"p{n}")) for n in range(MOST_PHONES)]
    shown = fresh(WITH_PASSWORD, five[0])
    full = (WITH_PASSWORD, *five)
    assert may_add(PUSH, full, shown, OWN, NOW) == LimitReached(5)
    assert may_add(PUSH, full[:-1], shown, OWN, NOW) == MayChange(Basis.OWN_METHODS)


def test_a_phone_s_sign_in_is_turned_on_in_the_phone_and_nowhere_else() -> None:
    shown = fresh(WITH_PASSWORD, PHONE)
    assert may_add(PHONE_SIGN_IN, ANNA, shown, OWN, NOW) == NotTheirs()
    off = (WITH_PASSWORD, PHONE, CODES)
    assert may_turn_on(PHONE.id, off, NOW)
    assert not may_turn_on(PHONE.id, ANNA, NOW)
    assert not may_turn_on(AuthenticatorId("other"), off, NOW)
    suspended = replace(PHONE, state=AuthenticatorState.SUSPENDED)
    assert not may_turn_on(PHONE.id, (WITH_PASSWORD, suspended, CODES), NOW)
    old = replace(ALONE, state=AuthenticatorState.DISABLED)
    assert may_turn_on(PHONE.id, (*off, old), NOW)


def test_a_phone_s_codes_do_not_count_among_apps_and_its_sign_in_does_with_phones() -> None:
    app = make.bound(TOTP)
    assert active_alone((*ANNA, app), TOTP) == (app,)
    assert active_alone(ANNA, PUSH) == (PHONE,)
    assert active_alone(ANNA, PHONE_SIGN_IN) == (ALONE,)


@pytest.mark.parametrize("required", [False, True])
def test_a_phone_s_codes_go_with_it_only_and_its_sign_in_may_go_alone(required: bool) -> None:
    def remove(gone: Authenticator) -> object:
        shown = fresh(WITH_PASSWORD, PHONE)
        return may_remove(gone, ANNA, shown, OWN, NOW, second_factor_required=required)

    assert remove(CODES) == NotTheirs()
    assert remove(ALONE) == MayChange(Basis.OWN_METHODS)
    assert remove(PHONE) == (KeptByRule() if required else MayChange(Basis.OWN_METHODS))


def test_turning_a_phone_s_sign_in_off_takes_fresh_proof() -> None:
    shown = [make.evidence(ALONE)]
    off = may_remove(ALONE, ANNA, shown, OWN, NOW, second_factor_required=False)
    assert off == NeedsFreshProof()


@pytest.mark.parametrize(
    ("beside", "last"),
    [
        ([], True),
        ([make.bound(RECOVERY_CODE)], True),
        ([make.bound(TOTP, state=AuthenticatorState.SUSPENDED)], True),
        ([make.bound(TOTP)], False),
        ([make.work_phone()], False),
        ([make.bound(PUSH, id=AuthenticatorId("second"))], False),
    ],
)
def test_a043_a_phone_is_the_last_where_nothing_but_printed_codes_is_left(
    beside: list[Authenticator], last: bool
) -> None:
    assert is_last(PHONE, (*ANNA, *beside), NOW) is last


def test_what_does_not_work_is_not_the_last() -> None:
    suspended = replace(PHONE, state=AuthenticatorState.SUSPENDED)
    assert not is_last(suspended, (WITH_PASSWORD, suspended), NOW)
    card = make.bound(RECOVERY_CODE)
    assert not is_last(card, (WITH_PASSWORD, card), NOW)
