"""Limits on texts over everybody: the day, prefixes, ranges and client addresses.

Each is counted in the act that puts the text, with the turn for what it counts, so that it holds
over all processes however many ask at once. Where the day's texts are far from used up the count
of a second ago does: no second could use up the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from portvakt.core.authenticators import is_work_phone, usable_second_factors
from portvakt.core.event import Event
from portvakt.core.service_events import TextsStopped
from portvakt.core.text_budget import Counted, Room, began, is_only_way, may_send, room
from portvakt.proving.visit import Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NEW_NUMBER = "bind"
"""The purpose of a text to a number that nobody has proved yet."""
RANGE_DIGITS = 4
"""Numbers that differ in these last digits only lie side by side."""
PER_RANGE = 30
"""New numbers side by side that get a text in an hour, work phones apart. People's own numbers lie
scattered; numbers side by side are bought in a row, to be paid for what is sent to them."""

LOOKED_BACK = timedelta(minutes=10)
TRIED = 5
"""A gateway is in trouble where none of so many texts was taken, or of three if there are no
more."""
_FEW = 3
_MANY = 10_000
_FRESH = timedelta(seconds=1)
_HOUR = timedelta(hours=1)

Why = Literal["pace", "day"]
"""Why no text was sent: too many close together, or too few left of the day's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLimits:
    """What the settings allow. `per_prefix` is a day's texts for numbers that begin so."""

    per_day: int = 20_000
    per_prefix: Mapping[str, int] = field(default_factory=dict)
    per_address: int = 30
    per_address_inside: int = 600
    zone: tzinfo = STOCKHOLM


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A text that somebody asks for; `proven` says that a password was shown first."""

    number: str
    purpose: str
    standing: Standing
    visit: Visit
    proven: bool


@dataclass(frozen=True, slots=True)
class NotYet:
    """No code was sent, because of a limit; `at` is when one can be."""

    at: datetime
    why: Why = "pace"


class TextLimiter:
    """Holds texts back. One for a process."""

    def __init__(self, limits: TextLimits) -> None:
        self.limits = limits
        self._known: tuple[datetime, Counted] | None = None

    async def held(self, unit: Unit, wanted: Wanted) -> NotYet | None:
        """Say what holds a text back, or None; then the caller puts it in this same act."""
        now = wanted.visit.now
        limit = await self._crowded(unit, wanted)
        if limit is not None:
            return limit
        counted = await self._counted(unit, now)
        second = usable_second_factors(wanted.standing.authenticators, now)
        allowed = may_send(
            counted,
            self.limits.per_day,
            only_way=is_only_way(second),
            unproven=not wanted.proven,
        )
        return None if allowed else NotYet(self._tomorrow(now), "day")

    async def _crowded(self, unit: Unit, wanted: Wanted) -> NotYet | None:
        """Hold back what goes to a prefix or range that has had enough; alarm with the last."""
        now, alarms = wanted.visit.now, list[Event]()
        for prefix, most in sorted(self.limits.per_prefix.items()):
            if not wanted.number.startswith(prefix):
                continue
            sent = await unit.text_counts.to_prefix(prefix, began(now, self.limits.zone))
            if sent >= most:
                return NotYet(self._tomorrow(now), "day")
            if sent + 1 == most:
                alarms.append(_stopped(wanted.visit, "prefix"))
        if wanted.purpose == NEW_NUMBER and not _is_own_work_phone(wanted):
            start = wanted.number[:-RANGE_DIGITS]
            others = await unit.text_counts.others_in_range(
                wanted.number, start, NEW_NUMBER, now - _HOUR
            )
            if others >= PER_RANGE:
                return NotYet(now + _HOUR)
            if others + 1 == PER_RANGE:
                alarms.append(_stopped(wanted.visit, "range"))
        await unit.audit.write_many(alarms)
        return None

    async def _counted(self, unit: Unit, now: datetime) -> Counted:
        """Count the day's texts; near a limit nobody else does so until this act ends."""
        start = began(now, self.limits.zone)
        if self._known is not None:
            at, counted = self._known
            if timedelta() <= now - at < _FRESH and at >= start:
                return counted
        counted = await unit.text_counts.since(start)
        if self._is_far(counted):
            self._known = (now, counted)
            return counted
        self._known = None
        await unit.text_counts.in_turn()
        return await unit.text_counts.since(start)

    def _is_far(self, counted: Counted) -> bool:
        """Say that half of each share is left, and that this is more than a second can take."""
        per_day = self.limits.per_day
        return per_day >= _MANY and max(counted.all, counted.unproven * 5) * 2 < per_day

    def _tomorrow(self, now: datetime) -> datetime:
        """Return when the next day begins; a day has 23 hours at least and 25 at most."""
        start = began(now, self.limits.zone)
        return began(start + timedelta(hours=26), self.limits.zone)


async def room_now(unit: Unit, limits: TextLimits, now: datetime) -> tuple[Room, int]:
    """Say how much room there is for texts, and how many left today.

    Where no gateway takes what is handed to it other ways are asked for first, too (F39).
    """
    counted = await unit.text_counts.since(began(now, limits.zone))
    left = room(counted.all, limits.per_day)
    if left is Room.PLENTY and await not_taken(unit, now):
        left = Room.SCARCE
    return left, counted.all


async def not_taken(unit: Unit, now: datetime) -> int:
    """Say how many texts in a row no gateway took; nought while some are taken, or few tried."""
    taken = await unit.text_counts.taken(now - LOOKED_BACK, TRIED)
    return 0 if len(taken) < _FEW or any(taken) else len(taken)


def address_stopped(visit: Visit) -> TextsStopped:
    """Tell that an address has now asked for as many texts as it may."""
    return _stopped(visit, "address")


def _stopped(visit: Visit, limit: str) -> TextsStopped:
    return TextsStopped(**said(visit, None), limit=limit)


def _is_own_work_phone(wanted: Wanted) -> bool:
    """Say whether the employer has registered this number for this person."""
    return any(
        each.detail == wanted.number and is_work_phone(each)
        for each in wanted.standing.authenticators
    )
