from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.assurance import METHODS, Evidence
from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.enrolment import (
    MOST,
    Basis,
    KeptByRule,
    LimitReached,
    MayChange,
    NeedsFreshProof,
    NeedsProof,
    NotTheirs,
    for_registration,
    fresh,
    may_add,
    may_change,
    may_change_password,
    may_remove,
)
from portvakt.core.ids import AuthenticatorId
from tests import make
from tests.make import NOW, PASSKEY, PASSWORD, RECOVERY_CODE, SMS_CODE, START_CODE, TOTP

MINUTE = timedelta(minutes=1)
OWN = make.first(applies=False)
NEW = make.first()
INSIDE = make.first(inside_counts=True)
WITH_PASSWORD = make.bound(PASSWORD)
WITH_TOTP = make.bound(TOTP)
ANNA = (WITH_PASSWORD, WITH_TOTP)


def just_now(*kinds: AuthenticatorType, ago: timedelta = timedelta()) -> list[Evidence]:
    return [make.evidence(each, NOW - ago, METHODS) for each in kinds]


@pytest.mark.parametrize(
    ("evidence", "may"),
    [
        ([], False),
        ([make.evidence(PASSWORD), make.evidence(TOTP)], False),
        (just_now(PASSWORD), False),
        (just_now(PASSWORD, TOTP, ago=6 * MINUTE), False),
        (just_now(PASSWORD, TOTP), True),
    ],
)
def test_a_known_password_is_changed_after_the_best_of_the_account(
    evidence: Sequence[Evidence], *, may: bool
) -> None:
    assert may_change_password(ANNA, evidence, NOW) is may


def test_whoever_has_a_key_shows_it_before_the_password_is_changed() -> None:
    """Or a printed code, which is kept for the day on which the key is lost."""
    bound = (*ANNA, make.bound(PASSKEY), make.bound(RECOVERY_CODE), make.bound(SMS_CODE))
    for kind, may in ((TOTP, False), (SMS_CODE, False), (PASSKEY, True), (RECOVERY_CODE, True)):
        assert may_change_password(bound, just_now(PASSWORD, kind), NOW) is may


def test_where_there_is_only_the_password_its_own_form_asks_for_it() -> None:
    assert may_change_password((WITH_PASSWORD,), [], NOW)


def many(kind: AuthenticatorType, count: int, **given: Any) -> list[Authenticator]:
    return [make.bound(kind, id=AuthenticatorId(f"{kind}-{n}"), **given) for n in range(count)]


@pytest.mark.parametrize(
    "evidence",
    [
        [],
        [make.evidence(PASSWORD), make.evidence(TOTP)],
        just_now(PASSWORD),
        just_now(TOTP),
        just_now(PASSWORD, START_CODE),
        just_now(PASSWORD, TOTP, ago=6 * MINUTE),
        just_now(PASSWORD, SMS_CODE),
        just_now(PASSWORD, TOTP, ago=-3 * timedelta(seconds=1)),
    ],
)
def test_a042_adding_takes_fresh_proof_by_the_best_of_the_account(
    evidence: Sequence[Evidence],
) -> None:
    """Not the session's own proof, not one factor, not old, not by what is no longer bound."""
    for first in (OWN, INSIDE):
        assert may_add(TOTP, ANNA, evidence, first, NOW) == NeedsFreshProof()


def test_fresh_proof_by_two_factors_lets_somebody_add_a_method() -> None:
    assert may_add(TOTP, ANNA, just_now(PASSWORD, TOTP), OWN, NOW) == MayChange(Basis.OWN_METHODS)


def test_somebody_who_reads_slowly_is_not_asked_twice() -> None:
    slow = just_now(PASSWORD, ago=20 * MINUTE) + just_now(TOTP, ago=4 * MINUTE)
    assert may_change(ANNA, slow, OWN, NOW) == MayChange(Basis.OWN_METHODS)
    other_sitting = just_now(PASSWORD, ago=31 * MINUTE) + just_now(TOTP)
    assert may_change(ANNA, other_sitting, OWN, NOW) == NeedsFreshProof()


def test_fresh_is_five_minutes_from_the_newest_proof() -> None:
    assert fresh(just_now(PASSWORD, ago=5 * MINUTE), NOW)
    assert fresh(just_now(PASSWORD, ago=5 * MINUTE + timedelta(seconds=1)), NOW) == ()
    assert fresh([], NOW) == ()


def test_a026_a_password_inside_changes_no_number() -> None:
    phone = make.bound(SMS_CODE)
    bound = (WITH_PASSWORD, phone)
    inside = make.first(applies=False, inside_counts=True)
    assert may_add(SMS_CODE, bound, just_now(PASSWORD), inside, NOW) == NeedsFreshProof()
    removal = may_remove(
        phone, bound, just_now(PASSWORD), inside, NOW, second_factor_required=False
    )
    assert removal == NeedsFreshProof()


def test_the_first_method_takes_what_a_first_registration_takes() -> None:
    bound = (WITH_PASSWORD,)
    shown = just_now(PASSWORD)
    assert may_add(TOTP, bound, shown, INSIDE, NOW) == MayChange(Basis.INSIDE)
    assert isinstance(may_add(TOTP, bound, shown, NEW, NOW), NeedsProof)
    assert may_add(TOTP, bound, [], INSIDE, NOW) == NeedsFreshProof()
    by_code = just_now(PASSWORD, START_CODE)
    assert may_add(TOTP, bound, by_code, NEW, NOW) == MayChange(Basis.START_CODE)


def test_a_silent_person_with_a_work_phone_needs_a_start_code_too() -> None:
    phone = make.work_phone()
    silent = make.first(start_code_only=True, work_phones=frozenset({phone.id}))
    shown = [*just_now(PASSWORD), make.evidence(phone, purpose=METHODS)]
    bound = (WITH_PASSWORD, phone)
    assert may_add(TOTP, bound, shown, silent, NOW) == NeedsProof((Basis.START_CODE,))
    with_code = [*shown, *just_now(START_CODE)]
    assert may_add(TOTP, bound, with_code, silent, NOW) == MayChange(Basis.START_CODE)


def test_a_registration_session_counts_with_what_it_was_opened_with() -> None:
    opened = [make.evidence(PASSWORD, NOW - 20 * MINUTE)]
    bound = (WITH_PASSWORD,)
    welcome = make.first(welcome_open=True)
    assert may_add(TOTP, bound, opened, welcome, NOW) == NeedsFreshProof()
    assert may_add(TOTP, bound, opened, welcome, NOW, registering=True) == MayChange(
        Basis.WELCOME_WINDOW
    )
    outside = may_add(TOTP, bound, opened, NEW, NOW, registering=True)
    assert isinstance(outside, NeedsProof)


def test_what_opened_a_registration_session_serves_to_go_on_with_a_second_method() -> None:
    opened = for_registration([make.evidence(PASSWORD, NOW - 20 * MINUTE)])
    grown = [*opened, *just_now(TOTP)]
    assert may_add(SMS_CODE, ANNA, grown, OWN, NOW) == MayChange(Basis.OWN_METHODS)


def test_a_method_bound_elsewhere_meanwhile_must_be_shown() -> None:
    opened = [make.evidence(PASSWORD)]
    assert may_add(SMS_CODE, ANNA, opened, OWN, NOW, registering=True) == NeedsFreshProof()


@pytest.mark.parametrize("kind", [TOTP, SMS_CODE, AuthenticatorType.PUSH])
def test_a048_one_more_than_the_limit_is_refused(kind: AuthenticatorType) -> None:
    most = MOST[kind]
    shown = just_now(PASSWORD, TOTP)
    full = (*ANNA, *many(kind, most))
    assert may_add(kind, full, shown, OWN, NOW) == LimitReached(most)
    room = (*ANNA, *many(kind, most, state=AuthenticatorState.SUSPENDED))
    assert may_add(kind, room, shown, OWN, NOW) == MayChange(Basis.OWN_METHODS)


def test_a048_the_codes_of_phones_take_no_place_among_apps() -> None:
    inside = many(TOTP, MOST[TOTP], detail="phone-1")
    assert may_add(TOTP, (*ANNA, *inside), just_now(PASSWORD, TOTP), OWN, NOW) == MayChange(
        Basis.OWN_METHODS
    )


def test_an_alternative_number_stands_beside_the_work_phone() -> None:
    bound = (*ANNA, make.work_phone())
    shown = just_now(PASSWORD, TOTP)
    assert may_add(SMS_CODE, bound, shown, OWN, NOW) == MayChange(Basis.OWN_METHODS)
    both = (*bound, make.bound(SMS_CODE))
    assert may_add(SMS_CODE, both, shown, OWN, NOW) == LimitReached(2)


def test_a_new_card_of_recovery_codes_replaces_the_old_one() -> None:
    bound = (*ANNA, make.bound(RECOVERY_CODE))
    shown = just_now(PASSWORD, TOTP)
    assert may_add(RECOVERY_CODE, bound, shown, OWN, NOW) == MayChange(Basis.OWN_METHODS)


def test_a_password_is_chosen_after_a_start_code_and_in_no_other_way() -> None:
    assert may_add(PASSWORD, ANNA, just_now(PASSWORD, TOTP), OWN, NOW) == NeedsProof(
        (Basis.START_CODE,)
    )
    opened = [make.evidence(START_CODE, NOW - 10 * MINUTE)]
    chosen = may_add(PASSWORD, (), opened, NEW, NOW, registering=True)
    assert chosen == MayChange(Basis.START_CODE)
    late = may_add(PASSWORD, (), opened, NEW, NOW)
    assert late == NeedsProof((Basis.START_CODE,))


def test_nobody_gives_themselves_a_start_code() -> None:
    assert may_add(START_CODE, ANNA, just_now(PASSWORD, TOTP), OWN, NOW) == NotTheirs()


def remove(
    authenticator: Authenticator, bound: Sequence[Authenticator], *, required: bool = True
) -> object:
    return may_remove(
        authenticator,
        bound,
        just_now(PASSWORD, TOTP),
        OWN,
        NOW,
        second_factor_required=required,
    )


def test_a043_the_last_second_factor_stays_where_a_rule_asks_for_one() -> None:
    assert remove(WITH_TOTP, ANNA) == KeptByRule()
    assert remove(WITH_TOTP, ANNA, required=False) == MayChange(Basis.OWN_METHODS)


def test_a043_printed_codes_are_none_that_is_left() -> None:
    assert remove(WITH_TOTP, (*ANNA, make.bound(RECOVERY_CODE))) == KeptByRule()
    assert remove(WITH_TOTP, (*ANNA, make.work_phone())) == MayChange(Basis.OWN_METHODS)
    suspended = make.bound(SMS_CODE, state=AuthenticatorState.SUSPENDED)
    assert remove(WITH_TOTP, (*ANNA, suspended)) == KeptByRule()


def test_a043_the_codes_of_the_phone_that_goes_are_none_that_is_left() -> None:
    phone = make.bound(AuthenticatorType.PUSH)
    codes = make.bound(TOTP, id=AuthenticatorId("codes"), detail=phone.id)
    bound = (WITH_PASSWORD, phone, codes)
    shown = just_now(PASSWORD, AuthenticatorType.PUSH)
    assert may_remove(phone, bound, shown, OWN, NOW, second_factor_required=True) == KeptByRule()
    both = (*bound, WITH_TOTP)
    assert may_remove(phone, both, shown, OWN, NOW, second_factor_required=True) == MayChange(
        Basis.OWN_METHODS
    )


def test_a_card_of_codes_or_a_method_that_does_not_work_may_always_go() -> None:
    card = make.bound(RECOVERY_CODE)
    assert remove(card, (*ANNA, card)) == MayChange(Basis.OWN_METHODS)
    disabled = make.bound(SMS_CODE, state=AuthenticatorState.DISABLED)
    assert remove(disabled, (*ANNA, disabled)) == MayChange(Basis.OWN_METHODS)


@pytest.mark.parametrize("held", [WITH_PASSWORD, make.bound(START_CODE), make.work_phone()])
def test_what_the_employer_gave_is_not_removed_here(held: Authenticator) -> None:
    assert remove(held, (*ANNA, held)) == NotTheirs()


def test_a043_removing_takes_fresh_proof() -> None:
    bound = (*ANNA, make.work_phone())
    answer = may_remove(WITH_TOTP, bound, [], OWN, NOW, second_factor_required=False)
    assert answer == NeedsFreshProof()
