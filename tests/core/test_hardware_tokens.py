"""Where a device that shows codes is looked for, and what it takes to find one that has drifted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.hardware_tokens import (
    ALGORITHMS,
    DIGITS,
    LOOK_AHEAD,
    PERIODS,
    RESYNC_AHEAD,
    Make,
    Place,
    TokenKind,
    detail_of,
    first_step,
    matching_step,
    read_detail,
    read_serial,
    was_used,
)
from portvakt.core.totp import code_at
from tests.make import NOW

SECRET = b"12345678901234567890"
CLOCK = Make(kind=TokenKind.TOTP)
SLOW = Make(kind=TokenKind.TOTP, period=60)
BUTTON = Make(kind=TokenKind.HOTP, period=0)
HERE = CLOCK.step_of(NOW)
MAKES = [
    *(
        Make(kind=TokenKind.TOTP, algorithm=algorithm, digits=digits, period=period)
        for algorithm in ALGORITHMS
        for digits in DIGITS
        for period in PERIODS
    ),
    *(
        Make(kind=TokenKind.HOTP, algorithm=algorithm, digits=digits, period=0)
        for algorithm in ALGORITHMS
        for digits in DIGITS
    ),
]


def shown(make: Make, step: int) -> str:
    return code_at(SECRET, step, make.digits, make.algorithm)


def two(make: Make, step: int) -> str:
    return f"{shown(make, step)} {shown(make, step + 1)}"


@pytest.mark.parametrize("make", MAKES, ids=lambda make: detail_of(make, ""))
def test_every_make_is_written_read_and_taken(make: Make) -> None:
    assert read_detail(detail_of(make, "2308712345")) == (make, "2308712345")
    step = 7 if make.kind is TokenKind.HOTP else make.step_of(NOW)
    place = Place(step - 1, NOW - timedelta(seconds=make.period))
    assert matching_step(make, SECRET, shown(make, step), place, NOW) is not None
    other = {6: 8, 8: 6}[make.digits]
    assert matching_step(make, SECRET, code_at(SECRET, step, other), place, NOW) is None


def test_rfc_6238_appendix_b_at_59_seconds() -> None:
    make = Make(kind=TokenKind.TOTP, digits=8)
    at = datetime(1970, 1, 1, 0, 0, 59, tzinfo=UTC)
    assert matching_step(make, SECRET, "94287082", Place(), at) == 1


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_one_step_either_way_is_taken_and_no_more(steps: int, taken: bool) -> None:
    found = matching_step(CLOCK, SECRET, shown(CLOCK, HERE + steps), Place(), NOW)
    assert (found == HERE + steps) is taken


@given(drift=st.integers(-20, 20), days=st.integers(1, 400))
def test_the_drift_of_the_last_code_is_remembered(drift: int, days: int) -> None:
    place = Place(CLOCK.step_of(NOW) + drift, NOW)
    later = NOW + timedelta(days=days)
    step = CLOCK.step_of(later) + drift
    for near in (-1, 0, 1):
        assert matching_step(CLOCK, SECRET, shown(CLOCK, step + near), place, later) == step + near
    assert matching_step(CLOCK, SECRET, shown(CLOCK, step + 2), place, later) is None


def test_no_drift_beyond_ten_minutes_is_remembered() -> None:
    place = Place(HERE + 500, NOW)
    later = NOW + timedelta(days=30)
    step = CLOCK.step_of(later)
    assert matching_step(CLOCK, SECRET, shown(CLOCK, step + 500), place, later) is None
    assert matching_step(CLOCK, SECRET, shown(CLOCK, step + 20), place, later) == step + 20


@pytest.mark.parametrize(
    ("make", "far", "beyond"), [(CLOCK, 19, 20), (SLOW, 9, 10)], ids=["30 s", "60 s"]
)
def test_two_codes_in_a_row_find_a_clock_within_ten_minutes(
    make: Make, far: int, beyond: int
) -> None:
    here = make.step_of(NOW)
    assert matching_step(make, SECRET, shown(make, here + far), Place(), NOW) is None
    assert matching_step(make, SECRET, two(make, here + far), Place(), NOW) == here + far + 1
    assert matching_step(make, SECRET, two(make, here + beyond), Place(), NOW) is None
    assert matching_step(make, SECRET, two(make, here - far), Place(), NOW) == here - far + 1


def test_two_codes_that_are_not_neighbours_are_wrong() -> None:
    apart = f"{shown(CLOCK, HERE)} {shown(CLOCK, HERE + 2)}"
    backwards = f"{shown(CLOCK, HERE + 1)} {shown(CLOCK, HERE)}"
    for typed in (apart, backwards):
        assert matching_step(CLOCK, SECRET, typed, Place(), NOW) is None


def test_a_code_works_once_and_never_an_older_one_after_it() -> None:
    place = Place(HERE, NOW)
    for step in (HERE - 1, HERE):
        assert matching_step(CLOCK, SECRET, shown(CLOCK, step), place, NOW) is None
        assert was_used(CLOCK, SECRET, shown(CLOCK, step), place)
    assert not was_used(CLOCK, SECRET, shown(CLOCK, HERE + 1), place)
    assert not was_used(CLOCK, SECRET, shown(CLOCK, HERE), Place())


def test_two_codes_with_a_used_one_among_them_are_wrong() -> None:
    place = Place(HERE, NOW)
    assert matching_step(CLOCK, SECRET, two(CLOCK, HERE), place, NOW) is None
    assert matching_step(CLOCK, SECRET, two(CLOCK, HERE + 1), place, NOW) == HERE + 2
    assert was_used(CLOCK, SECRET, two(CLOCK, HERE - 1), place)


@pytest.mark.parametrize("pressed", range(1, LOOK_AHEAD + 3))
def test_a_button_that_was_pressed_for_nobody_is_forgiven_a_few_times(pressed: int) -> None:
    place = Place(40, NOW)
    found = matching_step(BUTTON, SECRET, shown(BUTTON, 40 + pressed), place, NOW)
    assert found == (40 + pressed if pressed <= LOOK_AHEAD else None)


def test_two_codes_in_a_row_find_a_counter_that_is_far_ahead() -> None:
    last = 40 + RESYNC_AHEAD
    assert matching_step(BUTTON, SECRET, two(BUTTON, last - 1), Place(40, NOW), NOW) == last
    assert matching_step(BUTTON, SECRET, two(BUTTON, last), Place(40, NOW), NOW) is None


def test_a_counter_whose_place_is_not_known_takes_two_codes() -> None:
    place = Place(40)
    assert matching_step(BUTTON, SECRET, shown(BUTTON, 41), place, NOW) is None
    assert matching_step(BUTTON, SECRET, two(BUTTON, 41), place, NOW) == 42


def test_a_counter_never_goes_back() -> None:
    for typed in (shown(BUTTON, 40), two(BUTTON, 39), two(BUTTON, 40)):
        assert matching_step(BUTTON, SECRET, typed, Place(40, NOW), NOW) is None
    assert was_used(BUTTON, SECRET, shown(BUTTON, 38), Place(40, NOW))


def test_a_device_is_taken_into_use_with_one_code_of_a_clock_or_two_of_a_button() -> None:
    assert first_step(CLOCK, SECRET, shown(CLOCK, HERE + 20), Place(), NOW) == HERE + 20
    assert first_step(CLOCK, SECRET, shown(CLOCK, HERE + 21), Place(), NOW) is None
    assert first_step(CLOCK, SECRET, two(CLOCK, HERE), Place(), NOW) == HERE + 1
    assert first_step(BUTTON, SECRET, shown(BUTTON, 0), Place(), NOW) is None
    assert first_step(BUTTON, SECRET, two(BUTTON, 0), Place(), NOW) == 1
    assert first_step(CLOCK, SECRET, shown(CLOCK, HERE), Place(HERE), NOW) is None


@given(typed=st.text(max_size=40))
def test_nothing_but_digits_is_ever_right(typed: str) -> None:
    right = {shown(CLOCK, HERE + near) for near in (-1, 0, 1)}
    found = matching_step(CLOCK, SECRET, typed, Place(), NOW)
    bare = typed.strip(" ").replace(" ", "").replace("-", "")
    assert found is None or bare in right


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" ft-2308 712345 ", "FT2308712345"),
        ("2308712345", "2308712345"),
        ("", None),
        ("2308;DROP", None),
        ("Å123", None),
        ("1" * 65, None),
    ],
)
def test_a_serial_number_is_read_as_people_write_it(typed: str, kept: str | None) -> None:
    assert read_serial(typed) == kept


@pytest.mark.parametrize("detail", ["", "+46701740605", "totp sha1 6", "smtp sha1 6 30 1"])
def test_what_is_no_device_is_not_read_as_one(detail: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_detail(detail)
