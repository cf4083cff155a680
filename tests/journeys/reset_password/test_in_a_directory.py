"""A new password is written where it lives, and seen there by somebody else's client."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.records.unit import Unit
from tests import make
from tests.directories.homes import NEW, RIGHT, AtSamba, Home
from tests.journeys.reset_password.forgetful import begin, by_app, by_text
from tests.journeys.sign_in.directory import person_in, world_with
from tests.journeys.sign_in.region import NUMBER, app_code
from tests.servers.region import Somebody
from tests.world import Browser, Page, World

pytestmark = pytest.mark.slow
Open = Callable[..., AbstractAsyncContextManager[World]]
SIMPLE = "enbartsmåbokstäverhär"
NEWER = "Tranor över Storsjön 77!"


@pytest.fixture(params=["samba", "slapd"])
def home(request: pytest.FixtureRequest) -> Home:
    """A directory of each kind in turn."""
    found: Home = request.getfixturevalue(f"at_{request.param}")
    return found


@pytest.fixture
def open_with(tmp_path: Path, sqlite_url: str) -> Open:
    return lambda home, **different: world_with(home, tmp_path, sqlite_url, **different)


async def with_phone(world: World, account: Account) -> None:
    """Give the work phone that came with the account."""
    mine = make.work_phone(id=AuthenticatorId("work-phone"), account_id=account.id, detail=NUMBER)

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(mine)

    await world.house.records.write(act)


async def proved(browser: Browser, world: World, one: Somebody, goal: str = "new_password") -> Page:
    await begin(browser, one.user_name, goal)
    await by_app(browser, world)
    return await by_text(browser, world, "text:work-phone")


async def test_a_new_password_holds_in_the_directory_and_opens_the_door(
    home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home)
        await with_phone(world, account)
        page = await proved(browser, world, one)
        assert page.title == "Välj ett nytt lösenord"
        page = await browser.submit({"password": NEW.open()})
        assert "Ditt nya lösenord gäller" in page.text
        assert home.knows(one, dn, NEW)
        assert not home.knows(one, dn, RIGHT)
        (password,) = (await world.standing(account)).active(AuthenticatorType.PASSWORD)
        assert password.verifier is None
        world.clock.move(seconds=60)
        await browser.sign_in(one.user_name, NEW.open())
        page = await browser.submit({"code": app_code(world)})
        assert page.path == "/apps"


async def reset_to(password: str, browser: Browser, world: World, one: Somebody) -> Page:
    """Prove both, and choose this password; then two days pass."""
    await proved(browser, world, one)
    page = await browser.submit({"password": password})
    world.clock.move(days=2)
    return page


async def test_a080_the_password_that_holds_now_is_refused(home: Home, open_with: Open) -> None:
    async with open_with(home) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home)
        await with_phone(world, account)
        await reset_to(NEW.open(), browser, world, one)
        await world.house.records.write(lambda unit: unit.password_memory.forget(account.id))
        page = await reset_to(NEW.open(), browser, world, one)
        assert "Du har använt det lösenordet tidigare" in page.text
        page = await browser.submit({"password": NEWER})
        assert page.status == 410  # the two days were too long
        assert home.knows(one, dn, NEW)


async def test_a080_an_earlier_password_does_not_come_back(home: Home, open_with: Open) -> None:
    async with open_with(home) as world, world.browser() as browser:
        account, one, _ = await person_in(world, home)
        await with_phone(world, account)
        for password in (NEW.open(), NEWER):
            page = await reset_to(password, browser, world, one)
            assert "Ditt nya lösenord gäller" in page.text
        page = await reset_to(NEW.open(), browser, world, one)
        assert "Du har använt det lösenordet tidigare" in page.text


REFUSED = {
    "samba": (SIMPLE, "Lösenordet behöver stora och små bokstäver, siffror och andra tecken."),
    "slapd": (NEW.open(), "Du har använt det lösenordet tidigare."),
}


async def test_a077_what_the_directory_refuses_is_told_three_times(
    home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home)
        await with_phone(world, account)
        await reset_to(NEW.open(), browser, world, one)
        await proved(browser, world, one)
        password, said = REFUSED["samba" if isinstance(home, AtSamba) else "slapd"]
        for _ in range(2):
            page = await browser.submit({"password": password})
            assert page.title == "Välj ett nytt lösenord"
            assert said in page.text
        page = await browser.submit({"password": password})
        assert page.title == "Det går inte att gå vidare"
        assert home.knows(one, dn, NEW)
        assert (await world.events(account)).count("password_reset.not_written") == 3


async def test_a_directory_that_is_away_loses_nothing(home: Home, open_with: Open) -> None:
    async with open_with(home, servers=["ldaps://127.0.0.1:9"]) as world:
        account, one, dn = await person_in(world, home)
        await with_phone(world, account)
        async with world.browser() as browser:
            await proved(browser, world, one)
            for _ in range(4):  # it costs no try
                page = await browser.submit({"password": NEW.open()})
                assert "Vi nådde inte katalogen" in page.text
                assert page.title == "Välj ett nytt lösenord"
        assert home.knows(one, dn, RIGHT)
        assert "password_reset.not_written" in await world.events(account)


async def test_a_locked_account_is_unlocked_in_the_directory(home: Home, open_with: Open) -> None:
    async with open_with(home) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home, "locked")
        await with_phone(world, account)
        assert not home.knows(one, dn, RIGHT)
        page = await proved(browser, world, one, "unlock")
        assert page.title == "Lås upp kontot"
        page = await browser.submit({})
        assert "Kontot är upplåst" in page.text
        assert home.knows(one, dn, RIGHT)
