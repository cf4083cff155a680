"""Two tabs, or eight, that do the same thing in the same moment."""

import asyncio

from portvakt.core.ids import AuthenticatorId
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    NUMBER,
    SECRET,
    TYPED,
    app_code,
    comes_to_register,
    comes_with_app,
    key_on,
    kinds,
    new_person,
    with_app,
    with_rule,
)
from tests.world import ORIGIN, Browser


async def at_once(browser: Browser, posts: list[tuple[str, dict[str, str]]]) -> list[str]:
    """Post all of them together, and return where each leads, or its status."""
    csrf = browser.page.forms()[0][1]["csrf"]
    headers = {"x-forwarded-for": browser.address, "origin": ORIGIN, "accept": "text/html"}
    answers = await asyncio.gather(
        *(
            browser.client.post(path, data={"csrf": csrf} | fields, headers=headers)
            for path, fields in posts
        )
    )
    return [each.headers.get("location", str(each.status_code)) for each in answers]


async def test_two_tabs_that_confirm_one_app_bind_it_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        page = await browser.post(f"{HOME}/app", {})
        code = app_code(world, key_on(page))
        led = await at_once(browser, [(page.path, {"code": code})] * 8)
        assert led.count(f"{HOME}/number") == 1
        assert await kinds(world, anna) == ["totp"]


async def test_two_tabs_that_confirm_one_number_bind_it_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await comes_to_register(browser)
        page = await browser.post(HOME, {"option": "sms", "number": TYPED})
        code = await world.last_code()
        led = await at_once(browser, [(page.path, {"code": code})] * 8)
        assert sum(each.startswith(f"{HOME}/recovery-codes/") for each in led) == 1
        assert await kinds(world, anna) == ["recovery_code", "sms_code"]


async def test_a048_no_sixth_app_slips_in_between(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        drafts = []
        for _ in range(6):
            page = await browser.post(f"{HOME}/app", {})
            drafts.append((page.path, {"code": app_code(world, key_on(page))}))
        await at_once(browser, drafts)
        assert (await kinds(world, anna)).count("totp") == 5


async def test_a043_two_tabs_do_not_remove_the_last_two_ways(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        phone = make.bound(make.SMS_CODE, id=AuthenticatorId("ownphone"), detail=NUMBER)
        anna = await world.person(bound=[phone], totp=SECRET)
        await comes_with_app(world, browser)
        standing = await world.standing(anna)
        both = [each.id for each in standing.authenticators if each.type != make.PASSWORD]
        await at_once(browser, [(f"{HOME}/methods/{each}/remove", {}) for each in both])
        assert len(await kinds(world, anna)) == 1


async def test_cards_made_at_once_leave_one_that_works(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await comes_with_app(world, browser)
        await at_once(browser, [(f"{HOME}/recovery-codes", {})] * 3)
        assert await kinds(world, anna) == ["recovery_code", "totp"]
        left = await world.house.records.read(
            lambda unit: unit.authenticators.recovery_left(anna.id)
        )
        assert left == 10


async def test_a_stranger_who_began_beside_the_owner_cannot_finish_after(open_world: Open) -> None:
    """Both know the password and are inside. Whoever binds first owns the account."""
    async with open_world() as world, world.browser() as owner, world.browser() as stranger:
        anna = await new_person(world)
        await comes_to_register(stranger)
        theirs = await stranger.post(f"{HOME}/app", {})
        await comes_to_register(owner)
        mine = await owner.post(f"{HOME}/app", {})
        await owner.submit({"code": app_code(world, key_on(mine))})
        page = await stranger.submit({"code": app_code(world, key_on(theirs))})
        assert page.path.startswith("/sign-in")
        assert await kinds(world, anna) == ["totp"]
        page = await stranger.post(f"{HOME}/recovery-codes", {})
        assert page.path.startswith("/sign-in")
        assert await kinds(world, anna) == ["totp"]


async def test_of_owner_and_stranger_at_once_only_one_binds(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        anna = await new_person(world)
        posts = []
        for browser in (one, other):
            await comes_to_register(browser)
            page = await browser.post(f"{HOME}/app", {})
            posts.append(at_once(browser, [(page.path, {"code": app_code(world, key_on(page))})]))
        led = [where for [where] in await asyncio.gather(*posts)]
        assert led.count(f"{HOME}/number") == 1
        assert await kinds(world, anna) == ["totp"]


async def test_the_welcome_window_is_used_once_by_whoever_binds_first(open_world: Open) -> None:
    async with (
        open_world(first="welcome_window") as world,
        world.browser() as one,
        world.browser() as other,
    ):
        anna = await new_person(world)
        posts = []
        for browser in (one, other):
            await browser.sign_in(to=HOME)
            page = await browser.post(f"{HOME}/app", {})
            posts.append(at_once(browser, [(page.path, {"code": app_code(world, key_on(page))})]))
        await asyncio.gather(*posts)
        assert await kinds(world, anna) == ["totp"]
        assert (await world.events(anna)).count("registration.welcome_window_used") == 1
