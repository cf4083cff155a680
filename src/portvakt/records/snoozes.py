"""Who said «not now» when asked to register something: one row for each, until when it holds."""

from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms

_HOLDS: Final = Statement("SELECT 1 FROM snoozes WHERE account_id = :account_id AND ends_at > :now")
_PUT: Final = Statement(
    """
    INSERT INTO snoozes (account_id, ends_at) VALUES (:account_id, :ends_at)
    ON CONFLICT (account_id) DO UPDATE SET ends_at = excluded.ends_at
    """
)


class Snoozes:
    """`unit.snoozes`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def holds(self, account_id: AccountId, now: datetime) -> bool:
        """Whether this person is not to be asked now."""
        return await self._run.row(_HOLDS, account_id=account_id, now=ms(now)) is not None

    async def put(self, account_id: AccountId, ends_at: datetime) -> None:
        """Ask nothing of this person until then."""
        await self._run.changed(_PUT, account_id=account_id, ends_at=ms(ends_at))
