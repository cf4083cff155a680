"""A real server on a free port of the loopback, for what only a browser can show."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from portvakt.web.server import UVICORN_OPTIONS, BoundedHttp


@asynccontextmanager
async def served(
    make: Callable[..., ASGIApp], *, http: type[BoundedHttp] = BoundedHttp, **site: Any
) -> AsyncIterator[str]:
    """Serve what `make(public_url=…)` returns and give its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://localhost:{listening.getsockname()[1]}"
        options: dict[str, Any] = {
            **UVICORN_OPTIONS,
            "http": http,
            "loop": "asyncio",
            "log_config": None,  # it would change the logging of every test after it
            "log_level": "error",
        }
        server = uvicorn.Server(uvicorn.Config(make(public_url=address, **site), **options))
        running = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 (uvicorn has a flag and no event)
            await asyncio.sleep(0.01)
        try:
            yield address
        finally:
            server.should_exit = True
            await running
