"""Which sessions have ended whose apps nobody has told yet, and which apps were opened in them.

A session that was closed says so itself, whoever closed it: nothing else has to be remembered, so
no way of ending one can forget its apps. What ends by its age is not closed, and nobody is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId, ClientId, SessionId
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import instant, ms, to_json

ENDED: Final = "ended"
"""What is rung when a session has been closed."""
TO_TELL: Final = "closed_at IS NOT NULL AND apps_told_at IS NULL"
"""Which sessions those are: the condition of the index that finds them."""

# Materialized: PostgreSQL may read a bare subquery more than once, and so take more than :most.
_TAKE: Final = Statement(
    """
    WITH ended AS MATERIALIZED (
        SELECT id FROM sessions WHERE {to_tell} ORDER BY closed_at LIMIT :most {locked_free})
    UPDATE sessions SET apps_told_at = :now
    WHERE {to_tell} AND id IN (SELECT id FROM ended)
    RETURNING id, account_id
    """,
    to_tell=TO_TELL,
)
# A code that has not been fetched yet may be fetched while we look.
_OPENED: Final = Statement(
    """
    SELECT DISTINCT session_id, client_id FROM grants
    WHERE session_id {among:sessions} AND (code_spent_at IS NOT NULL OR code_expires_at > :now)
    """
)
_OPENED_BY: Final = Statement(
    """
    SELECT DISTINCT session_id FROM grants
    WHERE account_id = :account_id AND client_id = :client_id AND revoked_at IS NULL
        AND (code_spent_at IS NOT NULL OR code_expires_at > :now)
    """
)


_LEFT: Final = Statement(
    "SELECT COUNT(*), MIN(closed_at) FROM sessions WHERE {to_tell}", to_tell=TO_TELL
)


# Bounded by the index on when they were asked for: for who looks after the service, and seldom.
_TROUBLE: Final = Statement(
    """
    SELECT recipient, state, COUNT(*), MAX(why) FROM outbox
    WHERE channel = 'sign_out' AND created_at >= :since
        AND (state = 'dropped' OR (state = 'waiting' AND why IS NOT NULL))
    GROUP BY recipient, state ORDER BY state, COUNT(*) DESC, recipient LIMIT 20
    """
)


@dataclass(frozen=True, slots=True)
class NotTold:
    """An app that was told in vain of some sessions: for good, or until now."""

    app: str
    given_up: bool
    count: int
    why: str


@dataclass(frozen=True, slots=True)
class OpenedApp:
    """An app that was told who somebody is, in a session of theirs."""

    session_id: SessionId
    client_id: ClientId


class SignOuts:
    """`unit.sign_outs`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def take(self, now: datetime, most: int) -> dict[SessionId, AccountId]:
        """Take up to so many ended sessions, with whose they were; nobody else gets them.

        Their apps are to be told of in the same act, or nobody ever does.
        """
        rows = await self._run.rows(_TAKE, now=ms(now), most=most)
        return {SessionId(row[0]): AccountId(row[1]) for row in rows}

    async def left(self) -> tuple[int, datetime | None]:
        """Say how many ended sessions nobody has taken yet, and when the first of them ended."""
        row = await self._run.row(_LEFT)
        if row is None or row[1] is None:
            return 0, None
        return int(row[0]), instant(row[1])

    async def trouble(self, since: datetime) -> list[NotTold]:
        """List apps that could not be told of what was asked for since then; the worst first."""
        rows = await self._run.rows(_TROUBLE, since=ms(since))
        return [NotTold(row[0], row[1] == "dropped", int(row[2]), row[3] or "") for row in rows]

    async def opened_in(self, session_ids: Iterable[SessionId], now: datetime) -> list[OpenedApp]:
        """List the apps that were opened in sessions, once for each session."""
        rows = await self._run.rows(_OPENED, sessions=to_json(sorted(session_ids)), now=ms(now))
        return [OpenedApp(SessionId(row[0]), ClientId(row[1])) for row in rows]

    async def opened_by(
        self, account_id: AccountId, client_id: ClientId, now: datetime
    ) -> list[SessionId]:
        """List the sessions of a person that an app was opened in and not cut off from since."""
        rows = await self._run.rows(
            _OPENED_BY, account_id=account_id, client_id=client_id, now=ms(now)
        )
        return sorted(SessionId(row[0]) for row in rows)
