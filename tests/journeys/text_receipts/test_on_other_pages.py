"""What became of a text, on the pages of registration and of a forgotten password."""

from portvakt.core.text_fates import Stage
from tests.journeys.conftest import Open
from tests.journeys.reset_password.forgetful import anna, begin, by_app, choose
from tests.journeys.set_up_mfa.people import HOME, comes_to_register, new_person
from tests.journeys.sign_in.test_text_waiting import (
    address,
    ask,
    dropped,
    handed_over,
    receipt,
    told,
    tried,
)


async def test_the_page_of_a_new_number_tells_of_its_text(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await comes_to_register(browser)
        page = await browser.post(HOME, {"option": "sms", "number": "070-174 06 05"})
        assert told(page) == "Sms:et är på väg till operatören"
        await handed_over(world, await tried(world))
        found = (await ask(browser, address(page))).json()
        assert found["told"] == "Skickat 13:00:01 till 070-174 06 05"
        await receipt(world, "delivered")
        found = (await ask(browser, address(page))).json()
        assert (found["seen"], found["over"]) == (Stage.DELIVERED, True)
        async with world.browser() as other:
            assert (await ask(other, address(page))).status_code == 303


async def test_the_page_of_a_forgotten_password_tells_of_its_text_after_a_proof(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await anna(world)
        await begin(browser)
        await by_app(browser, world)
        page = await choose(browser, "text:work-phone")
        assert told(page) == "Sms:et är på väg till operatören"
        await dropped(world, await tried(world), taken=True)
        found = (await ask(browser, address(page))).json()
        assert found["told"].startswith("Vi vet inte om sms:et kom i väg.")
        assert "Ta ett annat sätt" in page.text
        await other.get("/sign-in")
        assert (await ask(other, address(page))).status_code == 404


async def test_a025_before_a_proof_the_page_of_a_forgotten_password_tells_of_no_text(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await begin(browser)
        page = await choose(browser, "text")
        await handed_over(world, await tried(world))
        page = await browser.get(page.path)
        assert "••" not in page.text
        assert "data-waits-for" not in page.html
        assert (await ask(browser, f"{page.path}/text?seen=")).status_code == 404
