"""Servers to compare with, each a process of its own.

`python -m bench.roots free SETTINGS COUNTS` is `portvakt serve` with a hash that costs nothing, put
in where the root is built: what is left is the price of everything else. At SIGUSR1 it writes to
the file COUNTS how many statements it has run. `full` in place of `free` has room for nobody.
`python -m bench.roots bare PORT` answers every request with a few bytes: what no Python web server
of this kind can go below.
"""

import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send

from portvakt import log
from portvakt.app import House, build
from portvakt.commands.serve import beside_of, options
from portvakt.core.lanes import Lane
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import PasswordHasher
from portvakt.settings import Settings, load_settings


class FreeHasher(PasswordHasher):
    """Every password is right, after the same way through the pool and without the hash."""

    async def verify(self, phc: str | None, secret: Secret, *, lane: Lane = Lane.OTHER) -> bool:
        """Say yes, from a thread of the pool."""
        del secret
        return await self._run(lambda: phc is not None, lane)


class FullHasher(PasswordHasher):
    """Has no room for anybody, so that nothing is measured but the no."""

    def has_room(self, lane: Lane) -> bool:
        """Say no."""
        del lane
        return False


def free(file: Path, counts: Path, hasher: PasswordHasher) -> None:
    """Serve without the price of the hash."""
    settings = load_settings(file, os.environ)
    log.configure(settings.log.format, settings.log.level)
    work = beside_of(settings)

    @asynccontextmanager
    async def beside(chosen: Settings, house: House) -> AsyncIterator[None]:
        def tell(*_: object) -> None:
            counts.write_text(str(house.records.counted), encoding="ascii")

        signal.signal(signal.SIGUSR1, tell)
        async with AsyncExitStack() as stack:
            if work is not None:
                await stack.enter_async_context(work(chosen, house))
            yield

    app = build(settings, beside=beside, hasher=hasher)
    uvicorn.run(app, **options(settings.server.listen))


async def _bare(scope: Scope, receive: Receive, send: Send) -> None:
    del receive
    if scope["type"] == "http":
        length = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": b"ok"})


def bare(port: int) -> None:
    """Serve nothing at all, on the same server with the same options."""
    uvicorn.run(_bare, **{**options(f"127.0.0.1:{port}"), "lifespan": "off"})


if __name__ == "__main__":
    if sys.argv[1] in ("free", "full"):
        chosen = FreeHasher() if sys.argv[1] == "free" else FullHasher()
        free(Path(sys.argv[2]), Path(sys.argv[3]), chosen)
    else:
        bare(int(sys.argv[2]))
