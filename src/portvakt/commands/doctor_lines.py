"""What `portvakt doctor` finds: a line for each thing, and what mends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

DAY: Final = timedelta(days=1)


class Level(StrEnum):
    """How bad it is. WRONG makes the command fail."""

    OK = "ok"
    WARN = "warn"
    """It works today."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at. `run` puts it right: a command, or what to change."""

    check: str
    level: Level
    said: str
    run: str = ""


def ok(check: str, said: str) -> Line:
    """Say that something is as it should be."""
    return Line(check, Level.OK, said)


def warn(check: str, said: str, run: str) -> Line:
    """Say that something works today."""
    return Line(check, Level.WARN, said, run)


def wrong(check: str, said: str, run: str) -> Line:
    """Say that something is broken."""
    return Line(check, Level.WRONG, said, run)


def last_day(check: str, ends: datetime, now: datetime, run: str) -> Line:
    """Judge the last day of a certificate: a month is time to renew it, none is too late."""
    left = ends - now
    said = f"the certificate holds until {ends:%Y-%m-%d %H:%M}Z"
    if left <= timedelta():
        return wrong(check, f"the certificate ended {ends:%Y-%m-%d %H:%M}Z", run)
    if left < 7 * DAY:
        return wrong(check, f"{said}: {left // DAY} days", run)
    return warn(check, f"{said}: {left // DAY} days", run) if left < 30 * DAY else ok(check, said)


def is_well(lines: Sequence[Line]) -> bool:
    """Say whether nothing is broken; warnings are not."""
    return all(each.level is not Level.WRONG for each in lines)
