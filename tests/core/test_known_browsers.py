"""When a browser is known, and what a rule makes of it."""

from datetime import timedelta

import pytest

from portvakt.core.asking import AllOf, AnyOf, Require
from portvakt.core.assurance import Requirement
from portvakt.core.authenticators import SECOND_FACTORS, AuthenticatorType
from portvakt.core.ids import AccountId, KnownBrowserId, RuleId
from portvakt.core.known_browsers import (
    Brought,
    KnownBrowser,
    judge,
    may_remember,
    remembering,
)
from portvakt.core.policy import Outcome, Rule, RuleState, TraceLine
from portvakt.core.signals import Action, Device, KnownFrom
from tests import make
from tests.core.ruling import decide
from tests.make import ANNA, NOW

CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
NEWER = CHROME.replace("131", "132")
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:132.0) Gecko/20100101 Firefox/132.0"
ON_A_MAC = CHROME.replace("Windows NT 10.0", "Macintosh; Intel Mac OS X 10_15_7")
MONTH, WEEK, DAY = timedelta(days=30), timedelta(days=7), timedelta(days=1)
EITHER = AnyOf((Require.KNOWN_BROWSER, Require.MULTIFACTOR))
MINE = b"m" * 32
STORED = KnownBrowser(
    id=KnownBrowserId("k1"),
    account_id=ANNA,
    authenticator_id=make.bound(AuthenticatorType.TOTP).id,
    browser=MINE,
    user_agent=CHROME,
    address="203.0.113.7",
    since=NOW,
    used_at=NOW,
    until=NOW + MONTH,
)


def known_rule(remember: timedelta | None = MONTH, id_: str = "known", **given: object) -> Rule:
    return make.rule(EITHER, id=id_, remember=remember, **given)  # type: ignore[arg-type]  # names


def asks(*rules: Rule, known_for: timedelta | None = DAY, **given: object) -> bool:
    """Whether a second factor is asked for."""
    found = decide(rules, make.signals(known_for=known_for, **given))
    return found.blocked or found.requirement.two_factors


@pytest.mark.parametrize(
    ("known_for", "asked"),
    [(None, True), (timedelta(), False), (DAY, False), (MONTH - DAY, False), (MONTH, True)],
)
def test_a_rule_says_how_long_after_the_second_factor_a_browser_is_known(
    known_for: timedelta | None, *, asked: bool
) -> None:
    assert asks(known_rule(), known_for=known_for) is asked


def test_without_a_time_no_browser_is_known_and_none_is_offered_to_be() -> None:
    rule = known_rule(None)
    assert asks(rule)
    found = decide([rule], make.signals(known_for=DAY))
    assert (found.remember, found.looks_at_browser) == (None, False)


def test_of_two_rules_each_counts_by_its_own_time() -> None:
    rules = (known_rule(MONTH), known_rule(WEEK, "shorter"))
    assert not asks(*rules, known_for=WEEK - DAY)
    assert asks(*rules, known_for=WEEK)
    assert decide(rules).remember == WEEK


def test_what_was_shown_in_the_time_to_come_makes_no_browser_known() -> None:
    assert asks(known_rule(), known_for=-DAY)


@pytest.mark.parametrize(
    "more",
    [
        make.rule(Require.MULTIFACTOR, id="more"),
        make.rule(Require.PHISHING_RESISTANT, id="more"),
        make.rule(Require.PASSWORDLESS, id="more"),
        make.rule(Require.BLOCK, id="more"),
        make.rule(Require.OUR_DEVICE, id="more"),
    ],
    ids=lambda rule: str(rule.require),
)
def test_a_rule_that_does_not_name_it_is_never_met_by_it(more: Rule) -> None:
    found = decide([known_rule(), more], make.signals(known_for=DAY))
    alone = decide([more], make.signals(known_for=None))
    assert (found.blocked, found.requirement) == (alone.blocked, alone.requirement)
    assert decide([known_rule(), more]).remember is None


@pytest.mark.parametrize("action", [Action.REGISTER, Action.RESET, Action.ADMINISTER])
def test_it_counts_for_signing_in_and_for_nothing_else(action: Action) -> None:
    rule = known_rule(actions={action, Action.SIGN_IN})
    assert not asks(rule)
    assert asks(rule, action=action)
    found = decide([rule], make.signals(action=action))
    assert (found.remember, found.looks_at_browser) == (None, False)
    assert found.trace[0].outcome is Outcome.APPLIED


def test_it_is_offered_only_where_it_would_be_enough() -> None:
    assert decide([known_rule()]).remember == MONTH
    assert decide([]).remember is None
    assert decide([known_rule(state=RuleState.REPORT_ONLY)]).remember is None
    # it would help, and something would be asked all the same
    half = make.rule(
        AnyOf((Require.KNOWN_BROWSER, Require.PHISHING_RESISTANT)), id="half", remember=MONTH
    )
    found = decide([half, make.rule(Require.MULTIFACTOR, id="two")])
    assert found.looks_at_browser
    assert found.remember is None


def test_beside_a_device_it_is_offered_on_such_a_device() -> None:
    both = AllOf((Require.OUR_DEVICE, Require.KNOWN_BROWSER))
    rule = make.rule(AnyOf((both, Require.MULTIFACTOR)), remember=WEEK)
    assert decide([rule], make.signals(device=Device.OURS)).remember == WEEK
    assert decide([rule], make.signals(device=Device.OTHER)).remember is None


def test_a_browser_that_already_is_known_is_still_offered_a_longer_time() -> None:
    """The time runs from the second factor that is shown now."""
    rules = (known_rule(MONTH), known_rule(WEEK, "shorter"))
    assert decide(rules, make.signals(known_for=WEEK)).remember == WEEK


def test_an_app_that_asks_for_two_factors_itself_is_never_told_of_a_known_browser() -> None:
    found = decide([known_rule()], make.signals(known_for=DAY))
    line = TraceLine(RuleId("the app"), Outcome.APPLIED, "multifactor")
    asking = found.asking_more(Requirement(multifactor=True), line)
    assert asking.requirement.multifactor
    assert decide([known_rule()]).asking_more(Requirement(multifactor=True), line).remember is None
    fresh = Requirement(max_age=timedelta())
    assert decide([known_rule()]).asking_more(fresh, line).remember == MONTH


def test_the_trace_says_that_a_known_browser_was_enough_and_for_how_long_one_is() -> None:
    line = decide([known_rule()], make.signals(known_for=DAY)).trace[0]
    assert line.outcome is Outcome.MET
    assert line.detail == "known_browser or multifactor"
    assert line.limits == "a known browser for 30d"


def test_a_secret_counts_for_its_person_in_its_browser_while_it_lasts() -> None:
    assert judge(STORED, ANNA, MINE, NEWER, NOW + DAY, live=True) is Brought.COUNTS
    somebody = AccountId("eva")
    assert judge(STORED, somebody, MINE, CHROME, NOW, live=True) is Brought.NOTHING
    assert judge(STORED, somebody, MINE, CHROME, NOW, live=False) is Brought.NOTHING
    assert judge(STORED, ANNA, MINE, CHROME, NOW + MONTH, live=True) is Brought.NOTHING
    assert judge(STORED, ANNA, MINE, CHROME, NOW + MONTH, live=False) is Brought.NOTHING
    assert judge(STORED, ANNA, MINE, CHROME, NOW - DAY, live=True) is Brought.NOTHING


@pytest.mark.parametrize("other", [FIREFOX, ON_A_MAC, ""])
def test_another_kind_of_browser_is_not_known_and_nobody_is_called_a_thief(other: str) -> None:
    assert judge(STORED, ANNA, MINE, other, NOW, live=True) is Brought.NOTHING
    assert judge(STORED, ANNA, b"n" * 32, CHROME, NOW, live=True) is Brought.NOTHING


def test_a_secret_that_was_used_long_before_is_a_copy_whatever_brings_it() -> None:
    assert judge(STORED, ANNA, MINE, CHROME, NOW, live=False) is Brought.COPIED
    assert judge(STORED, ANNA, b"n" * 32, FIREFOX, NOW, live=False) is Brought.COPIED


def test_a_session_knows_its_browser_as_long_as_that_lasts() -> None:
    known = KnownFrom(STORED.id, NOW, NOW + MONTH)
    assert known == STORED.known
    assert known.since_now(NOW + MONTH - DAY) == NOW
    assert known.since_now(NOW + MONTH) is None


def test_the_newest_second_factor_of_this_sign_in_is_what_it_is_remembered_by() -> None:
    password = make.evidence(AuthenticatorType.PASSWORD, at=NOW)
    totp = make.evidence(AuthenticatorType.TOTP, at=NOW)
    before = make.evidence(AuthenticatorType.TOTP, at=NOW - DAY)
    assert remembering((password, totp), NOW) == totp
    assert remembering((password, before), NOW) is None
    assert remembering((password,), NOW) is None


def test_a_printed_code_makes_no_browser_known() -> None:
    code = make.evidence(AuthenticatorType.RECOVERY_CODE, at=NOW)
    assert remembering((code,), NOW) is None
    those = {each for each in SECOND_FACTORS if may_remember(each)}
    assert those == SECOND_FACTORS - {AuthenticatorType.RECOVERY_CODE}
