"""Nodes on networks of their own: each hears its proxy and the database, and no other node."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.bad_days.processes import ROOT, Node, eventually, until
from tests.bad_days.site import ON_PAPER, Site
from tests.world import ORIGIN, Browser

ALONE = ("unshare", "--net", "--", sys.executable)
_INNER = """
import os, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
os.execv(sys.executable, [sys.executable, "-m", "portvakt", *sys.argv[1:]])
"""
_BRIDGE = """
import asyncio, sys
path, port = sys.argv[1], int(sys.argv[2])
async def copy(reader, writer):
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    finally:
        writer.close()
async def met(reader, writer):
    inner, outer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(copy(reader, outer), copy(inner, writer), return_exceptions=True)
async def main():
    async with await asyncio.start_unix_server(met, path) as server:
        await server.serve_forever()
asyncio.run(main())
"""
"""Lives on a node's network and listens at a path, where the proxy of the tests reaches it."""


class Apart(Node):
    """A node on a network where nobody else is."""

    def start(self) -> None:
        """Start it there; its id stays the same, for each program makes way for the next."""
        environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}
        with self.log_file.open("ab") as log:
            self.running = subprocess.Popen(
                [*ALONE, "-c", _INNER, *self.command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def way_in(self) -> Path:
        return self.log_file.with_suffix(".socket")

    @asynccontextmanager
    async def bridged(self) -> AsyncIterator[None]:
        """Let requests in by a path, and wait until it can do its work."""
        await until(lambda: network_of(self.pid) != network_of(os.getpid()))
        words = ["nsenter", f"--target={self.pid}", "--net", "--", sys.executable, "-c", _BRIDGE]
        bridge = await asyncio.create_subprocess_exec(*words, str(self.way_in), str(self.port))
        try:
            await until(self.way_in.exists)
            await eventually(self._ready, lambda status: status == 200)
            yield
        finally:
            bridge.kill()
            await bridge.wait()

    async def _ready(self) -> int:
        async with self.client() as client:
            try:
                return (await client.get("/readyz")).status_code
            except httpx.TransportError:
                return 0

    def client(self) -> httpx.AsyncClient:
        """Open a client whose requests all go to this node."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.way_in))
        return httpx.AsyncClient(transport=_Plain(transport), base_url=ORIGIN, trust_env=False)

    @asynccontextmanager
    async def browser(self, address: str) -> AsyncIterator[Browser]:
        async with self.client() as client:
            yield Browser(client, address)


class _Plain(httpx.AsyncBaseTransport):
    """The proxy that ends TLS."""

    def __init__(self, inner: httpx.AsyncHTTPTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._inner.handle_async_request(
            httpx.Request(
                request.method,
                request.url.copy_with(scheme="http"),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


def network_of(process: int) -> str:
    """Name the network that a process is on."""
    return str(Path(f"/proc/{process}/ns/net").readlink())


@asynccontextmanager
async def two_apart(here: Site) -> AsyncIterator[tuple[Apart, Apart]]:
    """Start two nodes that cannot see each other; skip where that cannot be made."""
    tried = await asyncio.to_thread(
        subprocess.run, ["unshare", "--net", "true"], check=False, capture_output=True, text=True
    )
    if tried.returncode:
        pytest.skip(f"a network cannot be made here: {tried.stderr.strip()}")
    here.configure(ON_PAPER.format(folder=here.folder))
    made = []
    for number in (1, 2):
        words = ["serve", "--config", str(here.config), "--listen", "127.0.0.1:8000"]
        node = Apart(words, here.folder / f"apart-{number}.log", port=8000)
        node.start()
        here.processes.append(node)
        made.append(node)
    one, other = made
    async with one.bridged(), other.bridged():
        assert len({network_of(each.pid) for each in made} | {network_of(os.getpid())}) == 3
        yield one, other
