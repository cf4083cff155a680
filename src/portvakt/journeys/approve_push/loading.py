"""Loading what judges phones: some 0.1 s of work, for which nobody who signs in is to wait."""

import asyncio

from portvakt.crypto import phone_keys, screen_lock


class Loading:
    """Loads it once, in a thread, when the first phone comes or a server with phones starts."""

    def __init__(self) -> None:
        self._under_way: asyncio.Task[None] | None = None

    async def done(self) -> None:
        """Return when it is loaded. Whoever waits and leaves does not stop it for others."""
        if self._under_way is None:
            self._under_way = asyncio.create_task(asyncio.to_thread(_load))
        await asyncio.shield(self._under_way)


def _load() -> None:
    phone_keys.load()
    screen_lock.load()
