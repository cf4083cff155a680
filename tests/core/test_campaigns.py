"""Who is asked to register something after signing in, and who must."""

from datetime import date, timedelta

import pytest

from portvakt.core.authenticators import SECOND_FACTORS
from portvakt.core.campaigns import Asked, asked_of, demanded
from portvakt.core.first_registration import Basis, First, FirstRegistration, first_registration_of
from portvakt.core.method_rules import Campaign, MethodEntry, MethodRules
from portvakt.core.sign_in import AskAuthenticator, AskEnrolment, AskSecondProof, Finish, Step
from tests import make
from tests.make import NOW, PASSKEY, PASSWORD, SMS_CODE, TOTP

TODAY = NOW.date()
DAY = timedelta(days=1)
KEY = Campaign(register=PASSKEY, begins=TODAY, last_day=TODAY + 30 * DAY)
MUST = Asked(register=PASSKEY, last_day=TODAY - DAY, must=True, snooze_days=7)


def asked(*campaigns: Campaign, **more: object) -> Asked | None:
    entries = [
        MethodEntry(id=f"{at}", campaign=each, **more)  # type: ignore[arg-type]  # passed on as it is
        for at, each in enumerate(campaigns)
    ]
    return asked_of(MethodRules(entries).of(()), [make.bound(TOTP)], NOW)


def first(*, inside: bool = True) -> FirstRegistration:
    return first_registration_of(
        make.account(), [make.bound(TOTP)], first=First.SECOND_PROOF, inside=inside, now=NOW
    )


@pytest.mark.parametrize(
    ("begins", "last", "expected"),
    [
        (TODAY + DAY, None, None),
        (TODAY, None, False),
        (TODAY, TODAY, False),
        (TODAY - 2 * DAY, TODAY - DAY, True),
    ],
)
def test_it_is_asked_from_the_first_day_and_cannot_wait_after_the_last(
    begins: date, last: date | None, expected: bool | None
) -> None:
    found = asked(Campaign(register=PASSKEY, begins=begins, last_day=last))
    assert (None if found is None else found.must) is expected


def test_whoever_has_it_or_may_not_register_it_is_asked_nothing() -> None:
    assert asked(Campaign(register=TOTP, begins=TODAY)) is None
    assert asked(KEY, may_register=frozenset({TOTP})) is None


def test_what_must_be_comes_first_and_then_what_must_be_soonest() -> None:
    later = Campaign(register=SMS_CODE, begins=TODAY)
    over = Campaign(register=SMS_CODE, begins=TODAY - 2 * DAY, last_day=TODAY - DAY)
    for campaigns, kind in (([later, KEY], PASSKEY), ([KEY, over], SMS_CODE)):
        found = asked(*campaigns)
        assert found is not None
        assert found.register is kind


def test_whoever_showed_the_best_registers_before_anything_opens() -> None:
    state = make.sign_in(evidence=(make.evidence(PASSWORD), make.evidence(TOTP)))
    bound = [make.bound(PASSWORD), make.bound(TOTP)]
    found = demanded(Finish(), state, MUST, bound, first(), NOW)
    assert found == AskEnrolment(Basis.OWN_METHODS)


def test_a_password_alone_does_not_register_though_it_would_have_opened() -> None:
    """Inside, where no second factor is asked for: the best they have is asked for first."""
    state = make.sign_in(evidence=(make.evidence(PASSWORD),))
    totp = make.bound(TOTP)
    found = demanded(Finish(), state, MUST, [make.bound(PASSWORD), totp], first(), NOW)
    assert found == AskAuthenticator((totp,), TOTP)


def test_whoever_has_nothing_left_that_may_be_used_needs_a_start_code() -> None:
    may = MethodRules([MethodEntry(id="a", second_factor=SECOND_FACTORS - {TOTP})]).of(())
    bound = [make.bound(PASSWORD), may.at_sign_in(make.bound(TOTP))]
    facts = first_registration_of(
        make.account(), bound, first=First.SECOND_PROOF, inside=True, now=NOW
    )
    state = make.sign_in(evidence=(make.evidence(PASSWORD),))
    found = demanded(Finish(), state, MUST, bound, facts, NOW)
    assert found == AskSecondProof((Basis.START_CODE,))


def test_nothing_but_the_end_of_a_sign_in_is_changed() -> None:
    state = make.sign_in(evidence=(make.evidence(PASSWORD), make.evidence(TOTP)))
    bound = [make.bound(PASSWORD), make.bound(TOTP)]
    steps: list[Step] = [AskSecondProof((Basis.START_CODE,)), AskEnrolment(Basis.INSIDE)]
    for step in steps:
        assert demanded(step, state, MUST, bound, first(), NOW) == step
    assert demanded(Finish(), state, None, bound, first(), NOW) == Finish()
    in_session = make.sign_in(evidence=state.evidence, session_id=make.session().id)
    assert demanded(Finish(), in_session, MUST, bound, first(), NOW) == Finish()
