from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.assurance import (
    METHODS,
    SIGN_IN,
    Aal,
    Evidence,
    Requirement,
    acr_of,
    assurance_of,
    counting,
    meets,
    stands_alone,
    still_bound,
)
from portvakt.core.authenticators import (
    PROOFS,
    SECOND_FACTORS,
    AuthenticatorState,
    AuthenticatorType,
    usable_second_factors,
)
from tests import make
from tests.make import NOW, PASSKEY, PASSWORD, RECOVERY_CODE, SMS_CODE, START_CODE, TOTP

NOTHING = Requirement()
TWO_FACTORS = Requirement(multifactor=True)

ages = st.integers(-1, 60).map(lambda minutes: timedelta(minutes=minutes))
evidences = st.lists(
    st.builds(
        lambda kind, age, purpose: make.evidence(kind, NOW - age, purpose),
        st.sampled_from(AuthenticatorType),
        ages,
        st.sampled_from([SIGN_IN, METHODS]),
    ),
    max_size=5,
)
requirements = st.builds(
    Requirement,
    multifactor=st.booleans(),
    phishing_resistant=st.booleans(),
    no_restricted=st.booleans(),
    max_age=st.none() | ages,
    purpose=st.none() | st.just(METHODS),
)


@pytest.mark.parametrize(
    ("kinds", "aal", "amr"),
    [
        ([], Aal.NONE, set()),
        ([PASSWORD], Aal.ONE, {"pwd"}),
        ([TOTP], Aal.ONE, {"otp"}),
        ([TOTP, SMS_CODE], Aal.ONE, {"otp", "sms"}),
        ([PASSWORD, START_CODE], Aal.ONE, {"pwd"}),
        ([PASSWORD, PASSWORD], Aal.ONE, {"pwd"}),
        ([PASSWORD, TOTP], Aal.TWO, {"pwd", "otp", "mfa"}),
        ([PASSWORD, SMS_CODE], Aal.TWO, {"pwd", "sms", "mfa"}),
        ([PASSWORD, RECOVERY_CODE], Aal.TWO, {"pwd", "otp", "mfa"}),
        ([START_CODE, TOTP], Aal.TWO, {"pwd", "otp", "mfa"}),
    ],
)
def test_two_kinds_of_factor_make_level_two(
    kinds: list[AuthenticatorType], aal: Aal, amr: set[str]
) -> None:
    shown = assurance_of(make.evidence(each) for each in kinds)
    assert (shown.aal, set(shown.amr), shown.phishing_resistant) == (aal, amr, False)


def test_an_app_is_told_level_two_and_otherwise_level_one() -> None:
    assert acr_of(assurance_of([make.evidence(PASSWORD)])) == "urn:portvakt:aal1"
    both = [make.evidence(PASSWORD), make.evidence(TOTP)]
    assert acr_of(assurance_of(both)) == "urn:portvakt:aal2"


def test_asking_nothing_still_asks_one_proof() -> None:
    assert not meets([], NOTHING, NOW)
    assert meets([make.evidence(PASSWORD)], NOTHING, NOW)


def test_a_restricted_proof_can_be_refused() -> None:
    texted = [make.evidence(PASSWORD), make.evidence(SMS_CODE)]
    assert meets(texted, TWO_FACTORS, NOW)
    assert not meets(texted, Requirement(multifactor=True, no_restricted=True), NOW)


def test_only_a_key_withstands_phishing() -> None:
    strong = Requirement(phishing_resistant=True)
    others = [make.evidence(each) for each in AuthenticatorType if each is not PASSKEY]
    assert not meets(others, strong, NOW)
    assert meets([make.evidence(PASSKEY)], strong, NOW)


def test_a051_a_key_that_did_not_verify_its_holder_is_one_factor() -> None:
    """SP 800-63B-4 section 3.1.7.2; with the password it makes two."""
    touched = make.evidence(PASSKEY)
    assert assurance_of([touched]).aal is Aal.ONE
    assert assurance_of([touched, touched]).aal is Aal.ONE
    assert not stands_alone(touched)
    both = assurance_of([make.evidence(PASSWORD), touched])
    assert (both.aal, both.amr) == (Aal.TWO, frozenset({"pwd", "swk", "mfa"}))


@pytest.mark.parametrize(("device_bound", "kept"), [(True, "hwk"), (False, "swk")])
def test_a_key_that_verified_its_holder_is_two_factors_by_itself(
    device_bound: bool, kept: str
) -> None:
    used = make.evidence(PASSKEY, user_verified=True, device_bound=device_bound)
    shown = assurance_of([used])
    assert (shown.aal, shown.amr) == (Aal.TWO, frozenset({kept, "user", "mfa"}))
    assert shown.phishing_resistant
    assert stands_alone(used)


def test_what_is_claimed_of_another_method_raises_nothing() -> None:
    claimed = make.evidence(TOTP, user_verified=True, device_bound=True)
    assert assurance_of([claimed]) == assurance_of([make.evidence(TOTP)])
    assert not stands_alone(claimed)


def test_a103_old_proof_is_not_fresh() -> None:
    old = [make.evidence(PASSWORD, NOW - timedelta(minutes=6))]
    five = Requirement(max_age=timedelta(minutes=5))
    assert not meets(old, five, NOW)
    assert meets(old, five, NOW - timedelta(minutes=1))


def test_a103_a_max_age_of_nought_is_met_by_what_was_given_in_this_sign_in() -> None:
    now = Requirement(multifactor=True, max_age=timedelta())
    began = NOW - timedelta(minutes=2)
    given_now = [make.evidence(PASSWORD, began), make.evidence(TOTP, NOW - timedelta(minutes=1))]
    assert meets(given_now, now, NOW, since=began)
    assert not meets(given_now, now, NOW)
    earlier = [make.evidence(PASSWORD, began - timedelta(minutes=1)), given_now[1]]
    assert not meets(earlier, now, NOW, since=began)


def test_proof_for_one_purpose_is_none_for_another() -> None:
    signed_in = [make.evidence(PASSWORD)]
    assert not meets(signed_in, Requirement(purpose=METHODS), NOW)
    assert meets([make.evidence(PASSWORD, purpose=METHODS)], Requirement(purpose=METHODS), NOW)


def test_proof_from_the_future_was_not_given() -> None:
    """The clocks of two processes may differ by two seconds, and no more."""
    assert meets([make.evidence(PASSWORD, NOW + timedelta(seconds=2))], NOTHING, NOW)
    assert not meets([make.evidence(PASSWORD, NOW + timedelta(seconds=3))], NOTHING, NOW)


def test_two_requirements_add_up_to_the_strictest() -> None:
    one = Requirement(multifactor=True, max_age=timedelta(minutes=5))
    other = Requirement(no_restricted=True, max_age=timedelta(minutes=3), purpose=METHODS)
    assert one + other == Requirement(
        multifactor=True, no_restricted=True, max_age=timedelta(minutes=3), purpose=METHODS
    )


def test_one_proof_cannot_serve_two_purposes() -> None:
    with pytest.raises(ValueError, match="methods"):
        Requirement(purpose=SIGN_IN) + Requirement(purpose=METHODS)


def test_proof_by_what_was_removed_or_suspended_since_is_gone() -> None:
    shown = [make.evidence(PASSWORD), make.evidence(TOTP), make.evidence(START_CODE)]
    suspended = make.bound(TOTP, state=AuthenticatorState.SUSPENDED)
    left = still_bound(shown, [make.bound(PASSWORD), suspended], NOW)
    assert [each.type for each in left] == [PASSWORD, START_CODE]


def test_second_factors_are_offered_preferred_first_and_printed_codes_last() -> None:
    everything = [
        make.bound(RECOVERY_CODE),
        make.bound(PASSWORD),
        make.bound(SMS_CODE),
        make.bound(TOTP),
        make.bound(START_CODE),
    ]
    assert [each.type for each in usable_second_factors(everything, NOW)] == [
        TOTP,
        SMS_CODE,
        RECOVERY_CODE,
    ]
    everything[2] = make.bound(SMS_CODE, preferred=True)
    assert usable_second_factors(everything, NOW)[0].type is SMS_CODE


def test_a046_an_expired_start_code_is_not_usable() -> None:
    pass_ = make.bound(START_CODE, expires_at=NOW)
    assert pass_.usable(NOW - timedelta(seconds=1))
    assert not pass_.usable(NOW)


def test_every_type_has_its_proof_and_a_second_factor_is_held() -> None:
    assert set(PROOFS) == set(AuthenticatorType)
    knowledge = PROOFS[PASSWORD].factors
    assert all(PROOFS[each].factors.isdisjoint(knowledge) for each in SECOND_FACTORS)


@given(evidences, evidences, requirements)
def test_more_evidence_never_lowers_assurance(
    some: list[Evidence], more: list[Evidence], need: Requirement
) -> None:
    assert assurance_of(some).aal <= assurance_of(some + more).aal
    assert meets(some + more, need, NOW) or not meets(some, need, NOW)


@given(evidences, requirements, requirements)
def test_one_more_requirement_never_makes_evidence_enough(
    shown: list[Evidence], one: Requirement, other: Requirement
) -> None:
    assert one + other == other + one
    assert meets(shown, one, NOW) or not meets(shown, one + other, NOW)


@given(evidences, requirements)
def test_only_evidence_that_was_shown_counts(shown: list[Evidence], need: Requirement) -> None:
    assert set(counting(shown, need, NOW)) <= set(shown)
