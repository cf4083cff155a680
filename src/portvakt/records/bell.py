"""Waiting inside one process for something that another act commits."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Final

REMEMBERED: Final = 1_000

Heard = Callable[[], None]


class Bell:
    """Futures and listeners by topic. Being woken means «look again», not «it is there».

    A ring that nobody waits for is remembered, so that whoever looks first and waits then does
    not sleep through what came in between. Only the latest are remembered: a waiter without luck
    is woken by its own time-out.
    """

    __slots__ = ("_heard", "_missed", "_waiting")

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._heard: dict[str, tuple[Heard, ...]] = {}
        self._missed: dict[str, None] = {}

    def ring(self, topic: str) -> None:
        """Wake whoever waits for `topic`."""
        heard, waiting = self._heard.get(topic, ()), self._waiting.get(topic)
        for each in heard:
            each()
        if not waiting:
            if not heard:
                self._remember(topic)
            return
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def _remember(self, topic: str) -> None:
        self._missed.pop(topic, None)
        self._missed[topic] = None
        if len(self._missed) > REMEMBERED:
            del self._missed[next(iter(self._missed))]

    def ring_all(self) -> None:
        """After a time of deafness: everybody looks again."""
        for topic in {*self._waiting, *self._heard}:
            self.ring(topic)

    def on_ring(self, topic: str, heard: Heard) -> Callable[[], None]:
        """Have `heard` called at each ring of `topic`; returns what ends it.

        For who waits by the thousand and for long: it costs neither a task nor a timer.
        """
        self._heard[topic] = (*self._heard.get(topic, ()), heard)

        def end() -> None:
            left = tuple(each for each in self._heard.get(topic, ()) if each is not heard)
            if left:
                self._heard[topic] = left
            else:
                self._heard.pop(topic, None)

        return end

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
