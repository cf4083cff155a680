"""The phone with our app as a proof: six digits, and what it is for in words."""

import json

from portvakt.core.push_approval import RESET
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import NEW, begin, by_text, choose
from tests.journeys.sign_in.phones import answer, approve, pair, waiting, woken, wrong
from tests.journeys.sign_in.region import anna_with_phone


async def test_a_phone_and_a_text_give_a_new_password(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna_with_phone(world)
        await pair(world, account, woken=True)
        world.clock.move(days=2)
        await begin(browser)
        await by_text(browser, world)
        page = await choose(browser, "phone")
        (asked,) = await waiting(world, account)
        assert asked.digits == 6
        assert asked.purpose == RESET
        assert json.loads(asked.shown)["purpose"] == RESET
        assert await woken(world) == ["annas-phone"]
        assert f"{asked.number[:3]}" in page.text
        page = await browser.submit({})
        assert page.status == 422
        await approve(world, account)
        page = await browser.submit({})
        assert page.title == "Välj ett nytt lösenord"
        page = await browser.submit({"password": NEW})
        assert "Ditt nya lösenord gäller" in page.text


async def test_a_phone_is_not_woken_for_a_name_that_somebody_typed(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna_with_phone(world)
        await pair(world, account, woken=True)
        world.clock.move(days=2)
        await begin(browser)
        await choose(browser, "phone")
        assert await woken(world) == []
        await approve(world, account)
        page = await browser.submit({})
        assert page.title == "Tack. Nu behöver vi ett sätt till"


async def test_a_wrong_number_in_the_phone_ends_the_request(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna_with_phone(world)
        await pair(world, account)
        world.clock.move(days=2)
        await begin(browser)
        await choose(browser, "phone")
        (asked,) = await waiting(world, account)
        await answer(world, asked, wrong(asked))
        page = await browser.submit({})
        assert page.title == "Numret stämde inte"


async def test_a_young_phone_opens_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna_with_phone(world)
        world.clock.move(days=30)
        await pair(world, account)
        await begin(browser)
        page = await choose(browser, "phone")
        assert page.title == "Öppna appen och skriv numret"


async def test_the_waiting_page_hears_of_the_answer(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        account = await anna_with_phone(world)
        await pair(world, account)
        world.clock.move(days=2)
        await begin(browser)
        page = await choose(browser, "phone")
        await approve(world, account)
        told = await browser.get(f"{page.path}/phone?seen=waiting")
        assert told.response.json() == {"changed": True}
        await other.get("/reset")
        assert (await other.get(f"{page.path}/phone?seen=waiting")).status == 404
