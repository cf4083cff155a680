"""Follows the directories in the background: each when it is time, one process at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import Sealer
from portvakt.journeys.sync_people.follow import Failed, Follow, NotNow, Outcome, Synced
from portvakt.known_directories import directories, orders
from portvakt.records import Records
from portvakt.records.followed import followed
from portvakt.settings import Settings
from portvakt.settings.structs import span
from portvakt.telling_people import notices_of

if TYPE_CHECKING:
    from portvakt.directories import Directory

_log = structlog.get_logger("portvakt.sync")

LOOKS_EVERY: Final = 5.0
"""Seconds between two looks at whether it is time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One directory."""

    directory: "Directory"
    every: timedelta
    passwords: bool
    settings: Settings
    follow: Follow

    async def step(self) -> None:
        """Follow it where it is time, then wait a moment."""
        now, name = self.follow.clock(), self.directory.name
        known = await self.follow.records.read(lambda unit: followed(unit, name))
        if known.is_due(now, self.every) and not known.is_held(now):
            how = orders(self.settings, now, passwords=self.passwords)
            outcome = await self.follow.run(
                self.directory,
                how,
                progress=lambda _done, _of: None,
                look=lambda _changes: None,
                every=self.every,
            )
            _note(name, outcome)
        await asyncio.sleep(LOOKS_EVERY)


def _note(name: str, outcome: Outcome) -> None:
    """Write to the log how a run went."""
    match outcome:
        case Synced(report=report, whole=whole):
            counts = {key: count for key, count in report.counts().items() if count}
            stopped = report.brake is not None
            log = _log.error if stopped else _log.info
            log("sync.stopped" if stopped else "sync.done", directory=name, whole=whole, **counts)
        case Failed(kind, said):
            _log.error("sync.failed", directory=name, kind=kind, said=said)
        case NotNow():
            return


@asynccontextmanager
async def following(
    settings: Settings, records: Records, sealer: Sealer, clock: Callable[[], datetime]
) -> AsyncIterator[Sequence[Callable[[], Awaitable[None]]]]:
    """Open the directories, and give the steps that follow them. Raises `AdapterSettingsError`."""
    random = SystemRandom()
    notices = notices_of(settings, sealer, random=random)
    follow = Follow(records=records, random=random, notices=notices, clock=clock)
    async with directories(settings) as known:
        yield [
            _Job(
                directory=known[each.name],
                every=span(each.sync_every),
                passwords=each.passwords,
                settings=settings,
                follow=follow,
            ).step
            for each in settings.directories
        ]
