"""“I share this computer with everybody on the ward.”"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from portvakt.core.ids import AccountId, NetworkId
from portvakt.core.people import Account
from portvakt.core.totp import code_at, step_of
from portvakt.journeys.my_apps.routes import place_for_the_next
from portvakt.records.unit import Unit
from tests import make
from tests.world import OUTSIDE, Browser, World, world

SECRET = b"0123456789abcdefghij"
WARD = "10.20.7.11"
ELSEWHERE = "10.20.9.1"
NETWORKS = (
    make.network(),
    make.network(
        id=NetworkId("ward"), name="Avdelning 7", addresses=("10.20.7.0/24",), shared=True
    ),
)


@asynccontextmanager
async def ward(folder: Path, url: str, address: str = WARD) -> AsyncIterator[tuple[World, Browser]]:
    async with world(folder, url) as found, found.browser(address) as browser:
        await found.person(totp=SECRET)
        await found.configure(rules=[make.rule(networks_not={make.LAN})], networks=NETWORKS)
        yield found, browser


def bar(browser: Browser) -> bool:
    return 'action="/switch-person"' in browser.page.html


async def test_every_page_says_whose_session_it_is(tmp_path: Path, database_url: str) -> None:
    async with ward(tmp_path, database_url) as (_, browser):
        await browser.sign_in()
        anew = "/sign-in?to=/apps&for=anew"
        pages = ("/apps", "/my-sign-ins", "/security-info", "/oidc/authorize?client_id=no", anew)
        for path in pages:
            await browser.get(path)
            assert bar(browser), path
            assert "Anna Berg" in browser.page.text, path
            assert "Byt person" in browser.page.text, path
        await browser.post("/language", {"language": "en", "to": "/apps"})
        assert "Switch person" in browser.page.text


async def test_a_page_that_is_not_there_says_it_too_and_the_next_person_begins_at_the_apps(
    tmp_path: Path, database_url: str
) -> None:
    async with ward(tmp_path, database_url) as (_, browser):
        await browser.get("/nothing-here")
        assert (browser.page.status, bar(browser)) == (404, False)
        await browser.sign_in()
        await browser.get("/nothing-here")
        assert (browser.page.status, bar(browser)) == (404, True)
        await browser.post("/apps", {})
        assert (browser.page.status, bar(browser)) == (405, True)
        await browser.get("/nothing-here")
        await browser.submit({})
        assert browser.page.path == "/sign-in?to=/apps"
        assert browser.cookie("session") is None


async def test_other_computers_say_nothing_of_it(tmp_path: Path, sqlite_url: str) -> None:
    async with ward(tmp_path, sqlite_url, ELSEWHERE) as (_, browser):
        await browser.sign_in()
        assert browser.page.title == "Dina appar"
        assert not bar(browser)


async def test_ten_minutes_without_an_act_end_the_session(
    tmp_path: Path, database_url: str
) -> None:
    async with ward(tmp_path, database_url) as (found, browser):
        await browser.sign_in()
        found.clock.move(minutes=9)
        assert (await browser.get("/apps")).title == "Dina appar"
        found.clock.move(minutes=9, seconds=59)
        assert (await browser.get("/apps")).title == "Dina appar"
        found.clock.move(minutes=10)
        assert (await browser.get("/apps")).path.startswith("/sign-in")


async def test_what_a_session_is_stays_as_it_began(tmp_path: Path, sqlite_url: str) -> None:
    """A computer on wheels is shared wherever it stands; a laptop is not, even on the ward."""
    async with ward(tmp_path, sqlite_url) as (found, carried), found.browser(ELSEWHERE) as own:
        await carried.sign_in()
        await own.sign_in()
        carried.address, own.address = ELSEWHERE, WARD
        await carried.get("/apps")
        await own.get("/apps")
        assert bar(carried)
        assert not bar(own)
        found.clock.move(minutes=10)
        assert (await carried.get("/apps")).path.startswith("/sign-in")
        assert (await own.get("/apps")).title == "Dina appar"


async def test_a_browser_there_is_neither_made_known_nor_asked_whether_it_is(
    tmp_path: Path, database_url: str
) -> None:
    async with ward(tmp_path, database_url, ELSEWHERE) as (found, browser):
        await browser.sign_in()
        mark = browser.cookie("browser")
        assert mark is not None
        await browser.post("/sign-out", {})
        browser.address = WARD
        await browser.sign_in()
        assert browser.page.title == "Dina appar"
        assert await known_at_last_sign_in(found) is False
        assert browser.cookie("browser") == mark
        async with found.browser(WARD) as new:
            await new.sign_in()
            assert new.page.title == "Dina appar"
            assert new.cookie("browser") is None
            await new.post("/sign-out", {})
            await new.sign_in()
            assert await known_at_last_sign_in(found) is False
        browser.address = ELSEWHERE
        await browser.post("/sign-out", {})
        await browser.sign_in()
        assert await known_at_last_sign_in(found) is True


async def known_at_last_sign_in(found: World) -> bool:
    async def act(unit: Unit) -> bool:
        events = await unit.audit.latest(20)
        told = next(each for each in events if each.name == "authentication.succeeded")
        return bool(told.detail["known_browser"])

    return await found.house.records.read(act)


async def test_switching_ends_the_session_and_leads_the_next_one_to_the_same_place(
    tmp_path: Path, database_url: str
) -> None:
    async with ward(tmp_path, database_url) as (found, browser):
        await found.person(bo())
        await browser.sign_in()
        before = browser.cookie("binding")
        await browser.get("/my-sign-ins")
        await browser.submit({}, form_of(browser))
        assert browser.page.path == "/sign-in?to=/my-sign-ins"
        assert not bar(browser)
        assert browser.cookie("session") is None
        assert browser.cookie("binding") != before
        assert not await found.sessions(make.account())
        assert await ended(found) == "switched"
        await browser.submit({"name": "bo.ek", "password": "Vinterdäck i augusti"})
        assert browser.page.path == "/my-sign-ins"
        assert "Bo Ek" in browser.page.text


async def test_switching_where_the_session_has_ended_already_asks_who_comes_next(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ward(tmp_path, sqlite_url) as (found, browser):
        await browser.sign_in()
        form = form_of(browser)
        found.clock.move(minutes=11)
        await browser.submit({}, form)
        assert browser.page.path == "/sign-in?to=/apps"
        assert browser.cookie("session") is None


async def test_a_step_that_asks_for_more_says_whose_session_it_is(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ward(tmp_path, sqlite_url) as (found, browser):
        await browser.sign_in()
        browser.address = OUTSIDE
        await browser.get("/apps")
        assert browser.page.path == "/sign-in?to=/apps"
        assert bar(browser)
        await browser.submit({}, [a for a, _ in browser.page.forms()].index("/sign-in/again"))
        assert "/sign-in/" in browser.page.path
        assert bar(browser)
        await browser.submit({"code": "000000"}, 1)
        assert browser.page.status == 422
        assert bar(browser)
        await browser.submit({"code": code_at(SECRET, step_of(found.clock.at))}, 1)
        assert browser.page.title == "Dina appar"
        assert browser.cookie("browser") is None


async def test_a_registration_begun_there_makes_no_browser_known(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(WARD) as browser:
        await found.configure(networks=NETWORKS)
        await found.person()
        await browser.sign_in(to="/security-info")
        assert bar(browser)
        assert browser.cookie("browser") is None


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/apps", "/apps"),
        ("/my-sign-ins?done=one", "/my-sign-ins?done=one"),
        ("/oidc/authorize?client_id=shop&state=1", "/oidc/authorize?client_id=shop&state=1"),
        ("/security-info", "/security-info"),
        ("/security-info/method/k7qm2xw4", "/security-info"),
        ("/sign-in/k7qm2xw4k7qm2xw4k7qm2xw4k7", "/apps"),
        ("/sign-in?to=/my-sign-ins", "/my-sign-ins"),
        ("/sign-in?to=%2Foidc%2Fauthorize%3Fclient_id%3Dshop", "/oidc/authorize?client_id=shop"),
        ("/sign-in?to=//evil.example", "/apps"),
        ("/sign-in?to=/sign-in?to=/apps", "/apps"),
        ("/sign-in", "/apps"),
        ("/reset/k7qm2xw4", "/apps"),
        ("/switch-person", "/apps"),
        ("/change-password", "/change-password"),
        ("/change-password/done", "/change-password"),
        ("/change-password/unsure", "/change-password"),
        ("/vouch/k7qm2xw4k7qm2xw4k7qm2xw4k7", "/vouch"),
    ],
)
def test_the_next_person_goes_on_where_the_one_before_was_but_not_in_their_steps(
    path: str, to: str
) -> None:
    assert place_for_the_next(path) == to


def bo() -> Account:
    return make.account(
        id=AccountId("bo"),
        external_id="000018",
        user_name="bo.ek",
        email="bo.ek@region.example",
        given_name="Bo",
        family_name="Ek",
    )


def form_of(browser: Browser) -> int:
    """Where «Byt person» stands among the forms of the page."""
    return [action for action, _ in browser.page.forms()].index("/switch-person")


async def ended(found: World) -> str:
    async def act(unit: Unit) -> str:
        events = await unit.audit.latest(20)
        told = next(each for each in events if each.name == "session.ended")
        return str(told.detail["reason"])

    return await found.house.records.read(act)
