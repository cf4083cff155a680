"""A browser that is known, and a copy of it: lost answers and tabs are told from thieves."""

import asyncio

import pytest

from portvakt.core.known_browsers import ANSWERED
from tests.journeys.conftest import Open
from tests.journeys.sign_in.knowing import again, anna, asks, copied, known, leave, remembered
from tests.world import PASSWORD, Browser, World


@pytest.mark.parametrize("lost", [False, True])
async def test_an_answer_that_is_lost_makes_nobody_a_thief(open_world: Open, lost: bool) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await remembered(world, browser)
        before = browser.cookie("known")
        await again(world, browser)
        assert before is not None
        if lost:
            browser.client.cookies.set("__Host-known", before, domain="portvakt.region.example")
        for _ in range(2):
            assert (await again(world, browser)).path == "/apps"
        assert "known_browser.copied" not in await world.events(account)


async def test_two_tabs_that_sign_in_at_once_are_both_let_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as tab:
        account = await anna(world)
        await remembered(world, browser)
        world.clock.move(days=1)
        leave(browser)
        copied(browser, tab)
        tabs = (browser, tab)
        for each in tabs:
            await each.get("/sign-in?to=/apps")
        pages = await asyncio.gather(
            *(each.submit({"name": "anna.berg", "password": PASSWORD}) for each in tabs)
        )
        assert [each.path for each in pages] == ["/apps", "/apps"]
        secrets = {each.cookie("known") for each in tabs}
        assert len(secrets) == 2  # one of them was given what follows, and the other nothing
        assert len(await known(world, account)) == 1
        assert "known_browser.copied" not in await world.events(account)


async def test_a_copy_is_found_when_its_owner_comes_and_all_that_it_opened_ends(
    open_world: Open,
) -> None:
    """The thief, who also has the password, was first."""
    async with open_world() as world, world.browser() as browser, world.browser() as thief:
        account = await anna(world)
        await remembered(world, browser)
        await again(world, browser)
        leave(browser)
        copied(browser, thief)
        for _ in range(2):
            assert (await again(world, thief)).path == "/apps"
        await world.outbox("mail")
        assert asks(await again(world, browser))
        assert await known(world, account) == []
        assert await world.sessions(account) == []
        assert (await thief.get("/apps")).path.startswith("/sign-in")
        assert asks(await again(world, thief))
        assert asks(await again(world, browser))
        events = await world.events(account)
        assert events.count("known_browser.copied") == 1
        (letter,) = [words for _, words in await world.outbox("mail") if "gammal nyckel" in words]
        assert letter.startswith("Vi frågar igen på en av dina datorer")


async def test_a_copy_is_found_when_it_comes_after_its_owner(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as thief:
        account = await anna(world)
        await remembered(world, browser)
        leave(browser)
        copied(browser, thief)
        for _ in range(2):
            assert (await again(world, browser)).path == "/apps"
        assert asks(await again(world, thief))
        assert await known(world, account) == []
        assert asks(await again(world, browser))
        assert (await world.events(account)).count("known_browser.copied") == 1


async def test_a_thief_and_the_owner_never_go_on_side_by_side(open_world: Open) -> None:
    """Whoever of them comes third meets the end of it, however they take turns."""
    for order in ("otoo", "toto", "otto", "totto"):
        async with open_world() as world:
            await _take_turns(world, order)


async def _take_turns(world: World, order: str) -> None:
    async with world.browser() as browser, world.browser() as thief:
        account = await anna(world)
        await remembered(world, browser)
        leave(browser)
        copied(browser, thief)
        who: dict[str, Browser] = {"o": browser, "t": thief}
        for each in order:
            await again(world, who[each], seconds=ANSWERED.total_seconds() + 1)
        assert "known_browser.copied" in await world.events(account), order
        assert await known(world, account) == []
