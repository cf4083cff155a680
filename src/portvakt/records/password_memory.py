"""Passwords that somebody has had, as hashes, where their directory does not remember them."""

from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms

_REMEMBER: Final = Statement(
    """
    INSERT INTO password_memory (account_id, verifier, set_at)
    VALUES (:account_id, :verifier, :at)
    """
)
_KEEP: Final = Statement(
    """
    DELETE FROM password_memory WHERE account_id = :account_id AND id NOT IN (
        SELECT id FROM password_memory WHERE account_id = :account_id
        ORDER BY set_at DESC, id DESC LIMIT :keep)
    """
)
_OF: Final = Statement(
    """
    SELECT verifier FROM password_memory WHERE account_id = :account_id
    ORDER BY set_at DESC, id DESC
    """
)
_FORGET: Final = Statement("DELETE FROM password_memory WHERE account_id = :account_id")


class PasswordMemory:
    """`unit.password_memory`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def remember(self, account_id: AccountId, verifier: str, at: datetime, keep: int) -> None:
        """Keep a password's PHC string and the newest of the older ones, `keep` in all.

        In the act that stores the password, so that what was not set is not remembered either.
        """
        await self._run.changed(_REMEMBER, account_id=account_id, verifier=verifier, at=ms(at))
        await self._run.changed(_KEEP, account_id=account_id, keep=keep)

    async def of(self, account_id: AccountId) -> list[str]:
        """Read the PHC strings of what somebody has had, the newest first."""
        return [row[0] for row in await self._run.rows(_OF, account_id=account_id)]

    async def forget(self, account_id: AccountId) -> int:
        """Forget all that somebody has had; return how many those were."""
        return await self._run.changed(_FORGET, account_id=account_id)
