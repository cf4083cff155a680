"""The database is away, silent, locked, full or damaged: an honest no, and nothing is lost."""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from portvakt.records.migrate import migrate
from tests import make
from tests.bad_days.conftest import DURABLE, Open
from tests.bad_days.processes import Node
from tests.bad_days.site import Site, app_code, site, until_let_in
from tests.bad_days.test_killed import standing_still
from tests.servers.postgres import Postgres
from tests.world import INSIDE, Browser, Page

pytestmark = pytest.mark.slow

AWAY = 10.0
"""Seconds that a database is away."""
HONEST = 30.0
"""Three times what a person may have to wait to be told (I6): a hang, not a figure."""


async def refused(browser: Browser, page: Page, code: str) -> Page:
    """Submit a code, and be told in time, in plain words and with a number, that it cannot be."""
    browser.page = page
    began = time.monotonic()
    answer = await browser.submit({"code": code})
    assert time.monotonic() - began < HONEST
    assert answer.status == 503
    assert answer.title == "Just nu kan vi inte logga in någon"
    assert re.search(r"uppge nummer [0-9A-Z]{4}-[0-9A-Z]{4}-", answer.text), answer.text
    assert int(answer.response.headers["retry-after"]) > 0
    return answer


async def test_f16_a_server_that_is_away_for_ten_seconds_in_the_middle_of_a_sign_in(
    own_server: Postgres, own_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, own_url) as here, here.serving() as node, here.browser() as browser:
        anna = await here.person_with_app()
        async with here.browser(address=INSIDE) as known:
            assert (await known.sign_in()).path == "/apps"
            asking = await browser.sign_in()
            await asyncio.to_thread(own_server.stop, "immediate")
            try:
                await while_it_is_away(node, browser, known, asking)
            finally:
                await asyncio.to_thread(own_server.start, **DURABLE)
            assert await node.up("/readyz") < HONEST
            assert (await known.get("/apps")).path == "/apps"
        browser.page = asking
        assert (await browser.submit({"code": app_code()})).path == "/apps"
        assert len(await here.world.sessions(anna)) == 2
        assert await here.rows("SELECT COALESCE(SUM(run + day), 0) FROM attempts") == [(0,)]


async def while_it_is_away(node: Node, browser: Browser, known: Browser, asking: Page) -> None:
    gone = time.monotonic()
    while time.monotonic() - gone < AWAY:
        await refused(browser, asking, app_code())
        assert await node.status("/readyz") == 503
        assert await node.status("/healthz") == 200
        # Nobody is let in unseen, and nobody is told that they are signed out either.
        page = await known.get("/apps")
        assert (page.path, page.status) == ("/apps", 503)
        assert page.title == "Just nu kan vi inte logga in någon"
        await asyncio.sleep(0.5)


async def test_f17_a_server_that_falls_silent_holds_nobody_up(
    own_server: Postgres, own_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, own_url) as here, here.serving() as node, here.browser() as browser:
        await here.person_with_app()
        asking = await browser.sign_in()
        with silent(own_server):
            answers = await asyncio.gather(
                refused(browser, asking, app_code()),
                *(node.status("/readyz") for _ in range(3)),
                *(quickly(node.status("/healthz")) for _ in range(3)),
            )
            assert answers[1:] == [503, 503, 503, 200, 200, 200]
        await node.up("/readyz")
        browser.page = asking
        assert (await browser.submit({"code": app_code()})).path == "/apps"


async def quickly(asked: object) -> object:
    """Say what came, which must have come within a second."""
    async with asyncio.timeout(1):
        return await asked  # type: ignore[misc]  # it is a coroutine


@contextmanager
def silent(server: Postgres) -> Iterator[None]:
    """Stop every process of a server in the middle of what it does."""
    first = int((server.folder / "data/postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    processes = [first, *(int(each) for each in children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(processes):
            os.kill(process, signal.SIGCONT)


async def test_f59_when_every_connection_is_taken_others_are_told_and_health_still_answers(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving() as node, here.browsers(24) as browsers:
        await here.person_with_app()
        for each in browsers:
            await each.get("/sign-in")
        async with standing_still(here.url, "attempts"):
            form = {"name": "anna.berg", "password": "fel"}
            asked = asyncio.gather(*(each.submit(form) for each in browsers))
            await asyncio.sleep(1)
            assert await quickly(node.status("/healthz")) == 200
            statuses = {page.status for page in await asked}
        assert statuses == {503}
        await node.up("/readyz")
        assert await here.rows("SELECT COUNT(*) FROM attempts") == [(0,)], "nobody was judged"
        async with here.browser() as browser:
            assert (await browser.sign_in()).title == "Vilken kod visar din app?"


async def test_f20_twenty_sign_ins_of_one_person_at_once_all_go_through(open_site: Open) -> None:
    async with open_site() as here, here.serving(), here.browsers(20) as browsers:
        await here.person_with_app()
        pages = await asyncio.gather(*(until_let_in(each.sign_in) for each in browsers))
        # Tries are counted before they are judged, so some are asked for a code first.
        asked = {"Vilken kod visar din app?", "Visa först att det är du"}
        assert {page.title for page in pages} <= asked
        counts = "SELECT run, stopped_until FROM attempts WHERE kind = 'password'"
        assert await here.rows(counts) == [(0, None)], "all were right, so nothing stays counted"


async def test_a_file_that_another_process_keeps_locked_for_ten_seconds(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here, here.serving() as node, here.browser() as browser:
        anna = await here.person_with_app()
        asking = await browser.sign_in()
        path = here.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
            other.execute("BEGIN EXCLUSIVE")
            locked = time.monotonic()
            while time.monotonic() - locked < AWAY:
                await refused(browser, asking, app_code())
                assert (await browser.get("/sign-in")).status == 200, "reading goes on"
                assert await node.status("/healthz") == 200
            other.execute("ROLLBACK")
        browser.page = asking
        assert (await browser.submit({"code": app_code()})).path == "/apps"
        assert len(await here.world.sessions(anna)) == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a small disk cannot be made here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_f21_a_full_disk_refuses_what_it_cannot_keep_and_reading_goes_on(
    small_disk: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{small_disk}/portvakt.db"
    await asyncio.to_thread(migrate, url, lambda _: None)
    async with site(tmp_path, url) as here, here.serving() as node, here.browser() as browser:
        anna = await here.person_with_app()
        async with here.browser(address=INSIDE) as known:
            await known.sign_in()
            asking = await browser.sign_in()
            fill(small_disk / "filler")
            await refused(browser, asking, app_code())
            assert (await known.get("/apps")).path == "/apps"
            assert len(await here.world.sessions(anna)) == 1, "the one of before"
            (small_disk / "filler").unlink()
        browser.page = asking
        assert (await browser.submit({"code": app_code()})).path == "/apps"
        assert await node.status("/readyz") == 200


def fill(file: Path) -> None:
    """Write until there is no room for one more byte."""
    with file.open("wb", buffering=0) as out:
        for size in (64 * 1024, 1):
            try:
                while True:
                    out.write(b"x" * size)
            except OSError:
                continue


async def spoil(here: Site, account_id: str) -> None:
    """Turn one bit of somebody's sealed secret."""
    [(sealed,)] = await here.rows(
        "SELECT sealed FROM authenticators WHERE account_id = ? AND type = 'totp'", account_id
    )
    broken = sealed[:-1] + bytes((sealed[-1] ^ 1,))
    await here.rows(
        "UPDATE authenticators SET sealed = ? WHERE account_id = ? AND type = 'totp'",
        broken,
        account_id,
    )


async def test_f22_a_secret_that_cannot_be_opened_fails_alone_and_loudly(open_site: Open) -> None:
    async with open_site() as here, here.serving() as node, here.browser() as browser:
        anna = await here.person_with_phone(app=True)
        await spoil(here, anna.id)
        page = await browser.sign_in()
        assert page.title == "Vilken kod visar din app?"
        for code in (app_code(), app_code(secret=bytes(20))):
            page = await browser.submit({"code": code})
            assert page.status == 422, "whatever was typed"
            assert "Felet är vårt. Ta ett annat sätt." in page.text
        assert node.logged("authenticator_unreadable") == 2
        await browser.get(f"{page.path}/other")
        page = await browser.submit({"way": f"{anna.id}-phone"})
        assert page.title == "Vilken kod fick du?"
        page = await browser.submit({"code": await here.code_to("+46701740605")})
        assert page.path == "/apps"


async def test_f22_one_damaged_app_does_not_spoil_another(open_site: Open) -> None:
    async with open_site() as here, here.serving(), here.browser() as browser:
        anna = await here.person_with_app()
        await spoil(here, anna.id)
        await here.bind_app(make.bound(make.TOTP, id="second", account_id=anna.id))
        await browser.sign_in()
        assert (await browser.submit({"code": app_code()})).path == "/apps"


async def test_f46_a_node_whose_clock_is_not_the_databases_says_that_it_is_not_ready(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.house.browser() as browser:
        for seconds, status in ((0, 200), (1, 200), (4, 503), (-4, 503), (3600, 503), (0, 200)):
            here.world.clock.move(seconds=seconds)
            page = await browser.get("/readyz")
            assert page.status == status, f"{seconds} s off"
            assert (await browser.get("/healthz")).status == 200


async def test_f16_a_node_that_starts_while_the_server_is_away_says_why_it_cannot(
    own_server: Postgres, tmp_path: Path
) -> None:
    """It ends with one plain sentence, so that whoever starts it again by itself may go on."""
    url = own_server.url("nowhere")
    (tmp_path / "portvakt.toml").write_text(
        f'public_url = "http://localhost:8000"\ndatabase_url = "{url}"\n'
        f'[keys]\nmaster_file = "{tmp_path}/master.key"\n',
        encoding="utf-8",
    )
    node = Node(
        ["serve", "--config", str(tmp_path / "portvakt.toml")], tmp_path / "serve.log", port=1
    )
    node.start()
    assert node.running is not None
    assert await asyncio.to_thread(node.running.wait, 30) not in (0, -signal.SIGKILL)
    said = node.log_file.read_text(encoding="utf-8")
    assert re.fullmatch(r"portvakt serve: PostgreSQL: .*nowhere.*\n", said), said
