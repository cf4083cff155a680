"""Browsers in which somebody has signed in before. They separate counters and give no right."""

from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms

_REMEMBER: Final = Statement(
    """
    INSERT INTO browsers (account_id, browser_hash, first_seen_at, last_seen_at)
    VALUES (:account_id, :browser, :at, :at)
    ON CONFLICT (account_id, browser_hash) DO UPDATE SET last_seen_at = excluded.last_seen_at
    """
)
_FORGET_ALL: Final = Statement(
    "DELETE FROM browsers WHERE account_id = :account_id AND browser_hash <> :kept"
)


class Browsers:
    """`unit.browsers`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def remember(self, account_id: AccountId, browser_hash: bytes, at: datetime) -> None:
        """Keep that this person signed in in this browser."""
        await self._run.changed(_REMEMBER, account_id=account_id, browser=browser_hash, at=ms(at))

    async def forget_all(self, account_id: AccountId, kept: bytes | None = None) -> None:
        """Make every browser a strange one again, but for one."""
        await self._run.changed(_FORGET_ALL, account_id=account_id, kept=kept or b"")
