"""How many wrong passwords are passed on to a directory that locks accounts itself."""

from datetime import datetime, timedelta
from itertools import product

import pytest

from portvakt.core.throttle import Count, Limit, counted, directory_limits
from tests.make import NOW

HALF_HOUR = timedelta(minutes=30)


def test_a_directory_that_locks_nobody_sets_no_limit() -> None:
    assert directory_limits(None, HALF_HOUR) is None


@pytest.mark.parametrize(
    ("locked_after", "first", "proven"),
    [(3, 1, 1), (4, 1, 2), (5, 2, 2), (6, 3, 2), (10, 7, 2), (50, 47, 2)],
)
def test_three_are_kept_back_and_never_all(locked_after: int, first: int, proven: int) -> None:
    limits = directory_limits(locked_after, HALF_HOUR)
    assert limits is not None
    assert (limits.first.run, limits.proven.run) == (first, proven)


@pytest.mark.parametrize("locked_after", range(4, 30))
def test_what_is_passed_on_stays_under_the_lock(locked_after: int) -> None:
    limits = directory_limits(locked_after, HALF_HOUR)
    assert limits is not None
    assert limits.first.run + limits.proven.run < locked_after


def test_nothing_is_passed_on_before_the_directory_has_forgotten() -> None:
    limits = directory_limits(10, timedelta(hours=2))
    assert limits is not None
    assert limits.first.stop == limits.proven.stop == timedelta(hours=2)
    short = directory_limits(10, timedelta(minutes=1))
    assert short is not None
    assert short.first.stop == timedelta(minutes=15)


def test_a_directory_that_never_forgets_is_never_asked_again_before_a_right_one() -> None:
    limits = directory_limits(5, None)
    assert limits is not None
    count = tries(limits.first, [NOW + timedelta(days=day) for day in range(10)])
    assert count == 2


@pytest.mark.parametrize("locked_after", [4, 6, 10])
def test_however_wrong_ones_are_spaced_the_directory_never_counts_to_its_lock(
    locked_after: int,
) -> None:
    """As the directory counts: a wrong one is forgotten when half an hour passed without another.

    The gaps are the minutes between tries, over and over; all from strangers, so none is right.
    """
    limits = directory_limits(locked_after, HALF_HOUR)
    assert limits is not None
    for gaps in product((1, 14, 29, 31), repeat=3):
        at, ours, theirs, last = NOW, None, 0, NOW
        for turn in range(60):
            at += timedelta(minutes=gaps[turn % len(gaps)])
            ours = counted(ours, limits.first, at)
            if ours.allowed:
                theirs = 1 if at - last >= HALF_HOUR else theirs + 1
                last = at
            assert theirs <= max(1, locked_after - 3)


def tries(limit: Limit, times: list[datetime]) -> int:
    """Count how many of these tries are passed on."""
    count: Count | None = None
    passed = 0
    for at in times:
        count = counted(count, limit, at)
        passed += count.allowed
    return passed
