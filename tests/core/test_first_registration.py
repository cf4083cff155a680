from datetime import date, timedelta
from typing import Any

import pytest

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.first_registration import (
    WELCOME_DAYS,
    Basis,
    First,
    FirstRegistration,
    MayRegister,
    NeedsProof,
    first_registration_of,
)
from portvakt.core.roles import Role
from tests import make
from tests.make import NOW, PASSWORD, RECOVERY_CODE, SMS_CODE, START_CODE, TOTP

DAY = timedelta(days=1)
BY_PASSWORD = [make.evidence(PASSWORD)]
BY_START_CODE = [make.evidence(PASSWORD), make.evidence(START_CODE)]
CODE_ONLY = NeedsProof((Basis.START_CODE,))


def facts(*bound: Any, **given: Any) -> FirstRegistration:
    settings = {"first": First.SECOND_PROOF, "inside": False, "now": NOW}
    settings |= {name: given.pop(name) for name in list(given) if name in {*settings, *KEYWORDS}}
    return first_registration_of(make.account(**given), bound, **settings)  # type: ignore[arg-type]  # made of keywords


KEYWORDS = {"welcome_days"}


def test_a041_the_password_alone_binds_nothing_from_outside() -> None:
    assert facts().verdict(BY_PASSWORD) == NeedsProof((Basis.INSIDE, Basis.START_CODE))


@pytest.mark.parametrize("first", list(First))
def test_a_start_code_is_enough_everywhere(first: First) -> None:
    assert facts(first=first).verdict(BY_START_CODE) == MayRegister(Basis.START_CODE)


@pytest.mark.parametrize("first", [First.SECOND_PROOF, First.WELCOME_WINDOW])
def test_the_password_is_enough_on_the_organisations_network(first: First) -> None:
    assert facts(first=first, inside=True).verdict(BY_PASSWORD) == MayRegister(Basis.INSIDE)


def test_never_password_alone_means_inside_too() -> None:
    strict = facts(first=First.NEVER_PASSWORD_ALONE, inside=True)
    assert strict.verdict(BY_PASSWORD) == CODE_ONLY


def test_a_work_phone_is_proved_wherever_somebody_is() -> None:
    phone = make.work_phone()
    for inside in (True, False):
        known = facts(phone, inside=inside)
        assert known.verdict(BY_PASSWORD) == NeedsProof((Basis.WORK_PHONE, Basis.START_CODE))
        shown = [*BY_PASSWORD, make.evidence(phone)]
        assert known.verdict(shown) == MayRegister(Basis.WORK_PHONE)


def test_a_number_that_somebody_added_is_a_method_of_their_own() -> None:
    assert not facts(make.bound(SMS_CODE)).applies
    assert facts(make.work_phone(source="apply")).applies
    assert not facts(make.work_phone(), make.bound(TOTP)).applies
    own = facts(make.bound(TOTP), inside=False)
    assert own.verdict(BY_PASSWORD) == MayRegister(Basis.OWN_METHODS)


def test_a_password_or_a_start_code_is_no_method_of_their_own() -> None:
    assert facts(make.bound(PASSWORD), make.bound(START_CODE)).applies


@pytest.mark.parametrize("role", list(Role))
def test_somebody_privileged_needs_a_start_code_everywhere(role: Role) -> None:
    for bound in ((), (make.work_phone(),)):
        privileged = facts(*bound, roles=frozenset({role}), inside=True)
        shown = [*BY_PASSWORD, *(make.evidence(each) for each in bound)]
        assert privileged.verdict(shown) == CODE_ONLY
        assert privileged.verdict(BY_START_CODE) == MayRegister(Basis.START_CODE)


@pytest.mark.parametrize(
    ("dates", "silent"),
    [
        ({"last_sign_in_at": NOW - 91 * DAY}, True),
        ({"last_sign_in_at": NOW - 90 * DAY}, False),
        ({"last_sign_in_at": None}, True),
        ({"last_sign_in_at": None, "created_at": NOW - 90 * DAY}, False),
        ({"last_sign_in_at": None, "invited_at": NOW - DAY}, False),
        ({"last_sign_in_at": None, "start_date": date(2026, 11, 20)}, False),
        ({"last_sign_in_at": None, "start_date": date(2026, 12, 1)}, False),
    ],
)
def test_an_account_silent_for_ninety_days_needs_a_start_code_everywhere(
    dates: dict[str, Any], *, silent: bool
) -> None:
    long_ago = {"created_at": NOW - 400 * DAY}
    verdict = facts(inside=True, **(long_ago | dates)).verdict(BY_PASSWORD)
    assert verdict == (CODE_ONLY if silent else MayRegister(Basis.INSIDE))


@pytest.mark.parametrize("state", [AuthenticatorState.SUSPENDED, AuthenticatorState.DISABLED])
@pytest.mark.parametrize("kind", [TOTP, SMS_CODE, RECOVERY_CODE])
def test_somebody_whose_methods_all_stopped_is_not_new(state: Any, kind: Any) -> None:
    """Otherwise guessing until a method is disabled would open the door that it guards."""
    lost = facts(make.bound(kind, state=state), inside=True, first=First.WELCOME_WINDOW)
    assert lost.verdict(BY_PASSWORD) == CODE_ONLY


def test_a_lost_method_beside_a_work_phone_is_replaced_by_way_of_the_phone() -> None:
    phone = make.work_phone()
    lost = facts(phone, make.bound(TOTP, state=AuthenticatorState.DISABLED))
    assert lost.verdict(BY_PASSWORD) == NeedsProof((Basis.WORK_PHONE, Basis.START_CODE))
    assert lost.verdict([*BY_PASSWORD, make.evidence(phone)]) == MayRegister(Basis.WORK_PHONE)


WELCOME = {"first": First.WELCOME_WINDOW}


def test_the_welcome_window_lets_the_password_do_it_once() -> None:
    assert facts(**WELCOME).verdict(BY_PASSWORD) == MayRegister(Basis.WELCOME_WINDOW)
    used = facts(**WELCOME, welcome_used_at=NOW - DAY)
    assert used.verdict(BY_PASSWORD) == NeedsProof((Basis.INSIDE, Basis.START_CODE))


def test_the_welcome_window_is_shut_unless_the_organisation_opens_it() -> None:
    assert not facts().welcome_open
    assert not facts(first=First.NEVER_PASSWORD_ALONE).welcome_open


def test_the_welcome_window_is_for_those_without_a_work_phone() -> None:
    assert not facts(make.work_phone(), **WELCOME).welcome_open


@pytest.mark.parametrize("latest", ["created_at", "invited_at", "start_date"])
def test_the_welcome_window_counts_from_the_latest_of_its_dates(latest: str) -> None:
    opens = NOW.replace(hour=0)
    dates: dict[str, Any] = {
        "created_at": opens - 30 * DAY,
        "invited_at": opens - 20 * DAY,
        "start_date": (opens - 25 * DAY).date(),
    }
    dates[latest] = opens.date() if latest == "start_date" else opens

    def is_open(at: Any, **more: Any) -> bool:
        return facts(**WELCOME, **dates, **more, now=at).welcome_open

    last = timedelta(milliseconds=1)
    assert not is_open(opens - last)
    assert is_open(opens)
    assert is_open(opens + WELCOME_DAYS * DAY - last)
    assert not is_open(opens + WELCOME_DAYS * DAY)
    assert not is_open(opens + 3 * DAY, welcome_days=3)
