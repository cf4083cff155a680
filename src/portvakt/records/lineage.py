"""Notices that PostgreSQL is another one than it was, and may have forgotten (F18).

PostgreSQL begins a new timeline whenever a standby is promoted and whenever an archive is replayed
to some moment (https://www.postgresql.org/docs/15/continuous-archiving.html, 26.3.5). Where commits
do not wait for a standby, the last of them are gone then: what was used in those seconds is unused
again. So everything that waited to be used once is made void, before anybody can use it.

Nothing is void where commits waited for a standby, as docs/operators/high-availability.md asks for.
"""

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import structlog

from portvakt.core.events import DatabaseReplaced
from portvakt.records.after_restore import AfterRestore
from portvakt.records.audit import Audit
from portvakt.records.driver import Mark, Run
from portvakt.records.errors import RecordsUnavailable
from portvakt.records.meta import Meta

if TYPE_CHECKING:
    import asyncpg

FACT: Final = "database"
"""In `unit.meta`: which server this is, and whether its commits wait for another."""
_MARKS: Final = 32
"""Acts of ours that are looked for: more than can be under way at once."""
_LOOK: Final = """
    SELECT CASE WHEN pg_is_in_recovery() THEN NULL
            ELSE (SELECT system_identifier FROM pg_control_system()) || '/' ||
                substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
        current_setting('synchronous_standby_names') <> ''
            AND current_setting('synchronous_commit') IN ('on', 'remote_apply', 'remote_write'),
        current_setting('transaction_read_only') = 'on'
"""
_HAS_META: Final = "SELECT to_regclass('meta') IS NOT NULL"
_NOW: Final = "SELECT clock_timestamp()"
_SOON: Final = "SET LOCAL synchronous_commit = local"

_log = structlog.get_logger("portvakt.records")
Void = Literal["nothing", "challenges", "printed codes"]
_EXTENT: Final[tuple[Void, ...]] = ("nothing", "challenges", "printed codes")


class Known(msgspec.Struct, frozen=True):
    """What is stored of the server."""

    line: str
    """Its system and its timeline."""
    kept_twice: bool
    """Whether a commit waits until a standby has it."""
    void: Void = "nothing"
    """What was made void when it became this one."""


class Lineage:
    """What one process knows of the server, and the newest of what it has committed there."""

    def __init__(self) -> None:
        self._seen: Known | None = None
        self._marks: deque[Mark] = deque(maxlen=_MARKS)

    def committed(self, mark: Mark | None) -> None:
        """Remember an act that the server has said is kept."""
        if mark is not None:
            self._marks.append(mark)

    async def look(self, connection: "asyncpg.Connection", run: Run) -> None:
        """See whether it is the server that it was, before anything else is asked of it.

        Where it is another one that may have forgotten, make void what it may have forgotten of.
        Raises RecordsUnavailable where that cannot be written, and whatever asyncpg raises.
        """
        line, kept_twice, read_only = await connection.fetchrow(_LOOK)
        seen = self._seen
        if line is None or (seen is not None and seen.line == line and read_only):
            return  # a standby, or a server that takes no writes for a while
        if seen is not None and (seen.line, seen.kept_twice) == (line, kept_twice):
            return
        if not await connection.fetchval(_HAS_META):
            return  # there is nothing to forget yet
        async with connection.transaction():
            found = await self._settled(
                connection, run, Known(line, kept_twice), read_only=read_only
            )
        if seen is not None and seen.line != line:
            self._marks.clear()
        self._seen = found

    async def _settled(
        self, connection: "asyncpg.Connection", run: Run, now: Known, *, read_only: bool
    ) -> Known:
        """Compare with what is stored, make void what must be, and store what is true now."""
        stored = await _stored(run)
        if stored is not None and (stored.line == now.line and read_only):
            return stored
        if read_only:
            raise RecordsUnavailable("PostgreSQL: it is another server, and takes no writes")
        await run.turn(f"meta:{FACT}")
        stored = await _stored(run)
        have: Void = stored.void if stored is not None and stored.line == now.line else "nothing"
        want = await self._to_void(run, stored, now)
        found = msgspec.structs.replace(now, void=max(have, want, key=_EXTENT.index))
        if stored is not None and found.void != have:
            await self._make_void(connection, run, stored, found)
        elif found != stored:
            await connection.execute(_SOON)  # a mark that need not wait for any standby
        if found != stored:
            await Meta(run).set(FACT, msgspec.json.encode(found).decode())
        return found

    async def _to_void(self, run: Run, stored: Known | None, now: Known) -> Void:
        seen = self._seen
        if seen is not None and seen.line != now.line and await self._has_forgotten(run):
            return "printed codes"
        if stored is None or stored.line == now.line:
            return "nothing"
        alone = not stored.kept_twice or (seen is not None and not seen.kept_twice)
        return "challenges" if alone else "nothing"

    async def _has_forgotten(self, run: Run) -> bool:
        """Say whether something of ours is gone that the server before had said is kept."""
        audit = Audit(run)
        return not all([await audit.holds(mark) for mark in self._marks])

    async def _make_void(
        self, connection: "asyncpg.Connection", run: Run, before: Known, now: Known
    ) -> None:
        at: datetime = (await connection.fetchval(_NOW)).astimezone(UTC)
        cards = await AfterRestore(run).void(at, cards=now.void == "printed codes")
        event = DatabaseReplaced(
            at=at, actor="records", before=before.line, now=now.line, void=now.void, cards=cards
        )
        await Audit(run).write(event)
        _log.error("database.replaced", before=before.line, now=now.line, void=now.void)


async def _stored(run: Run) -> Known | None:
    written = await Meta(run).get(FACT)
    return None if written is None else msgspec.json.decode(written, type=Known)
