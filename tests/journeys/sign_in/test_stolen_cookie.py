"""A066: a cookie that is used from another browser somewhere else ends its session."""

import pytest

from portvakt.core.events import SessionSeenElsewhere
from portvakt.core.explaining import explain
from portvakt.settings.structs import Risk
from tests.journeys.conftest import Open
from tests.world import INSIDE, Browser, World

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
ABROAD = "198.51.100.7"


async def signed_in(world: World, browser: Browser) -> None:
    browser.client.headers["user-agent"] = FIREFOX
    assert (await browser.sign_in()).path == "/apps"
    await world.outbox("mail")
    world.clock.move(minutes=5)


def copy(of: Browser, to: Browser) -> None:
    """Give another browser every cookie there is."""
    for cookie in of.client.cookies.jar:
        to.client.cookies.set(cookie.name, cookie.value or "")


async def test_a066_a_cookie_from_another_country_and_browser_ends_its_session(
    open_world: Open,
) -> None:
    async with (
        open_world() as world,
        world.browser() as own,
        world.browser(ABROAD) as thief,
    ):
        account = await world.person()
        await signed_in(world, own)
        copy(own, thief)
        thief.client.headers["user-agent"] = CHROME
        assert (await thief.get("/apps")).path.startswith("/sign-in")
        assert await world.sessions(account) == []
        await thief.get("/apps")  # told once, however often it comes
        [event] = await world.house.records.read(
            lambda unit: unit.audit.of_kind(account.id, (SessionSeenElsewhere.name,), 10)
        )
        assert event.address == ABROAD
        assert event.detail["user_agent"] == CHROME
        assert event.detail["opened_in"] == FIREFOX
        assert "so it was ended" in explain(event.name, event.detail, event.trace).said
        [(_, mail)] = await world.outbox("mail")
        assert mail.startswith("Du är utloggad: någon annan kan ha kommit åt din inloggning")
        assert "Chrome, Linux" in mail
        assert f"adress {ABROAD}" in mail
        assert (await own.get("/apps")).path.startswith("/sign-in")
        await signed_in(world, own)
        page = await own.get("/my-sign-ins")
        assert "inloggningen kom från en annan webbläsare på ett annat nät" in page.text


@pytest.mark.parametrize(
    ("address", "agent"),
    [(ABROAD, FIREFOX), (INSIDE, FIREFOX), ("203.0.113.99", CHROME)],
    ids=["it moved", "it came inside", "it calls itself another"],
)
async def test_a_browser_that_moves_keeps_its_session(
    open_world: Open, address: str, agent: str
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await world.person()
        await signed_in(world, browser)
        browser.address = address
        browser.client.headers["user-agent"] = agent
        assert (await browser.get("/apps")).path == "/apps"
        assert len(await world.sessions(account)) == 1
        assert SessionSeenElsewhere.name not in await world.events(account)


async def test_it_can_be_switched_off(open_world: Open) -> None:
    async with (
        open_world(risk=Risk(stolen_cookie="off")) as world,
        world.browser() as own,
        world.browser(ABROAD) as other,
    ):
        await world.person()
        await signed_in(world, own)
        copy(own, other)
        other.client.headers["user-agent"] = CHROME
        assert (await other.get("/apps")).path == "/apps"


async def test_it_costs_nothing_where_nothing_moved_and_one_act_where_it_did(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as own, world.browser(ABROAD) as thief:
        await world.person()
        await signed_in(world, own)
        await own.get("/apps")
        before = world.house.records.counted
        await own.get("/apps")
        usual = world.house.records.counted - before
        own.address = ABROAD
        before = world.house.records.counted
        await own.get("/apps")
        assert world.house.records.counted - before == usual
        copy(own, thief)
        thief.client.headers["user-agent"] = CHROME
        assert (await thief.get("/apps")).path.startswith("/sign-in")
