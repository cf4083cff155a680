"""A line in which known browsers keep a part."""

from itertools import product

import pytest

from portvakt.core.lanes import Lane, Line, come_back_after, lane_of, line_of

LINE = Line(places=6, kept=2)


@pytest.mark.parametrize(
    ("known", "other", "stranger", "known_browser"),
    [
        (0, 0, True, True),
        (0, 3, True, True),
        (0, 4, False, True),
        (1, 4, False, True),
        (2, 4, False, False),
        (3, 2, True, True),
        (6, 0, False, False),
    ],
)
def test_strangers_leave_the_kept_places_and_nobody_gets_more_than_there_are(
    *, known: int, other: int, stranger: bool, known_browser: bool
) -> None:
    assert LINE.takes(Lane.OTHER, known=known, other=other) is stranger
    assert LINE.takes(Lane.KNOWN, known=known, other=other) is known_browser


def test_strangers_alone_never_keep_a_known_browser_out() -> None:
    for places, kept in product(range(1, 9), range(1, 4)):
        line = Line(places, min(kept, places))
        other = 0
        while line.takes(Lane.OTHER, known=0, other=other):
            other += 1
        assert line.takes(Lane.KNOWN, known=0, other=other)


def test_a_line_that_became_shorter_than_its_crowd_still_takes_known_browsers() -> None:
    assert LINE.takes(Lane.KNOWN, known=1, other=20)
    assert not LINE.takes(Lane.KNOWN, known=2, other=20)
    assert not LINE.takes(Lane.OTHER, known=0, other=20)


@pytest.mark.parametrize(
    ("seconds_each", "line"),
    [
        (0.0, Line(66, 16)),
        (0.025, Line(66, 16)),
        (0.05, Line(40, 10)),
        (0.2, Line(10, 2)),
        (5.0, Line(4, 1)),
    ],
)
def test_f54_the_slower_the_machine_the_shorter_the_line(seconds_each: float, line: Line) -> None:
    found = line_of(most=66, threads=2, seconds_each=seconds_each, longest=1.0, share=4)
    assert found == line


def test_a_known_browser_has_its_own_lane() -> None:
    assert lane_of(known_browser=True) is Lane.KNOWN
    assert lane_of(known_browser=False) is Lane.OTHER


def test_f55_whoever_is_turned_away_comes_back_at_different_times() -> None:
    assert {come_back_after(2, drawn) for drawn in range(100)} == set(range(2, 9))
