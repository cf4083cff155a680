"""An installation: a folder with settings and a key, a database, people, and processes."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from portvakt.app import opened
from portvakt.core import totp
from portvakt.core.authenticators import Authenticator
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.people import Account
from portvakt.settings import load_settings
from tests import make
from tests.bad_days.processes import PATIENCE, Front, Node, Process, free_port, until
from tests.journeys.sign_in.region import SECRET
from tests.world import ORIGIN, OUTSIDE, Browser, Clock, Page, World, no_hold, settings

CROWDED = 503
SHOP = "https://shop.region.example/callback"

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


@dataclass
class Site:
    """The folder, database and processes of one installation; `world` looks into its records."""

    folder: Path
    url: str
    house: World
    nodes: list[Node] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    """Who is stored, by user name."""

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

    def node(self, *program: str) -> Node:
        """Start one more `serve`, perhaps by another program."""
        port = free_port()
        command = ["serve", "--config", str(self.config), "--listen", f"127.0.0.1:{port}"]
        node = Node(command, self.folder / f"serve-{len(self.nodes)}.log", port=port)
        node.program = [*program] or node.program
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
            transport=front, base_url=ORIGIN, timeout=PATIENCE, trust_env=False
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
        self.people.append(name)
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

    async def bind_app(self, app: Authenticator) -> None:
        """Bind one more app; it shows the same codes."""
        house = self.world.house
        place = {"table": "authenticators", "column": "sealed", "row": app.id}
        sealed = house.sealer.seal(SECRET, **place)
        await house.records.write(lambda unit: unit.authenticators.bind(app, sealed=sealed))

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
        path = url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as connection:
            found = connection.execute(sql, values).fetchall()
            connection.commit()
            return found
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


async def until_let_in(answer: Callable[[], Awaitable[Page]]) -> Page:
    """Answer as the page for a crowd asks for: again, until there is room."""
    while (page := await answer()).status == CROWDED:  # noqa: ASYNC110 - as people do
        await asyncio.sleep(0.2)
    return page
