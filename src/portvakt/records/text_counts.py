"""What was sent as text messages lately, counted from the outbox's rows for limits over all."""

from datetime import datetime
from typing import Final

from portvakt.core.text_budget import Counted
from portvakt.records.driver import Run
from portvakt.records.statements import Statement
from portvakt.records.values import ms

_DAY: Final = Statement(
    """
    SELECT COUNT(*), COUNT(CASE WHEN purpose = 'unproven' THEN 1 END) FROM outbox
    WHERE channel = 'sms' AND created_at >= :since
    """
)
_TO: Final = Statement(
    """
    SELECT COUNT(*) FROM outbox
    WHERE channel = 'sms' AND recipient LIKE :these AND created_at >= :since
    """
)
_STRANGE: Final = Statement(
    """
    SELECT COUNT(DISTINCT recipient) FROM outbox
    WHERE channel = 'sms' AND purpose = :purpose AND recipient LIKE :these
        AND recipient <> :number AND created_at > :since
    """
)
_OUTCOMES: Final = Statement(
    """
    SELECT state FROM outbox
    WHERE channel = 'sms' AND created_at >= :since AND (state <> 'waiting' OR why IS NOT NULL)
    ORDER BY created_at DESC LIMIT :most
    """
)
_ANY: Final = "%"


class TextCounts:
    """`unit.text_counts`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def in_turn(self) -> None:
        """Let nobody else count the day's texts until this act ends."""
        await self._run.turn("texts:day")

    async def since(self, since: datetime) -> Counted:
        """Count the texts that were asked for."""
        row = await self._run.row(_DAY, since=ms(since))
        return Counted(0, 0) if row is None else Counted(int(row[0]), int(row[1]))

    async def to_prefix(self, prefix: str, since: datetime) -> int:
        """Count the texts to numbers with this prefix; no other act does so until this one ends."""
        await self._run.turn(f"texts:prefix:{prefix}")
        row = await self._run.row(_TO, these=prefix + _ANY, since=ms(since))
        return 0 if row is None else int(row[0])

    async def others_in_range(self, number: str, start: str, purpose: str, since: datetime) -> int:
        """Count the other numbers of a range, `start` and any digits, that got such a text.

        No other act counts this range until this one ends.
        """
        await self._run.turn(f"texts:range:{start}")
        row = await self._run.row(
            _STRANGE,
            purpose=purpose,
            these=start + _ANY,
            number=number,
            since=ms(since),
        )
        return 0 if row is None else int(row[0])

    async def taken(self, since: datetime, most: int) -> list[bool]:
        """Say of the newest texts that were tried whether a gateway has taken them."""
        rows = await self._run.rows(_OUTCOMES, since=ms(since), most=most)
        return [row[0] == "handed_over" for row in rows]
