"""More than there is room for: an honest no to some, never a wrong answer, and health goes on."""

import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.secret import Secret
from portvakt.records.unit import Unit
from tests import make
from tests.bad_days.conftest import Open
from tests.bad_days.processes import HOST, PATIENCE, Node, until
from tests.bad_days.site import Site
from tests.world import PASSWORD, Browser, Page

pytestmark = pytest.mark.slow

MEGABYTE = 1024 * 1024
ROUNDS = 60
"""How often whoever was turned away tries again at most. The slower the machine, the shorter the
line; but three strangers are let in at a time on the slowest, so 34 times are enough."""
STORM = 100
"""People at once: a good deal more than the 66 that the hash pool has places for."""


async def crowd(here: Site, number: int) -> list[str]:
    """Store so many people, who all have the same password; one hash is enough for them."""
    names = [f"person.{each}" for each in range(number)]
    verifier = await here.world.house.hasher.hash(Secret(PASSWORD))
    for name in names:
        await here.person(name, password=None)

    async def act(unit: Unit) -> None:
        for name in names:
            password = make.bound(
                AuthenticatorType.PASSWORD, id=AuthenticatorId(f"{name}-pw"), account_id=name
            )
            await unit.authenticators.bind(password, verifier=verifier)

    await here.world.house.records.write(act)
    return names


@dataclass
class Health:
    """Whether `/healthz` answers, asked all the time."""

    node: Node
    asked: int = 0

    async def watch(self) -> None:
        while True:
            assert await self.node.status("/healthz") == 200
            self.asked += 1
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def watched(node: Node) -> AsyncIterator[Health]:
    """Ask for a node's health all the while."""
    health = Health(node)
    watching = asyncio.create_task(health.watch())
    try:
        yield health
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def test_f54_f55_a_storm_is_shed_with_a_time_to_come_back_and_costs_nobody_a_try(
    open_site: Open,
) -> None:
    """The last of them has signed in here before, and is let in whoever else comes."""
    async with open_site() as here, here.serving() as node, here.browsers(STORM + 1) as browsers:
        names = await crowd(here, STORM + 1)
        for number, each in enumerate(browsers):
            each.address = f"10.20.7.{number + 1}"
            await each.get("/sign-in")
        at_work = browsers[-1]
        assert (await signs_in(at_work, names[-1])).path == "/apps"
        await at_work.post("/sign-out", {})
        await at_work.get("/sign-in")
        forms = [each.page for each in browsers]
        before = node.memory
        async with watched(node) as health:
            pages = await asyncio.gather(
                *(signs_in(each, name) for each, name in zip(browsers, names, strict=True))
            )
            shed = [each for each in browsers if each.page.status == 503]
            assert {page.status for page in pages} <= {200, 503}
            assert at_work.page.path == "/apps"
            assert shed
            for each in shed:
                assert each.page.title == "Många loggar in just nu"
                assert 1 <= int(each.page.response.headers["retry-after"]) <= 30
            for _ in range(ROUNDS):
                waiting = [
                    (each, name, form)
                    for each, name, form in zip(browsers, names, forms, strict=True)
                    if each.page.status == 503
                ]
                if not waiting:
                    break
                for each, _, form in waiting:
                    each.page = form
                await asyncio.gather(*(signs_in(each, name) for each, name, _ in waiting))
        assert all(each.page.path == "/apps" for each in browsers)
        assert health.asked > 5
        assert node.memory - before < 64 * MEGABYTE
        assert await here.rows("SELECT COALESCE(SUM(run + total), 0) FROM attempts") == [(0,)]


async def signs_in(browser: Browser, name: str) -> Page:
    return await browser.submit({"name": name, "password": PASSWORD})


HEAD = f"POST /sign-in HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded"


async def sent(node: Node, first: str, then: bytes, times: int) -> tuple[int, int]:
    """Send raw bytes for as long as they are taken; return the status, and how often they were."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    answer, taken = asyncio.create_task(reader.read(64)), 0
    with contextlib.suppress(ConnectionError):
        writer.write(first.encode("latin-1") + b"\r\n\r\n")
        for _ in range(times):
            if answer.done():
                break
            writer.write(then)
            await writer.drain()
            taken += 1
    status = 0
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE):
            line = await answer
            status = int(line.split()[1]) if line else 0
    writer.transport.abort()
    return status, taken


async def test_f57_huge_bodies_are_refused_at_once_and_leave_no_mark(open_small_site: Open) -> None:
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    async with open_small_site() as here, here.serving() as node:
        before = node.memory
        length = f"{HEAD}\r\nContent-Length: {100 * MEGABYTE}"
        endless = f"{HEAD}\r\nTransfer-Encoding: chunked"
        hundred = 100 * MEGABYTE // 0x10000
        for first, then in ((length, b"a" * 0x10000), (endless, chunk)):
            answers = await asyncio.gather(*(sent(node, first, then, hundred) for _ in range(8)))
            # A sender that does not stop may lose the answer with its connection.
            assert {status for status, _ in answers} <= {413, 0}
            assert max(taken for _, taken in answers) < hundred, "cut off long before the end"
        trailer = f"{HEAD}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\nX: a"
        answers = await asyncio.gather(*(sent(node, trailer, b"a" * 0x10000, 1600) for _ in "ab"))
        assert max(taken for _, taken in answers) < 1600
        squeezed = f"{HEAD}\r\nContent-Encoding: gzip\r\nContent-Length: 20"
        assert (await sent(node, squeezed, b"\x1f\x8b" + b"\0" * 18, 1))[0] in (400, 403, 415)
        assert node.memory - before < 50 * MEGABYTE
        assert await node.status("/readyz") == 200


async def drip(node: Node, first: bytes, then: bytes) -> float:
    """Hold a connection as long as it goes, a byte a second; return how many seconds it went."""
    began = time.monotonic()
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
        writer.write(first)
        closed = asyncio.create_task(reader.read(-1))
        while not closed.done() and time.monotonic() - began < PATIENCE:
            await asyncio.wait([closed], timeout=1)
            if then and not closed.done():
                writer.write(then)
        writer.transport.abort()
        await asyncio.gather(closed, return_exceptions=True)
    return time.monotonic() - began


SLOW = (
    (b"", b""),
    (f"GET /sign-in HTTP/1.1\r\nHost: {HOST}\r\nX: ".encode(), b"a"),
    (f"{HEAD}\r\nContent-Length: 60000\r\n\r\n".encode(), b"a"),
    (f"GET /healthz HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 60000\r\n\r\n".encode(), b"a"),
)


async def test_f56_f59_slow_senders_are_cut_off_and_when_they_take_every_file_it_comes_back(
    open_large_site: Open,
) -> None:
    """One node has room for them; the other runs out of file descriptors."""
    async with open_large_site() as here, here.serving(2) as roomy, here.browser(roomy) as browser:
        await here.person_with_app()
        narrow = here.nodes[1]
        files = await asyncio.to_thread(open_files, narrow)
        limit = resource.prlimit(narrow.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(narrow.pid, resource.RLIMIT_NOFILE, (files + 40, limit[1]))
        before = roomy.memory
        slow = [
            asyncio.create_task(drip(node, *how))
            for _ in range(40)
            for how in SLOW
            for node in (roomy, narrow)
        ]
        await until(lambda: open_files(narrow) >= files + 40)
        while not all(each.done() for each in slow):
            began = time.monotonic()
            assert (await browser.get("/sign-in")).status == 200
            assert time.monotonic() - began < PATIENCE, "whoever is in earnest is served"
            await asyncio.sleep(0.5)
        assert max(each.result() for each in slow) < 60  # a hang, not a figure
        assert roomy.memory - before < 50 * MEGABYTE
        await narrow.up("/readyz")
        await until(lambda: open_files(narrow) < files + 20)
        async with here.browser(narrow) as other:
            assert (await other.sign_in()).title == "Vilken kod visar din app?"


def open_files(node: Node) -> int:
    return len(list(Path(f"/proc/{node.pid}/fd").iterdir()))
