"""A076 and rule R10: what a new password opens for a day, and what it does not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.after_reset import FROZEN, Act, PastReset, may_after_reset, thaws_at
from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import Authenticator, AuthenticatorState
from portvakt.core.ids import AuthenticatorId
from tests import make
from tests.make import NOW, PASSWORD, PHONE_SIGN_IN, PUSH, SMS_CODE, START_CODE, TOTP

HOUR = timedelta(hours=1)
TEXT, APP, PHONE = make.bound(SMS_CODE), make.bound(TOTP), make.bound(PUSH)
CODES = make.bound(TOTP, id=AuthenticatorId("codes"), detail=PHONE.id)
LOCK = make.bound(PHONE_SIGN_IN, detail=PHONE.id)
WORD = make.bound(PASSWORD)
BOUND = (WORD, TEXT, APP, PHONE, CODES, LOCK)
DONE = PastReset(NOW - HOUR, frozenset({TEXT.id}))
WITH_PHONE = PastReset(NOW - HOUR, frozenset({TEXT.id, PHONE.id}))
HELD_BACK = [Act.ADD, Act.CHANGE, Act.RESTORE, Act.REMOVE, Act.VOUCH]


def may(act: Act, reset: PastReset | None, *shown: Authenticator | Evidence) -> bool:
    evidence = [e if isinstance(e, Evidence) else make.evidence(e) for e in shown]
    return may_after_reset(act, reset, evidence, BOUND, NOW)


@pytest.mark.parametrize("act", HELD_BACK)
def test_nothing_is_opened_by_the_reset_alone(act: Act) -> None:
    assert not may(act, DONE, WORD, TEXT)
    assert not may(act, DONE)


@pytest.mark.parametrize("act", Act)
def test_a_day_later_and_without_a_reset_all_is_as_usual(act: Act) -> None:
    assert may(act, None)
    assert may(act, PastReset(NOW - FROZEN, frozenset({TEXT.id})))


def test_the_owner_may_put_a_method_aside_at_once() -> None:
    assert may(Act.SUSPEND, DONE)


@pytest.mark.parametrize("act", [Act.ADD, Act.CHANGE, Act.RESTORE])
def test_a_proof_that_the_reset_did_not_rest_on_opens_as_usual(act: Act) -> None:
    assert may(act, DONE, WORD, APP)
    assert may(act, DONE, LOCK)
    assert may(act, DONE, make.evidence(make.bound(START_CODE)))


@pytest.mark.parametrize("act", [Act.REMOVE, Act.VOUCH])
def test_removing_and_standing_up_for_others_wait_whatever_is_shown(act: Act) -> None:
    assert not may(act, DONE, WORD, APP)


def test_what_lives_in_a_phone_that_was_used_is_that_phone() -> None:
    assert not may(Act.ADD, WITH_PHONE, WORD, CODES)
    assert not may(Act.ADD, WITH_PHONE, LOCK)
    assert not may(Act.ADD, PastReset(NOW - HOUR, frozenset({CODES.id})), WORD, PHONE)
    assert may(Act.ADD, WITH_PHONE, WORD, APP)


def test_a_start_code_that_the_reset_used_opens_nothing_more() -> None:
    code = make.bound(START_CODE)
    assert not may(Act.ADD, PastReset(NOW - HOUR, frozenset({code.id})), make.evidence(code))


def test_a_proof_from_before_the_reset_or_to_come_counts_for_nothing() -> None:
    assert not may(Act.ADD, DONE, make.evidence(APP, NOW - 2 * HOUR))
    assert not may(Act.ADD, DONE, make.evidence(APP, NOW + HOUR))


def test_a_method_that_was_young_at_the_reset_or_is_gone_counts_for_nothing() -> None:
    for one in (
        replace(APP, changed_at=NOW - 20 * HOUR),
        replace(APP, state=AuthenticatorState.SUSPENDED),
    ):
        shown = [make.evidence(WORD), make.evidence(one)]
        assert not may_after_reset(Act.ADD, DONE, shown, (WORD, TEXT, one), NOW)


def test_it_is_told_until_when() -> None:
    assert thaws_at(DONE, NOW) == NOW - HOUR + FROZEN
    assert thaws_at(DONE, NOW + FROZEN) is None
    assert thaws_at(None, NOW) is None
