"""A Kerberos ticket: the password, vouched for by its directory."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.assurance import (
    METHODS,
    Aal,
    Requirement,
    assurance_of,
    counting,
    still_bound,
)
from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.first_registration import Basis
from portvakt.core.sign_in import (
    AskAuthenticator,
    AskEnrolment,
    AskNewPassword,
    AskPassword,
    Finish,
    next_step,
    record,
    vouched_for,
)
from tests import make
from tests.make import MULTIFACTOR, NOW, PASSWORD, START_CODE, TOTP, decision

TICKET = make.evidence(PASSWORD, by_ticket=True)
BOTH = (make.bound(PASSWORD), make.bound(TOTP))
ALONE = (make.bound(PASSWORD),)
INSIDE = make.first(applies=True, inside_counts=True)


def test_it_shows_one_thing_known_and_no_more() -> None:
    shown = assurance_of([TICKET])
    assert (shown.aal, set(shown.amr), shown.phishing_resistant) == (Aal.ONE, {"wia"}, False)
    with_code = assurance_of([TICKET, make.evidence(TOTP)])
    assert (with_code.aal, set(with_code.amr)) == (Aal.TWO, {"wia", "otp", "mfa"})
    assert assurance_of([TICKET, make.evidence(PASSWORD)]).aal is Aal.ONE


def test_a_password_that_was_typed_is_told_as_one() -> None:
    ticket, code = record(make.sign_in(), TICKET), record(make.sign_in(), make.evidence(TOTP))
    assert vouched_for(record(ticket, make.evidence(TOTP)))
    assert not vouched_for(record(ticket, make.evidence(PASSWORD)))
    assert not vouched_for(code)


def test_it_counts_as_long_as_the_password_may_be_used() -> None:
    assert still_bound([TICKET], BOTH, NOW) == (TICKET,)
    put_aside = (replace(BOTH[0], state=AuthenticatorState.SUSPENDED), BOTH[1])
    assert still_bound([TICKET], put_aside, NOW) == ()


def test_its_age_is_that_of_the_password() -> None:
    morning = replace(TICKET, at=NOW - timedelta(hours=4))
    fresh = Requirement(max_age=timedelta(hours=1))
    assert counting([morning], fresh, NOW, since=NOW) == ()
    assert counting([morning], Requirement(max_age=timedelta(hours=5)), NOW) == (morning,)


def test_it_stands_where_the_password_does() -> None:
    state = record(make.sign_in(), TICKET)
    assert next_step(state, make.account(), BOTH, decision(), NOW, INSIDE) == Finish()
    asked = next_step(state, make.account(), BOTH, MULTIFACTOR, NOW, INSIDE)
    assert isinstance(asked, AskAuthenticator)


def test_it_binds_nothing_before_the_password_is_typed() -> None:
    state = record(make.sign_in(), TICKET)
    assert next_step(state, make.account(), ALONE, MULTIFACTOR, NOW, INSIDE) == AskPassword()
    typed = record(state, make.evidence(PASSWORD))
    step = next_step(typed, make.account(), ALONE, MULTIFACTOR, NOW, INSIDE)
    assert step == AskEnrolment(Basis.INSIDE)
    coded = record(state, make.evidence(START_CODE))
    bound = (*ALONE, make.bound(START_CODE))
    assert isinstance(
        next_step(coded, make.account(), bound, MULTIFACTOR, NOW, INSIDE), AskEnrolment
    )


@pytest.mark.parametrize("purpose", [METHODS])
def test_it_is_no_fresh_proof(purpose: str) -> None:
    state = record(make.sign_in(purpose=purpose), TICKET)
    assert next_step(state, make.account(), BOTH, decision(), NOW, INSIDE) == AskPassword()


def test_a012_one_whose_password_must_be_changed_opens_nothing() -> None:
    state = record(make.sign_in(), replace(TICKET, stale=True))
    assert next_step(state, make.account(), BOTH, decision(), NOW, INSIDE) == AskNewPassword()
