"""Codes: once, in time, and only where they belong."""

import asyncio
import base64
import subprocess

import pytest

from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import SECRET, anna_with_app, anna_with_phone, app_code
from tests.world import Browser


async def test_a016_a_code_from_the_app_is_taken_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        await anna_with_app(world)
        await one.sign_in()
        await other.sign_in()
        assert (await one.submit({"code": app_code(world)})).path == "/apps"
        world.clock.move(seconds=2)
        page = await other.submit({"code": app_code(world)})
        assert page.status == 422
        assert "redan använd" in page.text
        assert "authentication.replayed" in await world.events()


async def test_a017_the_same_code_posted_twenty_times_opens_one_session(open_world: Open) -> None:
    async with open_world() as world:
        anna = await anna_with_app(world)
        browsers: list[Browser] = []
        contexts = [world.browser(f"198.51.100.{number}") for number in range(20)]
        for context in contexts:
            browser = await context.__aenter__()
            await browser.sign_in()
            browsers.append(browser)
        code = app_code(world)
        pages = await asyncio.gather(*(each.submit({"code": code}) for each in browsers))
        assert sum(page.path == "/apps" for page in pages) == 1
        assert len(await world.sessions(anna)) == 1
        for context in contexts:
            await context.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
async def test_a018_one_step_either_way_is_taken_and_no_more(
    steps: int, taken: bool, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await browser.sign_in()
        page = await browser.submit({"code": app_code(world, steps)})
        assert (page.path == "/apps") is taken


@pytest.mark.parametrize(("seconds", "taken"), [(299, True), (301, False)])
async def test_a019_a_text_code_lives_five_minutes(
    seconds: int, taken: bool, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        await browser.sign_in()
        code = await world.last_code()
        world.clock.move(seconds=seconds)
        page = await browser.submit({"code": code})
        assert (page.path == "/apps") is taken
        if not taken:
            assert "Koden har gått ut" in page.text
            assert "Skicka en ny kod" in page.text


async def test_a020_a_code_belongs_to_the_sign_in_that_asked_for_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        await anna_with_phone(world)
        await one.sign_in()
        code = await world.last_code()
        world.clock.move(seconds=31)
        await other.sign_in()
        page = await other.submit({"code": code})
        assert page.status == 422
        assert (await one.submit({"code": code})).path == "/apps"


async def test_only_the_newest_text_counts(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        await browser.sign_in()
        old = await world.last_code()
        world.clock.move(seconds=31)
        await browser.submit({}, form=1)
        new = await world.last_code()
        assert (await browser.submit({"code": old})).status == 422
        assert (await browser.submit({"code": new})).path == "/apps"


async def test_a_second_text_waits_half_a_minute(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world)
        await browser.sign_in()
        assert len(await world.outbox("sms")) == 1
        await browser.submit({}, form=1)
        assert await world.outbox("sms") == []


@pytest.mark.parametrize(
    "written", ["{}{}{} {}{}{}", "{}{}{}-{}{}{}", " {}{}{}{}{}{} ", "{}{} {}{} {}{}"]
)
async def test_a_code_may_be_typed_with_spaces(written: str, open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await browser.sign_in()
        page = await browser.submit({"code": written.format(*app_code(world))})
        assert page.path == "/apps"


async def test_two_tabs_that_answer_at_once_open_one_session(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await anna_with_app(world)
        await browser.sign_in()
        tab = Browser(browser.client, browser.address)
        tab.page = browser.page
        code = app_code(world)
        await asyncio.gather(browser.submit({"code": code}), tab.submit({"code": code}))
        assert len(await world.sessions(anna)) == 1


async def test_the_back_button_after_signing_in_leads_on(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        page = await browser.sign_in()
        flow = page.path
        await browser.submit({"code": app_code(world)})
        page = await browser.get(flow)
        assert page.status == 410
        assert page.title == "Börja om inloggningen"
        page = await browser.get("/sign-in?to=/apps")
        assert page.path == "/apps"


async def test_another_browser_cannot_see_or_answer_a_sign_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        await anna_with_app(world)
        flow = (await one.sign_in()).path
        await other.get("/sign-in")
        assert (await other.get(flow)).status == 410
        await other.get("/sign-in")
        page = await other.post(flow, {"code": app_code(world)})
        assert page.status == 410
        assert other.cookie("session") is None


async def test_another_way_is_always_in_sight(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_phone(world, app=True)
        page = await browser.sign_in()
        assert page.title == "Vilken kod visar din app?"
        page = await browser.get(f"{page.path}/other")
        assert "Sms till" in page.text
        page = await browser.submit({"way": "work-phone"})
        assert page.title == "Vilken kod fick du?"
        page = await browser.submit({"code": await world.last_code()})
        assert page.path == "/apps"


async def test_a_text_that_was_not_sent_is_not_said_to_be(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        await anna_with_phone(world)
        await one.sign_in()
        page = await other.sign_in()
        assert "Vi har inte skickat något nytt sms" in page.text
        page = await other.submit({}, form=1)
        assert page.status == 429
        assert "Du kan be om en klockan 13:00:31" in page.text
        assert len(await world.outbox("sms")) == 1
        world.clock.move(seconds=30)
        page = await other.submit({}, form=1)
        assert "Koden går till ••• 05" in page.text
        assert (await other.submit({"code": await world.last_code()})).path == "/apps"


@pytest.mark.slow
async def test_a016_what_oathtool_shows_is_taken_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        await anna_with_app(world)
        await one.sign_in()
        await other.sign_in()
        key = base64.b32encode(SECRET).decode()
        now = f"{world.clock.at:%Y-%m-%d %H:%M:%S} UTC"
        command = ["oathtool", "--totp", "--base32", "--now", now, key]
        shown = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: ASYNC221
        code = shown.stdout.strip()
        assert (await one.submit({"code": code})).path == "/apps"
        assert (await other.submit({"code": code})).status == 422
