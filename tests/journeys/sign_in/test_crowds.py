"""More people than the machine can serve: who is told to come back, and who still gets in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portvakt.core.ids import AccountId
from portvakt.core.lanes import Lane
from portvakt.core.secret import Secret
from portvakt.crypto.passwords import THREADS, WAITING, Busy
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import anna_with_app, app_code
from tests.world import PASSWORD, Browser, World

ROOM = THREADS + WAITING


SLOW = (
    "$argon2id$v=19$m=65536,t=16,p=1"
    "$/qoy5CJYB4uzf+97NOYn3g$wnnImKacQPnQMq+XUJ7ITeq395o9W3/gr8m43urct2M"
)
"""A hash that takes forty times as long as ours: no place is given back while a test looks."""


@asynccontextmanager
async def full(world: World, lane: Lane) -> AsyncIterator[None]:
    """Have every place taken that people in one lane can get."""
    hasher = world.house.hasher
    sent = [
        asyncio.ensure_future(hasher.verify(SLOW, Secret("x"), lane=lane)) for _ in range(ROOM + 10)
    ]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for each in sent:
            each.cancel()
        await asyncio.gather(*sent, return_exceptions=True)


@asynccontextmanager
async def crowd(world: World) -> AsyncIterator[None]:
    """Have strangers come all the time, more than there is room for."""
    enough = asyncio.Event()

    async def another() -> None:
        while not enough.is_set():
            try:
                await world.house.hasher.verify(None, Secret("x"))
            except Busy:
                await asyncio.sleep(0.01)

    sent = [asyncio.ensure_future(another()) for _ in range(ROOM + 10)]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        enough.set()
        await asyncio.gather(*sent)


async def asked(
    world: World, browser: Browser, password: str, name: str = "anna.berg"
) -> tuple[int, int]:
    """Send a password; return the status, and how many statements it took."""
    before = world.house.records.counted
    page = await browser.submit({"name": name, "password": password})
    return page.status, world.house.records.counted - before


async def anna_was_here(world: World, browser: Browser) -> None:
    """Have Anna sign in and out, so that the browser is known as hers."""
    await browser.sign_in()
    await browser.submit({"code": app_code(world)})
    await browser.post("/sign-out", {})
    world.clock.move(minutes=1)


async def test_f54_f55_a_stranger_in_a_crowd_is_turned_away_unread_and_nothing_is_counted(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await browser.get("/sign-in?to=/apps")
        form = browser.page
        async with full(world, Lane.OTHER):
            assert await asked(world, browser, PASSWORD) == (503, 0)
            assert browser.page.title == "Många loggar in just nu"
            assert int(browser.page.response.headers["retry-after"]) in range(2, 9)
        browser.page = form
        page = await browser.submit({"name": "anna.berg", "password": PASSWORD})
        assert page.title == "Vilken kod visar din app?"


async def test_f54_a_mark_that_was_made_up_gets_nobody_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await browser.get("/sign-in?to=/apps")
        browser.client.cookies.set("__Host-browser", "A" * 43, path="/")
        async with full(world, Lane.OTHER):
            assert await asked(world, browser, PASSWORD) == (503, 1)


async def test_f54_a_mark_that_was_taken_counts_for_its_own_person_and_nobody_else(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await world.person(
            make.account(id=AccountId("bo"), external_id="000018", user_name="bo.ek")
        )
        await anna_was_here(world, browser)
        await browser.get("/sign-in?to=/apps")
        form = browser.page
        async with full(world, Lane.OTHER):
            for name in ("bo.ek", "nobody.here"):
                browser.page = form
                assert await asked(world, browser, PASSWORD, name) == (503, 1)
            browser.page = form
            page = await browser.submit({"name": "anna.berg", "password": PASSWORD})
            assert page.title == "Vilken kod visar din app?"


async def test_the_phone_in_place_of_a_password_needs_no_room(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await browser.get("/sign-in?to=/apps")
        async with full(world, Lane.OTHER):
            page = await browser.submit({"name": "anna.berg", "way": "phone_sign_in"})
            assert page.status == 200


async def test_f54_a_person_in_a_known_browser_signs_in_through_a_crowd_of_strangers(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await anna_was_here(world, browser)
        async with crowd(world):
            page = await browser.sign_in()
            assert page.title == "Vilken kod visar din app?"
            page = await browser.submit({"code": app_code(world)})
            assert page.path == "/apps"


async def test_f54_where_known_browsers_fill_the_line_they_are_turned_away_as_well(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna_with_app(world)
        await anna_was_here(world, browser)
        await browser.get("/sign-in?to=/apps")
        async with full(world, Lane.KNOWN):
            assert await asked(world, browser, PASSWORD) == (503, 0)
