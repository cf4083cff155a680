"""Going along the chain of the audit trail, from its beginning, to the first thing that is wrong.

A walk is given batches in their order, and within each batch the events that bear its places. It
holds one batch at a time, however long the trail is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portvakt.core.audit_chain import (
    MAC_BYTES,
    START,
    Batch,
    ChainKeys,
    Entry,
    Removal,
    Tip,
    entry_mac,
    is_linked,
    is_ours,
)


class Fault(StrEnum):
    """What may be wrong with a trail."""

    CHANGED = "changed"
    """An event is not what was sealed."""
    MOVED = "moved"
    """An event that was sealed in another place of its batch."""
    MISSING = "missing"
    """No event has this place."""
    EXTRA = "extra"
    """An event in a place that was never sealed, or that another one has."""
    ERASED = "erased"
    """The personal part of an event was erased, and not by us."""
    BATCH_CHANGED = "batch_changed"
    """A batch is not what we linked."""
    BATCH_MISSING = "batch_missing"
    """There is no batch of this number."""
    BEGINNING_GONE = "beginning_gone"
    """The mark that the beginning was removed was not made by us."""
    CUT_OFF = "cut_off"
    """The trail ends before a place where it is known to have been."""
    OTHER_HEAD = "other_head"
    """A batch is not the one that is known to have had this number."""
    UNKNOWN_KEY = "unknown_key"
    """The master key file does not hold the key that sealed a batch."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """The first thing that is wrong."""

    fault: Fault
    batch: int
    seq: int | None = None
    """The place in the trail."""
    event: int | None = None
    """The id of the event in that place."""
    more: str = ""
    """The place where it was sealed, or the name of the key."""


class Walk:
    """One walk. Each step returns what is wrong with it, and is the last where something is."""

    def __init__(self, keys: ChainKeys, removal: Removal | None, heads: Mapping[int, Tip]) -> None:
        """Begin after what was removed; `heads` are tips known from elsewhere, by their number."""
        self._keys = keys
        self._removal = removal
        self._heads = heads
        self._key = b""
        self._batch: Batch | None = None
        self._seq = 0
        self.tip = START
        """How far the chain was right."""

    def begin(self) -> Wrong | None:
        """Look at the mark with which the beginning was removed."""
        if self._removal is None:
            return None
        self.tip = self._removal.tip
        if not is_ours(self._keys, self._removal):
            return Wrong(Fault.BEGINNING_GONE, self.tip.number)
        return self._against_head()

    def batch(self, batch: Batch) -> Wrong | None:
        """Take the next batch; the events of the one before have all been taken."""
        expected = self.tip.number + 1
        if batch.number != expected:
            return Wrong(Fault.BATCH_MISSING, expected)
        key = self._keys.by_id.get(batch.key_id)
        if key is None:
            return Wrong(Fault.UNKNOWN_KEY, expected, more=batch.key_id)
        follows = batch.first == self.tip.last + 1 and batch.previous == self.tip.link
        whole = batch.count > 0 and len(batch.macs) == MAC_BYTES * batch.count
        if not (follows and whole and is_linked(key, batch)):
            return Wrong(Fault.BATCH_CHANGED, expected)
        self._key, self._batch, self._seq = key, batch, batch.first
        self.tip = batch.tip
        return self._against_head()

    def entry(self, seq: int, entry: Entry) -> Wrong | None:
        """Take the next event, whose place is not after those of the batch."""
        batch, expected = self._current(), self._seq
        if seq < expected:
            return Wrong(Fault.EXTRA, batch.number, seq, entry.id)
        if seq > expected:
            return Wrong(Fault.MISSING, batch.number, expected)
        if not entry.digest:
            return Wrong(Fault.ERASED, batch.number, seq, entry.id)
        if entry_mac(self._key, seq, entry) != batch.mac(seq):
            return self._differs(batch, seq, entry)
        self._seq = seq + 1
        return None

    def filled(self) -> Wrong | None:
        """Say that the batch has no more events."""
        batch = self._current()
        if self._seq > self.tip.last:
            return None
        return Wrong(Fault.MISSING, batch.number, self._seq)

    def beyond(self, seq: int, event: int) -> Wrong:
        """Say that there are no more batches, and an event that has a place after them."""
        return self.end() or Wrong(Fault.EXTRA, self.tip.number, seq, event)

    def end(self) -> Wrong | None:
        """Say that there are no more batches."""
        beyond = [number for number in self._heads if number > self.tip.number]
        if not beyond:
            return None
        head = self._heads[max(beyond)]
        return Wrong(Fault.CUT_OFF, head.number, head.last)

    def _differs(self, batch: Batch, seq: int, entry: Entry) -> Wrong:
        """Find out whether an event that is wrong here is right somewhere else in its batch."""
        for other in range(batch.first, self.tip.last + 1):
            if entry_mac(self._key, other, entry) == batch.mac(other):
                return Wrong(Fault.MOVED, batch.number, seq, entry.id, str(other))
        return Wrong(Fault.CHANGED, batch.number, seq, entry.id)

    def _against_head(self) -> Wrong | None:
        head = self._heads.get(self.tip.number)
        if head is None or head == self.tip:
            return None
        return Wrong(Fault.OTHER_HEAD, self.tip.number)

    def _current(self) -> Batch:
        if self._batch is None:
            raise AssertionError("events come after their batch")
        return self._batch
