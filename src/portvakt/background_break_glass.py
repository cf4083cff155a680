"""Reminds those in charge to test break-glass accounts, before the day on which one is needed.

Any process may look, and one reminds: with an event, a line in the log and a mail, once a week
until somebody has run `portvakt break-glass tested`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from portvakt.core.break_glass import REMIND_EVERY
from portvakt.core.events import BreakGlassUntested
from portvakt.crypto.sealing import Sealer
from portvakt.proving.break_glass import tell_those_in_charge
from portvakt.proving.notices import Notices
from portvakt.records import Records, Unit
from portvakt.records.break_glass import Kept
from portvakt.settings import Settings
from portvakt.telling_people import notices_of

LOOKS_EVERY: Final = 600.0
"""Seconds between two looks."""
_BY_WORKER: Final = "worker"
_DAY: Final = timedelta(days=1)

_log = structlog.get_logger("portvakt.break_glass")


class DrillWatch:
    """Looks at when each account was tested."""

    def __init__(
        self, *, records: Records, notices: Notices, clock: Callable[[], datetime]
    ) -> None:
        self._records = records
        self._notices = notices
        self._clock = clock

    async def step(self) -> None:
        """Look, then wait a while."""
        await self.look()
        await asyncio.sleep(LOOKS_EVERY)

    async def look(self) -> None:
        """Remind of what is overdue."""
        now = self._clock()
        for each in await self._records.read(lambda unit: unit.break_glass.all()):
            overdue = each.stands.is_ready() and each.stands.is_overdue(now)
            if overdue and await self._records.write(
                lambda unit, kept=each: self._remind(unit, kept, now)
            ):
                _log.warning("break_glass.untested", called=each.stands.name)

    async def _remind(self, unit: Unit, kept: Kept, now: datetime) -> bool:
        if not await unit.break_glass.remind(kept.id, now, now - REMIND_EVERY):
            return False
        name, days = kept.stands.name, kept.stands.untested(now) // _DAY
        await unit.audit.write(
            BreakGlassUntested(at=now, account_id=kept.id, actor=_BY_WORKER, called=name, days=days)
        )
        await tell_those_in_charge(
            unit, self._notices, "break_glass_untested", now, name=name, days=days
        )
        return True


def watching_tests(
    settings: Settings, records: Records, sealer: Sealer, clock: Callable[[], datetime]
) -> Callable[[], Awaitable[None]]:
    """Return the step that looks."""
    return DrillWatch(records=records, notices=notices_of(settings, sealer), clock=clock).step
