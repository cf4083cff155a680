"""Walks through the stored audit trail and says what is wrong with it first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from portvakt.core.audit_chain import Batch, ChainKeys, Removal, Tip
from portvakt.core.audit_walk import Walk, Wrong
from portvakt.records import Records
from portvakt.records.audit_chain import StoredEntry

BATCHES: Final = 100
ENTRIES: Final = 1_000
"""How many are read at a time: with the MACs in a batch, some megabytes."""
_LEAST: Final = -(2**63)
"""The least that a column of numbers holds."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a walk found."""

    wrong: Wrong | None
    tip: Tip
    """How far the chain was right."""
    removed: int
    """Events that were removed from the beginning, by us."""


async def check(
    records: Records,
    keys: ChainKeys,
    heads: Mapping[int, Tip],
    progress: Callable[[int, int], None],
) -> Checked:
    """Walk from the beginning to the end, or to the first thing that is wrong.

    A trail that is being written to may be walked, too: what is removed from its beginning
    meanwhile makes the walk begin again.
    """
    removal = await records.read(lambda unit: unit.audit_chain.removal())
    while True:
        stored = _Stored(records, removal)
        checked = await _walk(stored, Walk(keys, removal, heads), keys, progress)
        before, removal = removal, await records.read(lambda unit: unit.audit_chain.removal())
        if checked.wrong is None or removal == before:
            return checked


class _Stored:
    """Batches and sealed events in the order of the chain, read a few at a time."""

    def __init__(self, records: Records, removal: Removal | None) -> None:
        self._records = records
        self.removed = 0 if removal is None else removal.tip.last
        self._number = _LEAST  # nothing hides before the beginning
        self._seq = _LEAST
        self._there: set[int] = set()  # the ids of those taken that have this place
        self._batches: list[Batch] = []
        self._entries: list[StoredEntry] = []

    async def end(self) -> int:
        """Read how many events there have been in all."""
        tip: Tip = await self._records.read(lambda unit: unit.audit_chain.tip())
        return tip.last

    async def batch(self) -> Batch | None:
        """Take the next batch; None where there is none, for now."""
        if not self._batches:
            after = self._number
            found = await self._records.read(lambda unit: unit.audit_chain.batches(after, BATCHES))
            self._batches = found[::-1]
        if not self._batches:
            return None
        batch = self._batches.pop()
        self._number = batch.number
        return batch

    async def entry(self) -> StoredEntry | None:
        """Look at the next event, which stays the next one until it is taken."""
        if not self._entries:
            seq = self._seq
            found = await self._records.read(lambda unit: unit.audit_chain.entries(seq, ENTRIES))
            # Two in one place, which the database's own index forbids, may part at a page's end.
            self._entries = [each for each in reversed(found) if each.id not in self._there]
        return self._entries[-1] if self._entries else None

    def take(self) -> None:
        """Take the event that was looked at."""
        entry = self._entries.pop()
        seq = _place(entry)
        self._there = {entry.id} | (self._there if seq == self._seq else set())
        self._seq = seq


async def _walk(
    stored: _Stored, walk: Walk, keys: ChainKeys, progress: Callable[[int, int], None]
) -> Checked:
    wrong, of = walk.begin(), await stored.end()
    while wrong is None:
        batch = await stored.batch()
        if batch is None:
            entry = await stored.entry()
            batch = None if entry is None else await stored.batch()  # it was sealed a moment ago
            if batch is None:
                wrong = walk.end() if entry is None else walk.beyond(_place(entry), entry.id)
                break
        wrong = walk.batch(batch) or await _fill(stored, walk, keys)
        progress(walk.tip.last - stored.removed, of - stored.removed)
    return Checked(wrong, walk.tip, stored.removed)


async def _fill(stored: _Stored, walk: Walk, keys: ChainKeys) -> Wrong | None:
    """Take the events of one batch."""
    while (entry := await stored.entry()) is not None:
        seq = _place(entry)
        if seq > walk.tip.last:
            break
        wrong = walk.entry(seq, entry.entry(keys))
        if wrong is not None:
            return wrong
        stored.take()
    return walk.filled()


def _place(entry: StoredEntry) -> int:
    """Return an event's place; what is no number, which SQLite lets stand there, is no place."""
    return entry.seq if isinstance(entry.seq, int) else -_LEAST
