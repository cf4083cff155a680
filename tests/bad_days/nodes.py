"""An installation of real processes: `serve` and `work`, started, killed and stopped by their ids.

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
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

from portvakt.app import opened
from portvakt.core import totp
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.people import Account
from portvakt.settings import load_settings
from tests import make
from tests.journeys.sign_in.region import SECRET
from tests.world import ORIGIN, OUTSIDE, Browser, Clock, Page, World, no_hold, settings

ROOT = Path(__file__).parents[2]
HOST = ORIGIN.removeprefix("https://")
SHOP = "https://shop.region.example/callback"
PATIENCE = 30.0
"""Seconds after which a wait in a test is hopeless, on a machine that does much else."""
T = TypeVar("T")

SETTINGS = """
public_url = "{origin}"
database_url = "{url}"
[keys]
master_file = "{folder}/master.key"
[proxies]
trusted = ["127.0.0.1/32", "127.0.0.5/32"]
[organisation]
name = "Region Exempel"
support_phone = "026-15 40 00"
"""
ON_PAPER = """
[[sms]]
gateway = "console"
file = "{folder}/texts"
"""
SMS = """
[[sms]]
gateway = "http_form"
url = "{url}"
body = "to={{to}}&text={{text}}&id={{id}}"
idempotency_header = "Idempotency-Key"
"""
MAIL = """
[mail]
gateway = "smtp"
host = "localhost"
port = {port}
tls = "none"
"""


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
            await asyncio.sleep(0.02)
        return answer


@dataclass
class Process:
    """`portvakt COMMAND`, and its log."""

    command: list[str]
    log_file: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; a second time, it goes on writing the same log."""
        environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}
        with self.log_file.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "portvakt", *self.command],
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

    async def up(self, path: str = "/healthz", wanted: int = 200) -> float:
        """Wait until it answers, and say for how many seconds."""
        began = time.monotonic()
        await eventually(lambda: self.status(path), lambda status: status == wanted)
        return time.monotonic() - began

    async def status(self, path: str) -> int:
        """Ask once, on a connection of its own; 0 where nobody answers."""
        assert self.running is not None
        assert self.running.poll() is None, self.log_file.read_text(encoding="utf-8")
        with contextlib.suppress(httpx.TransportError):
            async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
                return (await client.get(f"http://127.0.0.1:{self.port}{path}")).status_code
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
        self._inner = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        turn = next(self._turns)
        for left in reversed(range(len(self._nodes))):
            node = self._nodes[(turn + left) % len(self._nodes)]
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


@dataclass
class Site:
    """The folder, database and processes of one installation; `world` looks into its records."""

    folder: Path
    url: str
    house: World
    nodes: list[Node] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)

    @property
    def world(self) -> World:
        """People and records, at the time on the wall."""
        self.house.clock.at = datetime.now(UTC)
        return self.house

    def configure(self, more: str) -> None:
        """Add to the settings file, before anything is started."""
        with self.config.open("a", encoding="utf-8") as file:
            file.write(more)
        load_settings(self.config, {})

    @property
    def config(self) -> Path:
        return self.folder / "portvakt.toml"

    def node(self) -> Node:
        """Start one more `serve`."""
        port = free_port()
        command = ["serve", "--config", str(self.config), "--listen", f"127.0.0.1:{port}"]
        node = Node(command, self.folder / f"serve-{len(self.nodes)}.log", port=port)
        node.start()
        self.nodes.append(node)
        self.processes.append(node)
        return node

    @asynccontextmanager
    async def serving(self, nodes: int = 1) -> AsyncIterator[Node]:
        """Start so many nodes, wait for all, and yield the first."""
        if "[[sms]]" not in self.config.read_text(encoding="utf-8"):
            self.configure(ON_PAPER.format(folder=self.folder))
        started = [self.node() for _ in range(nodes)]
        await asyncio.gather(*(node.up("/readyz") for node in started))
        yield started[0]

    def worker(self) -> Process:
        """Start `work`."""
        worker = Process(["work", "--config", str(self.config)], self.folder / "work.log")
        worker.start()
        self.processes.append(worker)
        return worker

    @asynccontextmanager
    async def browser(self, *nodes: Node, address: str = OUTSIDE) -> AsyncIterator[Browser]:
        """Open a new browser that is handed to these nodes in turn, or to all there are."""
        front = Front(*(nodes or self.nodes))
        async with httpx.AsyncClient(
            transport=front, base_url=ORIGIN, timeout=PATIENCE, headers={"accept-language": "sv"}
        ) as client:
            yield Browser(client, address)

    @asynccontextmanager
    async def browsers(self, number: int, *nodes: Node) -> AsyncIterator[list[Browser]]:
        """Open so many, each at an address of its own."""
        async with contextlib.AsyncExitStack() as all_of_them:
            yield [
                await all_of_them.enter_async_context(
                    self.browser(*nodes, address=f"198.51.100.{each + 1}")
                )
                for each in range(number)
            ]

    async def person(self, name: str = "anna.berg", **more: Any) -> Account:
        """Store a person with a password and whatever else is named."""
        account = make.account(id=AccountId(name), external_id=name, user_name=name)
        return await self.world.person(replace(account, created_at=make.NOW), **more)

    async def person_with_app(self, name: str = "anna.berg") -> Account:
        return await self.person(name, totp=SECRET)

    async def person_with_phone(
        self, name: str = "anna.berg", number: str = "+46701740605", *, app: bool = False
    ) -> Account:
        phone = make.work_phone(
            id=AuthenticatorId(f"{name}-phone"), account_id=AccountId(name), detail=number
        )
        return await self.person(name, bound=[phone], totp=SECRET if app else None)

    async def code_to(self, number: str) -> str:
        """Return the code in the newest text to a number."""
        if self.url.startswith("postgresql"):  # nobody works here but the test
            texts = await self.world.outbox("sms")
        else:
            await until(lambda: any(to == number for to, _ in self._texts()))
            texts = self._texts()
        return next(text[-6:] for to, text in reversed(texts) if to == number)

    def _texts(self) -> list[tuple[str, str]]:
        file = self.folder / "texts"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [(each["to"], each["text"]) for each in map(json.loads, lines)]

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database behind everybody's back. `?` stands for a value."""
        return await rows_of(self.url, sql, *values)


def app_code(steps: int = 0, secret: bytes = SECRET) -> str:
    """What the app shows now, or so many steps of thirty seconds from now."""
    return totp.code_at(secret, totp.step_of(datetime.now(UTC)) + steps)


async def rows_of(url: str, sql: str, *values: object) -> list[tuple[Any, ...]]:
    if url.startswith("sqlite"):
        import sqlite3  # noqa: PLC0415 - only what is used

        path = url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as connection:
            found = connection.execute(sql, values).fetchall()
            connection.commit()
            return found
    import asyncpg  # noqa: PLC0415 - only what is used

    numbered = iter(range(1, len(values) + 1))
    parts = sql.split("?")
    text = parts[0] + "".join(f"${next(numbered)}{part}" for part in parts[1:])
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(text, *values)]
    finally:
        await connection.close()


@asynccontextmanager
async def site(folder: Path, url: str) -> AsyncIterator[Site]:
    """Lay out an installation on a migrated database; at the end nothing of it runs."""
    config = folder / "portvakt.toml"
    config.write_text(SETTINGS.format(origin=ORIGIN, url=url, folder=folder), encoding="utf-8")
    clock = Clock(datetime.now(UTC))
    async with opened(settings(folder, url), clock=clock, hold=no_hold) as house:
        found = Site(folder, url, World(house, clock))
        rule = make.rule(networks_not={make.LAN})
        await found.world.configure([rule], [make.network()], [make.app(redirect_uris=(SHOP,))])
        try:
            yield found
        finally:
            for process in found.processes:
                process.remove()


@contextmanager
def stopped(process: Process) -> Iterator[None]:
    """Freeze a process for a while."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)
