"""Who may stand up for whom (rules R10, R12 and R13)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.ids import AccountId, AuthenticatorId, FlowId
from portvakt.core.people import Account, AccountState
from portvakt.core.vouchers import (
    LIVES,
    MayNotVouch,
    MayVouch,
    Request,
    Sort,
    Vouch,
    Voucher,
    WhyNot,
    counting,
    is_complete,
    is_open,
    may_vouch,
    sort_of,
    sorts_open,
)
from tests import make
from tests.make import NOW, PASSWORD, PHONE_SIGN_IN, PUSH, SMS_CODE, START_CODE, TOTP

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ATTEMPT = FlowId("reset")
BO = AccountId("bo")
ANNA = make.account(manager="000001")


def other(**given: Any) -> Account:
    """Bo, who works in Anna's unit."""
    fields: dict[str, Any] = {"id": BO, "external_id": "000002", "user_name": "bo.ek"}
    return make.account(**(fields | given))


MANAGER = other(external_id="000001", unit="Ledningen")


def request(**given: Any) -> Request:
    fields: dict[str, Any] = {"attempt": ATTEMPT, "target": ANNA, "asked_at": NOW - MINUTE}
    return Request(**(fields | given))


def bos(kind: Any, **given: Any) -> Any:
    return make.bound(kind, account_id=BO, **given)


def voucher(account: Account = MANAGER, **given: Any) -> Voucher:
    """Somebody who signed in with a password an hour ago, and has just shown an app."""
    bound = (bos(PASSWORD), bos(TOTP))
    ages = (timedelta(hours=1), MINUTE)
    shown = tuple(make.evidence(each, NOW - age) for each, age in zip(bound, ages, strict=True))
    fields: dict[str, Any] = {"account": account, "bound": bound, "evidence": shown}
    return Voucher(**(fields | given))


def refused(why: WhyNot) -> MayNotVouch:
    return MayNotVouch(why)


def test_the_manager_that_hr_or_the_directory_names_may_vouch() -> None:
    assert may_vouch(request(), voucher(), NOW) == MayVouch(Sort.MANAGER, named=True)


def test_a_colleague_of_the_same_unit_may_vouch() -> None:
    assert may_vouch(request(), voucher(other()), NOW) == MayVouch(Sort.COLLEAGUE, named=True)


@pytest.mark.parametrize(
    ("who", "target"),
    [
        (ANNA, ANNA),
        (other(unit="Medicin"), ANNA),
        (other(unit=""), make.account(unit="")),
        (other(unit=" "), make.account(unit=" ")),
        (other(source="ad"), ANNA),
        (replace(MANAGER, source="ad"), ANNA),
        (other(state=AccountState.DISABLED), ANNA),
        (other(external_id=ANNA.external_id), ANNA),
        (other(email=ANNA.email.upper()), ANNA),
        (other(external_id="", unit="Medicin"), make.account(manager="")),
        (other(unit="Medicin"), make.account(manager=None)),
    ],
)
def test_nobody_else_may_and_nobody_for_themselves(who: Account, target: Account) -> None:
    assert sort_of(target, who) is None
    asked = may_vouch(request(target=target), voucher(who), NOW)
    assert asked == refused(WhyNot.UNRELATED)


def test_people_without_an_address_are_not_taken_for_one() -> None:
    assert sort_of(make.account(email=""), other(email="")) is Sort.COLLEAGUE


def test_for_somebody_with_protected_identity_the_manager_alone_may() -> None:
    hidden = make.account(manager="000001", protected=True)
    assert may_vouch(request(target=hidden), voucher(), NOW) == MayVouch(Sort.MANAGER, named=True)
    asked = may_vouch(request(target=hidden), voucher(other()), NOW)
    assert asked == refused(WhyNot.UNRELATED)
    chief = replace(MANAGER, id=AccountId("chef"))
    assert sorts_open(hidden, [chief, other(), other(id=AccountId("eva"))]) == {Sort.MANAGER}


def test_a_voucher_with_protected_identity_is_named_to_nobody() -> None:
    hidden = replace(MANAGER, protected=True)
    assert may_vouch(request(), voucher(hidden), NOW) == MayVouch(Sort.MANAGER, named=False)


def test_it_takes_a_session_with_two_factors() -> None:
    password = make.evidence(bos(PASSWORD))
    code = make.evidence(bos(TOTP))
    lock = bos(PHONE_SIGN_IN, detail="bo-push")
    for evidence, enough in [
        ((password,), False),
        ((code,), False),
        ((password, code), True),
        ((code, make.evidence(bos(START_CODE))), False),
        ((password, replace(code, at=NOW + MINUTE)), False),
        ((make.evidence(lock),), True),
    ]:
        given = voucher(evidence=evidence, bound=(bos(PASSWORD), bos(TOTP), bos(PUSH), lock))
        asked = may_vouch(request(), given, NOW)
        assert isinstance(asked, MayVouch) is enough
        if not enough:
            assert asked == refused(WhyNot.ONE_FACTOR)
    gone = bos(TOTP, state=AuthenticatorState.SUSPENDED, changed_at=NOW - 2 * DAY)
    given = voucher(bound=(bos(PASSWORD), gone))
    assert may_vouch(request(), given, NOW) == refused(WhyNot.ONE_FACTOR)


def test_a_session_with_one_factor_learns_nothing_of_any_attempt() -> None:
    given = voucher(evidence=())
    stranger = voucher(other(unit="Medicin"), evidence=())
    over = request(asked_at=NOW - DAY)
    answers = {may_vouch(each, who, NOW) for each in (request(), over) for who in (given, stranger)}
    assert answers == {refused(WhyNot.ONE_FACTOR)}


@pytest.mark.parametrize(
    "changed",
    [
        {"changed_at": NOW - DAY + MINUTE},
        {"bound": (bos(PASSWORD), bos(TOTP), bos(SMS_CODE, changed_at=NOW - MINUTE))},
        {
            "bound": (
                bos(PASSWORD),
                bos(TOTP),
                bos(PUSH, state=AuthenticatorState.SUSPENDED, changed_at=NOW - MINUTE),
            )
        },
        {"bound": (bos(PASSWORD, changed_at=NOW - MINUTE), bos(TOTP))},
    ],
)
def test_whose_own_methods_changed_within_a_day_may_not(changed: dict[str, Any]) -> None:
    assert may_vouch(request(), voucher(**changed), NOW) == refused(WhyNot.CHANGED)


def test_what_changed_a_day_ago_or_came_with_a_new_account_does_not_hinder() -> None:
    old = voucher(changed_at=NOW - DAY)
    assert isinstance(may_vouch(request(), old, NOW), MayVouch)
    number = make.work_phone(account_id=BO, created_at=NOW - MINUTE, changed_at=NOW - MINUTE)
    new = voucher(
        replace(MANAGER, created_at=NOW - MINUTE), bound=(bos(PASSWORD), bos(TOTP), number)
    )
    assert isinstance(may_vouch(request(), new, NOW), MayVouch)
    start = voucher(bound=(bos(PASSWORD), bos(TOTP), bos(START_CODE, changed_at=NOW)))
    assert isinstance(may_vouch(request(), start, NOW), MayVouch)


def test_nobody_vouches_twice_or_after_a_quarter_of_an_hour() -> None:
    mine = Vouch(ATTEMPT, BO, Sort.MANAGER, NOW)
    assert may_vouch(request(given=(mine,)), voucher(), NOW) == refused(WhyNot.TWICE)
    theirs = replace(mine, person=AccountId("eva"))
    assert isinstance(may_vouch(request(given=(theirs,)), voucher(), NOW), MayVouch)
    asked = request(asked_at=NOW - LIVES)
    assert may_vouch(asked, voucher(), NOW) == refused(WhyNot.OVER)
    assert not is_open(NOW + MINUTE, NOW)


def test_who_can_be_asked_is_the_manager_or_two_colleagues() -> None:
    bo, eva = other(), other(id=AccountId("eva"), external_id="3", email="eva@region.example")
    assert sorts_open(ANNA, []) == frozenset()
    assert sorts_open(ANNA, [bo, bo]) == frozenset()
    assert sorts_open(ANNA, [bo, eva, ANNA]) == {Sort.COLLEAGUE}
    assert sorts_open(ANNA, [MANAGER]) == {Sort.MANAGER}
    assert sorts_open(ANNA, [replace(MANAGER, id=AccountId("chef")), bo, eva]) == set(Sort)


def test_each_person_counts_once_for_one_attempt_and_a_quarter_of_an_hour() -> None:
    bo = Vouch(ATTEMPT, BO, Sort.COLLEAGUE, NOW)
    eva = replace(bo, person=AccountId("eva"))
    assert counting((bo, bo, eva), ATTEMPT, NOW) == (bo, eva)
    assert counting((replace(bo, attempt=FlowId("other")),), ATTEMPT, NOW) == ()
    assert counting((replace(bo, at=NOW + MINUTE),), ATTEMPT, NOW) == ()
    assert counting((bo,), ATTEMPT, NOW + LIVES - MINUTE) == (bo,)
    assert counting((bo,), ATTEMPT, NOW + LIVES) == ()
    assert not is_complete(())
    assert not is_complete((bo,))
    assert is_complete((bo, eva))
    assert is_complete((replace(bo, sort=Sort.MANAGER),))


def test_the_ids_of_the_samples_are_different() -> None:
    """Otherwise half of this page would pass for another reason than it says."""
    assert len({ANNA.id, MANAGER.id, AuthenticatorId("x")}) == 3
    assert len({ANNA.external_id, MANAGER.external_id, other().external_id}) == 3


def test_two_people_do_not_carry_each_other() -> None:
    """Whoever took one account over could else take the other by it, and keep both."""
    given = voucher(stood_up_for_them=frozenset({ANNA.id}))
    assert may_vouch(request(), given, NOW) == refused(WhyNot.MUTUAL)
    given = voucher(stood_up_for_them=frozenset({AccountId("eva")}))
    assert isinstance(may_vouch(request(), given, NOW), MayVouch)


@pytest.mark.parametrize("seconds", [0, 300, 301])
def test_the_second_factor_was_shown_within_five_minutes(seconds: int) -> None:
    """Rule R15: a session that somebody left open says yes to nothing."""
    bound = (bos(PASSWORD), bos(TOTP))
    shown = (
        make.evidence(bound[0], NOW),
        make.evidence(bound[1], NOW - timedelta(seconds=seconds)),
    )
    asked = may_vouch(request(), voucher(bound=bound, evidence=shown), NOW)
    may = MayVouch(Sort.MANAGER, named=True)
    assert asked == (refused(WhyNot.NOT_FRESH) if seconds > 300 else may)
