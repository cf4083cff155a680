"""A password that must be changed is changed after the second factor, and opens then."""

from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.freezing import Change, Disowned
from portvakt.core.lanes import Lane
from portvakt.proving import password_homes
from portvakt.records.followed import Followed
from tests.directories.homes import NEW, RIGHT, WRONG, AtSamba, AtSlapd, Home
from tests.journeys.sign_in.directory import person_in, set_followed, world_with
from tests.journeys.sign_in.region import app_code
from tests.journeys.sign_in.test_crowds import full
from tests.servers.region import State
from tests.world import INSIDE, Browser, World

pytestmark = pytest.mark.slow
TITLE = "Byt lösenord först"


@pytest.fixture(params=["samba", "slapd"])
def home(request: pytest.FixtureRequest) -> Home:
    """A directory of each kind in turn."""
    found: Home = request.getfixturevalue(f"at_{request.param}")
    return found


async def reach_the_page(world: World, browser: Browser, name: str) -> None:
    await browser.sign_in(name, RIGHT.open())
    page = await browser.submit({"code": app_code(world)})
    assert page.title == TITLE


@pytest.mark.parametrize("state", ["expired", "must_change"])
async def test_a012_a_new_password_is_written_to_the_directory_and_opens_the_session(
    state: State, home: Home, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(home, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home, state)
        await reach_the_page(world, browser, one.user_name)
        assert not await world.sessions(account)
        page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
        assert page.path == "/apps"
        assert len(await world.sessions(account)) == 1
        assert home.knows(one, dn, NEW)
        assert not home.knows(one, dn, RIGHT)
        assert "password_change.done" in await world.events(account)
        assert any("nytt lösenord" in words for _, words in await world.outbox("mail"))
        async with world.browser(INSIDE) as other:
            assert (await other.sign_in(one.user_name, NEW.open())).path == "/apps"


async def test_what_the_old_password_had_opened_ends_and_the_browser_stays_known(
    at_slapd: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(at_slapd, tmp_path, sqlite_url) as world, world.browser() as stranger:
        account, one, dn = await person_in(world, at_slapd)
        await stranger.sign_in(one.user_name, RIGHT.open())
        await stranger.submit({"code": app_code(world)})
        world.clock.move(minutes=1)
        at_slapd.server.modify(dn, "replace: pwdReset\npwdReset: TRUE")
        async with world.browser() as browser, world.browser() as half_way:
            await half_way.sign_in(one.user_name, RIGHT.open())
            await reach_the_page(world, browser, one.user_name)
            await world.outbox("mail")
            page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
            assert page.path == "/apps"
            (session,) = await world.sessions(account)
            assert (await stranger.get("/apps")).path.startswith("/sign-in")
            assert (await half_way.submit({"code": app_code(world)})).status == 410
            assert len(await world.outbox("mail")) == 1
            assert (await world.sessions(account))[0].id == session.id


async def test_a_session_that_asked_for_more_stays(
    at_slapd: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(at_slapd, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, at_slapd)
        await browser.sign_in(one.user_name, RIGHT.open())
        await browser.submit({"code": app_code(world)})
        (before,) = await world.sessions(account)
        world.clock.move(minutes=10)
        at_slapd.server.modify(dn, "replace: pwdReset\npwdReset: TRUE")
        await browser.get("/security-info")
        await browser.submit({})
        await browser.submit({"code": RIGHT.open()})
        page = await browser.submit({"code": app_code(world)})
        assert page.title == TITLE
        page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
        assert page.path == "/security-info"
        (after,) = await world.sessions(account)
        assert after.id == before.id


async def test_a080_what_was_changed_is_remembered_where_a_reset_would_not_look(
    at_samba: AtSamba, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(at_samba, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, _ = await person_in(world, at_samba, "must_change")
        await reach_the_page(world, browser, one.user_name)
        await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
        had = await world.house.records.read(lambda unit: unit.password_memory.of(account.id))
        assert [await world.house.hasher.verify(each, NEW) for each in had] == [True]


async def test_nothing_is_written_by_what_we_knew_of_somebody_long_ago(
    home: Home, tmp_path: Path, sqlite_url: str
) -> None:
    """R18, as at the reset site and where a known password is changed."""
    async with world_with(home, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home, "must_change")
        await reach_the_page(world, browser, one.user_name)
        await set_followed(world, Followed(well_at=world.clock.at - timedelta(minutes=30)))
        for _ in range(4):  # it costs no try
            form = browser.page
            page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
            assert page.status == 503
            assert "Katalogen svarar inte just nu" in page.title
            browser.page = form
        assert not home.knows(one, dn, NEW)
        assert not await world.sessions(account)
        await set_followed(world, Followed(well_at=world.clock.at))
        page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
        assert page.path == "/apps"


async def test_f54_where_there_is_no_room_to_hash_it_is_said_and_costs_no_try(
    at_samba: AtSamba, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(at_samba, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, at_samba, "must_change")
        await reach_the_page(world, browser, one.user_name)
        form = browser.page
        async with full(world, Lane.KNOWN):
            for _ in range(4):
                browser.page = form
                page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
                assert (page.status, page.title) == (503, "Många loggar in just nu")
        assert not at_samba.knows(one, dn, NEW)
        assert "password_change.unsure" not in await world.events(account)
        browser.page = form
        page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
        assert page.path == "/apps"


async def test_a_frozen_account_gets_no_new_password(
    at_slapd: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(at_slapd, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, at_slapd, "must_change")
        await reach_the_page(world, browser, one.user_name)
        now = world.clock.at
        gone = Disowned(Change.ADDED, now, now)
        await world.house.records.write(lambda unit: unit.freezes.freeze(account.id, gone))
        page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
        assert (page.status, page.title) == (422, TITLE)
        assert "Kontot är fryst" in page.text
        assert not at_slapd.knows(one, dn, NEW)


async def test_a_write_that_is_not_answered_is_told_of_as_if_it_were_done(
    at_slapd: AtSlapd, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world_with(at_slapd, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, _ = await person_in(world, at_slapd, "must_change")
        await reach_the_page(world, browser, one.user_name)
        await world.outbox("mail")
        with monkeypatch.context() as patience:
            patience.setattr(password_homes, "LONGEST", 0.0)
            page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
        assert (page.status, page.title) == (422, TITLE)
        assert "password_change.unsure" in await world.events(account)
        assert any("nytt lösenord" in words for _, words in await world.outbox("mail"))
        assert not await world.sessions(account)


async def test_whatever_is_wrong_is_said_and_another_is_taken(
    home: Home, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(home, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home, "must_change")
        await reach_the_page(world, browser, one.user_name)
        for current, new, words in (
            ("", NEW.open(), "Skriv lösenordet du har nu."),
            (RIGHT.open(), "", "Skriv ett nytt lösenord."),
            (RIGHT.open(), "Kort-26", "minst 15 tecken"),
            (RIGHT.open(), "Sommar2026Sommar2026", "ord som många väljer"),
            (WRONG.open(), NEW.open(), "Lösenordet stämde inte."),
        ):
            page = await browser.submit({"current": current, "new": new})
            assert (page.status, page.title) == (422, TITLE)
            assert words in page.text
        assert not await world.sessions(account)
        assert home.knows(one, dn, NEW) is False
        page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
        assert page.path == "/apps"


async def test_the_directorys_own_refusal_is_said_in_words(
    at_samba: AtSamba, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(at_samba, tmp_path, sqlite_url) as world, world.browser() as browser:
        _, one, _ = await person_in(world, at_samba, "must_change")
        await reach_the_page(world, browser, one.user_name)
        page = await browser.submit({"current": RIGHT.open(), "new": "sju små grodor hoppar hem"})
        assert page.status == 422
        assert "stora och små bokstäver" in page.text


async def test_old_passwords_are_not_guessed_here_until_the_account_is_locked(
    home: Home, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(home, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, _ = await person_in(world, home, "must_change")
        await reach_the_page(world, browser, one.user_name)
        pages = [
            await browser.submit({"current": WRONG.open(), "new": NEW.open()}) for _ in range(6)
        ]
        assert [each.status for each in pages] == [422, 422, 429, 429, 429, 429]
        async with home.passwords() as passwords:  # not locked
            assert "MustChange" in repr(await passwords.check(account.external_id, RIGHT))


async def test_nobody_reaches_the_page_of_another_sign_in(
    at_slapd: AtSlapd, tmp_path: Path, sqlite_url: str
) -> None:
    """The form does nothing where a right password was not found to need a change."""
    async with world_with(at_slapd, tmp_path, sqlite_url) as world, world.browser() as browser:
        _, one, dn = await person_in(world, at_slapd)
        page = await browser.sign_in(one.user_name, RIGHT.open())
        fields = {"current": RIGHT.open(), "new": NEW.open()}
        page = await browser.post(f"{page.path}/new-password", fields)
        assert page.title == "Vilken kod visar din app?"
        assert at_slapd.knows(one, dn, RIGHT)
        async with world.browser() as stranger:
            await stranger.get("/sign-in")
            assert (await stranger.post(f"{page.path}/new-password", fields)).status == 410
