"""People are told of a sign-in from a new place: once, and not every morning."""

import re
from datetime import timedelta

import pytest

from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import SECRET, app_code, with_rule
from tests.world import INSIDE, OUTSIDE, Browser, World

ELSEWHERE = "198.51.100.77"
SUBJECT = "Inloggning från en ny plats"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


async def signs_in(world: World, browser: Browser) -> None:
    world.clock.move(seconds=60)
    browser.client.headers["user-agent"] = FIREFOX
    page = await browser.sign_in()
    if page.path != "/apps":
        page = await browser.submit({"code": app_code(world)})
    assert page.path == "/apps"


async def mails(world: World) -> list[str]:
    return [words for _, words in await world.outbox("mail") if words.startswith(SUBJECT)]


async def test_a047_a_new_browser_somewhere_new_is_told_of_with_what_when_where_and_a_link(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        await world.person(totp=SECRET)
        await signs_in(world, browser)
        [words] = await mails(world)
        assert "Firefox, Windows" in words
        assert "2026-11-22 13:01" in words
        assert f"adress {OUTSIDE}" in words
        [link] = re.findall(r"https://\S+(/not-me/\S+)", words)
        page = await browser.get(link)
        assert "Någon loggade in från en ny plats" in page.text
        await browser.submit({})
        assert (await browser.get("/apps")).path.startswith("/sign-in")


async def test_the_same_browser_is_told_of_once_also_where_it_moves(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        await world.person(totp=SECRET)
        await signs_in(world, browser)
        assert len(await mails(world)) == 1
        for address in (OUTSIDE, ELSEWHERE):
            browser.address = address
            browser.client.cookies.delete("__Host-session")
            await signs_in(world, browser)
        assert await mails(world) == []


@pytest.mark.parametrize(
    ("days", "address", "told"), [(1, OUTSIDE, 0), (1, ELSEWHERE, 1), (31, OUTSIDE, 1)]
)
async def test_a_browser_without_cookies_is_told_of_where_nobody_signed_in_for_a_month(
    open_world: Open, days: int, address: str, told: int
) -> None:
    async with open_world() as world, world.browser() as one, world.browser(address) as other:
        await with_rule(world)
        await world.person(totp=SECRET)
        await signs_in(world, one)
        await mails(world)
        world.clock.move(days=days)
        await signs_in(world, other)
        assert len(await mails(world)) == told


async def test_a_new_computer_on_the_organisations_network_is_no_new_place(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_rule(world)
        await world.person(totp=SECRET)
        await signs_in(world, browser)
        assert await mails(world) == []


async def test_the_first_sign_in_of_all_is_not_told_of_as_a_new_place(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        created = world.clock.at - timedelta(days=7)
        await world.person(make.account(last_sign_in_at=None, created_at=created), totp=SECRET)
        await signs_in(world, browser)
        assert await mails(world) == []
