"""Nobody changes how they sign in with a text where they have something better."""

import pytest

from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    SECRET,
    TYPED,
    app_code,
    comes_to_register,
    key_on,
    kinds,
    new_person,
    with_rule,
    work_phone,
)
from tests.world import PASSWORD, Browser, World


async def with_both(world: World) -> None:
    """Somebody with an app, and texts to a work phone."""
    await with_rule(world)
    await world.person(totp=SECRET, bound=[work_phone()])


async def to_the_question(browser: Browser) -> str:
    """Sign in by name and password to change methods; returns the address of what is asked."""
    await browser.sign_in(to=HOME)
    return browser.page.path


async def test_a042_a_text_does_not_lead_to_the_registration_pages(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_both(world)
        await to_the_question(browser)
        assert browser.page.title == "Vilken kod visar din app?"
        page = await browser.get(f"{browser.page.path}/other")
        assert "Sms till" not in page.text
        assert await world.outbox("sms") == []


@pytest.mark.parametrize("way", ["workphone", "sms_code"])
async def test_a_browser_that_asks_for_a_text_all_the_same_gets_none(
    way: str, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_both(world)
        flow = await to_the_question(browser)
        await browser.get(f"{flow}/other")
        await browser.post(f"{flow}/other", {"way": way})
        assert await world.outbox("sms") == []
        await browser.post(f"{flow}/send", {})
        assert await world.outbox("sms") == []


async def test_who_signed_in_by_text_is_asked_for_the_app_before_anything_is_added(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_both(world)
        page = await browser.sign_in()
        page = await browser.get(f"{page.path}/other")
        await browser.submit({"way": "workphone"})
        assert (await browser.submit({"code": await world.last_code()})).path == "/apps"
        page = await browser.get(HOME)
        assert page.path.startswith("/sign-in")
        await browser.submit({})
        page = await browser.submit({"code": PASSWORD})
        assert page.title == "Vilken kod visar din app?"
        world.clock.move(seconds=30)
        assert (await browser.submit({"code": app_code(world)})).path == HOME


async def test_whoever_adds_something_better_goes_on_in_the_same_sitting(
    open_world: Open,
) -> None:
    """A text first, then an app, then the card: nothing is asked twice."""
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        await browser.post(HOME, {"option": "sms", "number": TYPED})
        await browser.submit({"code": await world.last_code()})
        await browser.get(HOME)
        page = await browser.post(f"{HOME}/app", {})
        await browser.submit({"code": app_code(world, key_on(page))})
        assert (await browser.get(HOME)).path == HOME
        assert await kinds(world, anna) == ["recovery_code", "sms_code", "totp"]
