"""Dates and times as people here say them."""

from datetime import UTC, datetime

import pytest

from portvakt.web.words import clock, day, dialled, moment

WINTER = datetime(2026, 11, 22, 11, 3, 4, tzinfo=UTC)
SUMMER = datetime(2026, 6, 6, 22, 30, 0, tzinfo=UTC)


def test_times_are_those_of_the_clock_on_the_wall() -> None:
    assert clock(WINTER) == "12:03"
    assert clock(WINTER, seconds=True) == "12:03:04"
    assert clock(SUMMER) == "00:30"


def test_dates_are_in_words() -> None:
    assert day(SUMMER, "sv") == "7 juni 2026"
    assert day(SUMMER, "en") == "7 June 2026"
    assert moment(WINTER, "sv") == "22 november 2026 kl. 12:03"
    assert moment(WINTER, "en") == "22 November 2026 at 12:03"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        clock(datetime(2026, 1, 1))  # noqa: DTZ001 (that is the point)


@pytest.mark.parametrize(
    ("written", "number"),
    [("026-15 40 00", "026154000"), ("+46 26 15 40 00", "+4626154000"), ("", "")],
)
def test_a_number_can_be_dialled(written: str, number: str) -> None:
    assert dialled(written) == number
