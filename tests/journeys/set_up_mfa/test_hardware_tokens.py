"""Taking a hardware token into use: its number, and a code that it shows."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.hardware_tokens import Make, TokenKind
from portvakt.core.ids import AccountId
from portvakt.core.people import Account
from portvakt.core.totp import code_at
from portvakt.records import Unit
from portvakt.records.hardware_tokens import StoredToken
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import (
    HOME,
    comes_to_register,
    comes_with_app,
    kinds,
    new_person,
    with_app,
)
from tests.make import NOW
from tests.world import INSIDE, PASSWORD, Browser, Page, World

TOKEN = f"{HOME}/hardware-token"
SECRET = b"09876543210987654321"
CLOCK = Make(kind=TokenKind.TOTP, algorithm="sha256", digits=8, period=60)
BUTTON = Make(kind=TokenKind.HOTP, period=0)
SERIAL = "2308712345"
WRONG = "Numret eller koden stämde inte."


async def in_the_pool(
    world: World, made: Make = CLOCK, *, serial: str = SERIAL, owner: AccountId | None = None
) -> None:
    id_ = f"id-{serial}"
    sealed = world.house.sealer.seal(SECRET, table="hardware_tokens", column="sealed", row=id_)
    token = StoredToken(
        id=id_,
        serial=serial,
        manufacturer="Feitian",
        model="c200",
        make=made,
        sealed=sealed,
        last_step=None,
        account_id=owner,
        imported_at=NOW,
        changed_at=NOW,
    )
    await world.house.records.write(lambda unit: unit.hardware_tokens.add([token]))


async def the_token(world: World, serial: str = SERIAL) -> StoredToken:
    async def act(unit: Unit) -> StoredToken | None:
        return await unit.hardware_tokens.find(serial)

    found = await world.house.records.read(act)
    assert found is not None
    return found


def code(world: World, steps: int = 0, made: Make = CLOCK) -> str:
    step = made.step_of(world.clock.at) + steps
    return code_at(SECRET, step, made.digits, made.algorithm)


def pressed(*counters: int) -> str:
    return " ".join(code_at(SECRET, counter) for counter in counters)


async def takes(browser: Browser, typed: str, serial: str = SERIAL) -> Page:
    await browser.get(TOKEN)
    return await browser.submit({"serial": serial, "code": typed})


async def signs_in(browser: Browser, typed: str) -> Page:
    await browser.sign_in()
    return await browser.submit({"code": typed})


async def test_a_device_is_taken_into_use_and_opens_the_next_sign_in(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as next_day:
        anna = await new_person(world)
        await in_the_pool(world)
        await comes_to_register(browser)
        await browser.get(f"{HOME}/no-smartphone")
        assert f'href="{TOKEN}"' in browser.page.html
        page = await takes(browser, code(world), "2308 712-345")
        assert page.title == "Klart!"
        assert "Nu visar du att det är du med koddosan." in page.text
        assert await kinds(world, anna) == ["hardware_token", "recovery_code"]
        token = await the_token(world)
        assert token.account_id == anna.id
        assert {"hardware_token.taken", "method.added"} <= set(await world.events(anna))
        assert any("koddosa" in words for _, words in await world.outbox("mail"))
        world.clock.move(hours=20)
        page = await next_day.sign_in()
        assert page.title == "Vilken kod visar din koddosa?"
        assert (await next_day.submit({"code": code(world)})).path == "/apps"
        assert (await the_token(world)).last_step == CLOCK.step_of(world.clock.at)


async def test_a_device_with_a_button_takes_two_codes_to_find_its_counter(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        anna = await new_person(world)
        await in_the_pool(world, BUTTON)
        await comes_to_register(browser)
        assert WRONG in (await takes(browser, pressed(310))).text
        assert (await takes(browser, pressed(311, 312))).title == "Klart!"
        assert await kinds(world, anna) == ["hardware_token", "recovery_code"]
        assert (await signs_in(other, pressed(316))).path == "/apps"


async def test_a_device_that_was_pressed_too_often_is_found_by_two_codes(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await new_person(world)
        await in_the_pool(world, BUTTON)
        await comes_to_register(browser)
        await takes(browser, pressed(0, 1))
        page = await signs_in(other, pressed(40))
        assert page.status == 422
        assert "skriv två koder i rad" in page.text
        assert (await other.submit({"code": pressed(41, 42)})).path == "/apps"


async def test_the_drift_of_a_clock_is_remembered(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await new_person(world)
        await in_the_pool(world)
        await comes_to_register(browser)
        assert (await takes(browser, code(world, -7))).title == "Klart!"
        world.clock.move(days=90)
        assert (await signs_in(other, code(world))).status == 422
        assert (await other.submit({"code": code(world, -8)})).path == "/apps"


async def test_a016_a_code_of_a_device_is_taken_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await new_person(world)
        await in_the_pool(world)
        await comes_to_register(browser)
        await takes(browser, code(world))
        page = await signs_in(other, code(world))
        assert page.status == 422
        assert "redan använd" in page.text
        assert "authentication.replayed" in await world.events()


async def test_a017_one_code_of_a_device_posted_eight_times_opens_one_session(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser, AsyncExitStack() as stack:
        anna = await new_person(world)
        await in_the_pool(world)
        await comes_to_register(browser)
        await takes(browser, code(world))
        world.clock.move(hours=13)
        before = len(await world.sessions(anna))
        browsers = [
            await stack.enter_async_context(world.browser(f"198.51.100.{n}")) for n in range(8)
        ]
        for each in browsers:
            await each.sign_in()
        pages = await asyncio.gather(*(each.submit({"code": code(world)}) for each in browsers))
        assert sum(page.path == "/apps" for page in pages) == 1
        assert len(await world.sessions(anna)) == before + 1


@pytest.mark.parametrize("why", ["unknown", "wrong", "taken", "kept", "lost", "used"])
async def test_every_reason_is_told_in_the_same_words(why: str, open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        bo = await _bo(world)
        await in_the_pool(world, owner=bo.id if why == "kept" else None)
        await _so_that(world, bo, why)
        await comes_to_register(browser)
        serial = "4711" if why == "unknown" else SERIAL
        typed = "00000000" if why == "wrong" else code(world)
        page = await takes(browser, typed, serial)
        assert page.status == 422
        assert WRONG in page.text
        assert f'value="{serial}"' in page.html
        assert await kinds(world, anna) == []
        told = await world.events(anna)
        assert told.count("hardware_token.not_taken") == 1
        assert "method.added" not in told


async def _bo(world: World) -> Account:
    bo = make.account(id=AccountId("bo"), external_id="000018", user_name="bo.ek")
    return await world.person(bo, password=None)


async def _so_that(world: World, bo: Account, why: str) -> None:
    async def act(unit: Unit) -> None:
        token = await unit.hardware_tokens.find(SERIAL)
        assert token is not None
        if why == "lost":
            await unit.hardware_tokens.set_aside(token.id, lost=True, at=NOW)
        if why in ("taken", "used"):
            kind = AuthenticatorType.HARDWARE_TOKEN
            device = make.bound(kind, account_id=bo.id, detail="totp sha1 6 30 1")
            step = CLOCK.step_of(world.clock.at) + (1 if why == "used" else -9)
            await unit.authenticators.bind(device, sealed=b"x")
            assert await unit.hardware_tokens.take(token.id, bo.id, device.id, step, NOW)
        if why == "used":
            await unit.hardware_tokens.set_aside(token.id, lost=False, at=NOW)

    await world.house.records.write(act)


async def test_what_is_kept_for_somebody_is_taken_by_them(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await in_the_pool(world, owner=anna.id)
        await comes_to_register(browser)
        assert (await takes(browser, code(world))).title == "Klart!"


async def test_two_people_who_take_one_device_at_once_get_one_between_them(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as one, world.browser() as other:
        anna = await new_person(world)
        who = make.account(
            id=AccountId("bo"),
            external_id="000018",
            user_name="bo.ek",
            email="bo.ek@region.example",
            created_at=NOW - timedelta(days=7),
        )
        bo = await world.person(who)
        await in_the_pool(world)
        await comes_to_register(one)
        other.address = INSIDE
        await other.sign_in("bo.ek", PASSWORD, HOME)
        for browser in (one, other):
            await browser.get(TOKEN)
        sent = {"serial": SERIAL, "code": code(world)}
        pages = await asyncio.gather(one.submit(sent), other.submit(sent))
        assert sorted(page.title for page in pages) == ["Klart!", "Vilken koddosa har du?"]
        held = [len(await kinds(world, each)) for each in (anna, bo)]
        assert sorted(held) == [0, 2]


async def test_guesses_are_stopped_after_ten_and_a_right_one_is_too(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        await in_the_pool(world)
        await comes_to_register(browser)
        for _ in range(10):
            assert (await takes(browser, "00000000")).status == 422
        page = await takes(browser, code(world))
        assert page.status == 429
        assert await kinds(world, anna) == []


async def test_both_fields_are_asked_for_at_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await new_person(world)
        await comes_to_register(browser)
        page = await takes(browser, " ", " ")
        assert "Skriv numret som står på dosan." in page.text
        assert "Skriv koden som dosan visar." in page.text


async def test_a048_nobody_has_more_than_two(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        for serial in ("1", "2", "3"):
            await in_the_pool(world, serial=serial)
        await comes_with_app(world, browser)
        for serial in ("1", "2"):
            assert (await takes(browser, code(world), serial)).status == 200
        page = await takes(browser, code(world), "3")
        assert page.status == 422
        assert "Du har redan 2 koddosor." in page.text
        assert (await kinds(world, anna)).count("hardware_token") == 2


async def test_a042_a_device_is_not_added_on_old_proof(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await in_the_pool(world)
        await comes_with_app(world, browser)
        await browser.get(TOKEN)
        world.clock.move(minutes=6)
        await browser.submit({"serial": SERIAL, "code": code(world)})
        assert "hardware_token" not in await kinds(world, anna)
        assert (await the_token(world)).account_id is None


async def test_a_removed_device_is_still_its_owners(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await with_app(world)
        await in_the_pool(world)
        await comes_with_app(world, browser)
        await takes(browser, code(world))
        page = await browser.get(HOME)
        assert SERIAL in page.text
        mine = (await the_token(world)).authenticator_id
        page = await browser.get(f"{HOME}/methods/{mine}/remove")
        assert page.title == "Vill du ta bort koddosan?"
        await browser.submit({})
        assert "hardware_token" not in await kinds(world, anna)
        token = await the_token(world)
        assert (token.authenticator_id, token.account_id) == (None, anna.id)
