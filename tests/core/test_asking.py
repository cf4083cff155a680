from typing import Any

import pytest
from hypothesis import given

from portvakt.core.asking import (
    AllOf,
    AnyOf,
    Ask,
    Own,
    Require,
    left_of,
    may_ask,
    parts_of,
    requirement_of,
    words,
)
from portvakt.core.assurance import Requirement, Strength, meets
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.signals import Device
from tests import make
from tests.core.ruling import asks, evidence
from tests.make import NOW, PASSWORD, PHONE_SIGN_IN, PUSH, TOTP

SMS = AuthenticatorType.SMS_CODE
NO_TEXTS = Own("no-texts", frozenset({PUSH, TOTP}))
MULTIFACTOR, OURS, BLOCK = Require.MULTIFACTOR, Require.OUR_DEVICE, Require.BLOCK
STRONG, ALONE, NOTHING = Require.PHISHING_RESISTANT, Require.PASSWORDLESS, Require.PASSWORD
BROWSER = Require.KNOWN_BROWSER


def opens(
    ask: Ask, *shown: AuthenticatorType, device: Device = Device.OTHER, known: bool = False
) -> bool:
    left = left_of(ask, device, known_browser=known)
    given = [make.evidence(each, at=NOW) for each in shown]
    return left is not None and meets(given, requirement_of(left), NOW)


@pytest.mark.parametrize(
    ("ask", "enough", "too_little"),
    [
        (NOTHING, [PASSWORD], []),
        (MULTIFACTOR, [PASSWORD, SMS], [PASSWORD]),
        (ALONE, [PHONE_SIGN_IN], [PASSWORD, PUSH]),
        (NO_TEXTS, [PASSWORD, TOTP], [PASSWORD, SMS]),
        (NO_TEXTS, [PHONE_SIGN_IN, TOTP], [PHONE_SIGN_IN]),
        (AllOf((ALONE, NO_TEXTS)), [PHONE_SIGN_IN, PUSH], [PASSWORD, PUSH]),
        (AnyOf((ALONE, NO_TEXTS)), [PASSWORD, PUSH], [PASSWORD, SMS]),
        (AnyOf((STRONG, ALONE)), [PHONE_SIGN_IN], [PASSWORD, TOTP]),
        (AnyOf((OURS, MULTIFACTOR)), [PASSWORD, SMS], [PASSWORD]),
        (AnyOf((AllOf((ALONE, NO_TEXTS)), STRONG)), [PHONE_SIGN_IN, TOTP], [PASSWORD, TOTP]),
        (AllOf((AnyOf((OURS, MULTIFACTOR)), NO_TEXTS)), [PASSWORD, TOTP], [PASSWORD, SMS]),
    ],
)
def test_what_is_asked_is_met_by_this_and_not_by_that(
    ask: Ask, enough: list[AuthenticatorType], too_little: list[AuthenticatorType]
) -> None:
    assert opens(ask, *enough)
    assert not opens(ask, *too_little)


@pytest.mark.parametrize(
    ("ask", "opens_for_ours"),
    [
        (OURS, True),
        (AnyOf((OURS, MULTIFACTOR)), True),
        (AllOf((OURS, MULTIFACTOR)), False),
        (AnyOf((BLOCK, OURS)), True),
        (AllOf((BLOCK, OURS)), False),
        (BLOCK, False),
    ],
)
def test_our_own_device_is_enough_where_the_rule_says_so(ask: Ask, *, opens_for_ours: bool) -> None:
    assert opens(ask, PASSWORD, device=Device.OURS) is opens_for_ours
    assert not opens(ask, PASSWORD)


def test_nothing_that_is_shown_makes_a_device_ours_or_a_browser_known() -> None:
    everything = tuple(AuthenticatorType)
    for ask in (OURS, BROWSER, AllOf((OURS, MULTIFACTOR)), BLOCK, AnyOf((OURS, BROWSER))):
        assert left_of(ask, Device.OTHER, known_browser=False) is None
        assert not opens(ask, *everything)
    assert opens(BROWSER, PASSWORD, known=True)
    assert opens(AnyOf((BROWSER, MULTIFACTOR)), PASSWORD, known=True)


@pytest.mark.parametrize(
    ("ask", "requirement"),
    [
        (NOTHING, Requirement()),
        (MULTIFACTOR, Requirement(multifactor=True)),
        (STRONG, Requirement(multifactor=True, phishing_resistant=True)),
        (AllOf((MULTIFACTOR, STRONG)), Requirement(multifactor=True, phishing_resistant=True)),
        (AnyOf((MULTIFACTOR, STRONG)), Requirement(multifactor=True)),
        (AnyOf((NOTHING, STRONG)), Requirement()),
        (
            AnyOf((ALONE, STRONG)),
            Requirement(
                multifactor=True,
                any_of=frozenset(
                    {frozenset({Strength(passwordless=True), Strength(phishing_resistant=True)})}
                ),
            ),
        ),
    ],
)
def test_what_any_two_factors_meet_is_said_as_two_factors(
    ask: Ask, requirement: Requirement
) -> None:
    left = left_of(ask, Device.OTHER, known_browser=False)
    assert left is not None
    assert requirement_of(left) == requirement


def by_hand(ask: Ask, shown: Any, device: Device, *, known: bool) -> bool:
    """What the words say, one by one, without clauses."""
    match ask:
        case AnyOf(of):
            return any(by_hand(each, shown, device, known=known) for each in of)
        case AllOf(of):
            return all(by_hand(each, shown, device, known=known) for each in of)
        case _:
            left = left_of(ask, device, known_browser=known)
            return left is not None and meets(shown, requirement_of(left), NOW)


@given(asks, evidence)
def test_and_and_or_mean_what_they_say(ask: Ask, shown: Any) -> None:
    if not meets(shown, Requirement(), NOW):
        return  # whoever has shown nothing gets in nowhere
    for device in Device:
        for known in (False, True):
            left = left_of(ask, device, known_browser=known)
            came_in = left is not None and meets(shown, requirement_of(left), NOW)
            assert came_in is by_hand(ask, shown, device, known=known)


@given(asks, evidence)
def test_more_evidence_never_meets_less(ask: Ask, shown: Any) -> None:
    left = left_of(ask, Device.OTHER, known_browser=False)
    if left is not None and meets(shown, requirement_of(left), NOW):
        for each in AuthenticatorType:
            more = [*shown, make.evidence(each, at=NOW)]
            assert meets(more, requirement_of(left), NOW)


def test_whether_a_second_factor_could_be_asked_for() -> None:
    asking: list[Ask] = [
        MULTIFACTOR,
        ALONE,
        NO_TEXTS,
        AnyOf((OURS, MULTIFACTOR)),
        AllOf((OURS, MULTIFACTOR)),
    ]
    silent: list[Ask] = [
        NOTHING,
        BLOCK,
        OURS,
        AnyOf((NOTHING, MULTIFACTOR)),
        AllOf((BLOCK, MULTIFACTOR)),
    ]
    assert all(map(may_ask, asking))
    assert not any(map(may_ask, silent))


def test_an_asking_is_said_in_one_line() -> None:
    ask = AllOf((OURS, AnyOf((MULTIFACTOR, NO_TEXTS))))
    assert words(ask) == "our_device and (multifactor or no-texts)"
    assert words(STRONG) == "phishing_resistant"
    assert list(parts_of(ask)) == [OURS, MULTIFACTOR, NO_TEXTS]
