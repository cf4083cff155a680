"""kill -9 between a directory's yes to a new password and our own act: it is settled and told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import tomli_w

from portvakt import background_resets
from portvakt.background_resets import settling
from portvakt.core.ids import SessionId
from portvakt.core.people import Account
from portvakt.settings import load_settings
from tests import make
from tests.bad_days.conftest import Open
from tests.bad_days.processes import Node, eventually, torn
from tests.bad_days.site import Site, app_code
from tests.bad_days.test_killed import somebody_stands_still, standing_still
from tests.directories.homes import NEW, RIGHT, AtSlapd, Home
from tests.journeys.sign_in.directory import person_in, settings_of
from tests.servers.region import Somebody
from tests.world import Browser

pytestmark = pytest.mark.slow


@pytest.fixture(params=["samba", "slapd"])
def home(request: pytest.FixtureRequest) -> Home:
    """A directory of each kind in turn."""
    found: Home = request.getfixturevalue(f"at_{request.param}")
    return found


def follow(site: Site, home: Home) -> None:
    """Have the installation take passwords from this directory."""
    block = settings_of(home, site.folder)
    table = {"name": block.name, "kind": block.kind, **block.options}
    site.configure(tomli_w.dumps({"directories": [table]}))


async def killed_after_the_yes(
    site: Site, node: Node, browser: Browser, home: Home, dn: str
) -> None:
    """Send a new password, and kill the node when the directory has it and nobody knows."""
    before = home.mark(dn)
    async with standing_still(site.url, "events"):
        sent = asyncio.create_task(
            torn(browser.submit({"current": RIGHT.open(), "new": NEW.open()}))
        )
        await has_another(home, dn, before)
        await somebody_stands_still(site)
        node.kill()
        assert (await sent).status == 0


async def has_another(home: Home, dn: str, before: str) -> None:
    """Wait for the directory's yes: others who write events may stand still before it."""
    await eventually(lambda: asyncio.to_thread(home.mark, dn), lambda mark: mark != before)


@asynccontextmanager
async def half_a_minute_later(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Do once what the background does, when the one that was killed cannot be at it any more."""
    monkeypatch.setattr(background_resets, "LOOKS_EVERY", 0.0)
    house, clock = site.world.house, site.house.clock
    clock.at += timedelta(seconds=31)
    chosen = load_settings(site.config, {})
    async with settling(chosen, house.records, house.sealer, house.hasher, clock) as steps:
        for step in steps:
            await step()
        yield


async def told(site: Site, account: Account) -> None:
    """It was told once, by the background, and nothing the old one had opened is open."""
    done = "SELECT actor FROM events WHERE account_id = ? AND name = 'password_change.done'"
    assert await site.rows(done, account.id) == [("worker",)]
    assert await site.world.sessions(account) == []
    assert await site.rows("SELECT COUNT(*) FROM flows") == [(0,)]
    assert await site.rows("SELECT COUNT(*) FROM resets") == [(0,)]
    mailed = "SELECT COUNT(*) FROM freeze_links WHERE account_id = ? AND change = 'password'"
    assert await site.rows(mailed, account.id) == [(1,)]


async def signs_in(site: Site, one: Somebody) -> bool:
    async with site.browser() as browser:
        page = await browser.sign_in(one.user_name, NEW.open())
        return page.title == "Vilken kod visar din app?"


async def test_f08_a_known_password_that_was_changed_is_told_of_though_we_were_killed(
    home: Home, open_large_site: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_large_site() as site:
        follow(site, home)
        account, one, dn = await person_in(site.world, home)
        async with site.serving() as node, site.browsers(2) as (stranger, browser):
            await stranger.sign_in(one.user_name, RIGHT.open())
            assert (await stranger.submit({"code": app_code()})).path == "/apps"
            await browser.get("/change-password")
            await browser.submit({"name": one.user_name, "password": RIGHT.open()})
            assert (await browser.submit({"code": app_code(1)})).path == "/change-password"
            await killed_after_the_yes(site, node, browser, home, dn)
            assert home.knows(one, dn, NEW)
            assert len(await site.world.sessions(account)) == 2
            async with half_a_minute_later(site, monkeypatch):
                await told(site, account)
            await node.restart()
            assert (await stranger.get("/apps")).path.startswith("/sign-in")
            assert await signs_in(site, one)


async def test_f08_a_database_that_goes_away_after_the_yes_leaves_it_to_be_settled(
    at_slapd: AtSlapd, open_large_site: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'portvakt' AND wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    async with open_large_site() as site:
        follow(site, at_slapd)
        account, one, dn = await person_in(site.world, at_slapd)
        async with site.serving(), site.browser() as browser:
            await browser.get("/change-password")
            await browser.submit({"name": one.user_name, "password": RIGHT.open()})
            await browser.submit({"code": app_code()})
            before = at_slapd.mark(dn)
            async with standing_still(site.url, "events"):
                sent = asyncio.create_task(
                    browser.submit({"current": RIGHT.open(), "new": NEW.open()})
                )
                await has_another(at_slapd, dn, before)
                await somebody_stands_still(site)
                while not sent.done():
                    await site.rows(ended)
                    await asyncio.sleep(0.05)
            assert (await sent).status == 503
            assert at_slapd.knows(one, dn, NEW)
            async with half_a_minute_later(site, monkeypatch):
                await told(site, account)
            assert (await browser.get("/apps")).path.startswith("/sign-in")


async def test_f08_a_password_that_had_to_be_changed_is_told_of_though_we_were_killed(
    home: Home, open_large_site: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_large_site() as site:
        follow(site, home)
        account, one, dn = await person_in(site.world, home, "must_change")
        older = make.session(id=SessionId("older"), account_id=account.id)
        await site.world.house.records.write(lambda unit: unit.sessions.open(older, b"o" * 32))
        async with site.serving() as node, site.browser() as browser:
            await browser.sign_in(one.user_name, RIGHT.open())
            page = await browser.submit({"code": app_code()})
            assert page.title == "Byt lösenord först"
            await killed_after_the_yes(site, node, browser, home, dn)
            assert home.knows(one, dn, NEW)
            async with half_a_minute_later(site, monkeypatch):
                await told(site, account)
            await node.restart()
            assert await signs_in(site, one)
