"""R18: a directory that was not read for long: who gets in by what was read last, and who not."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from portvakt.app import opened
from portvakt.core.people import Account
from portvakt.records.followed import Followed
from portvakt.settings.structs import Directory
from tests import make
from tests.journeys.sign_in.phones import approve, by_phone, go_on, pair
from tests.journeys.sign_in.region import SECRET, app_code
from tests.world import INSIDE, PASSWORD, Browser, Clock, Page, World, no_hold, settings

AWAY = "Katalogen svarar inte just nu"
USED = "directory.grace_used"
Open = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
def open_region(tmp_path: Path, database_url: str) -> Open:
    """Open a product with a directory that is read every 15 minutes; nobody answers there."""

    @asynccontextmanager
    async def opening(**different: object) -> AsyncIterator[World]:
        secret = tmp_path / "bind-password"
        secret.write_text("hemligt")
        options = {
            "servers": ["ldaps://127.0.0.1:9"],
            "bind_dn": "cn=portvakt,dc=region,dc=example",
            "bind_password": {"file": str(secret)},
            "base": "dc=region,dc=example",
        }
        one = msgspec.structs.replace(
            Directory(name="katalogen", kind="ldap", passwords=False, options=options), **different
        )
        chosen = msgspec.structs.replace(settings(tmp_path, database_url), directories=(one,))
        clock = Clock()
        async with opened(chosen, clock=clock, hold=no_hold) as house:
            world = World(house, clock)
            await world.configure([make.rule(networks_not={make.LAN})], [make.network()])
            yield world

    return opening


async def read_well(world: World, at: datetime | None = None, **also: object) -> None:
    """Write what following the directory writes."""
    fact = Followed(well_at=at or world.clock.at, tried_at=world.clock.at)
    written = msgspec.json.encode(msgspec.structs.replace(fact, **also)).decode()
    await world.house.records.write(lambda unit: unit.meta.set("sync:katalogen", written))


async def anna(world: World, source: str = "katalogen") -> Account:
    account = await world.person(make.account(source=source), totp=SECRET)
    await pair(world, account, sign_in=True)
    return account


async def with_phone(world: World, browser: Browser, account: Account) -> Page:
    browser.client.cookies.clear()
    await by_phone(browser)
    await approve(world, account)
    return await go_on(browser)


def is_away(page: Page) -> bool:
    if page.title == AWAY:
        assert (page.status, page.response.headers["retry-after"]) == (503, "10")
    return page.title == AWAY


async def test_r18_the_phone_alone_stops_when_the_grace_is_over(open_region: Open) -> None:
    async with open_region() as world, world.browser() as browser:
        account = await anna(world)
        await read_well(world)
        world.clock.move(minutes=16)
        assert (await with_phone(world, browser, account)).path == "/apps"
        assert USED not in await world.events()
        for _ in range(2):
            world.clock.move(minutes=5)
            assert (await with_phone(world, browser, account)).path == "/apps"
        assert (await world.events()).count(USED) == 1
        world.clock.move(minutes=5)
        before = len(await world.sessions(account))
        assert is_away(await with_phone(world, browser, account))
        assert len(await world.sessions(account)) == before
        await read_well(world)
        world.clock.move(seconds=4)
        assert (await with_phone(world, browser, account)).path == "/apps"


async def test_r18_a_code_that_was_refused_is_not_spent_and_counts_nothing(
    open_region: Open,
) -> None:
    async with open_region() as world, world.browser() as browser:
        await anna(world)
        await read_well(world)
        await browser.sign_in()
        flow = browser.page.path
        await browser.post(f"{flow}/choose", {"way": "totp"})
        world.clock.move(minutes=29)
        await read_well(world, world.clock.at - timedelta(hours=1))
        for _ in range(12):
            await browser.get(flow)
            assert is_away(await browser.submit({"code": app_code(world)}))
        await read_well(world)
        world.clock.move(seconds=4)
        await browser.get(flow)
        assert (await browser.submit({"code": app_code(world)})).path == "/apps"


async def test_r18_changing_methods_stops_with_the_first_reading_that_is_missed(
    open_region: Open,
) -> None:
    async with open_region(grace="4h") as world, world.browser(INSIDE) as browser:
        await anna(world)
        await read_well(world)
        assert (await browser.sign_in()).path == "/apps"
        world.clock.move(minutes=18)
        await browser.get("/sign-in?to=/security-info&for=methods")
        await browser.submit({})
        flow = browser.page.path
        assert is_away(await browser.submit({"code": PASSWORD}))
        await read_well(world)
        world.clock.move(seconds=4)
        await browser.get(flow)
        page = await browser.submit({"code": PASSWORD})
        assert (page.status, page.path) == (200, flow)
        assert page.title != AWAY


async def test_r18_nothing_rests_on_more_than_four_hours(open_region: Open) -> None:
    async with open_region(grace="4h") as world, world.browser() as browser:
        account = await anna(world)
        await read_well(world)
        world.clock.move(hours=3, minutes=59)
        assert (await with_phone(world, browser, account)).path == "/apps"
        world.clock.move(minutes=2)
        assert is_away(await with_phone(world, browser, account))


async def test_r18_a_reading_under_way_is_no_outage_and_one_that_failed_is(
    open_region: Open,
) -> None:
    async with open_region() as world, world.browser() as browser:
        account = await anna(world)
        old = world.clock.at - timedelta(hours=1)
        held = {"holder": "worker", "until": world.clock.at + timedelta(minutes=3)}
        await read_well(world, old, **held)
        assert (await with_phone(world, browser, account)).path == "/apps"
        await read_well(world, old, **held, failed="away")
        world.clock.move(seconds=4)
        assert is_away(await with_phone(world, browser, account))


async def test_r18_people_of_other_sources_notice_nothing(open_region: Open) -> None:
    async with open_region() as world, world.browser() as browser:
        account = await anna(world, "personalsystem")
        await read_well(world, world.clock.at - timedelta(days=2))
        assert (await with_phone(world, browser, account)).path == "/apps"
        assert USED not in await world.events()
