"""What leaves the audit trail: personal parts by themselves, whole events from its beginning.

Either leaves a mark of ours, so that the chain can still be verified (`core.audit_chain`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from portvakt.core.audit_chain import ChainKeys, Removal, Tip, erasure, removal
from portvakt.core.ids import AccountId
from portvakt.records.audit_chain import ENTRY, TURN, StoredEntry
from portvakt.records.driver import Run
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
_CURSOR: Final = Statement("SELECT value FROM meta WHERE name = :name")
_MOVE: Final = Statement(
    """
    INSERT INTO meta (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
    """
)
_OLD: Final = Statement(
    """
    SELECT number, first, first + count - 1, link, latest_at FROM audit_batches
    WHERE number > :after AND number < (
        SELECT number FROM audit_batches ORDER BY number DESC LIMIT 1)
    ORDER BY number LIMIT :most
    """
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


class AuditKeeping:
    """`unit.audit_keeping`."""

    def __init__(self, run: Run) -> None:
        self._run = run

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
        row = await self._run.row(_CURSOR, name=_ERASED_UP_TO)
        old = await self._old(0 if row is None else int(row[0]), before)
        if old is None:
            return None
        first, tip = old
        rows = await self._run.rows(_BETWEEN, first=first, last=tip.last)
        gone = await self._erase(keys, [StoredEntry._make(each) for each in rows])
        await self._run.changed(_MOVE, name=_ERASED_UP_TO, value=str(tip.number))
        return gone

    async def remove_old(self, keys: ChainKeys, before: datetime, now: datetime) -> int | None:
        """Remove the oldest batches that all happened `before`, with their events.

        Returns how many events; None where there is nothing left to do. The newest batch stays,
        for what comes follows it.
        """
        await self._run.turn(TURN)
        old = await self._old(0, before)
        if old is None:
            return None
        _, tip = old
        await self._mark(removal(keys, tip, ms(now)))
        gone = await self._run.changed(_REMOVE_EVENTS, last=tip.last)
        await self._run.changed(_REMOVE_BATCHES, number=tip.number)
        return gone

    async def _old(self, after: int, before: datetime) -> tuple[int, Tip] | None:
        """Find the next old batches, of no more than MOST events: where they begin and end."""
        start, tip = 0, None
        for row in await self._run.rows(_OLD, after=after, most=MOST):
            number, first, last, link, latest_at = row
            start = start or first
            if latest_at >= ms(before) or (tip is not None and last - start >= MOST):
                break
            tip = Tip(number, last, link)
        return None if tip is None else (start, tip)

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
