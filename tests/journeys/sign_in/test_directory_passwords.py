"""Passwords that live in a directory: right, wrong, too old, locked, and never locked by us."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.directories.homes import NEW, RIGHT, WRONG, AtSlapd, Home
from tests.journeys.sign_in.directory import person_in, world_with
from tests.journeys.sign_in.region import app_code, failures, wrong_code
from tests.servers import slapd as openldap
from tests.servers.region import State
from tests.world import INSIDE, World

pytestmark = pytest.mark.slow
Open = Callable[[Home], AbstractAsyncContextManager[World]]


@pytest.fixture(params=["samba", "slapd"])
def home(request: pytest.FixtureRequest) -> Home:
    """A directory of each kind in turn."""
    found: Home = request.getfixturevalue(f"at_{request.param}")
    return found


@pytest.fixture
def open_with(tmp_path: Path, sqlite_url: str) -> Open:
    return lambda home: world_with(home, tmp_path, sqlite_url)


async def test_somebody_from_the_directory_signs_in_with_its_password(
    home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser() as browser:
        account, one, _ = await person_in(world, home)
        page = await browser.sign_in(one.user_name, RIGHT.open())
        assert page.title == "Vilken kod visar din app?"
        page = await browser.submit({"code": app_code(world)})
        assert page.path == "/apps"
        assert len(await world.sessions(account)) == 1
        page = await browser.sign_in(one.email, RIGHT.open())
        assert page.status == 200


async def test_a001_an_empty_password_is_no_way_in(home: Home, open_with: Open) -> None:
    async with open_with(home) as world, world.browser(INSIDE) as browser:
        account, one, _ = await person_in(world, home)
        for empty in ("", "\u200b", "\0", " "):
            page = await browser.sign_in(one.user_name, empty)
            assert page.status in {400, 422}
        assert not await world.sessions(account)


async def test_a002_signs_of_a_search_in_a_name_find_nobody(home: Home, open_with: Open) -> None:
    async with open_with(home) as world, world.browser(INSIDE) as browser:
        _, one, _ = await person_in(world, home)
        wrong = await browser.sign_in("finns.inte", RIGHT.open())
        for name in (
            "*",
            f"{one.user_name}*",
            f"{one.user_name})(objectClass=*",
            "*)(uid=*))(|(uid=*",
            "\\2a",
        ):
            page = await browser.sign_in(name, RIGHT.open())
            assert page.status == wrong.status == 422
            assert page.title == wrong.title
        assert "authentication.succeeded" not in await world.events()


@pytest.mark.parametrize("state", ["expired", "must_change"])
async def test_a012_a_password_that_must_be_changed_is_told_after_the_second_factor_only(
    state: State, home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser() as browser:
        account, one, _ = await person_in(world, home, state)
        page = await browser.sign_in(one.user_name, WRONG.open())
        assert page.status == 422
        page = await browser.sign_in(one.user_name, RIGHT.open())
        assert page.title == "Vilken kod visar din app?"
        page = await browser.submit({"code": wrong_code(world)})
        assert page.status == 422
        page = await browser.submit({"code": app_code(world)})
        assert page.title == "Byt lösenord först"
        assert not await world.sessions(account)
        assert "authentication.refused" in await world.events(account)
        assert (await browser.get("/apps")).path.startswith("/sign-in")


@pytest.mark.parametrize("state", ["expired", "must_change"])
async def test_a012_without_a_second_factor_it_opens_no_registration_either(
    state: State, home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser(INSIDE) as browser:
        account, one, _ = await person_in(world, home, state, app=False)
        page = await browser.sign_in(one.user_name, RIGHT.open())
        assert page.title == "Byt lösenord först"
        page = await browser.sign_in(one.user_name, RIGHT.open(), to="/security-info")
        assert page.title == "Byt lösenord först"
        assert not await world.sessions(account)


@pytest.mark.parametrize("state", ["disabled", "account_expired"])
async def test_an_account_that_is_off_in_the_directory_is_told_like_a_wrong_password(
    state: State, home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser(INSIDE) as browser:
        account, one, _ = await person_in(world, home, state)
        right = await browser.sign_in(one.user_name, RIGHT.open())
        text = right.text.replace(one.user_name, "…")
        unknown = await browser.sign_in("finns.inte", RIGHT.open())
        assert text == unknown.text.replace("finns.inte", "…")
        assert not await world.sessions(account)


async def test_a_lock_of_the_directory_is_told_where_its_owner_has_signed_in_only(
    home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser(INSIDE) as own:
        _, one, dn = await person_in(world, home)
        assert (await own.sign_in(one.user_name, RIGHT.open())).path == "/apps"
        await own.client.delete("/apps")  # nothing there; the cookies stay
        home.server.lock(dn)
        page = await own.get("/sign-in?for=anew")
        page = await own.submit({"name": one.user_name, "password": RIGHT.open()})
        assert page.status == 422
        assert "Kontot är låst" in page.text
        async with world.browser(INSIDE) as strange:
            page = await strange.sign_in(one.user_name, RIGHT.open())
            assert page.status == 422
            assert "Kontot är låst" not in page.text


async def test_no_number_of_guesses_here_makes_the_directory_lock_the_account(
    home: Home, open_with: Open
) -> None:
    async with open_with(home) as world:
        _, one, dn = await person_in(world, home)
        for address in ("198.51.100.1", "198.51.100.2", INSIDE):
            async with world.browser(address) as browser:
                await failures(browser, 4, one.user_name)
        async with world.browser(INSIDE) as browser:
            page = await browser.sign_in(one.user_name, RIGHT.open())
            assert page.title == "Visa först att det är du"  # not from here without more
            page = await browser.submit({"code": app_code(world)})
            page = await browser.submit({"code": WRONG.open()})
            assert page.status == 422
            page = await browser.submit({"code": RIGHT.open()})
            assert page.path == "/apps"
        assert home.knows(one, dn, RIGHT)


async def test_a_right_password_forgets_the_wrong_ones_as_the_directory_does(
    home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser(INSIDE) as browser:
        _, one, dn = await person_in(world, home)
        for _ in range(5):
            await failures(browser, 1, one.user_name)
            assert (await browser.sign_in(one.user_name, RIGHT.open())).path == "/apps"
            browser.client.cookies.clear()
        assert home.knows(one, dn, RIGHT)


async def test_a_password_set_in_the_directory_counts_here_at_once(
    home: Home, open_with: Open
) -> None:
    async with open_with(home) as world, world.browser(INSIDE) as browser:
        account, one, _ = await person_in(world, home)
        async with home.passwords() as passwords:
            await passwords.set(account.external_id, NEW)
        assert (await browser.sign_in(one.user_name, RIGHT.open())).status == 422
        assert (await browser.sign_in(one.user_name, NEW.open())).path == "/apps"


async def test_a011_every_wrong_answer_costs_one_hash_one_search_and_one_bind(
    at_slapd: AtSlapd, open_with: Open
) -> None:
    """Somebody of the directory, somebody whose password is here, somebody who is off, nobody."""
    async with open_with(at_slapd) as world, world.browser(INSIDE) as browser:
        _, one, _ = await person_in(world, at_slapd)
        _, off, _ = await person_in(world, at_slapd, "disabled")
        await world.person()
        await failures(browser, 1, "anna.berg")  # what is read once an hour has been read
        costs = set()
        for name in (one.user_name, "anna.berg", off.user_name, "finns.inte"):
            before = (world.house.hasher.calls, *operations(at_slapd))
            await failures(browser, 1, name)
            after = (world.house.hasher.calls, *operations(at_slapd))
            costs.add(tuple(b - a for a, b in zip(before, after, strict=True)))
        # the question itself is a bind and a search
        assert costs == {(1, 2, 2)}


def operations(home: AtSlapd) -> tuple[int, int]:
    """Ask the server how many binds and searches it has answered."""
    said = home.server.tool(
        "ldapsearch", "-LLL", "-o", "ldif_wrap=no", "-b", "cn=Operations,cn=Monitor",
        "(|(cn=Bind)(cn=Search))", "monitorOpCompleted",
        dn=openldap.ADMIN, password=openldap.ADMIN_PASSWORD,
    )  # fmt: skip
    parts = said.split("monitorOpCompleted: ")
    binds, searches = (int(each.split()[0]) for each in parts[1:])
    return binds, searches
