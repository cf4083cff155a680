"""Several nodes on one database: each code and each limit is one, whichever node is asked."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from portvakt.core.people import Account
from tests.bad_days.conftest import DURABLE, Open
from tests.bad_days.processes import Process, eventually, torn, until
from tests.bad_days.site import Site, app_code, site, until_let_in
from tests.servers.postgres import Postgres
from tests.world import Browser, Page

pytestmark = pytest.mark.slow

WRONG = {"name": "anna.berg", "password": "inte rätt"}


async def test_a017_f49_a_code_posted_twenty_times_at_once_to_two_nodes_opens_one_session(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving(2), here.browsers(20) as browsers:
        anna = await here.person_with_app()
        for each in browsers:
            assert (await each.sign_in()).title == "Vilken kod visar din app?"
        code = {"code": app_code()}
        pages = await asyncio.gather(*(each.submit(code) for each in browsers))
        assert sum(page.path == "/apps" for page in pages) == 1
        assert {page.status for page in pages} <= {200, 422, 429}
        assert len(await here.world.sessions(anna)) == 1


async def test_i4_a_hundred_wrong_passwords_at_once_on_two_nodes_are_judged_ten_times_at_most(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving(2), here.browsers(100) as browsers:
        await here.person_with_app()
        async with here.browser() as known:
            await known.sign_in()
            assert (await known.submit({"code": app_code()})).path == "/apps"
            await known.post("/sign-out", {})

            async def guess(browser: Browser) -> Page:
                await browser.get("/sign-in")
                return await browser.submit(WRONG)

            pages = await asyncio.gather(*(until_let_in(partial(guess, each)) for each in browsers))
            assert sum(page.status == 422 for page in pages) == 10
            others = {page.title for page in pages if page.status != 422}
            assert others == {"Visa först att det är du"}
            for node in here.nodes:
                node.kill()
            await asyncio.gather(*(node.restart() for node in here.nodes))
            async with here.browser() as stranger:
                page = await stranger.sign_in()
                assert page.title == "Visa först att det är du", "restarts forget no limit"
            assert (await known.sign_in()).title == "Vilken kod visar din app?"


async def test_f01_a_node_dies_and_the_same_sign_in_goes_on_at_the_other(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving(2) as first, here.browser() as browser:
        await here.person_with_app()
        await browser.sign_in()
        first.kill()
        assert (await browser.submit({"code": app_code()})).path == "/apps"
        assert (await browser.get("/my-sign-ins")).status == 200


async def test_what_ends_at_one_node_has_ended_at_the_other(open_large_site: Open) -> None:
    async with open_large_site() as here, here.serving(2):
        await here.person_with_app()
        async with here.browser(here.nodes[0]) as one, here.browser(here.nodes[1]) as other:
            await one.sign_in()
            await one.submit({"code": app_code()})
            other.client.cookies.update(one.client.cookies)
            assert (await other.get("/apps")).path == "/apps"
            await one.post("/sign-out", {})
            assert (await other.get("/apps")).path.startswith("/sign-in")


async def people(here: Site, number: int) -> list[Account]:
    return [await here.person_with_app(f"person.{each}") for each in range(number)]


async def keeps_signing_in(browser: Browser, name: str, pages: list[Page]) -> None:
    """Sign in and out, and once more, with the code of each step once."""
    await browser.get("/sign-in")
    for steps in (0, 1):
        pages.append(await torn(browser.sign_in(name)))
        if not pages[-1].forms():
            return
        pages.append(await torn(browser.submit({"code": app_code(steps)})))
        if not browser.cookie("session"):
            return
        if steps < 1:
            pages.append(await torn(browser.post("/sign-out", {})))


async def test_f14_after_a_power_cut_all_that_was_said_is_true(
    own_server: Postgres, own_url: str, tmp_path: Path
) -> None:
    async with (
        site(tmp_path, own_url) as here,
        here.serving(2) as first,
        here.browsers(6) as browsers,
    ):
        everybody = await people(here, 6)
        pages: list[Page] = []
        busy = asyncio.gather(
            *(
                keeps_signing_in(each, account.user_name, pages)
                for each, account in zip(browsers, everybody, strict=True)
            )
        )
        await asyncio.sleep(0.7)
        for node in here.nodes:
            node.kill()
        await asyncio.to_thread(own_server.stop, "immediate")
        await busy
        await asyncio.to_thread(own_server.start, **DURABLE)
        await asyncio.gather(*(node.restart() for node in here.nodes))
        assert first.logged("unexpected") == 0
        for browser, account in zip(browsers, everybody, strict=True):
            if browser.cookie("session") and browser.page.path == "/apps":
                assert (await browser.get("/apps")).path == "/apps", "a session that was given"
            for session in await here.world.sessions(account):
                assert len(session.evidence) == 2
        async with here.browser() as browser:
            await browser.sign_in("person.0")
            assert (await browser.submit({"code": app_code(1)})).status in (200, 422)


def children(process: Process) -> set[int]:
    """The processes that a process has started, without Python's own helper."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return {each for each in map(int, listed.split()) if b"spawn_main" in command(each)}


def command(process: int) -> bytes:
    """How it was started; nothing where it is gone."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def test_the_processes_of_a_node_end_with_it_though_it_is_killed(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here:
        here.configure("[server]\nworkers = 2\n")
        async with here.serving() as node:
            there = await two_that_stay(node, set())
            await asyncio.to_thread(node.kill)
            await until(lambda: not any(command(each) for each in there))


async def two_that_stay(node: Process, others_than: set[int]) -> set[int]:
    """Wait for two children that are not these. The list is read once: it may miss some."""

    async def now() -> set[int]:
        return children(node)

    return await eventually(now, lambda there: len(there) == 2 and there != others_than)


async def test_one_of_the_processes_of_a_node_dies_and_is_replaced(open_large_site: Open) -> None:
    async with open_large_site() as here:
        here.configure("[server]\nworkers = 2\n")
        async with here.serving() as node, here.browser() as browser:
            await here.person_with_app()
            before = await two_that_stay(node, set())
            await browser.sign_in()
            os.kill(min(before), signal.SIGKILL)
            after = await two_that_stay(node, before)
            assert len(before & after) == 1
            assert (await browser.submit({"code": app_code()})).path == "/apps"
            assert await asyncio.to_thread(node.terminate) == 0
            assert [command(each) for each in after] == [b"", b""]
