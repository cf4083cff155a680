"""Two `serve` on one database: what may be used once is used once, whichever is asked."""

import asyncio
import html
import re
from pathlib import Path

import httpx
import pytest

from tests.bad_days.codes import KINDS
from tests.bad_days.conftest import Open
from tests.bad_days.processes import PATIENCE, Node, Process, eventually
from tests.bad_days.site import Site
from tests.journeys.sign_in.test_first_registration import START_CODE, give_start_code
from tests.phone.product import added, by_phone, line_to, number_on, one
from tests.world import INSIDE, Browser, Page

pytestmark = pytest.mark.slow

LISTENING = (
    "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'portvakt'"
    " AND datname = current_database() AND query LIKE 'LISTEN%'"
)
CONNECTED = (
    "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'portvakt'"
    " AND datname = current_database()"
)


@pytest.mark.parametrize("kind", ["card", "text"])
async def test_f49_a_code_posted_at_once_to_two_processes_opens_one_session(
    kind: str, open_large_site: Open
) -> None:
    async with open_large_site() as here, here.serving(2), here.browsers(8) as browsers:
        who, code = await KINDS[kind].asked(here, "anna.berg", browsers)
        pages = await asyncio.gather(*(each.submit({"code": code}) for each in browsers))
        assert len(await here.world.sessions(who)) == 1
        assert sum(page.path == "/apps" for page in pages) in (1, len(pages)), (
            "tabs of one browser share the session that the first of them opened"
        )
        assert await here.rows(KINDS[kind].spent, who.id) == [(1,)]


async def test_f49_a_start_code_posted_at_once_to_two_processes_opens_one_registration(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving(2), here.browsers(8) as browsers:
        bo = await here.person(password=None)
        await give_start_code(here.world, bo)
        for each in browsers:
            await each.get("/sign-in?to=/security-info")
        form = {"name": "anna.berg", "password": START_CODE}
        pages = await asyncio.gather(*(each.submit(form) for each in browsers))
        assert sum(page.path.startswith("/security-info") for page in pages) == 1
        assert len(await here.world.sessions(bo)) == 1
        assert (await here.world.events(bo)).count("start_code.used") == 1


async def test_f49_an_approval_that_two_processes_go_on_with_at_once_opens_one_session(
    open_large_site: Open,
) -> None:
    async with (
        open_large_site() as here,
        here.serving(2),
        line_to(here.nodes[1]) as way,
        here.browser(here.nodes[0], address=INSIDE) as desk,
        here.browser() as browser,
    ):
        anna = await here.person()
        phone = await added(desk, way)
        before = len(await here.world.sessions(anna))
        number = number_on(await browser.sign_in())
        await phone.approve(await one(phone), number)
        await browser.get(browser.page.path)
        page = browser.page
        tabs = [Browser(browser.client, browser.address) for _ in range(8)]
        for each in tabs:
            each.page = page
        await asyncio.gather(*(each.submit({}) for each in tabs))
        assert len(await here.world.sessions(anna)) == before + 1


async def waits(browser: Browser, name: str) -> asyncio.Task[httpx.Response]:
    """Ask what the script of a waiting page asks, and let it wait; nobody has such a name."""
    page: Page = await by_phone(browser, name)
    found = re.search(r'data-waits-for="([^"]+)"', page.html)
    assert found is not None, page.text
    return asyncio.create_task(browser.client.get(html.unescape(found[1])))


async def test_however_many_wait_each_process_listens_on_one_connection(
    open_large_site: Open,
) -> None:
    async with (
        open_large_site() as here,
        here.serving(2),
        here.browsers(6, here.nodes[0]) as some,
        here.browsers(6, here.nodes[1]) as others,
    ):
        waiting = [await waits(each, f"nobody.{at}") for at, each in enumerate(some + others)]
        await eventually(lambda: here.rows(LISTENING), lambda rows: rows == [(2,)])
        [(connections,)] = await here.rows(CONNECTED)
        assert connections <= 2 * (8 + 1), "as many as a process may have, and one that listens"
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_two_processes_on_the_embedded_database_are_refused_at_the_start(
    open_small_site: Open, tmp_path: Path
) -> None:
    async with open_small_site() as here:
        with here.config.open("a", encoding="utf-8") as file:
            file.write("[server]\nworkers = 2\n")
        said = await refused(here, tmp_path)
        assert "SQLite is for one process" in said
        assert "server.workers" in said


async def test_f67_without_the_master_key_it_says_so_and_does_not_start(
    open_large_site: Open, tmp_path: Path
) -> None:
    async with open_large_site() as here:
        (tmp_path / "master.key").rename(tmp_path / "elsewhere.key")
        said = await refused(here, tmp_path)
        assert "master.key" in said
        assert not (tmp_path / "master.key").exists(), "a new key would open nothing that is sealed"


async def refused(here: Site, folder: Path) -> str:
    """Start `serve`, which must end by itself; return what it said."""
    node: Process = Node(["serve", "--config", str(here.config)], folder / "refused.log")
    node.start()
    assert node.running is not None
    try:
        assert await asyncio.to_thread(node.running.wait, PATIENCE) == 1
    finally:
        node.remove()
    return node.log_file.read_text(encoding="utf-8")
