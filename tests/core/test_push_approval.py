"""What a phone is asked, how many requests wait at once, and what each is worth."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.ids import ApprovalId, AuthenticatorId
from portvakt.core.phones import decode, encode
from portvakt.core.push_approval import (
    FINISH_WITHIN,
    LIVES,
    METHODS,
    PURPOSES,
    RESET,
    SIDE_BY_SIDE,
    SIGN_IN,
    TEST,
    Approval,
    ApprovalState,
    Context,
    NoRoom,
    RequestStanding,
    Room,
    digits_for,
    milliseconds,
    pick_number,
    room_for,
    shown_of,
    standing_of_request,
)
from tests.make import ANNA, NOW

SECOND = timedelta(seconds=1)
HERE, THERE, ELSEWHERE = b"here", b"there", b"elsewhere"
KNOWN, STRANGE = True, False


def approval(**given: Any) -> Approval:
    """A request of Anna's that has just begun, from a browser she knows."""
    made = given.get("created_at", NOW)
    fields: dict[str, Any] = {
        "id": ApprovalId("request"),
        "account_id": ANNA,
        "flow": "flow",
        "browser": HERE,
        "purpose": SIGN_IN,
        "app": "Demobutiken",
        "number": "42",
        "digits": 2,
        "lock": False,
        "quiet": False,
        "known_browser": True,
        "shown": b"{}",
        "state": ApprovalState.WAITING,
        "phone_id": None,
        "created_at": made,
        "expires_at": made + LIVES,
    }
    return Approval(**(fields | given))


@pytest.fixture(scope="module")
def protocol() -> str:
    """The page that phones are made from."""
    page = Path(__file__).parents[2] / "docs/developers/phone-protocol.md"
    return page.read_text(encoding="utf-8")


CONTEXT = Context(
    account="anna.berg@region.example",
    purpose=SIGN_IN,
    app="Schema för Åsele",
    network="",
    address="203.0.113.5",
    browser="Chrome, Windows",
    known_browser=True,
    quiet=False,
    at=NOW + timedelta(microseconds=1999),
    session=b"\xff\xfe\xfd\xfc",
    digits=2,
    lock=False,
)


def test_a032_what_is_shown_is_these_bytes_and_no_others() -> None:
    assert shown_of(ApprovalId("abc"), CONTEXT).decode() == (
        '{"v":1,"request":"abc","account":"anna.berg@region.example","purpose":"sign_in",'
        '"app":"Schema för Åsele","network":"","address":"203.0.113.5",'
        '"browser":"Chrome, Windows","known_browser":true,"quiet":false,"at":1795348800001,'
        '"session":"__79_A","digits":2,"lock":false}'
    )


def test_the_fields_are_those_of_the_protocol_s_page_in_its_order(protocol: str) -> None:
    part = protocol.split("The object in `shown`")[1].split("### `opened`", maxsplit=1)[0]
    named = [line.split("`")[1] for line in part.splitlines() if line.startswith("| `")]
    assert list(json.loads(shown_of(ApprovalId("abc"), CONTEXT))) == named


def test_the_bytes_are_those_of_the_protocol_s_test_vector(protocol: str) -> None:
    part = protocol.split("### A request\n")[1]
    vector = json.loads(part.split("```json\n")[1].split("```")[0])
    told = json.loads(vector["shown_text"])
    request, session = ApprovalId(told.pop("request")), decode(told.pop("session"))
    at = NOW + timedelta(milliseconds=told.pop("at") - milliseconds(NOW))
    assert told.pop("v") == 1
    shown = shown_of(request, Context(**told, session=session, at=at))
    assert shown.decode() == vector["shown_text"]
    assert encode(shown) == vector["shown"]


def test_a_time_is_written_in_whole_milliseconds() -> None:
    assert milliseconds(NOW) == int(NOW.timestamp()) * 1000
    assert milliseconds(NOW - timedelta(microseconds=1)) == int(NOW.timestamp()) * 1000 - 1


@pytest.mark.parametrize(
    ("purpose", "proved", "digits"),
    [
        (SIGN_IN, True, 2),
        (SIGN_IN, False, 6),
        (METHODS, True, 2),
        (METHODS, False, 6),
        (RESET, True, 6),
        (RESET, False, 6),
        (TEST, True, 2),
        (TEST, False, 2),
    ],
)
def test_two_digits_stand_beside_a_password_and_six_stand_alone(
    purpose: str, proved: bool, digits: int
) -> None:
    assert digits_for(purpose, password_proved=proved, six=False) == digits
    assert digits_for(purpose, password_proved=proved, six=True) == 6


def test_every_purpose_is_one_that_the_protocol_names(protocol: str) -> None:
    row = next(line for line in protocol.splitlines() if line.startswith("| `purpose`"))
    assert {each for each in PURPOSES if f"`{each}`" in row} == PURPOSES


def test_a032_requests_from_two_browsers_stand_side_by_side() -> None:
    assert room_for(HERE, KNOWN, []) == Room()
    assert room_for(THERE, STRANGE, [approval()]) == Room()


def test_a032_a_newer_request_of_the_same_browser_takes_the_place_of_the_older() -> None:
    older, other = approval(id=ApprovalId("older")), approval(browser=THERE)
    assert room_for(HERE, KNOWN, [older, other]) == Room((older.id,))
    assert room_for(HERE, STRANGE, [older, other]) == Room((older.id,))


def test_a032_a_known_browser_pushes_out_the_oldest_unfamiliar_one() -> None:
    mine = approval(browser=THERE, created_at=NOW - 3 * SECOND)
    strange = approval(id=ApprovalId("strange"), browser=ELSEWHERE, known_browser=False)
    assert room_for(HERE, KNOWN, [mine, strange]) == Room((strange.id,))
    older = approval(
        id=ApprovalId("older"), browser=THERE, known_browser=False, created_at=NOW - SECOND
    )
    assert room_for(HERE, KNOWN, [strange, older]) == Room((older.id,))


def test_a032_a_third_known_browser_pushes_out_the_oldest() -> None:
    old = approval(id=ApprovalId("old"), browser=THERE, created_at=NOW - SECOND)
    new = approval(id=ApprovalId("new"), browser=ELSEWHERE)
    assert room_for(HERE, KNOWN, [new, old]) == Room((old.id,))


def test_a032_an_unfamiliar_third_finds_no_room() -> None:
    two = [approval(browser=THERE), approval(browser=ELSEWHERE, known_browser=False)]
    assert room_for(HERE, STRANGE, two) == NoRoom()


def drawing(*numbers: str) -> Callable[[int], str]:
    """Chance that gives these numbers, and only of the length that they have."""
    left = iter(numbers)

    def draw(digits: int) -> str:
        number = next(left)
        assert len(number) == digits
        return number

    return draw


browsers = st.sampled_from([b"1", b"2", b"3", b"4"])
asked = st.lists(
    st.tuples(browsers, st.integers(0, 100), st.sampled_from(["0", "1", "2", "3"])), max_size=30
)


@given(asked, st.sets(browsers))
def test_a032_no_history_of_requests_breaks_what_must_hold(
    steps: list[tuple[bytes, int, str]], known: set[bytes]
) -> None:
    """At most two, of different browsers, with different numbers; known ones always find room."""
    waiting: dict[ApprovalId, Approval] = {}
    now = NOW
    for number, (browser, seconds, drawn) in enumerate(steps):
        now += seconds * SECOND
        waiting = {id_: each for id_, each in waiting.items() if now < each.expires_at}
        before = list(waiting.values())
        room = room_for(browser, browser in known, before)
        if isinstance(room, NoRoom):
            assert browser not in known
            assert len(before) == SIDE_BY_SIDE
            continue
        gone = [waiting.pop(each) for each in room.replaces]
        if browser not in known:
            assert all(each.browser == browser for each in gone)
        taken = {each.number for each in waiting.values()}
        new = approval(
            id=ApprovalId(str(number)),
            browser=browser,
            known_browser=browser in known,
            created_at=now,
            number=pick_number(drawing(drawn, "0", "1", "2"), 1, taken),
        )
        waiting[new.id] = new
        assert len(waiting) <= SIDE_BY_SIDE
        assert len({each.browser for each in waiting.values()}) == len(waiting)
        assert len({each.number for each in waiting.values()}) == len(waiting)


def test_a_number_is_drawn_again_until_it_is_free() -> None:
    assert pick_number(drawing("42", "07", "42", "13"), 2, {"42", "07"}) == "13"


@pytest.mark.parametrize("state", list(ApprovalState))
def test_a_request_is_worth_what_its_state_says(state: ApprovalState) -> None:
    one = approval(state=state, answered_at=NOW)
    assert standing_of_request(one, NOW) is RequestStanding(state.value)


def test_a036_a_request_lives_ninety_seconds() -> None:
    last = NOW + LIVES - timedelta(milliseconds=1)
    assert standing_of_request(approval(), last) is RequestStanding.WAITING
    assert standing_of_request(approval(), NOW + LIVES) is RequestStanding.EXPIRED
    assert timedelta(seconds=90) == LIVES


def test_what_has_ended_does_not_expire() -> None:
    for state in set(ApprovalState) - {ApprovalState.WAITING, ApprovalState.APPROVED}:
        ended = approval(state=state, answered_at=NOW)
        assert standing_of_request(ended, NOW + 10 * LIVES) is RequestStanding(state.value)


def test_an_approval_is_good_for_sixty_seconds() -> None:
    approved = approval(state=ApprovalState.APPROVED, answered_at=NOW + 80 * SECOND)
    last = NOW + 80 * SECOND + FINISH_WITHIN
    assert standing_of_request(approved, last) is RequestStanding.APPROVED
    assert standing_of_request(approved, last + SECOND) is RequestStanding.TOO_LATE


def test_an_approval_that_says_not_when_is_none() -> None:
    approved = approval(state=ApprovalState.APPROVED)
    assert standing_of_request(approved, NOW) is RequestStanding.TOO_LATE


def test_a_request_tells_neither_its_number_nor_its_browser_where_it_is_written() -> None:
    told = repr(approval(number="731942", phone_id=AuthenticatorId("phone")))
    assert "731942" not in told
    assert "here" not in told
    assert "203.0.113.5" not in repr(approval(shown=shown_of(ApprovalId("a"), CONTEXT)))
