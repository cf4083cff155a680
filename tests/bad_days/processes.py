"""`serve` and `work` in processes of their own: started, killed and stopped by their ids.

Browsers reach them as in production: https ends at a proxy (here the browser's own transport),
which speaks plain HTTP to one of the nodes and says who the client is.
"""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.world import ORIGIN, Page

HOST = ORIGIN.removeprefix("https://")
ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
"""Seconds after which a wait in a test is hopeless, on a machine that does much else."""
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def until(true: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Wait until something is true, and fail where it does not come about."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110 - it is another process's work
            await asyncio.sleep(0.01)


async def eventually(
    ask: Callable[[], Awaitable[T]], wanted: Callable[[T], bool], patience: float = PATIENCE
) -> T:
    """Ask again and again until the answer is the wanted one, and return it."""
    async with asyncio.timeout(patience):
        while not wanted(answer := await ask()):  # noqa: ASYNC110 - it is another process's work
            await asyncio.sleep(0.05)
        return answer


@dataclass
class Process:
    """`portvakt COMMAND`, and its log."""

    command: list[str]
    log_file: Path
    program: list[str] = field(default_factory=lambda: ["-m", "portvakt"])
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; a second time, it goes on writing the same log."""
        environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}
        with self.log_file.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, *self.program, *self.command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """Ask it to end, wait, and return its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self.running is not None
        self.running.send_signal(number)
        return self.running.wait(PATIENCE)

    def remove(self) -> None:
        """Leave nothing running, whatever the test did."""
        if self.running is not None and self.running.poll() is None:
            self.kill()

    @property
    def log(self) -> list[dict[str, Any]]:
        """Its log, line by line; what it printed besides is left out."""
        lines = self.log_file.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def logged(self, event: str) -> int:
        """Count the lines of one kind."""
        return sum(line.get("event") == event for line in self.log)

    @property
    def memory(self) -> int:
        """Its resident memory in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(found.split()[1]) * 1024


@dataclass
class Node(Process):
    """`portvakt serve`."""

    port: int = 0
    drained: bool = False
    """Whether the proxy hands it nothing new, as before an upgrade."""

    async def up(self, path: str = "/healthz", wanted: int = 200) -> float:
        """Wait until it answers, and say for how many seconds."""
        began = time.monotonic()
        await eventually(lambda: self.status(path), lambda status: status == wanted)
        return time.monotonic() - began

    async def status(self, path: str) -> int:
        """Ask once, on a connection of its own; 0 where nobody answers."""
        assert self.running is not None
        assert self.running.poll() is None, self.log_file.read_text(encoding="utf-8")
        with contextlib.suppress(OSError):
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                with contextlib.closing(writer):
                    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
                    writer.write(request.encode("ascii"))
                    first = await reader.readline()
                    return int(first.split()[1]) if first else 0
        return 0

    async def restart(self) -> float:
        """Start it again after its death, and say how long it took until it was ready."""
        began = time.monotonic()
        self.start()
        await self.up("/readyz")
        return time.monotonic() - began


class Front(httpx.AsyncBaseTransport):
    """The proxy that ends TLS: hands each request to one of its nodes, on a new connection.

    The nodes take turns; where one does not accept the connection, the next is asked.
    """

    def __init__(self, *nodes: Node) -> None:
        self._nodes = nodes
        self._turns = itertools.count()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._inner = httpx.AsyncHTTPTransport(limits=limits, trust_env=False, verify=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        turn, nodes = next(self._turns), [each for each in self._nodes if not each.drained]
        for left in reversed(range(len(nodes))):
            node = nodes[(turn + left) % len(nodes)]
            try:
                return await self._inner.handle_async_request(self._passed_on(request, node))
            except httpx.ConnectError:
                if not left:
                    raise
        raise AssertionError("a proxy has a node")

    @staticmethod
    def _passed_on(request: httpx.Request, node: Node) -> httpx.Request:
        return httpx.Request(
            request.method,
            request.url.copy_with(scheme="http", host="127.0.0.1", port=node.port),
            headers=request.headers,  # with the browser's own Host
            stream=request.stream,
            extensions=request.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class TornPage(Page):
    """What a browser has got whose connection broke."""

    def __init__(self) -> None:
        super().__init__(httpx.Response(0, request=httpx.Request("GET", ORIGIN)))


async def torn(asked: Awaitable[Page]) -> Page:
    """Return the page, or a torn one where the server died under it."""
    try:
        return await asked
    except httpx.TransportError:
        return TornPage()


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    """Freeze a process for a while."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)
