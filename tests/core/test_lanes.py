"""A line in which known browsers keep a part."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.lanes import (
    HEAD_START,
    Lane,
    Line,
    come_back_after,
    lane_of,
    line_of,
    turn_of,
)

LINE = Line(places=6, kept=2, known=6)
SECONDS = st.integers(0, 5_000).map(lambda ms: ms / 1000)
PEOPLE = st.lists(st.tuples(st.sampled_from(Lane), SECONDS), max_size=40)
"""In which lane somebody stands, and when they came."""


@pytest.mark.parametrize(
    ("known", "other", "stranger", "known_browser"),
    [
        (0, 0, True, True),
        (0, 3, True, True),
        (0, 4, False, True),
        (1, 4, False, True),
        (2, 4, False, True),
        (5, 4, False, True),
        (3, 2, True, True),
        (4, 2, False, True),
        (6, 0, False, False),
        (6, 4, False, False),
    ],
)
def test_strangers_leave_the_kept_places_and_are_in_no_known_browsers_way(
    *, known: int, other: int, stranger: bool, known_browser: bool
) -> None:
    assert LINE.takes(Lane.OTHER, known=known, other=other) is stranger
    assert LINE.takes(Lane.KNOWN, known=known, other=other) is known_browser


def test_strangers_alone_never_keep_a_known_browser_out() -> None:
    for places, kept in product(range(1, 9), range(1, 4)):
        line = Line(places, min(kept, places), places)
        other = 0
        while line.takes(Lane.OTHER, known=0, other=other):
            other += 1
        assert other == max(0, places - kept)
        assert all(line.takes(Lane.KNOWN, known=known, other=other) for known in range(places))


def test_a_line_that_became_shorter_than_its_crowd_still_takes_known_browsers() -> None:
    assert LINE.takes(Lane.KNOWN, known=1, other=20)
    assert not LINE.takes(Lane.KNOWN, known=6, other=20)
    assert not LINE.takes(Lane.OTHER, known=0, other=20)


@pytest.mark.parametrize(
    ("apart", "line"),
    [
        (0.0, Line(66, 16, 66)),
        (0.0125, Line(66, 16, 66)),
        (0.025, Line(40, 10, 66)),
        (0.1, Line(10, 2, 20)),
        (2.5, Line(4, 1, 8)),
    ],
)
def test_f54_the_slower_the_machine_the_shorter_the_line(apart: float, line: Line) -> None:
    found = line_of(most=66, least=4, apart=apart, longest=1.0, share=4)
    assert found == line


def test_a_known_browser_has_its_own_lane() -> None:
    assert lane_of(known_browser=True) is Lane.KNOWN
    assert lane_of(known_browser=False) is Lane.OTHER


def test_f55_whoever_is_turned_away_comes_back_at_different_times() -> None:
    assert {come_back_after(2, drawn) for drawn in range(100)} == set(range(2, 9))


@given(PEOPLE)
def test_nobody_in_a_known_browser_waits_behind_a_stranger_who_came_less_than_a_second_before(
    people: list[tuple[Lane, float]],
) -> None:
    line = sorted(people, key=lambda each: turn_of(*each))
    for place, (lane, came) in enumerate(line):
        strangers = [at for other, at in line[:place] if other is Lane.OTHER]
        if lane is Lane.KNOWN:
            assert all(came - at >= HEAD_START for at in strangers)


@given(PEOPLE)
def test_within_a_lane_whoever_came_first_is_first(people: list[tuple[Lane, float]]) -> None:
    line = sorted(people, key=lambda each: turn_of(*each))
    for lane in Lane:
        came = [at for each, at in line if each is lane]
        assert came == sorted(came)


@given(PEOPLE, SECONDS)
def test_a_stranger_is_overtaken_for_a_second_and_no_longer(
    people: list[tuple[Lane, float]], came: float
) -> None:
    mine = turn_of(Lane.OTHER, came)
    ahead = [at for lane, at in people if turn_of(lane, at) < mine]
    assert all(at <= came + HEAD_START for at in ahead)


@given(st.integers(1, 12), st.integers(1, 30))
def test_strangers_are_served_in_time_though_known_browsers_fill_every_turn(
    places: int, each_takes: int
) -> None:
    """One at a time is served; as soon as one is, another in a known browser takes the place."""
    line = [(turn_of(Lane.KNOWN, 0.0), Lane.KNOWN)] * (places - 1)
    line.append((turn_of(Lane.OTHER, 0.0), Lane.OTHER))
    now = 0.0
    while True:
        line.sort(key=lambda each: each[0])
        if line.pop(0)[1] is Lane.OTHER:
            break
        now += each_takes / 100
        line.append((turn_of(Lane.KNOWN, now), Lane.KNOWN))
    assert now <= HEAD_START + (places + 1) * each_takes / 100


@given(st.lists(st.tuples(st.sampled_from(Lane), st.booleans()), max_size=80))
def test_whatever_happens_strangers_never_fill_the_kept_places(
    days: list[tuple[Lane, bool]],
) -> None:
    taken = dict.fromkeys(Lane, 0)
    for lane, comes in days:
        if not comes:
            taken[lane] = max(0, taken[lane] - 1)
        elif LINE.takes(lane, known=taken[Lane.KNOWN], other=taken[Lane.OTHER]):
            taken[lane] += 1
        assert taken[Lane.OTHER] <= LINE.places - LINE.kept
        assert taken[Lane.KNOWN] <= LINE.places
