"""Seals the audit trail in the background, tells its head to the world outside, and keeps it small.

One process at a time seals (`records/audit_chain.py`). Every process that works tells the head:
whoever can change the database cannot change what was told, so a trail that was cut off is found.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from portvakt.core import audit_heads
from portvakt.core.audit_chain import START, ChainKeys, Tip
from portvakt.core.audit_heads import HEAD
from portvakt.core.events import TrailCutOff, TrailKept
from portvakt.crypto.sealing import MasterKeys
from portvakt.records import Records, RecordsUnavailable, Unit
from portvakt.settings import Settings

SEALS_EVERY: Final = 0.5
"""Seconds between two looks at whether something waits for its seal."""
BATCH: Final = 1_000
"""Events in one batch at most: what one act can seal without anybody noticing."""
HEAD_EVERY: Final = 600.0
"""Seconds between two heads; a trail that was cut off is found within 15 minutes (R28)."""
LOOKS_EVERY: Final = 30.0
"""Seconds between two looks at whether the trail was cut off."""
KEEPS_EVERY: Final = 3600.0
"""Seconds between two looks at what is old enough to go."""

FAREWELL: Final = 5.0
"""Seconds that the last seal and the last head get when the process is told to stop."""

_log = structlog.get_logger("portvakt.audit")


def chain_keys(keys: MasterKeys) -> ChainKeys:
    """Derive the chain's key from every line of the master key file."""
    known = keys.now()
    by_id = {key_id: known.derive("audit", key_id) for key_id in known.keys}
    return ChainKeys(known.current, by_id)


class Trail:
    """Seals, tells and keeps. Its methods are steps that the worker takes again and again."""

    def __init__(
        self,
        *,
        records: Records,
        keys: MasterKeys,
        clock: Callable[[], datetime],
        settings: Settings,
    ) -> None:
        self._records = records
        self._keys = keys
        self._clock = clock
        audit = settings.audit
        self._file = None if audit.head_file is None else Path(audit.head_file)
        self._keep_personal = timedelta(days=audit.personal_days)
        self._keep_events = timedelta(days=audit.keep_days)
        self._known: Tip | None = None

    async def seal_step(self) -> None:
        """Seal what waits, then wait a moment."""
        await self.seal()
        await asyncio.sleep(SEALS_EVERY)

    async def seal(self) -> None:
        """Seal everything that waits."""
        while await self._records.read(lambda unit: unit.audit_chain.any_waiting()):
            await self._records.write(self._seal_some)

    async def _seal_some(self, unit: Unit) -> None:
        await unit.audit_chain.seal(chain_keys(self._keys), self._clock(), BATCH)

    async def head_step(self) -> None:
        """Tell the head, then wait for the next time."""
        await self.tell_head()
        await asyncio.sleep(HEAD_EVERY)

    async def tell_head(self) -> None:
        """Write where the trail ends to the file of the settings, or else to the log."""
        tip = await self._records.read(lambda unit: unit.audit_chain.tip())
        if self._file is not None:
            try:
                await asyncio.to_thread(_append, self._file, audit_heads.line(tip, self._clock()))
            except OSError as error:
                _log.error("audit.head_not_written", file=str(self._file), why=error.strerror)
            else:
                return
        _log.info(HEAD, **audit_heads.told(tip))

    async def look_step(self) -> None:
        """See whether the trail still has the end that it had, then wait a moment."""
        await self.look()
        await asyncio.sleep(LOOKS_EVERY)

    async def look(self) -> None:
        """Raise the alarm where the trail ends before where it had been, or went on otherwise."""
        known = self._known
        if known is None and self._file is not None:
            known = await asyncio.to_thread(_last_told, self._file)
        tip, still = await self._records.read(lambda unit: _standing(unit, known))
        if still or known is None:
            self._known = tip
            return
        _log.error("audit.cut_off", known=known.last, found=tip.last)
        event = TrailCutOff(at=self._clock(), actor="worker", known=known.last, found=tip.last)
        await self._records.write(lambda unit: unit.audit.write(event))
        self._known = tip  # told: from here on it counts from what is there

    async def keep_step(self) -> None:
        """Erase and remove what is old enough, then wait for the next time."""
        erased, removed = await self.keep()
        if erased or removed:
            _log.info("audit.kept", erased=erased, removed=removed)
        await asyncio.sleep(KEEPS_EVERY)

    async def keep(self, actor: str = "worker") -> tuple[int, int]:
        """Erase and remove what is older than the settings keep; return how many events."""
        erased = removed = 0
        while (gone := await self._records.write(partial(self._remove_some, actor))) is not None:
            removed += gone
        while (gone := await self._records.write(partial(self._erase_some, actor))) is not None:
            erased += gone
        return erased, removed

    async def _remove_some(self, actor: str, unit: Unit) -> int | None:
        now = self._clock()
        before = now - self._keep_events
        gone = await unit.audit_keeping.remove_old(chain_keys(self._keys), before, now)
        if gone:
            await unit.audit.write(TrailKept(at=now, actor=actor, erased=0, removed=gone))
        return gone

    async def _erase_some(self, actor: str, unit: Unit) -> int | None:
        now = self._clock()
        before = now - self._keep_personal
        gone = await unit.audit_keeping.erase_old(chain_keys(self._keys), before)
        if gone:
            await unit.audit.write(TrailKept(at=now, actor=actor, erased=gone, removed=0))
        return gone

    async def close(self) -> None:
        """Seal what is left and tell the head, as far as that can be done in a moment."""
        try:
            async with asyncio.timeout(FAREWELL):
                await self.seal()
                await self.tell_head()
        except (RecordsUnavailable, TimeoutError) as error:
            _log.warning("audit.left_unsealed", why=str(error) or type(error).__name__)


@asynccontextmanager
async def auditing(
    settings: Settings, records: Records, keys: MasterKeys, clock: Callable[[], datetime]
) -> AsyncIterator[Sequence[Callable[[], Awaitable[None]]]]:
    """Give the steps that look after the trail; at the end its head is told once more."""
    trail = Trail(records=records, keys=keys, clock=clock, settings=settings)
    try:
        yield [trail.seal_step, trail.head_step, trail.look_step, trail.keep_step]
    finally:
        await trail.close()


def read_heads(file: Path) -> dict[int, Tip]:
    """Read the heads in a file of ours or of logs, none where there is no file.

    Raises ValueError where it contradicts itself, OSError where it cannot be read.
    """
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return audit_heads.heads(lines)
    except FileNotFoundError:
        return {}


def _last_told(file: Path) -> Tip | None:
    """Return the furthest head of a file; None where there is none that can be read."""
    try:
        known = read_heads(file)
    except (OSError, ValueError) as error:
        _log.error("audit.heads_unreadable", file=str(file), why=str(error))
        return None
    return known[max(known)] if known else None


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{line}\n")
        lines.flush()
        os.fsync(lines.fileno())


async def _standing(unit: Unit, known: Tip | None) -> tuple[Tip, bool]:
    """Read where the trail ends, and say whether what was known of it still holds."""
    tip = await unit.audit_chain.tip()
    if known is None or known in {tip, START}:
        return tip, True
    (found,) = await unit.audit_chain.batches(known.number - 1, 1) or (None,)
    if found is not None and found.number == known.number:
        return tip, found.tip == known
    mark = await unit.audit_chain.removal()
    return tip, mark is not None and mark.tip.number >= known.number
