"""Both sides at once: the pages, and a phone made from the protocol's page alone."""

import asyncio
import base64

from tests.handset import Handset
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    app_code,
    comes_to_register,
    kinds,
    new_person,
    with_rule,
)
from tests.journeys.set_up_mfa.phones import (
    PHONE,
    at_the_phone,
    long_code,
    number_on,
    phones,
    short_code,
)
from tests.world import INSIDE, ORIGIN, OUTSIDE, Browser, World

FROM = {"x-forwarded-for": INSIDE}


def handset(world: World, browser: Browser) -> Handset:
    """A phone that nobody knows yet, somewhere else than the browser."""
    return Handset(browser.client, ORIGIN, world.clock, OUTSIDE)


async def test_a_phone_is_added_from_the_picture_to_done(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        phone = handset(world, other)
        waits = f"{page.path}/state?seen=awaited"
        waiting = asyncio.create_task(browser.client.get(waits, headers=FROM))
        await asyncio.sleep(0.05)
        answer = await phone.pair(long_code(page))
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == "proving"
        assert (await asyncio.wait_for(waiting, 5)).json() == {"changed": True}
        page = await browser.submit({})
        number = number_on(page)
        [request] = await phone.requests()
        assert "Frågan har kommit fram till telefonen." in (await browser.get(page.path)).text
        assert await phone.result(request, "approve", number) == "approved"
        page = await browser.submit({})
        assert page.title == "Vilket mobilnummer har du?"
        assert await phones(world, bo) == [
            ("push", "Annas Pixel", "active"),
            ("totp", "Annas Pixel", "active"),
        ]
        told = (await phone.act("fetch")).json()
        assert (told["state"], told["name"]) == ("active", "Annas Pixel")


async def test_the_codes_that_the_phone_shows_sign_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await new_person(world)
        phone = await added(world, browser, other)
        world.clock.move(minutes=1)
        async with world.browser(OUTSIDE) as later:
            page = await later.sign_in()
            await later.get(f"{page.path}/other")
            await later.submit({"way": "totp"})
            secret = base64.b32decode(phone.totp)
            assert (await later.submit({"code": app_code(world, secret)})).path == "/apps"


async def test_the_typed_code_brings_a_phone_as_well(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        phone = handset(world, other)
        answer = await phone.pair(short=short_code(page), account=bo.email)
        assert answer.status_code == 200, answer.text
        assert (await browser.submit({})).title == "Skriv numret i telefonen"


async def test_a040_the_second_phone_is_refused_and_the_person_told(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        code = long_code(page)
        first, second = handset(world, other), handset(world, other)
        assert (await first.pair(code)).status_code == 200
        answer = await second.pair(code, name="Någon annans")
        assert (answer.status_code, answer.json()["error"]) == (403, "used")
        page = await browser.submit({})
        assert "Telefonen ”Annas Pixel” är hittad." in page.text
        [request] = await first.requests()
        await first.result(request, "approve", number_on(page))
        await browser.submit({})
        assert [name for kind, name, _ in await phones(world, bo) if kind == "push"] == [
            "Annas Pixel"
        ]
        assert "phone.pairing_reused" in await world.events(bo)


async def test_a_wrong_number_ends_the_question_and_the_same_phone_is_asked_anew(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        bo = await new_person(world)
        page = await at_the_phone(browser)
        phone = handset(world, other)
        await phone.pair(long_code(page))
        page = await browser.submit({})
        [request] = await phone.requests()
        wrong = f"{(int(number_on(page)) + 1) % 100:02d}"
        assert await phone.result(request, "approve", wrong) == "wrong_number"
        page = await browser.submit({})
        assert page.title == "Numret stämde inte"
        world.clock.move(seconds=1)
        page = await browser.submit({})
        [request] = await phone.requests()
        assert await phone.result(request, "approve", number_on(page)) == "approved"
        await browser.submit({})
        assert await kinds(world, bo) == ["push", "totp"]


async def test_a034_a_phone_that_is_removed_says_so_itself(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await with_rule(world)
        await world.person()
        await comes_to_register(browser)
        first = await added(world, browser, other)
        await added(world, browser, other)
        await browser.get(f"{HOME}/methods/{first.id}/remove")
        await browser.submit({})
        answer = await first.act("fetch")
        assert (answer.status_code, answer.json()["error"]) == (410, "gone")


async def added(world: World, browser: Browser, other: Browser) -> Handset:
    """Come to register, where that is not done, and add a phone."""
    if not browser.requests:
        await comes_to_register(browser)
    page = await browser.post(PHONE, {})
    phone = handset(world, other)
    assert (await phone.pair(long_code(page))).status_code == 200
    page = await browser.submit({})
    [request] = await phone.requests()
    assert await phone.result(request, "approve", number_on(page)) == "approved"
    await browser.submit({})
    world.clock.move(seconds=1)
    return phone
