"""Ids that count no more, kept by their hash until they would have expired anyway."""

from datetime import datetime
from typing import Final

from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms

_SPEND: Final = Statement(
    """
    INSERT INTO seen_ids (hash, expires_at) VALUES (:hash, :expires_at) ON CONFLICT DO NOTHING
    """
)
_SEEN: Final = Statement("SELECT 1 FROM seen_ids WHERE hash = :hash")


class SeenIds:
    """`unit.seen_ids`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def spend(self, hashed: bytes, expires_at: datetime) -> bool:
        """Have an id count no more; False where it did not count any more before."""
        return await self._run.changed(_SPEND, hash=hashed, expires_at=ms(expires_at)) == 1

    async def has(self, hashed: bytes) -> bool:
        """Say whether an id was spent."""
        return await self._run.row(_SEEN, hash=hashed) is not None
