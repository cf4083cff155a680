"""A start code opens registration once, and lets a first password be chosen."""

from datetime import timedelta

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.one_time_codes import group
from portvakt.core.people import Account
from portvakt.core.secret import Secret
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import HOME, TYPED, new_person, with_rule
from tests.make import NOW
from tests.world import OUTSIDE, PASSWORD, Browser, Page, World

CODE = "ABCDEFGHIJ234"
GOOD = "tre gula cyklar i regn"


async def given_a_start_code(world: World, account: Account) -> None:
    verifier = await world.house.hasher.hash(Secret(CODE))
    bound = make.bound(
        make.START_CODE,
        id=AuthenticatorId("startcode"),
        account_id=account.id,
        source="support",
        expires_at=world.clock.at + timedelta(minutes=60),
    )
    await world.house.records.write(lambda unit: unit.authenticators.bind(bound, verifier=verifier))


async def without_password(world: World) -> Account:
    await with_rule(world)
    bo = await world.person(make.account(created_at=NOW - timedelta(days=7)), password=None)
    await given_a_start_code(world, bo)
    return bo


async def comes_with_start_code(browser: Browser) -> Page:
    await browser.get(f"/sign-in?to={HOME}")
    return await browser.submit({"name": "anna.berg", "password": group(CODE)})


async def test_the_first_password_is_chosen_before_anything_else(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        bo = await without_password(world)
        page = await comes_with_start_code(browser)
        assert page.title == "Vilket lösenord vill du ha?"
        assert 'autocomplete="new-password"' in page.html
        assert 'autocomplete="username"' in page.html
        assert (await browser.get(f"{HOME}/guide")).path == f"{HOME}/password"
        page = await browser.submit({"password": GOOD})
        assert page.path == HOME
        assert "method.password_chosen" in await world.events(bo)
        await browser.post(HOME, {"option": "sms", "number": TYPED})
        assert (await browser.submit({"code": await world.last_code()})).title == "Klart!"
        async with world.browser(OUTSIDE) as other:
            page = await other.sign_in(password=GOOD)
            world.clock.move(seconds=31)
            page = await other.post(f"{page.path}/send", {})
            page = await other.submit({"code": await world.last_code()})
            assert page.path == "/apps"
        assert (await browser.get(f"{HOME}/password")).path == HOME, "once"


async def test_everything_that_is_wrong_with_a_password_is_said_at_once(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        await without_password(world)
        await comes_with_start_code(browser)
        page = await browser.submit({"password": "annaBERG12"})
        assert page.status == 422
        assert "Lösenordet behöver minst 15 tecken" in page.text
        assert "Lösenordet är bara dina egna ord: Anna Berg." in page.text
        assert "annaBERG12" not in page.html
        for typed, words in (
            ("lösenordlösenord", "för vanligt"),
            ("Region Exempel 2026!", "ord som många väljer"),
            ("", "Skriv ett lösenord"),
            ("a" * 129, "högst 128 tecken"),
        ):
            page = await browser.submit({"password": typed})
            assert page.status == 422, typed
            assert words in page.text, typed


async def test_a046_a_start_code_works_once_and_not_too_late(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        bo = await new_person(world)
        await given_a_start_code(world, bo)
        await comes_with_start_code(browser)
        assert (await browser.submit({"code": PASSWORD})).path == HOME
        assert "start_code.used" in await world.events(bo)
        async with world.browser(OUTSIDE) as other:
            assert (await comes_with_start_code(other)).status == 422


async def test_a046_an_expired_start_code_opens_nothing(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        bo = await new_person(world)
        await given_a_start_code(world, bo)
        world.clock.move(minutes=60)
        assert (await comes_with_start_code(browser)).status == 422


async def test_a046_a_start_code_opens_registration_and_nothing_else(open_world: Open) -> None:
    async with open_world() as world, world.browser(OUTSIDE) as browser:
        await without_password(world)
        await comes_with_start_code(browser)
        for path in ("/apps", "/my-sign-ins"):
            assert (await browser.get(path)).path.startswith("/sign-in"), path


async def test_a_password_is_not_chosen_without_a_start_code(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        anna = await new_person(world)
        browser.address = "10.20.1.1"
        await browser.sign_in(to=HOME)
        assert (await browser.get(f"{HOME}/password")).path == HOME
        page = await browser.post(f"{HOME}/password", {"password": GOOD})
        assert page.path == HOME
        standing = await world.standing(anna)
        [password] = standing.active(AuthenticatorType.PASSWORD)
        assert await world.house.hasher.verify(password.verifier, Secret(GOOD)) is False
