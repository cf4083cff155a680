"""What was sent lately and what became of it, for those who look after the service.

Read from the rows that the outbox keeps for thirty days. Nothing here is needed to send anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from portvakt.core.ids import AccountId
from portvakt.core.text_fates import TextFate
from portvakt.records.driver import Row, Run
from portvakt.records.outbox import fate_of
from portvakt.records.statements import Statement
from portvakt.records.values import ms

PREFIX: Final = 4
"""So many characters of a number are its prefix in figures: `+467`."""

_COLUMNS: Final = """
    id, created_at, state, tries, COALESCE(maybe_sent, tries), why, done_at, receipt,
    receipt_state, receipt_at, channel, purpose, recipient, gateway, account_id
"""
_ONE: Final = Statement("SELECT {columns} FROM outbox WHERE id = :id", columns=_COLUMNS)
_LATEST: Final = Statement(
    """
    SELECT {columns} FROM outbox
    WHERE created_at >= :since AND created_at < :before
        AND (:channel = '' OR channel = :channel) AND (:gateway = '' OR gateway = :gateway)
        AND (:account_id = '' OR account_id = :account_id)
    ORDER BY created_at DESC, id LIMIT :most OFFSET :skip
    """,
    columns=_COLUMNS,
)
_FIGURES: Final = Statement(
    """
    SELECT COALESCE(gateway, ''), SUBSTR(recipient, 1, 4),
        CASE WHEN receipt_state = 'delivered' THEN 'delivered'
            WHEN receipt_state = 'failed' THEN 'undelivered'
            WHEN state = 'dropped' AND COALESCE(maybe_sent, tries) > 0 THEN 'unknown'
            WHEN state = 'dropped' THEN 'failed'
            WHEN state = 'handed_over' THEN 'sent' ELSE 'waiting' END,
        COUNT(*), COALESCE(SUM(CASE WHEN state = 'handed_over' THEN done_at - created_at END), 0),
        COALESCE(SUM(receipt_at - done_at), 0)
    FROM outbox WHERE channel = 'sms' AND created_at >= :since
    GROUP BY 1, 2, 3
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedMessage:
    """One message, and what became of it."""

    fate: TextFate
    channel: str
    purpose: str
    to: str = field(repr=False)
    gateway: str | None
    account_id: AccountId | None
    why: str
    """Why it was not taken, the last time that it was not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFigures:
    """Texts of one gateway, one prefix and one outcome."""

    gateway: str
    """Empty where no gateway took them."""
    prefix: str
    outcome: str
    """`waiting`, `sent` (no receipt yet), `delivered`, `undelivered`, `failed` or `unknown`."""
    count: int
    handed_over_after: float
    """Seconds from request to hand-over, of all of them together."""
    receipt_after: float
    """Seconds from hand-over to receipt, of all of them together."""


class MessageLog:
    """`unit.message_log`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def latest(
        self,
        *,
        since: datetime,
        before: datetime,
        most: int,
        skip: int = 0,
        channel: str = "",
        gateway: str = "",
        account_id: str = "",
    ) -> Sequence[LoggedMessage]:
        """List messages that were asked for in between, the newest first; "" stands for any.

        `skip` is how many of them are passed over, for who reads on.
        """
        rows = await self._run.rows(
            _LATEST,
            since=ms(since),
            before=ms(before),
            most=most,
            skip=skip,
            channel=channel,
            gateway=gateway,
            account_id=account_id,
        )
        return [_logged(row) for row in rows]

    async def one(self, id_: str) -> LoggedMessage | None:
        """Read one message; None where there is none of that id."""
        row = await self._run.row(_ONE, id=id_)
        return None if row is None else _logged(row)

    async def figures(self, since: datetime) -> Sequence[TextFigures]:
        """Count texts that were asked for since then, by gateway, prefix and outcome."""
        return [
            TextFigures(
                gateway=row[0],
                prefix=row[1],
                outcome=row[2],
                count=int(row[3]),
                handed_over_after=int(row[4]) / 1000,
                receipt_after=int(row[5]) / 1000,
            )
            for row in await self._run.rows(_FIGURES, since=ms(since))
        ]


def _logged(row: Row) -> LoggedMessage:
    return LoggedMessage(
        fate=fate_of(row[:10]),
        channel=row[10],
        purpose=row[11],
        to=row[12],
        gateway=row[13],
        account_id=None if row[14] is None else AccountId(row[14]),
        why=row[5] or "",
    )
