"""A directory that is stopped, silent, somebody else's, or closed to us: said plainly, and over
by itself when it is over."""

import asyncio
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.directories.homes import RIGHT, WRONG, AtSlapd
from tests.journeys.sign_in.directory import person_in, world_with
from tests.journeys.sign_in.region import failures
from tests.servers.authority import Authority
from tests.servers.slapd import SERVICE_PASSWORD, Slapd
from tests.world import INSIDE, PASSWORD, Browser, Page, World

pytestmark = pytest.mark.slow
AWAY = "Katalogen svarar inte just nu"


@pytest.fixture(scope="module")
def own() -> Iterator[AtSlapd]:
    """A directory that these stories may stop."""
    server = Slapd.create()
    server.start()
    yield AtSlapd(server)
    server.remove()


def but_the_number(page: Page) -> str:
    return re.sub(r"\w{4}-\w{4}-\w{4}", "", page.text)


def is_away(page: Page) -> bool:
    """Say whether the page says so, and nothing of a wrong password."""
    assert "hör inte ihop" not in page.text
    if page.title == AWAY:
        assert (page.status, page.response.headers["retry-after"]) == (503, "10")
    return page.title == AWAY


async def silent_and_back(world: World) -> list[str]:
    return [each for each in await world.events() if each.startswith("directory.")]


async def came_back(browser: Browser, name: str) -> Page:
    """Try until the directory is no longer said to be away."""
    for _ in range(40):
        page = await browser.sign_in(name, RIGHT.open())
        if not is_away(page):
            return page
        await asyncio.sleep(0.5)
    raise AssertionError("still away")


async def test_a_stopped_directory_is_said_to_be_away_and_is_back_by_itself(
    own: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(own, tmp_path, sqlite_url) as world, world.browser(INSIDE) as browser:
        account, one, dn = await person_in(world, own)
        own.server.stop()
        for _ in range(12):  # more often than wrong answers are taken: none of these counts
            assert is_away(await browser.sign_in(one.user_name, RIGHT.open()))
            assert is_away(await browser.sign_in(one.user_name, WRONG.open()))
        assert not await world.sessions(account)
        assert await silent_and_back(world) == ["directory.silent"]
        own.server.start()
        page = await came_back(browser, one.user_name)
        assert page.path == "/apps"
        assert await silent_and_back(world) == ["directory.silent", "directory.answers"]
        assert "authentication.failed" not in await world.events(account)
        assert own.knows(one, dn, RIGHT)


async def test_a_name_that_nobody_has_is_away_when_others_are(
    own: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(own, tmp_path, sqlite_url) as world, world.browser(INSIDE) as browser:
        _, one, _ = await person_in(world, own)
        own.server.stop()
        known = await browser.sign_in(one.user_name, WRONG.open())
        unknown = await browser.sign_in("finns.inte", WRONG.open())
        own.server.start()
        assert is_away(known)
        assert but_the_number(known) == but_the_number(unknown)
        # what there is to tell of a name that nobody has would only fill the trail
        assert (await world.events()).count("authentication.not_judged") == 1


async def test_a_password_that_is_kept_here_works_though_the_directory_is_away(
    own: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(own, tmp_path, sqlite_url) as world, world.browser(INSIDE) as browser:
        await world.person()
        own.server.stop()
        try:
            assert "hör inte ihop" in (await failures(browser, 1)).text
            assert (await browser.sign_in(password=PASSWORD)).path == "/apps"
        finally:
            own.server.start()


async def test_a_silent_directory_holds_nobody_longer_than_ten_seconds(
    own: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    """F28, F29: it takes connections and says nothing; after three, nobody waits at all."""
    async with world_with(own, tmp_path, sqlite_url) as world, world.browser(INSIDE) as browser:
        _, one, dn = await person_in(world, own)
        assert (await browser.sign_in(one.user_name, RIGHT.open())).path == "/apps"
        browser.client.cookies.clear()
        own.server.signal(signal.SIGSTOP)
        try:
            for most in (10.0, 10.0, 10.0, 0.5):
                began = time.monotonic()
                assert is_away(await browser.sign_in(one.user_name, RIGHT.open()))
                assert time.monotonic() - began < most
        finally:
            own.server.signal(signal.SIGCONT)
        page = await came_back(browser, one.user_name)
        assert page.path == "/apps"
        assert own.knows(one, dn, RIGHT)


async def test_a_directory_with_somebody_elses_certificate_gets_no_password(
    own: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    stranger = Authority(tmp_path / "stranger").ca_file
    async with (
        world_with(own, tmp_path, sqlite_url, ca_file=str(stranger)) as world,
        world.browser(INSIDE) as browser,
    ):
        _, one, _ = await person_in(world, own)
        assert is_away(await browser.sign_in(one.user_name, RIGHT.open()))
        assert await silent_and_back(world) == ["directory.silent"]


async def test_a_wrong_password_of_the_service_account_is_mended_in_its_file(
    own: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    """F30: nobody is let in meanwhile, nobody is told of a wrong password, and it is not locked."""
    async with world_with(own, tmp_path, sqlite_url) as world, world.browser(INSIDE) as browser:
        account, one, _ = await person_in(world, own)
        secret = tmp_path / "bind-password"
        secret.write_text("något annat")
        for _ in range(10):
            assert is_away(await browser.sign_in(one.user_name, RIGHT.open()))
        assert not await world.sessions(account)
        secret.write_text(SERVICE_PASSWORD)
        page = await came_back(browser, one.user_name)
        assert page.path == "/apps"
        assert await silent_and_back(world) == ["directory.silent", "directory.answers"]
