"""Waking whoever waits, in the transaction of what there is to see."""

from portvakt.records.driver import Run


class Wakeups:
    """`unit.wakeups`; waiting is `records.wait`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    async def ring(self, topic: str) -> None:
        """Wake whoever waits for `topic`, in any process, when this act is committed."""
        await self._run.ring(topic)
