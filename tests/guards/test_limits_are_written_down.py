"""docs/operators/limits.md says what the code does (ASVS 6.1.1)."""

import re
from datetime import timedelta
from pathlib import Path

from portvakt.core import push_approval, sessions
from portvakt.core.throttle import LIMITS
from portvakt.proving import ask, text_limits
from portvakt.settings.structs import TextLimits

PAGE = (Path(__file__).parents[2] / "docs/operators/limits.md").read_text(encoding="utf-8")


def spoken(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


def test_every_count_stands_in_the_table_with_its_numbers() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| (\d+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE
    )
    written = {name: (int(run), stop, more) for name, run, stop, more in rows}
    assert set(written) == {kind.value for kind in LIMITS}
    for kind, limit in LIMITS.items():
        run, stop, more = written[kind.value]
        assert (run, stop) == (limit.run, spoken(limit.stop)), kind
        assert (f"{limit.per_day} a day" in more) == (limit.per_day is not None), kind
        assert (f"at {limit.disable_at} in a row" in more) == (limit.disable_at is not None), kind
        assert (f"{limit.most} in all" in more) == (limit.most is not None), kind


def test_the_limits_of_texts_are_the_ones_that_hold() -> None:
    words = " ".join(PAGE.split())
    assert f"one text in {int(ask.APART.total_seconds())} seconds" in words
    assert f"{ask.PER_HOUR} an hour and {ask.PER_DAY} a day per number" in words
    assert f"{ask.ACCOUNT_PER_HOUR} an hour per account" in words
    assert f"{ask.UNPROVEN_PER_HOUR} an hour and {ask.UNPROVEN_PER_DAY} a day per number" in words
    limits = TextLimits()
    assert f"| `per_day` | {limits.per_day} |" in words
    assert f"| `per_address` | {limits.per_address} |" in words
    assert f"| `per_address_inside` | {limits.per_address_inside} |" in words
    assert f"new numbers side by side in an hour | | {text_limits.PER_RANGE} |" in words
    assert (limits.per_day, limits.per_address, limits.per_address_inside) == (
        text_limits.TextLimits().per_day,
        text_limits.TextLimits().per_address,
        text_limits.TextLimits().per_address_inside,
    )


def test_the_limits_of_phones_are_the_ones_that_hold() -> None:
    words = " ".join(PAGE.split())
    lives, within = push_approval.LIVES, push_approval.FINISH_WITHIN
    assert f"lives {lives.total_seconds():.0f} seconds" in words
    assert f"within {within.total_seconds():.0f} seconds after the approval" in words
    numbers = {2: "Two", 5: "five", 10: "ten"}
    assert f"{numbers[push_approval.SIDE_BY_SIDE]} requests wait side by side" in words
    minutes = push_approval.PAIRING_LIVES // timedelta(minutes=1)
    assert f"A pairing code lives {numbers[minutes]} minutes" in words
    proves = push_approval.PROVES_WITHIN // timedelta(minutes=1)
    assert f"has {numbers[proves].lower()} minutes at least" in words
    assert f"{numbers[push_approval.SHORT_TRIES]} wrong short codes end it" in words
    assert f"room for {numbers[push_approval.MOST_PHONES]} phones" in words


def test_the_life_of_sessions_is_the_one_that_holds() -> None:
    for name, life in (
        ("ordinary", sessions.USER),
        ("of somebody with a role", sessions.PRIVILEGED),
        ("registration only", sessions.REGISTRATION),
    ):
        assert f"| {name} | {spoken(life.idle)} | {spoken(life.absolute)} |" in PAGE
    assert f"at most {spoken(sessions.SHARED_IDLE)} without an act" in " ".join(PAGE.split())
