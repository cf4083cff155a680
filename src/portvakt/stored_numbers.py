"""Numbers of the whole installation, read from the records when somebody asks for `/metrics`.

All of them in one act, and at most once in some seconds. They come from what every process writes,
so they also tell of `portvakt work`, which has no address of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from portvakt.metrics import Metrics, Numbers
from portvakt.proving.text_limits import TextLimits, room_now
from portvakt.records import Records, RecordsUnavailable, Unit
from portvakt.records.followed import followed

Clock = Callable[[], datetime]

KEPT: Final = 5.0
"""Seconds for which what was read is told again, however many ask."""
WITHIN: Final = 2.0
"""Seconds for reading it; a database that is slower is told of as away."""
CHANNELS: Final = ("sms", "mail", "wake", "sign_out")
TEXTS_OF: Final = timedelta(hours=1)
"""Texts that were asked for so lately are told of by gateway and prefix."""
RECEIPTED: Final = frozenset({"delivered", "undelivered"})
HANDED_OVER: Final = RECEIPTED | {"sent"}
NOT_SYNCED: Final = ("away", "service_account", "nobody", "brake")


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number: what it is called, what it means, by which labels."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What one question to the records tells. `measured` lists those that are asked."""

    gauges: tuple[Gauge, ...]
    read: Callable[[Unit, datetime], Awaitable[Sequence[Numbers]]]
    """Numbers for each of `gauges`, in their order. It is cheap whatever the tables hold."""


async def _outbox(unit: Unit, now: datetime) -> Sequence[Numbers]:
    counts: dict[tuple[str, ...], float] = {(each,): 0.0 for each in CHANNELS}
    ages = dict(counts)
    for channel, (count, oldest) in (await unit.outbox.waiting()).items():
        counts[channel,] = count
        ages[channel,] = max((now - oldest).total_seconds(), 0.0)
    return counts, ages


OUTBOX: Final = Reading(
    (
        Gauge("portvakt_outbox_messages", "Messages that wait to be sent.", ("channel",)),
        Gauge("portvakt_outbox_age_seconds", "Age of the oldest of them.", ("channel",)),
    ),
    _outbox,
)


async def _texts(unit: Unit, now: datetime) -> Sequence[Numbers]:
    counts: dict[tuple[str, ...], float] = {}
    handed: dict[tuple[str, ...], float] = {}
    receipts: dict[tuple[str, ...], float] = {}
    sums: dict[tuple[str, str], tuple[float, int, float, int]] = {}
    for each in await unit.message_log.figures(now - TEXTS_OF):
        place = (each.gateway, each.prefix)
        counts[*place, each.outcome] = each.count
        seconds, sent, waited, told = sums.get(place, (0.0, 0, 0.0, 0))
        sums[place] = (
            seconds + each.handed_over_after,
            sent + each.count * (each.outcome in HANDED_OVER),
            waited + each.receipt_after,
            told + each.count * (each.outcome in RECEIPTED),
        )
    for place, (seconds, sent, waited, told) in sums.items():
        if sent:
            handed[place] = seconds / sent
        if told:
            receipts[place] = waited / told
    return counts, handed, receipts


TEXTS: Final = Reading(
    (
        Gauge(
            "portvakt_texts_last_hour",
            "Texts that were asked for in the last hour, by what became of them.",
            ("gateway", "prefix", "outcome"),
        ),
        Gauge(
            "portvakt_text_handover_seconds",
            "Mean time from request to hand-over of the last hour's texts.",
            ("gateway", "prefix"),
        ),
        Gauge(
            "portvakt_text_receipt_seconds",
            "Mean time from hand-over to receipt of the last hour's texts.",
            ("gateway", "prefix"),
        ),
    ),
    _texts,
)


async def _sealer(unit: Unit, now: datetime) -> Sequence[Numbers]:
    return ({(): (await unit.audit.sealer_lag(now)).total_seconds()},)


SEALER: Final = Reading(
    (
        Gauge(
            "portvakt_audit_sealer_lag_seconds",
            "Age of the oldest event that the chain of the audit trail does not hold yet.",
        ),
    ),
    _sealer,
)


def day_of_texts(limits: TextLimits) -> Reading:
    """Tell how many texts were asked for today, and how many may be."""

    async def read(unit: Unit, now: datetime) -> Sequence[Numbers]:
        _, sent = await room_now(unit, limits, now)
        return {(): float(sent)}, {(): float(limits.per_day)}

    return Reading(
        (
            Gauge("portvakt_texts_today", "Text messages asked for since midnight."),
            Gauge("portvakt_texts_per_day", "How many may be: `[texts] per_day`."),
        ),
        read,
    )


def directories(names: Sequence[str]) -> Reading:
    """Tell how following each directory went, whichever process did it."""

    async def read(unit: Unit, now: datetime) -> Sequence[Numbers]:
        ages: dict[tuple[str, ...], float] = {}
        failed: dict[tuple[str, ...], float] = {}
        for name in names:
            known = await followed(unit, name)
            if known.well_at is not None:
                ages[name,] = max((now - known.well_at).total_seconds(), 0.0)
            failed |= {(name, why): float(known.failed == why) for why in NOT_SYNCED}
        return ages, failed

    return Reading(
        (
            Gauge(
                "portvakt_directory_age_seconds",
                "Time since the directory was last read to its end.",
                ("directory",),
            ),
            Gauge(
                "portvakt_directory_sync_failed",
                "1 where the last reading changed nothing, by why.",
                ("directory", "why"),
            ),
        ),
        read,
    )


async def _device_lists(unit: Unit, now: datetime) -> Sequence[Numbers]:
    ages: dict[tuple[str, ...], float] = {}
    overdue: dict[tuple[str, ...], float] = {}
    for each in await unit.revocation_lists.states():
        if each.read_at is not None:
            ages[each.place,] = max((now - each.read_at).total_seconds(), 0.0)
        overdue[each.place,] = float(each.overdue)
    return ages, overdue


DEVICE_LISTS: Final = Reading(
    (
        Gauge(
            "portvakt_device_list_age_seconds",
            "Time since a list of revoked device certificates was last read.",
            ("place",),
        ),
        Gauge(
            "portvakt_device_list_overdue",
            "1 where it counts no more: none of its issuer's devices is ours.",
            ("place",),
        ),
    ),
    _device_lists,
)


async def _break_glass(unit: Unit, now: datetime) -> Sequence[Numbers]:
    found = [each.stands for each in await unit.break_glass.all()]
    ready = sum(1 for each in found if each.is_ready())
    ages: dict[tuple[str, ...], float] = {
        (each.name,): each.untested(now).total_seconds() for each in found
    }
    return {(): float(ready)}, ages


BREAK_GLASS: Final = Reading(
    (
        Gauge("portvakt_break_glass_ready", "Break-glass accounts with both their keys."),
        Gauge(
            "portvakt_break_glass_untested_seconds",
            "Time since a break-glass account was tested, or made.",
            ("name",),
        ),
    ),
    _break_glass,
)


class StoredNumbers:
    """Keeps what was read last."""

    def __init__(self, records: Records, readings: Sequence[Reading], clock: Clock) -> None:
        """Read from `records`, which may be away."""
        self._records = records
        self._readings = tuple(readings)
        self._clock = clock
        self._until = 0.0
        self._known: Mapping[str, Numbers] | None = None

    def export(self, metrics: Metrics) -> None:
        """Have them told of. Without a database only that it is away."""
        for reading in self._readings:
            for each in reading.gauges:
                metrics.gauge_from(
                    each.name, each.meaning, self._teller(each.name), each.labels, shared=True
                )
        metrics.gauge_from(
            "portvakt_database_up",
            "Whether this process can use the database.",
            lambda: {(): float(self._known is not None)},
        )

    async def refresh(self) -> None:
        """Read them again, where it was long enough ago."""
        if monotonic() < self._until:
            return
        self._until = monotonic() + KEPT  # whoever comes meanwhile is told what was read before
        try:
            async with asyncio.timeout(WITHIN):
                self._known = await self._records.read(self._read)
        except (RecordsUnavailable, TimeoutError):
            self._known = None

    async def _read(self, unit: Unit) -> Mapping[str, Numbers]:
        found: dict[str, Numbers] = {}
        for reading in self._readings:
            numbers = await reading.read(unit, self._clock())
            found |= {each.name: those for each, those in zip(reading.gauges, numbers, strict=True)}
        return found

    def _teller(self, name: str) -> Callable[[], Numbers]:
        return lambda: {} if self._known is None else self._known[name]
