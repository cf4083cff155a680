"""What must be shown before somebody changes how they sign in: the best that they have."""

import pytest

from portvakt.core.assurance import METHODS, Evidence
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.best_shown import best_of, shows_best
from portvakt.core.enrolment import MayChange, NeedsFreshProof, may_change
from portvakt.core.first_registration import First, first_registration_of
from portvakt.core.sign_in import AskAuthenticator, AskEnrolment, Finish, next_step
from tests import make
from tests.make import NOW

PASSKEY, PUSH, TOTP = AuthenticatorType.PASSKEY, AuthenticatorType.PUSH, AuthenticatorType.TOTP
TOKEN, SMS = AuthenticatorType.HARDWARE_TOKEN, AuthenticatorType.SMS_CODE
CARD, PASSWORD = AuthenticatorType.RECOVERY_CODE, AuthenticatorType.PASSWORD
START_CODE, PHONE_SIGN_IN = AuthenticatorType.START_CODE, AuthenticatorType.PHONE_SIGN_IN
HAS = {
    "key": (PASSKEY, PUSH, SMS, CARD),
    "phone": (PUSH, TOTP, SMS, CARD),
    "token": (TOKEN, SMS),
    "text": (SMS, CARD),
}


def having(*kinds: AuthenticatorType) -> tuple[Authenticator, ...]:
    return tuple(make.bound(kind) for kind in (PASSWORD, *kinds))


def showing(*kinds: AuthenticatorType) -> tuple[Evidence, ...]:
    return tuple(make.evidence(kind, NOW, METHODS, user_verified=kind is PASSKEY) for kind in kinds)


@pytest.mark.parametrize(
    ("has", "best"),
    [
        ("key", {PASSKEY, CARD}),
        ("phone", {PUSH, TOTP, CARD}),
        ("token", {TOKEN}),
        ("text", {SMS, CARD}),
    ],
)
def test_what_phishing_cannot_take_is_best_and_a_text_is_last(
    has: str, best: set[AuthenticatorType]
) -> None:
    assert {each.type for each in best_of(having(*HAS[has])[1:])} == best


CASES = [
    ("key", (PASSWORD, SMS), False),
    ("key", (PASSWORD, PUSH), False),
    ("key", (PASSKEY,), True),
    ("key", (PASSWORD, CARD), True),
    ("phone", (PASSWORD, SMS), False),
    ("phone", (PASSWORD, PUSH), True),
    ("phone", (PASSWORD, TOTP), True),
    ("phone", (PASSWORD, CARD), True),
    ("token", (PASSWORD, SMS), False),
    ("token", (PASSWORD, TOKEN), True),
    ("text", (PASSWORD, SMS), True),
]


@pytest.mark.parametrize(("has", "shown", "enough"), CASES)
def test_a042_nobody_adds_a_method_with_less_than_the_best_they_have(
    has: str, shown: tuple[AuthenticatorType, ...], enough: bool
) -> None:
    bound, evidence = having(*HAS[has]), showing(*shown)
    assert shows_best(evidence, bound[1:]) is enough
    first = first_registration_of(
        make.account(), bound, first=First.SECOND_PROOF, inside=True, now=NOW, welcome_days=14
    )
    expected = MayChange if enough else NeedsFreshProof
    assert isinstance(may_change(bound, evidence, first, NOW), expected)


@pytest.mark.parametrize(("has", "shown", "enough"), CASES)
def test_the_sign_in_that_leads_there_goes_on_to_the_best(
    has: str, shown: tuple[AuthenticatorType, ...], enough: bool
) -> None:
    bound = having(*HAS[has])
    first = first_registration_of(
        make.account(), bound, first=First.SECOND_PROOF, inside=True, now=NOW, welcome_days=14
    )
    state = make.sign_in(purpose=METHODS, evidence=showing(*shown))
    step = next_step(state, make.account(), bound, make.decision(), NOW, first)
    if enough:
        assert step == Finish()
        return
    assert isinstance(step, AskAuthenticator)
    assert set(step.offered) == set(best_of(bound[1:]))


def test_a_text_is_not_offered_where_there_is_better_and_choosing_it_changes_nothing() -> None:
    bound = having(*HAS["phone"])
    first = first_registration_of(
        make.account(), bound, first=First.SECOND_PROOF, inside=True, now=NOW, welcome_days=14
    )
    state = make.sign_in(purpose=METHODS, evidence=showing(PASSWORD), chosen=SMS)
    step = next_step(state, make.account(), bound, make.decision(), NOW, first)
    assert isinstance(step, AskAuthenticator)
    assert SMS not in {each.type for each in step.offered}
    assert step.chosen is PUSH


def test_a_start_code_beside_a_text_is_less_than_the_phone_that_there_is() -> None:
    bound = (make.bound(SMS), make.bound(PUSH))
    first = first_registration_of(
        make.account(), bound, first=First.SECOND_PROOF, inside=True, now=NOW, welcome_days=14
    )
    for shown, step_type in (((START_CODE, SMS), AskAuthenticator), ((START_CODE, PUSH), None)):
        state = make.sign_in(purpose=METHODS, evidence=showing(*shown))
        step = next_step(state, make.account(), bound, make.decision(), NOW, first)
        assert isinstance(step, step_type or AskEnrolment)
