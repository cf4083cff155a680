"""Noting a receipt: once, only of a text that this gateway took, and not too late (A028)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import structlog

from portvakt.core.text_fates import Noted
from portvakt.records import Records
from portvakt.wire.outcomes import Receipt, ReceiptSink

EARLY: Final = (0.2, 0.8, 2.0)
"""Seconds between looks for a text that nobody knows: an operator may be quicker with its receipt
than we are with writing down that it took the text."""
MOST_EARLY: Final = 64
"""Receipts of texts that nobody knows which are looked for again at once; of more, each gets one
look, so that an operator that sends us somebody else's receipts costs little."""

_log = structlog.get_logger("portvakt.sms")


class Receipts:
    """Takes receipts of every gateway."""

    def __init__(
        self,
        *,
        records: Records,
        clock: Callable[[], datetime],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Note in `records`; `pause` waits for some seconds between two looks."""
        self._records = records
        self._clock = clock
        self._pause = pause
        self._early = 0

    async def note(self, gateway: str, receipt: Receipt) -> Noted:
        """Note what an operator says; say what it came to. Raises RecordsUnavailable."""
        noted = await self._look(gateway, receipt)
        if noted is Noted.UNKNOWN and receipt.receipt and self._early < MOST_EARLY:
            self._early += 1
            try:
                for seconds in EARLY:
                    await self._pause(seconds)
                    noted = await self._look(gateway, receipt)
                    if noted is not Noted.UNKNOWN:
                        break
            finally:
                self._early -= 1
        said = {"gateway": gateway, "state": receipt.state, "why": receipt.why}
        _log.info("gateway.receipt", **said, noted=noted.value)
        return noted

    def sink(self, gateway: str) -> ReceiptSink:
        """Return what a gateway with a line of its own puts its receipts in."""

        async def put(receipt: Receipt) -> None:
            await self.note(gateway, receipt)

        return put

    async def _look(self, gateway: str, receipt: Receipt) -> Noted:
        now = self._clock()
        noted: Noted = await self._records.write(
            lambda unit: unit.outbox.receipted(gateway, receipt.receipt, receipt.state, now)
        )
        return noted
