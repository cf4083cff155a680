"""Answers that are held back until there is something to tell.

Few for each browser, and none of them keeps a server from stopping.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

from starlette.types import Scope

STOP_KEY: Final = "portvakt.stop"
"""What a long answer leaves in the scope: a function that ends it. A server that has put the key
there calls it when the client hangs up; ours also calls it when it stops."""
MOST: Final = 4
"""Answers held back for one browser at once, as with as many pages open; a newer one ends the
oldest."""


class Held:
    """One answer that is held back."""

    __slots__ = ("_waiting", "crowded", "over")

    def __init__(self) -> None:
        self.over = False
        """Whether it has to be given now, whatever there is to tell."""
        self.crowded = False
        """Whether that is because the browser has too many of them."""
        self._waiting: asyncio.Task[Any] | None = None

    async def wait(self, ring: Coroutine[Any, Any, object]) -> bool:
        """Wait for something that may be cut short; False where the answer is to be given now."""
        if self.over:
            ring.close()
            return False
        self._waiting = asyncio.ensure_future(ring)
        try:
            await asyncio.wait([self._waiting])
            if not self.over:
                self._waiting.result()
        finally:
            self._waiting.cancel()
            self._waiting = None
        return not self.over

    def end(self) -> None:
        """Have it given now."""
        self.over = True
        if self._waiting is not None:
            self._waiting.cancel()

    def make_room(self) -> None:
        """Have it given now, for a newer one of the same browser."""
        self.crowded = True
        self.end()


class HeldAnswers:
    """All that one process holds back, by browser."""

    def __init__(self) -> None:
        self._by_browser: dict[str, list[Held]] = {}

    def __len__(self) -> int:
        """How many are held back now."""
        return sum(map(len, self._by_browser.values()))

    @contextmanager
    def hold(self, browser: str, scope: Scope) -> Iterator[Held]:
        """Hold one back; the server ends it when it stops, and when the browser hangs up."""
        held = Held()
        theirs = self._by_browser.setdefault(browser, [])
        if len(theirs) >= MOST:
            theirs.pop(0).make_room()
        theirs.append(held)
        scope[STOP_KEY] = held.end
        try:
            yield held
        finally:
            scope[STOP_KEY] = None
            if held in theirs:
                theirs.remove(held)
            if not theirs and self._by_browser.get(browser) is theirs:
                del self._by_browser[browser]
