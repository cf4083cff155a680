"""The chain over the audit trail: events that wait for their seal, and the batches they become.

An event is marked by its place in the chain, `seq`, and not by how far the numbers have come:
on PostgreSQL a transaction that ends late has a low number. What has no place waits, whoever was
first. Sealers take turns, and a batch takes its number in one conditional statement.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from portvakt.core.audit_chain import (
    START,
    Batch,
    ChainKeys,
    Entry,
    Removal,
    Tip,
    erased_digest,
    personal_digest,
    sealed,
)
from portvakt.records.driver import Row, Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, to_json

TURN: Final = "audit"
"""Who seals, erases or removes has this turn."""

# What is personal comes last, after what becomes of it.
ENTRY: Final = """
    id, at, name, actor, request_id, detail, seq, salt, erased, account_id, address, personal, trace
"""
_BATCH: Final = """
    number, first, count, latest_at, sealed_at, key_id, previous, macs, link
"""
_WAITING: Final = Statement(
    "SELECT {columns} FROM events WHERE seq IS NULL ORDER BY id LIMIT :most", columns=ENTRY
)
_ANY_WAITING: Final = Statement("SELECT 1 FROM events WHERE seq IS NULL ORDER BY id LIMIT 1")
_MARK: Final = Statement(
    """
    UPDATE events SET seq = places.seq FROM {records:places id BIGINT, seq BIGINT}
    WHERE events.id = places.id AND events.seq IS NULL
    """
)
_ADD_BATCH: Final = Statement(
    """
    INSERT INTO audit_batches (number, first, count, latest_at, sealed_at, key_id, previous, macs,
        link)
    SELECT CAST(:number AS BIGINT), CAST(:first AS BIGINT), CAST(:count AS INTEGER),
        CAST(:latest_at AS BIGINT), CAST(:sealed_at AS BIGINT), :key_id, :previous, :macs, :link
    WHERE :number = 1 + COALESCE((SELECT number FROM audit_batches ORDER BY number DESC LIMIT 1),
        (SELECT number FROM audit_removals ORDER BY number DESC LIMIT 1), 0)
    """
)
_TIP: Final = Statement(
    "SELECT number, first + count - 1, link FROM audit_batches ORDER BY number DESC LIMIT 1"
)
_SEALED_AT: Final = Statement("SELECT sealed_at FROM audit_batches ORDER BY number DESC LIMIT 1")
_REMOVAL: Final = Statement(
    """
    SELECT number, last, link, removed_at, key_id, mac FROM audit_removals
    ORDER BY number DESC LIMIT 1
    """
)
_BATCHES: Final = Statement(
    "SELECT {columns} FROM audit_batches WHERE number > :after ORDER BY number LIMIT :most",
    columns=_BATCH,
)
_ENTRIES: Final = Statement(
    "SELECT {columns} FROM events WHERE seq >= :seq ORDER BY seq LIMIT :most",
    columns=ENTRY,
)
_STRETCH: Final = Statement(
    """
    SELECT {columns} FROM events
    WHERE id > :after AND id <= :upto AND at >= :since AND at < :until ORDER BY id
    """,
    columns=ENTRY,
)
_BATCH_KINDS: Final = (int, int, int, int, int, str, bytes, bytes, bytes)


class StoredEntry(NamedTuple):
    """One event as it is stored, for the chain; texts as they are. `seq` is None while it waits."""

    id: int
    at: int
    name: str
    actor: str
    request_id: str | None
    detail: str
    seq: int | None
    salt: str | None
    erased: str | None
    account_id: str | None
    address: str | None
    personal: str | None
    trace: str | None

    def digest(self) -> bytes:
        """Return the digest of the personal part that is there."""
        return personal_digest(self.salt, *self[9:])

    def entry(self, keys: ChainKeys) -> Entry:
        """Return what the MAC is over.

        Beside a mark of erasure nothing personal may stand: no MAC would be over it.
        """
        if self.erased is None:
            digest = self.digest()
        elif any(each is not None for each in (self.salt, *self[9:])):
            digest = b""
        else:
            digest = erased_digest(keys, self.id, self.erased)
        return Entry(*self[:6], digest)


class AuditChain:
    """`unit.audit_chain`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def any_waiting(self) -> bool:
        """Say whether there is something to seal."""
        return await self._run.row(_ANY_WAITING) is not None

    async def waiting(self, most: int) -> list[StoredEntry]:
        """Read what waits for its seal, in the order in which it will get it."""
        return [StoredEntry._make(row) for row in await self._run.rows(_WAITING, most=most)]

    async def seal(self, keys: ChainKeys, now: datetime, most: int) -> Batch | None:
        """Seal at most so many events in one batch; None where nothing waits.

        What was erased before it was sealed, and not by us, is sealed as that: a walk finds it.
        """
        await self._run.turn(TURN)
        waiting = await self.waiting(most)
        if not waiting:
            return None
        entries = [each.entry(keys) for each in waiting]
        batch = sealed(keys, await self.tip(), entries, ms(now))
        await self._add(batch, entries)
        return batch

    async def _add(self, batch: Batch, entries: Sequence[Entry]) -> None:
        added = await self._run.changed(
            _ADD_BATCH,
            number=batch.number,
            first=batch.first,
            count=batch.count,
            latest_at=batch.latest_at,
            sealed_at=batch.sealed_at,
            key_id=batch.key_id,
            previous=batch.previous,
            macs=batch.macs,
            link=batch.link,
        )
        places = [
            {"id": entry.id, "seq": seq} for seq, entry in enumerate(entries, start=batch.first)
        ]
        marked = await self._run.changed(_MARK, places=to_json(places))
        if (added, marked) != (1, batch.count):
            raise AssertionError("two sealers had the same turn")

    async def tip(self) -> Tip:
        """Read where the chain ends."""
        row = await self._run.row(_TIP)
        if row is not None:
            return Tip(*row)
        mark = await self.removal()
        return START if mark is None else mark.tip

    async def sealed_at(self) -> datetime | None:
        """Read when the newest batch was sealed; None where there is none."""
        row = await self._run.row(_SEALED_AT)
        return None if row is None else instant(row[0])

    async def removal(self) -> Removal | None:
        """Read the newest mark that the beginning was removed."""
        row = await self._run.row(_REMOVAL)
        if row is None:
            return None
        if not _is(row, int, int, bytes, int, str, bytes):
            return Removal(tip=START, removed_at=0, key_id="", mac=b"")
        return Removal(tip=Tip(*row[:3]), removed_at=row[3], key_id=row[4], mac=row[5])

    async def batches(self, after: int, most: int) -> list[Batch]:
        """Read batches in order, from the one after that number."""
        return [_batch(row) for row in await self._run.rows(_BATCHES, after=after, most=most)]

    async def entries(self, seq: int, most: int) -> list[StoredEntry]:
        """Read sealed events in the order of the chain, from that place on."""
        rows = await self._run.rows(_ENTRIES, seq=seq, most=most)
        return [StoredEntry._make(row) for row in rows]

    async def stretch(self, after: int, upto: int, since: int, until: int) -> list[StoredEntry]:
        """Read events by their ids, those that happened from `since` (ms) to before `until`."""
        rows = await self._run.rows(_STRETCH, after=after, upto=upto, since=since, until=until)
        return [StoredEntry._make(row) for row in rows]


def _batch(row: Row) -> Batch:
    """Read a batch; one with something else in it than we put there counts no events."""
    if not _is(row, *_BATCH_KINDS):
        row = (row[0] if isinstance(row[0], int) else 0, 0, 0, 0, 0, "", b"", b"", b"")
    return Batch(
        number=row[0],
        first=row[1],
        count=row[2],
        latest_at=row[3],
        sealed_at=row[4],
        key_id=row[5],
        previous=row[6],
        macs=row[7],
        link=row[8],
    )


def _is(row: Row, *kinds: type) -> bool:
    """Say whether every column holds its kind of value: SQLite lets anything stand anywhere."""
    return all(map(isinstance, row, kinds))
