from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.throttle import (
    LIMITS,
    Count,
    Familiarity,
    Kind,
    Limit,
    counted,
    delay_after,
    familiarity_of,
    given_back,
    kind_of,
    must_disable,
)
from tests.make import NOW, PASSWORD, PHONE_SIGN_IN, PUSH, TOTP

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SMALL = Limit(run=3, stop=15 * MINUTE, per_day=5, disable_at=8)


def tries(limit: Limit, *times: datetime, start: Count | None = None) -> list[Count]:
    counts: list[Count] = []
    last = start
    for at in times:
        last = counted(last, limit, at)
        counts.append(last)
    return counts


def test_a013_the_tenth_wrong_code_is_checked_and_the_eleventh_is_not() -> None:
    counts = tries(LIMITS[Kind.TOTP], *[NOW + timedelta(seconds=n) for n in range(12)])
    assert [each.allowed for each in counts] == [True] * 10 + [False] * 2
    tenth = NOW + timedelta(seconds=9)
    assert counts[9].stopped_until == tenth + 15 * MINUTE
    assert not tries(LIMITS[Kind.TOTP], tenth + 14 * MINUTE, start=counts[-1])[0].allowed
    assert tries(LIMITS[Kind.TOTP], tenth + 15 * MINUTE, start=counts[-1])[0].allowed


def test_nothing_is_counted_while_stopped() -> None:
    counts = tries(SMALL, NOW, NOW, NOW, NOW, NOW)
    assert [each.run for each in counts] == [1, 2, 3, 3, 3]
    assert counts[-1].total == 3


def test_after_a_stop_the_run_starts_over_and_the_day_goes_on() -> None:
    stopped = tries(SMALL, NOW, NOW, NOW)[-1]
    again = counted(stopped, SMALL, NOW + 15 * MINUTE)
    assert (again.run, again.day, again.total) == (1, 4, 4)
    assert again.run_started == NOW + 15 * MINUTE


def test_twenty_wrong_codes_are_taken_in_a_day() -> None:
    limit = LIMITS[Kind.TOTP]
    at, last, allowed = NOW, None, 0
    while at < NOW + DAY:
        last = counted(last, limit, at)
        allowed += last.allowed
        at += MINUTE
    assert allowed == 20
    assert last is not None
    assert last.stopped_until == NOW + DAY
    assert counted(last, limit, NOW + DAY).day == 1


def test_a015_a_method_is_disabled_at_the_hundredth_failure_in_a_row() -> None:
    limit = LIMITS[Kind.TOTP]
    last, at, failures = None, NOW, 0
    while failures < 100:
        last = counted(last, limit, at)
        failures += last.allowed
        assert must_disable(last, limit) is (failures == 100)
        at += 10 * MINUTE
    assert at - NOW > 4 * DAY
    for _ in range(200):
        at += 10 * MINUTE
        last = counted(last, limit, at)
        assert not last.allowed


def test_a_limit_that_never_disables_never_does() -> None:
    count = counted(None, LIMITS[Kind.PASSWORD], NOW)
    assert not must_disable(count, LIMITS[Kind.PASSWORD])


def test_a_right_answer_ends_the_run_and_takes_its_own_try_back() -> None:
    third = tries(SMALL, NOW, NOW, NOW)[-1]
    assert third.stopped_until is not None
    right = given_back(third)
    assert (right.allowed, right.run, right.day, right.total) == (True, 0, 2, 0)
    assert right.stopped_until is None
    after = counted(right, SMALL, NOW + MINUTE)
    assert (after.run, after.day, after.run_started) == (1, 3, NOW + MINUTE)


def test_a009_one_right_answer_does_not_clear_what_was_guessed_at_others() -> None:
    third = tries(LIMITS[Kind.ADDRESS], NOW, NOW, NOW)[-1]
    assert given_back(third, shared=True).run == 2


def test_right_answers_never_use_up_the_day() -> None:
    last: Count | None = None
    for number in range(100):
        last = counted(last, SMALL, NOW + number * MINUTE)
        assert last.allowed
        last = given_back(last)
    assert last is not None
    assert last.day == 0
    assert given_back(last).day == 0


def test_a009_thirty_failures_in_five_minutes_stop_an_address() -> None:
    limit = LIMITS[Kind.ADDRESS]
    fast = tries(limit, *[NOW + timedelta(seconds=n) for n in range(40)])
    assert sum(each.allowed for each in fast) == 30
    slow = tries(limit, *[NOW + n * timedelta(seconds=11) for n in range(200)])
    assert all(each.allowed for each in slow)


def test_behind_an_address_of_the_organisation_there_is_room_for_twenty_times_as_many() -> None:
    assert LIMITS[Kind.ADDRESS_INSIDE].run == 20 * LIMITS[Kind.ADDRESS].run


def test_a_strangers_codes_close_for_a_day_after_five_and_touch_no_other_count() -> None:
    counts = tries(LIMITS[Kind.UNPROVEN], *[NOW + n * MINUTE for n in range(6)])
    assert [each.allowed for each in counts] == [True] * 5 + [False]
    assert counts[-1].stopped_until == NOW + 4 * MINUTE + DAY
    assert not must_disable(counts[-1], LIMITS[Kind.UNPROVEN])


IN_THE_PHONE = {PUSH, PHONE_SIGN_IN}


@pytest.mark.parametrize("method", sorted(set(AuthenticatorType) - IN_THE_PHONE))
def test_a_second_factor_before_the_password_draws_on_the_strangers_count(
    method: AuthenticatorType,
) -> None:
    unproved = kind_of(method, password_proved=False)
    assert unproved is (Kind.PASSWORD if method is PASSWORD else Kind.UNPROVEN)
    assert kind_of(method, password_proved=True).value == method.value


def test_what_a_phone_approves_draws_on_the_count_of_requests() -> None:
    assert kind_of(PUSH, password_proved=True) is Kind.PUSH
    assert kind_of(PUSH, password_proved=False) is Kind.PUSH_FIRST
    assert kind_of(PHONE_SIGN_IN, password_proved=False) is Kind.PUSH_FIRST
    assert kind_of(PHONE_SIGN_IN, password_proved=True) is Kind.PUSH_FIRST


@pytest.mark.parametrize("kind", [Kind.PUSH, Kind.PUSH_FIRST])
def test_a031_three_requests_reach_the_phone_in_ten_minutes(kind: Kind) -> None:
    limit = LIMITS[kind]
    counts = tries(limit, *[NOW + n * timedelta(seconds=30) for n in range(10)])
    assert [each.allowed for each in counts] == [True] * 3 + [False] * 7
    third = NOW + MINUTE
    assert counts[-1].stopped_until == third + 10 * MINUTE
    assert counted(counts[-1], limit, third + 10 * MINUTE).allowed


def test_a031_now_and_then_a_request_is_stopped_by_nothing_but_the_total() -> None:
    limit = LIMITS[Kind.PUSH]
    times = [NOW + n * 10 * MINUTE for n in range(12)]
    counts = tries(limit, *times)
    assert [each.allowed for each in counts] == [True] * 10 + [False] * 2
    assert not any(must_disable(each, limit) for each in counts)
    # a right answer in the same count opens it again
    assert counted(given_back(counts[-1]), limit, times[-1] + MINUTE).allowed


def test_a_limit_that_ends_nothing_lets_any_total_pass() -> None:
    assert Limit(run=3, stop=MINUTE).within(10**6)
    both = Limit(run=3, stop=MINUTE, disable_at=4, most=2)
    assert [both.within(total) for total in (2, 3, 5)] == [True, False, False]


def test_a010_each_kind_of_browser_has_a_count_of_its_own() -> None:
    assert familiarity_of(known_browser=True, inside=False) is Familiarity.KNOWN
    assert familiarity_of(known_browser=True, inside=True) is Familiarity.KNOWN
    assert familiarity_of(known_browser=False, inside=True) is Familiarity.INSIDE
    assert familiarity_of(known_browser=False, inside=False) is Familiarity.UNFAMILIAR


def test_answers_are_held_back_a_little_from_the_fifth_on() -> None:
    counts = tries(LIMITS[Kind.PASSWORD], *[NOW] * 10)
    assert [delay_after(each).total_seconds() for each in counts] == [
        *[0, 0, 0, 0],
        *[0.5, 1, 2, 4, 4, 4],
    ]


def test_every_kind_has_a_limit_and_codes_are_disabled_before_the_standard_says() -> None:
    assert set(LIMITS) == set(Kind)
    most = LIMITS[Kind(TOTP.value)].disable_at
    assert most is not None
    assert most <= 100


moves = st.lists(
    st.tuples(st.sampled_from([timedelta(), MINUTE, 14 * MINUTE, 6 * 60 * MINUTE]), st.booleans()),
    max_size=60,
)


@given(moves, st.sampled_from(list(LIMITS.values())))
def test_no_more_are_ever_let_through_than_the_limit_says(
    steps: list[tuple[timedelta, bool]], limit: Limit
) -> None:
    """Wrong answers only: never more than `run` between two pauses as long as a stop."""
    at, last = NOW, None
    since_pause = 0
    for wait, _ in steps:
        at += wait
        last = counted(last, limit, at)
        pause = wait >= min(limit.stop, limit.window or limit.stop)
        since_pause = 0 if pause else since_pause
        since_pause += last.allowed
        if limit.window is None:
            assert last.run <= limit.run
        ended = limit.most is not None and last.total > limit.most
        assert last.allowed or last.stopped_until is not None or ended
        assert limit.per_day is None or last.day <= limit.per_day


@given(moves)
def test_counting_is_the_same_from_what_is_stored(steps: list[tuple[timedelta, bool]]) -> None:
    """A count carries all that the next try needs: nothing else is remembered anywhere."""
    at, last = NOW, None
    for wait, right in steps:
        at += wait
        last = counted(last, SMALL, at)
        assert last.run_started <= at
        assert last.day_started <= at < last.day_started + DAY or not last.allowed
        if right and last.allowed:
            last = given_back(last)
