"""The stage's server: one port of this machine behind every name of the installation."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import uvicorn
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from portvakt.crypto.passing_certificate import make_passing_certificate
from portvakt.guide.errors import GuideError
from portvakt.guide.stage_settings import PROXY
from portvakt.web.server import UVICORN_OPTIONS

_MOMENT = 0.01
_APP = """<!doctype html>
<meta name="viewport" content="width=device-width">
<title>{name}</title>
<style>
body {{ font: 18px system-ui; margin: 0; color: #16202b; background: #f6f7f9 }}
main {{ max-width: 28rem; margin: 96px auto; padding: 0 20px }}
h1 {{ font-size: 28px }}
</style>
<main><h1>{name}</h1></main>
"""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that nobody signed, its key, and how a browser is told to trust just it."""

    file: Path
    key: Path
    mark: str

    @classmethod
    def make(cls, folder: Path, names: Iterable[str], now: datetime) -> Self:
        """Write one for these host names, and its key, into `folder`."""
        made = make_passing_certificate(names, now)
        file, key = folder / "stage.pem", folder / "stage.key"
        file.write_bytes(made.content)
        key.touch(mode=0o600)
        key.write_bytes(made.key)
        return cls(file, key, made.mark)


class Front:
    """What answers on the port: it says where the browser is, as a trusted proxy does.

    One house at a time stands behind it; none between two scenes. In the place of an app that a
    tile leads to it shows its name: the app is elsewhere, and elsewhere does not exist here.
    """

    def __init__(self, tiles: Mapping[str, str]) -> None:
        """Take the names of apps by the addresses that they have."""
        self._apps = {_place(address): name for address, name in tiles.items()}
        self._hosts = {host: name for (host, _), name in reversed(self._apps.items())}
        self._inner: ASGIApp | None = None
        self._address = ""

    def show(self, inner: ASGIApp | None, address: str = "") -> None:
        """Put this house behind it, for people at `address`."""
        self._inner, self._address = inner, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or self._inner is None:
            raise GuideError("nothing is on the stage")
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if host in self._hosts:
            name = escape(self._apps.get((host, scope["path"]), self._hosts[host]))
            await HTMLResponse(_APP.format(name=name))(scope, receive, send)
            return
        headers = [pair for pair in scope["headers"] if not _says_where(pair[0])]
        # in place: the protocol looks at this very scope afterwards
        scope["headers"] = [*headers, (b"x-forwarded-for", self._address.encode())]
        scope["client"] = (PROXY, 1)
        await self._inner(scope, receive, send)


def _place(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.netloc, parts.path or "/"


def _says_where(name: bytes) -> bool:
    return name in {b"forwarded", b"x-real-ip"} or name.startswith(b"x-forwarded-")


class _Server(uvicorn.Server):
    """Leaves the signals to whoever makes the guide."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@contextlib.asynccontextmanager
async def serving(front: Front, certificate: Certificate | None) -> AsyncIterator[int]:
    """Answer on a free port of the loopback, and yield the port."""
    with socket.socket() as listening:
        listening.bind((PROXY, 0))
        options: dict[str, Any] = {
            **UVICORN_OPTIONS,
            "loop": "asyncio",
            "lifespan": "off",
            "log_config": None,
            "log_level": "error",
        }
        if certificate is not None:
            options |= {"ssl_certfile": certificate.file, "ssl_keyfile": certificate.key}
        server = _Server(uvicorn.Config(front, **options))
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while not server.started and not running.done():  # noqa: ASYNC110 - a flag, no event
                await asyncio.sleep(_MOMENT)
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            server.force_exit = True  # nobody looks any more
            await running
