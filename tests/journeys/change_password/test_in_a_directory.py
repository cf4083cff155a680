"""A known password is changed where it lives, and seen there by somebody else's client."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.secret import Secret
from portvakt.records.followed import Followed
from tests.directories.homes import NEW, RIGHT, WRONG, AtSamba, AtSlapd, Home
from tests.journeys.sign_in.directory import person_in, set_followed, world_with
from tests.journeys.sign_in.region import app_code
from tests.servers.region import Somebody
from tests.world import Browser, Page, World

pytestmark = pytest.mark.slow
Open = Callable[..., AbstractAsyncContextManager[World]]
HOME = "/change-password"
NEWER = Secret("Tranor över Storsjön 77!")
SIMPLE = "enbartsmåbokstäverhär"


@pytest.fixture(params=["samba", "slapd"])
def home(request: pytest.FixtureRequest) -> Home:
    """A directory of each kind in turn."""
    found: Home = request.getfixturevalue(f"at_{request.param}")
    return found


@pytest.fixture
def open_with(tmp_path: Path, sqlite_url: str) -> Open:
    return lambda home, **different: world_with(home, tmp_path, sqlite_url, **different)


async def comes(browser: Browser, world: World, one: Somebody, password: str = "") -> Page:
    """Sign in with both, on the way to the form."""
    world.clock.move(seconds=60)
    await browser.get(HOME)
    await browser.submit({"name": one.user_name, "password": password or RIGHT.open()})
    return await browser.submit({"code": app_code(world)})


async def changes(browser: Browser, current: str, new: str) -> Page:
    return await browser.submit({"current": current, "new": new})


async def test_a003_a_new_password_holds_in_the_directory_and_opens_the_door(
    home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home)
        page = await comes(browser, world, one)
        assert page.title == "Byt lösenord"
        page = await changes(browser, RIGHT.open(), NEW.open())
        assert page.path == f"{HOME}/done"
        assert home.knows(one, dn, NEW)
        assert not home.knows(one, dn, RIGHT)
        (password,) = (await world.standing(account)).active(AuthenticatorType.PASSWORD)
        assert password.verifier is None
        assert "password_change.done" in await world.events(account)
        assert (await browser.get("/apps")).path == "/apps"
        async with world.browser() as other:
            assert (await comes(other, world, one, NEW.open())).title == "Byt lösenord"


async def test_a080_an_earlier_password_does_not_come_back(home: Home, open_with: Open) -> None:
    async with open_with(home) as world, world.browser() as browser:
        _, one, dn = await person_in(world, home)
        await comes(browser, world, one)
        await changes(browser, RIGHT.open(), NEW.open())
        await browser.get(HOME)
        page = await changes(browser, NEW.open(), NEWER.open())
        assert page.path == f"{HOME}/done"
        await browser.get(HOME)
        page = await changes(browser, NEWER.open(), NEW.open())
        assert page.status == 422
        assert "Du har använt det lösenordet tidigare" in page.text
        assert home.knows(one, dn, NEWER)


async def test_what_is_changed_is_remembered_where_a_reset_would_not_look(
    at_samba: AtSamba, open_with: Open
) -> None:
    async with open_with(at_samba) as world, world.browser() as browser:
        account, one, _ = await person_in(world, at_samba)
        await comes(browser, world, one)
        await changes(browser, RIGHT.open(), NEW.open())
        had = await world.house.records.read(lambda unit: unit.password_memory.of(account.id))
        assert [await world.house.hasher.verify(each, NEW) for each in had] == [True]


async def test_the_directorys_own_refusal_is_said_in_words(
    at_samba: AtSamba, open_with: Open
) -> None:
    async with open_with(at_samba) as world, world.browser() as browser:
        account, one, dn = await person_in(world, at_samba)
        await comes(browser, world, one)
        page = await changes(browser, RIGHT.open(), SIMPLE)
        assert page.status == 422
        assert "stora och små bokstäver" in page.text
        assert at_samba.knows(one, dn, RIGHT)
        assert "password_change.not_written" in await world.events(account)
        assert (await changes(browser, RIGHT.open(), NEW.open())).path == f"{HOME}/done"


async def test_the_old_password_is_not_guessed_here_until_the_account_is_locked(
    home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home)
        await comes(browser, world, one)
        pages = [await changes(browser, WRONG.open(), NEW.open()) for _ in range(6)]
        assert [each.status for each in pages] == [422, 422, 429, 429, 429, 429]
        assert "Lösenordet stämde inte." in pages[0].text
        async with home.passwords() as passwords:  # not locked
            assert "PasswordRight" in repr(await passwords.check(account.external_id, RIGHT))
        assert home.knows(one, dn, RIGHT)


async def test_a_directory_that_goes_away_loses_nothing(at_slapd: AtSlapd, open_with: Open) -> None:
    async with open_with(at_slapd) as world, world.browser() as browser:
        account, one, dn = await person_in(world, at_slapd)
        await comes(browser, world, one)
        old = Followed(well_at=world.clock.at - timedelta(minutes=30))
        await set_followed(world, old)  # R18: what we know of people is old
        for _ in range(12):  # it costs no try
            page = await changes(browser, RIGHT.open(), NEW.open())
            assert page.status == 503
            assert "Vi nådde inte katalogen. Inget är ändrat." in page.text
        assert at_slapd.knows(one, dn, RIGHT)
        assert "password_change.not_written" in await world.events(account)
        await set_followed(world, Followed(well_at=world.clock.at))
        assert (await changes(browser, RIGHT.open(), NEW.open())).path == f"{HOME}/done"
        assert at_slapd.knows(one, dn, NEW)
