"""The database takes no writes, or is slow: an honest no at once, and it mends by itself."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.bad_days.conftest import Open
from tests.bad_days.processes import HOST, Node, eventually
from tests.bad_days.site import app_code, site
from tests.bad_days.test_killed import somebody_stands_still, standing_still
from tests.servers.postgres import Postgres
from tests.world import Browser, Page

pytestmark = pytest.mark.slow

HONEST = 30.0
"""Three times what a person may have to wait to be told (I6): a hang, not a figure."""


async def refused(browser: Browser, page: Page, code: str) -> None:
    """Submit a code and be told, in plain words and with a number, that it cannot be."""
    browser.page = page
    async with asyncio.timeout(HONEST):
        answer = await browser.submit({"code": code})
    assert answer.status == 503
    assert answer.title == "Just nu kan vi inte logga in någon"
    assert re.search(r"uppge nummer [0-9A-Z]{4}-[0-9A-Z]{4}-", answer.text), answer.text
    assert int(answer.response.headers["retry-after"]) > 0


@asynccontextmanager
async def taking_no_writes(server: Postgres) -> AsyncIterator[None]:
    """Have a server be what a standby is, or one whose disk an administrator protects."""
    setting = "default_transaction_read_only"
    await asyncio.to_thread(server.execute, f"ALTER SYSTEM SET {setting} = on")
    await asyncio.to_thread(server.execute, "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        await asyncio.to_thread(server.execute, f"ALTER SYSTEM RESET {setting}")
        await asyncio.to_thread(server.execute, "SELECT pg_reload_conf()")


async def test_f19_a_database_that_takes_no_writes_opens_nothing_and_mends_by_itself(
    own_server: Postgres, own_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, own_url) as here, here.serving() as node, here.browser() as browser:
        anna = await here.person_with_app()
        asking = await browser.sign_in()
        code = app_code(1)
        async with taking_no_writes(own_server):
            await refused(browser, asking, code)
            await refused(browser, asking, code)
            assert await node.status("/healthz") == 200
            assert await here.rows("SELECT COUNT(*) FROM sessions") == [(0,)]
        browser.page = asking
        page = await eventually(
            lambda: again(browser, asking, code), lambda page: page.path == "/apps"
        )
        assert page.status == 200
        assert len(await here.world.sessions(anna)) == 1, "the code was not used up by a no"


async def again(browser: Browser, page: Page, code: str) -> Page:
    browser.page = page
    return await browser.submit({"code": code})


async def test_f17_one_slow_table_holds_up_who_needs_it_and_nobody_else(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving() as node, here.browsers(3) as browsers:
        await here.person_with_app()
        known, asking = browsers[0], browsers[1]
        await known.sign_in()
        assert (await known.submit({"code": app_code()})).path == "/apps"
        page = await asking.sign_in()
        async with standing_still(here.url, "sessions"):
            held = asyncio.create_task(refused(asking, page, app_code(1)))
            await somebody_stands_still(here)
            assert (await browsers[2].get("/sign-in")).status == 200
            assert (await known.get("/apps")).path == "/apps"
            assert await node.status("/readyz") == 200
            await held
        assert (await again(asking, page, app_code(1))).path == "/apps"
        assert len(await here.rows("SELECT id FROM sessions")) == 2


async def test_f17_a_commit_that_never_ends_is_given_up_and_said_to_be_away(
    own_server: Postgres, own_url: str, tmp_path: Path
) -> None:
    """Every standby is gone: the commit waits for one, and no time-out of the server ends that."""
    async with site(tmp_path, own_url) as here, here.serving() as node, here.browser() as browser:
        await here.person_with_app()
        page = await browser.sign_in()
        async with waiting_for_nobody(own_server):
            await refused(browser, page, app_code())
            assert await node.status("/healthz") == 200
        await node.up("/readyz")
        async with here.browser() as other:
            await other.sign_in()
            assert (await other.submit({"code": app_code(1)})).path == "/apps"


@asynccontextmanager
async def waiting_for_nobody(server: Postgres) -> AsyncIterator[None]:
    """Have every commit wait for a standby that does not exist."""
    setting = "synchronous_standby_names"
    await asyncio.to_thread(server.execute, f"ALTER SYSTEM SET {setting} = 'nobody'")
    await asyncio.to_thread(server.execute, "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        await asyncio.to_thread(server.execute, f"ALTER SYSTEM RESET {setting}")
        await asyncio.to_thread(server.execute, "SELECT pg_reload_conf()")


async def test_f47_a_log_that_cannot_be_written_stops_no_sign_in(
    open_large_site: Open, tmp_path: Path
) -> None:
    """`/dev/full` takes nothing: every line of the log is lost, and nothing else."""
    (tmp_path / "serve-1.log").symlink_to("/dev/full")
    async with open_large_site() as here, here.serving() as first:
        node = here.node()
        assert node.log_file.is_symlink()
        await eventually(lambda: answers(node, "/readyz"), bool)
        first.kill()
        await here.person_with_app()
        async with here.browser(node) as browser:
            await browser.sign_in()
            assert (await browser.submit({"code": app_code()})).path == "/apps"


async def answers(node: Node, path: str) -> bool:
    """Ask once; its log is never read, which has no end."""
    assert node.running is not None
    assert node.running.poll() is None, "it ended because it could not write its log"
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port)
    except ConnectionError:
        return False
    with contextlib.closing(writer):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        return b" 200 " in await reader.readline()
