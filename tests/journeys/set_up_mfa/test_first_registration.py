"""Who may bind the first method, from where, and what else it takes."""

import asyncio
from datetime import timedelta

from portvakt.core.secret import Secret
from portvakt.crypto.passwords import THREADS, WAITING, Busy
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    TYPED,
    comes_to_register,
    kinds,
    new_person,
    second_factors,
    with_rule,
    with_work_phone,
)
from tests.make import NOW
from tests.world import INSIDE, OUTSIDE, PASSWORD


async def test_a041_the_password_alone_is_not_enough_from_outside(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        bo = await new_person(world)
        page = await browser.sign_in(to=HOME)
        assert not page.path.startswith(HOME)
        assert "startkod" in page.text.lower()
        assert await second_factors(world, bo) == []
        assert "registration.refused" in await world.events(bo)


async def test_a041_a_session_that_is_carried_outside_is_stopped_as_well(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        page = await browser.post(f"{HOME}/app", {})
        draft = page.path
        browser.address = OUTSIDE
        for path in (HOME, draft, f"{HOME}/number", f"{HOME}/guide", f"{HOME}/no-smartphone"):
            page = await browser.get(path)
            assert page.status == 403, path
            assert "Kom till Region Exempel" in page.text
            assert "Använd en startkod" in page.text
        page = await browser.post(HOME, {"option": "sms", "number": TYPED})
        assert page.status == 403
        assert await world.outbox("sms") == []
        assert (await world.events(bo)).count("registration.refused") == 6
        browser.address = INSIDE
        assert (await browser.get(draft)).status == 200


async def test_inside_is_not_enough_where_the_organisation_says_so(open_world: Open) -> None:
    async with open_world(first="never_password_alone") as world, world.browser() as browser:
        await new_person(world)
        page = await comes_to_register(browser)
        assert not page.path.startswith(HOME)


async def test_the_welcome_window_opens_once_and_is_told(open_world: Open) -> None:
    async with (
        open_world(first="welcome_window") as world,
        world.browser(OUTSIDE) as browser,
        world.browser(OUTSIDE) as other,
    ):
        bo = await new_person(world)
        assert (await browser.sign_in(to=HOME)).path == HOME
        await browser.post(HOME, {"option": "sms", "number": TYPED})
        assert (await browser.submit({"code": await world.last_code()})).title == "Klart!"
        assert "registration.welcome_window_used" in await world.events(bo)
        letters = [words for _, words in await world.outbox("mail")]
        assert any("registrerades utanför nätet med bara lösenordet" in each for each in letters)
        page = await other.sign_in(to=HOME)
        assert page.title == "Vilken kod fick du?"


async def test_the_welcome_window_is_over_after_its_days(open_world: Open) -> None:
    async with open_world(first="welcome_window") as world, world.browser(OUTSIDE) as browser:
        await new_person(world, start_date=(NOW - timedelta(days=15)).date())
        world.clock.move(days=8)
        page = await browser.sign_in(to=HOME)
        assert not page.path.startswith(HOME)


async def test_a_work_phone_is_proved_before_anything_is_added(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        anna = await with_work_phone(world)
        page = await browser.sign_in(to=HOME)
        assert page.title == "Vilken kod fick du?"
        page = await browser.submit({"code": await world.last_code()})
        assert page.path == HOME
        events = await world.events(anna)
        assert "registration.refused" not in events


async def test_people_without_a_method_are_led_here_and_back(open_world: Open) -> None:
    async with open_world(first="welcome_window") as world, world.browser(OUTSIDE) as browser:
        await new_person(world)
        page = await browser.sign_in(to="/my-sign-ins")
        assert page.path == HOME
        assert "Sedan öppnar vi sidan du ville till" in page.text
        await browser.post(HOME, {"option": "sms", "number": TYPED})
        page = await browser.submit({"code": await world.last_code()})
        assert 'href="/my-sign-ins"' in page.html
        assert (await browser.get("/my-sign-ins")).path == "/my-sign-ins"


async def test_a064_a_session_with_less_sees_nothing_of_what_is_bound(open_world: Open) -> None:
    """Inside, with the password alone: the list is not shown before the phone has answered."""
    async with open_world() as world, world.browser(INSIDE) as browser:
        await with_work_phone(world)
        assert (await browser.sign_in()).path == "/apps"
        for path in (HOME, f"{HOME}/guide", f"{HOME}/number", f"{HOME}/methods/workphone"):
            page = await browser.get(path)
            assert page.path.startswith("/sign-in"), path
            assert "••• 05" not in page.text
        assert await world.outbox("sms") == [], "and nothing is sent before they ask"


async def test_nobody_comes_in_without_a_session(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await with_rule(world)
        for path in (HOME, f"{HOME}/app/x", f"{HOME}/methods/x/remove", f"{HOME}/password"):
            assert (await browser.get(path)).path.startswith("/sign-in")


async def test_somebody_disabled_meanwhile_binds_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        await browser.post(HOME, {"option": "sms", "number": TYPED})
        code = await world.last_code()
        await world.house.records.write(
            lambda unit: unit.people.disable_many([bo.id], world.clock.at)
        )
        page = await browser.submit({"code": code})
        assert page.path.startswith("/sign-in")
        assert await second_factors(world, bo) == []


async def test_somebody_already_inside_shows_the_password_once_more(open_world: Open) -> None:
    """An open session is not enough: whoever sits down at it must know the password."""
    async with open_world() as world, world.browser(INSIDE) as browser:
        bo = await new_person(world)
        assert (await browser.sign_in()).path == "/apps"
        page = await browser.get(HOME)
        assert page.path.startswith("/sign-in")
        await browser.submit({})
        page = await browser.submit({"code": PASSWORD})
        assert page.path == HOME
        await browser.post(HOME, {"option": "sms", "number": TYPED})
        assert (await browser.submit({"code": await world.last_code()})).title == "Klart!"
        assert len(await world.sessions(bo)) == 1


async def test_a_full_hash_pool_costs_the_card_and_not_the_session(open_world: Open) -> None:
    """The session's secret changed with the binding, so its cookie must come through."""
    async with open_world() as world, world.browser() as browser:
        bo = await new_person(world)
        await comes_to_register(browser)
        await browser.post(HOME, {"option": "sms", "number": TYPED})
        code = await world.last_code()
        enough = asyncio.Event()

        async def another() -> None:
            while not enough.is_set():
                try:
                    await world.house.hasher.hash(Secret("x"))
                except Busy:
                    await asyncio.sleep(0)

        crowd = [asyncio.ensure_future(another()) for _ in range(THREADS + WAITING + 10)]
        await asyncio.sleep(0)
        page = await browser.submit({"code": code})
        enough.set()
        await asyncio.gather(*crowd)
        assert page.path == f"{HOME}?done=added"
        assert "Klart!" in page.text
        assert "Du har inga reservkoder" in page.text
        assert await kinds(world, bo) == ["sms_code"]
        assert (await browser.get("/apps")).path == "/apps"
