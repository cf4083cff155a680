"""Waiting inside one process for something that another act commits."""

import asyncio
from collections import defaultdict
from typing import Final

REMEMBERED: Final = 1_000


class Bell:
    """Futures by topic. Being woken means «look again», not «it is there».

    A ring that nobody waits for is remembered, so that whoever looks first and waits then does
    not sleep through what came in between. Only the latest are remembered: a waiter without luck
    is woken by its own time-out.
    """

    __slots__ = ("_missed", "_waiting")

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._missed: dict[str, None] = {}

    def ring(self, topic: str) -> None:
        """Wake whoever waits for `topic`."""
        waiting = self._waiting.get(topic)
        if not waiting:
            self._missed.pop(topic, None)
            self._missed[topic] = None
            if len(self._missed) > REMEMBERED:
                del self._missed[next(iter(self._missed))]
            return
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def ring_all(self) -> None:
        """After a time of deafness: everybody looks again."""
        for topic in tuple(self._waiting):
            self.ring(topic)

    async def wait(self, topic: str, seconds: float) -> bool:
        """Return True when `topic` was rung, False after `seconds`."""
        if topic in self._missed:
            del self._missed[topic]
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting[topic]
        waiting.add(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return False
        finally:
            waiting.discard(future)
            if not waiting:
                self._waiting.pop(topic, None)
        return True
