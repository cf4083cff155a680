"""What people do: press twice, go back, reload, open two tabs (F71)."""

import asyncio

import pytest

from tests import make
from tests.journeys.conftest import Open, open_world
from tests.journeys.set_up_mfa.people import (
    HOME,
    OTHER_TYPED,
    TYPED,
    codes_on,
    comes_to_register,
    key_on,
    kinds,
    new_person,
)
from tests.journeys.set_up_mfa.people import app_code as code_of
from tests.journeys.sign_in.region import PASSWORD, anna_with_app, anna_with_phone, app_code
from tests.world import Browser, Page

__all__ = ["open_world"]


async def presses_twice(browser: Browser, fields: dict[str, str], form: int = 0) -> Page:
    """Send a form twice at once; the browser shows what the second one brought."""
    other = Browser(browser.client, browser.address)
    other.page = browser.page
    await asyncio.gather(other.submit(fields, form), browser.submit(fields, form))
    return browser.page


async def test_f71_a_double_press_on_sign_in_sends_one_text_whose_code_works(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await anna_with_phone(world)
        await browser.get("/sign-in?to=/my-sign-ins")
        page = await presses_twice(browser, {"name": "anna.berg", "password": PASSWORD})
        assert page.title == "Vilken kod fick du?"
        [(_, text)] = await world.outbox("sms")
        page = await browser.submit({"code": text[-6:]})
        assert page.path == "/my-sign-ins"
        assert len(await world.sessions(anna)) == 1


async def test_f71_going_back_and_signing_in_again_goes_on_with_the_same_text(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        await browser.sign_in()
        world.clock.move(seconds=10)
        page = await browser.sign_in(to="/my-sign-ins")
        assert "Koden går till ••• 05" in page.text
        [(_, text)] = await world.outbox("sms")
        assert (await browser.submit({"code": text[-6:]})).path == "/my-sign-ins"


async def test_f71_the_text_of_another_browser_is_not_gone_on_with(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        await anna_with_phone(world)
        await one.sign_in()
        page = await other.sign_in()
        assert "Vi har inte skickat något nytt sms" in page.text
        assert (await other.submit({"code": await world.last_code()})).status == 422


async def test_f71_a_double_press_on_a_code_opens_one_session(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await anna_with_app(world)
        await browser.sign_in()
        page = await presses_twice(browser, {"code": app_code(world)})
        assert page.status in (200, 410, 422)
        assert len(await world.sessions(anna)) == 1
        assert (await browser.get("/apps")).path == "/apps"


async def test_f71_a_double_press_on_a_wrong_code_is_two_tries_at_most(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await browser.sign_in()
        for _ in range(2):
            assert (await presses_twice(browser, {"code": "000000"})).status == 422
        assert (await browser.submit({"code": app_code(world)})).path == "/apps"


async def test_f71_a_double_press_on_save_sends_one_text_whose_code_works(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        page = await presses_twice(browser, {"option": "sms", "number": TYPED}, form=FORM_OF_SHEET)
        assert page.title == "Vilken kod fick du?"
        [(_, text)] = await world.outbox("sms")
        page = await presses_twice(browser, {"code": text[-6:]})
        assert await kinds(world, anna) == ["recovery_code", "sms_code"]
        assert (await browser.get(HOME)).status == 200


FORM_OF_SHEET = 2  # after the app and the key


async def test_f71_a_double_press_in_front_of_the_app_binds_one(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        page = await browser.get(f"{HOME}/guide")
        page = await presses_twice(browser, {"way": "app"})
        assert page.title == "Lägg till din telefon"
        key = key_on(await browser.post(f"{HOME}/app", {}))
        page = await presses_twice(browser, {"code": code_of(world, key)})
        assert await kinds(world, anna) == ["totp"]
        assert len(await world.sessions(anna)) == 1
        page = await browser.get(f"{HOME}/number")
        assert page.path == f"{HOME}/number", "still signed in, whichever answer was shown"
        page = await presses_twice(browser, {"number": OTHER_TYPED})
        [(_, text)] = [each for each in await world.outbox("sms") if "#" in each[1]]
        await presses_twice(browser, {"code": text[-6:]})
        assert await kinds(world, anna) == ["recovery_code", "sms_code", "totp"]


async def test_f71_every_page_of_a_sign_in_and_a_registration_can_be_loaded_again(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        pages = [await comes_to_register(browser)]
        pages.append(await browser.post(f"{HOME}/app", {}))
        await same_again(browser, pages)
        pages = [await browser.submit({"code": code_of(world, key_on(browser.page))})]
        pages.append(await browser.submit({"number": TYPED}))
        await same_again(browser, pages)
        page = await browser.submit({"code": await world.last_code()})
        assert await browser.get(page.path) is not None
        assert codes_on(browser.page) == codes_on(page)
        assert len([each for each in await world.outbox("sms") if "#" in each[1]]) == 0


async def same_again(browser: Browser, pages: list[Page]) -> None:
    for page in pages:
        again = await browser.get(page.path)
        assert (again.status, again.title) == (200, page.title)


@pytest.mark.parametrize("path", ["/apps", "/security-info", "/my-sign-ins"])
async def test_a122_after_signing_out_the_back_button_shows_nothing(
    path: str, open_world: Open
) -> None:
    async with open_world() as world, world.browser("10.20.1.1") as browser:
        await world.configure([], [make.network()])
        await world.person()
        await browser.sign_in()
        page = await browser.get(path)
        assert page.response.headers["cache-control"] == "no-store"
        await browser.post("/sign-out", {})
        assert (await browser.get(path)).path.startswith("/sign-in")
