"""What other rules would have made of a sign-in that happened."""

from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.assurance import Aal, Requirement
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import RuleId
from portvakt.core.policy import Decision
from portvakt.core.replaying import Change, Tally, Then, change_of
from tests import make

PASSWORD, TOTP, PASSKEY = (
    AuthenticatorType.PASSWORD,
    AuthenticatorType.TOTP,
    AuthenticatorType.PASSKEY,
)
NOTHING = Requirement()
TWO = Requirement(multifactor=True)
RESISTANT = Requirement(multifactor=True, phishing_resistant=True)


def then(*methods: AuthenticatorType, **given: Any) -> Then:
    facts: dict[str, Any] = {
        "at": make.NOW,
        "blocked": False,
        "methods": methods,
        "aal": Aal.TWO if len(methods) > 1 else Aal.ONE,
        "asked": frozenset(),
    }
    return Then(**(facts | given))


def draft(need: Requirement = NOTHING, *, blocked: bool = False) -> Decision:
    return Decision(blocked, need, (), ())


ASKED_TWO = frozenset({"multifactor"})


@pytest.mark.parametrize(
    ("was", "decision", "change"),
    [
        (then(PASSWORD), draft(), None),
        (then(PASSWORD), draft(blocked=True), Change.BLOCKED),
        (then(PASSWORD), draft(TWO), Change.ASKED),
        (then(PASSWORD, TOTP), draft(TWO), Change.SHOWN),
        (then(PASSWORD, TOTP, asked=ASKED_TWO), draft(TWO), None),
        (then(PASSWORD, TOTP, asked=ASKED_TWO), draft(), Change.LESS),
        (then(PASSWORD, TOTP, asked=ASKED_TWO), draft(RESISTANT), Change.ASKED),
        (then(PASSWORD, PASSKEY, asked=ASKED_TWO), draft(RESISTANT), Change.SHOWN),
        (then(PASSKEY, aal=Aal.TWO), draft(RESISTANT), Change.SHOWN),
        (then(PASSKEY, aal=Aal.ONE), draft(TWO), Change.ASKED),
        (then(blocked=True), draft(blocked=True), None),
        (then(blocked=True), draft(TWO), Change.OPENED),
        (then(aal=Aal.TWO), draft(TWO), Change.SHOWN),
        (then(aal=Aal.ONE), draft(TWO), Change.ASKED),
        (then(PASSWORD), draft(Requirement(max_age=timedelta(0))), None),
    ],
)
def test_a_sign_in_is_held_against_other_rules(
    was: Then, decision: Decision, change: Change | None
) -> None:
    assert change_of(was, decision, NOTHING) is change


def test_what_an_app_asks_for_itself_no_rule_can_spare() -> None:
    was = then(PASSWORD, TOTP, asked=ASKED_TWO)
    assert change_of(was, draft(), TWO) is None


def test_counts_grow_by_change_day_and_person() -> None:
    tally = Tally()
    rule = RuleId("outside")
    for days, lacking in ((0, False), (0, True), (1, False)):
        at = make.NOW + timedelta(days=days)
        tally.count(make.ANNA, Change.ASKED, at, (rule,), without_method=lacking)
    tally.count(make.ANNA, Change.BLOCKED, make.NOW, (), without_method=False)
    assert tally.changes == {Change.ASKED: 3, Change.BLOCKED: 1}
    assert tally.by_day[make.NOW.date()] == {Change.ASKED: 2, Change.BLOCKED: 1}
    [(_, _, asked), (_, _, blocked)] = tally.rows()
    assert (asked.times, asked.rules, asked.without_method) == (3, (rule,), True)
    assert asked.last == make.NOW + timedelta(days=1)
    assert (blocked.times, blocked.without_method) == (1, False)
