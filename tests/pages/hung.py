"""The gallery on a real port, for tests whose own thread belongs to the browser."""

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.pages.gallery import gallery
from tests.web.serving import served


@contextmanager
def hung() -> Iterator[str]:
    """Serve all samples from a thread and give the address."""
    gallery("http://localhost:1")  # what is wrong with it is said here, not in the thread
    said: queue.Queue[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = queue.Queue()

    async def stand() -> None:
        async with served(gallery) as address:
            enough = asyncio.Event()
            said.put((address, asyncio.get_running_loop(), enough))
            await enough.wait()

    thread = threading.Thread(target=lambda: asyncio.run(stand()))
    thread.start()
    address, loop, enough = said.get(timeout=30)
    try:
        yield address
    finally:
        loop.call_soon_threadsafe(enough.set)
        thread.join()
