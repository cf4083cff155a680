"""What leaves the audit trail: personal parts by themselves, whole events from its beginning.

Either leaves a mark of ours, so that the chain can still be verified (`core.audit_chain`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from portvakt.core.audit_chain import (
    START,
    Batch,
    ChainKeys,
    Removal,
    erasure,
    is_linked,
    is_ours,
    removal,
)
from portvakt.core.ids import AccountId
from portvakt.records.audit_chain import ENTRY, TURN, AuditChain, StoredEntry
from portvakt.records.driver import Run
from portvakt.records.meta import Meta
from portvakt.records.statements import Statement
from portvakt.records.values import ms, to_json

_ERASED_UP_TO: Final = "audit_erased_up_to"
"""In `meta`: the number of the last batch whose personal parts were erased for their age."""

_ERASE: Final = Statement(
    """
    UPDATE events SET account_id = NULL, address = NULL, personal = NULL, trace = NULL, salt = NULL,
        erased = marks.mark
    FROM {records:marks id BIGINT, mark TEXT}
    WHERE events.id = marks.id AND events.erased IS NULL
    """
)
_OF_ACCOUNT: Final = Statement(
    """
    SELECT {columns} FROM events
    WHERE account_id = :account_id AND erased IS NULL ORDER BY id LIMIT :most
    """,
    columns=ENTRY,
)
_BETWEEN: Final = Statement(
    "SELECT {columns} FROM events WHERE seq >= :first AND seq <= :last AND erased IS NULL",
    columns=ENTRY,
)
_REMOVE_EVENTS: Final = Statement("DELETE FROM events WHERE seq <= :last")
_REMOVE_BATCHES: Final = Statement("DELETE FROM audit_batches WHERE number <= :number")
_REMOVE_MARKS: Final = Statement("DELETE FROM audit_removals WHERE number < :number")
_MARK: Final = Statement(
    """
    INSERT INTO audit_removals (number, last, link, removed_at, key_id, mac)
    VALUES (:number, :last, :link, :removed_at, :key_id, :mac)
    """
)
MOST: Final = 1_000
"""Events in one act, give or take a batch: nobody waits long for it."""
_BATCHES: Final = 50
"""Batches in one act: with the MACs in them, a megabyte or two."""


class AuditKeeping:
    """`unit.audit_keeping`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._chain = AuditChain(run)
        self._meta = Meta(run)

    async def erase_account(self, keys: ChainKeys, account_id: AccountId) -> int:
        """Erase the personal parts of what happened to an account; return of how many events."""
        await self._run.turn(TURN)
        gone = 0
        while True:
            rows = await self._run.rows(_OF_ACCOUNT, account_id=account_id, most=MOST)
            if not rows:
                return gone
            gone += await self._erase(keys, [StoredEntry._make(row) for row in rows])

    async def erase_old(self, keys: ChainKeys, before: datetime) -> int | None:
        """Erase the personal parts of the oldest batches that all happened `before`.

        Returns of how many events; None where there is nothing left to do.
        """
        await self._run.turn(TURN)
        cursor = await self._meta.get(_ERASED_UP_TO)
        old = await self._old(keys, int(cursor or 0), before)
        if not old:
            return None
        tip = old[-1].tip
        rows = await self._run.rows(_BETWEEN, first=old[0].first, last=tip.last)
        gone = await self._erase(keys, [StoredEntry._make(each) for each in rows])
        await self._meta.set(_ERASED_UP_TO, str(tip.number))
        return gone

    async def remove_old(self, keys: ChainKeys, before: datetime, now: datetime) -> int | None:
        """Remove the oldest batches that all happened `before`, with their events.

        Returns how many events; None where there is nothing left to do. The newest batch stays,
        for what comes follows it. A beginning that somebody else has removed is not made good by a
        mark of ours: then nothing more is removed.
        """
        await self._run.turn(TURN)
        mark = await self._chain.removal()
        start = START if mark is None or not is_ours(keys, mark) else mark.tip
        old = await self._old(keys, 0, before)
        if not old or (old[0].number, old[0].previous) != (start.number + 1, start.link):
            return None
        tip = old[-1].tip
        await self._mark(removal(keys, tip, ms(now)))
        gone = await self._run.changed(_REMOVE_EVENTS, last=tip.last)
        await self._run.changed(_REMOVE_BATCHES, number=tip.number)
        return gone

    async def _old(self, keys: ChainKeys, after: int, before: datetime) -> list[Batch]:
        """Read the next old batches, of no more than MOST events, but for the newest of all.

        How old one is stands in it under its link: one that was changed ends them, so that
        nobody can make us remove what is not old.
        """
        found: list[Batch] = []
        newest = await self._chain.tip()
        for batch in await self._chain.batches(after, _BATCHES):
            key = keys.by_id.get(batch.key_id)
            ours = key is not None and is_linked(key, batch)
            if not ours or batch.latest_at >= ms(before) or batch.number == newest.number:
                break
            if found and batch.tip.last - found[0].first >= MOST:
                break
            found.append(batch)
        return found

    async def _erase(self, keys: ChainKeys, entries: Sequence[StoredEntry]) -> int:
        marks = [{"id": each.id, "mark": erasure(keys, each.id, each.digest())} for each in entries]
        return await self._run.changed(_ERASE, marks=to_json(marks))

    async def _mark(self, mark: Removal) -> None:
        await self._run.changed(
            _MARK,
            number=mark.tip.number,
            last=mark.tip.last,
            link=mark.tip.link,
            removed_at=mark.removed_at,
            key_id=mark.key_id,
            mac=mark.mac,
        )
        await self._run.changed(_REMOVE_MARKS, number=mark.tip.number)
