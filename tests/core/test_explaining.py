from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.events import EVENTS
from portvakt.core.explaining import DECISIONS, LET_IN, LIMITED, REFUSED, case_number, explain
from portvakt.core.ids import RuleId
from portvakt.core.policy import Outcome, TraceLine
from portvakt.web.request_ids import new_request_id

TRACE = (
    TraceLine(RuleId("a-block"), Outcome.NOT_MATCHED, "in no group of the rule"),
    TraceLine(RuleId("b-two"), Outcome.APPLIED, "multifactor"),
    TraceLine(RuleId("c-try"), Outcome.REPORT_ONLY, "would ask block"),
    TraceLine(RuleId("d-gone"), Outcome.BROKEN, "group it does not exist"),
)


@pytest.mark.parametrize(
    "typed",
    [
        "7K3M-9XQP-2HD4",
        "7k3m-9xqp-2hd4",
        "7K3M9XQP2HD4",
        " 7k3m 9xqp 2hd4 ",
        "7K3M–9XQP–2HD4",  # a dash as mail programs make it
        "7k3m.9xqp.2hd4",
    ],
)
def test_a_case_number_is_read_however_it_is_written(typed: str) -> None:
    assert case_number(typed) == "7K3M-9XQP-2HD4"


def test_letters_that_look_like_digits_are_the_digits() -> None:
    assert case_number("oil0-1234-5678") == "0110-1234-5678"


@pytest.mark.parametrize(
    "typed", ["", "anna.berg", "7K3M-9XQP", "7K3M-9XQP-2HD45", "anna@x.se", "UUUU"]
)
def test_what_is_no_case_number_is_none(typed: str) -> None:
    assert case_number(typed) is None


@given(st.binary(min_size=12, max_size=12), st.sampled_from(["", "-", " ", " - "]))
def test_every_number_that_a_page_shows_is_found_in_any_spelling(drawn: bytes, joint: str) -> None:
    number = new_request_id(lambda _: drawn)
    assert case_number(joint.join(number.split("-")).lower()) == number


def test_every_rule_is_told_whether_it_counted_or_not() -> None:
    told = explain("authentication.refused", {"why": "sign_in.refused_rule"}, TRACE)
    assert told.rules == (
        "a-block did not count: in no group of the rule",
        "b-two counted: multifactor",
        "c-try only reports: would ask block",
        "d-gone is broken, so it counted: group it does not exist",
    )
    assert told.asked == "two factors, and what d-gone asks for"
    assert told.why == "a rule blocks"
    assert told.verdict == "refused"


@pytest.mark.parametrize(
    ("applied", "asked"),
    [
        (["multifactor", "block"], "nothing would do: a rule blocks"),
        (["multifactor", "phishing_resistant"], "two factors of which one cannot be phished"),
        (["password", "multifactor"], "two factors"),
        (["password"], "the password"),
        ([], "the password"),
    ],
)
def test_what_was_asked_is_the_strictest_of_all_rules_that_counted(
    applied: list[str], asked: str
) -> None:
    trace = [TraceLine(RuleId(each), Outcome.APPLIED, each) for each in applied]
    assert explain("authentication.succeeded", {}, trace).asked == asked


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        ([("our_device or multifactor", False)], "a device of the organisation or two factors"),
        (
            [("passwordless and (our_device or no-texts)", False)],
            "two factors without a password and (a device of the organisation or no-texts)",
        ),
        ([("multifactor", False), ("no-texts", False)], "two factors, and no-texts"),
        ([("our_device", True)], "what nobody could show here, and a device of the organisation"),
        ([("block", True), ("our_device", True)], "nothing would do: a rule blocks, and a device"),
    ],
)
def test_what_is_joined_by_and_and_or_is_told_in_words(
    lines: list[tuple[str, bool]], asked: str
) -> None:
    trace = [
        TraceLine(RuleId(detail), Outcome.APPLIED, detail, refuses=refuses)
        for detail, refuses in lines
    ]
    assert explain("authentication.refused", {}, trace).asked.startswith(asked)


def test_what_was_there_already_and_how_long_it_counts_is_told() -> None:
    trace = [
        TraceLine(RuleId("a"), Outcome.MET, "our_device or multifactor"),
        TraceLine(RuleId("b"), Outcome.APPLIED, "password", limits="a new sign-in every 8h"),
        TraceLine(RuleId("c"), Outcome.BROKEN, "person x does not exist", refuses=True),
    ]
    told = explain("authentication.succeeded", {}, trace)
    assert told.asked == "the password, and a new sign-in every 8h, and what c asks for"
    assert told.rules == (
        "a counted, and what it asks for was there: our_device or multifactor",
        "b counted: password, with a new sign-in every 8h",
        "c is broken, so it counted: person x does not exist",
    )


def test_what_was_shown_is_told_with_its_strength() -> None:
    detail = {"methods": ["password", "totp"], "aal": 2, "app": "shop", "known_browser": False}
    told = explain("authentication.succeeded", detail, ())
    assert told.shown == "password and a code from an app (two factors)"
    assert told.verdict == "let in"
    assert told.facts == {"app": "shop"}
    ticket = explain("authentication.succeeded", detail | {"by_ticket": True}, ())
    assert ticket.shown == "a Kerberos ticket and a code from an app (two factors)"
    assert ticket.facts == {"app": "shop"}
    alone = explain("authentication.succeeded", {"methods": ["password"], "aal": 1}, ())
    assert alone.shown == "password"


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_there_is_can_be_told(name: str) -> None:
    told = explain(name, {"reason": "something_new", "until": str(datetime.now(UTC))}, None)
    assert told.said
    assert told.asked == ""
    assert "_" not in told.why


def test_a_ticket_that_opened_nothing_is_told_with_its_reason() -> None:
    told = explain("authentication.ticket_refused", {"reason": "realm"}, None)
    assert (told.verdict, told.why) == (
        "refused",
        "the ticket is of a realm that is not in the settings",
    )


def test_an_event_of_another_version_is_told_as_it_is() -> None:
    told = explain("area.later", {"codes": ["a", "b"], "yes": True}, None)
    assert (told.said, told.verdict, told.why) == ("area.later", "noted", "")
    assert told.facts == {"codes": "a, b", "yes": "yes"}


def test_no_event_is_two_things_at_once() -> None:
    assert not LET_IN & LIMITED
    assert not LET_IN & REFUSED
    assert not LIMITED & REFUSED
    assert EVENTS.keys() >= DECISIONS
