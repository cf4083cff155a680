"""F08 for a password that somebody knows: cut off between a write and its answer, settled once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portvakt.core.ids import FlowId
from portvakt.core.lanes import Lane
from portvakt.core.password_outcomes import Written
from portvakt.core.password_reset import Stage, begin_change
from portvakt.core.people import Account
from portvakt.proving import password_homes
from tests.directories.homes import NEW, RIGHT, Home
from tests.journeys.change_password.test_change import anna, changes, comes
from tests.journeys.change_password.test_in_a_directory import HOME
from tests.journeys.change_password.test_in_a_directory import comes as comes_from
from tests.journeys.conftest import Open
from tests.journeys.cut_off import left, reading
from tests.journeys.sign_in.directory import NAME, person_in, world_with
from tests.journeys.sign_in.test_crowds import full
from tests.servers.region import State
from tests.world import World

MINUTE = timedelta(minutes=1)


async def cut_off(world: World, account: Account) -> None:
    """Leave what a process leaves that dies after it has counted the try."""
    row = begin_change(FlowId("cut-off"), account.id, world.clock.at)
    await world.house.records.write(lambda unit: unit.resets.start_change(row))


async def test_nothing_is_left_of_a_change_that_was_answered(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await comes(browser, world)
        await changes(browser, "fel lösenord här")
        assert await left(world) == []
        await changes(browser)
        assert await left(world) == []


async def test_f54_where_there_is_no_room_to_hash_nothing_is_left_and_no_try_is_lost(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await comes(browser, world)
        form = browser.page
        async with full(world, Lane.KNOWN):
            for _ in range(12):
                browser.page = form
                assert (await changes(browser)).status == 503
        assert await left(world) == []
        browser.page = form
        assert (await changes(browser)).path == f"{HOME}/done"
        assert (await world.events(account)).count("password_change.done") == 1


async def test_f08_a_password_of_our_own_was_not_stored_and_nobody_is_signed_out(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await comes(browser, world)
        await cut_off(world, account)
        assert await reading(world).run() == 0  # its process may still be at it
        assert (await browser.get("/reset/cut-off")).status == 410  # it is no page of anybody's
        world.clock.move(seconds=31)
        assert await reading(world).run() == 1
        assert await left(world) == []
        assert "password_change.not_written" in await world.events(account)
        assert len(await world.sessions(account)) == 1


@pytest.fixture(params=["samba", "slapd"])
def home(request: pytest.FixtureRequest) -> Home:
    """A directory of each kind in turn."""
    found: Home = request.getfixturevalue(f"at_{request.param}")
    return found


@pytest.mark.slow
async def test_f08_what_a_directory_took_is_told_once_however_many_look(
    home: Home, tmp_path: Path, database_url: str
) -> None:
    async with world_with(home, tmp_path, database_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home)
        world.clock.at = datetime.now(UTC) - MINUTE
        await comes_from(browser, world, one)
        await cut_off(world, account)
        await world.outbox("mail")
        async with home.passwords() as passwords:
            assert await passwords.change(account.external_id, RIGHT, NEW) == Written()
            world.clock.move(seconds=31)
            both = (reading(world, **{NAME: passwords}).run() for _ in range(2))
            assert sum(await asyncio.gather(*both)) == 1
        assert await left(world) == []
        assert home.knows(one, dn, NEW)
        assert await world.sessions(account) == []
        assert (await world.events(account)).count("password_change.done") == 1
        assert len(await world.outbox("mail")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("state", ["well", "must_change"])
async def test_f08_what_never_reached_a_directory_ends_nothing(
    state: State, home: Home, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(home, tmp_path, sqlite_url) as world:
        account, one, dn = await person_in(world, home, state)
        world.clock.at = datetime.now(UTC) + timedelta(minutes=5)
        await cut_off(world, account)
        await world.outbox("mail")
        async with home.passwords() as passwords:
            world.clock.move(seconds=31)
            assert await reading(world, **{NAME: passwords}).run() == 0
            world.clock.move(minutes=2)
            assert await reading(world, **{NAME: passwords}).run() == 1
        assert await left(world) == []
        assert not home.knows(one, dn, NEW)
        assert "password_change.not_written" in await world.events(account)
        assert await world.outbox("mail") == []


@pytest.mark.slow
async def test_what_was_not_answered_in_time_is_settled_and_told_of_once(
    home: Home, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world_with(home, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, _ = await person_in(world, home)
        world.clock.at = datetime.now(UTC) - MINUTE
        await comes_from(browser, world, one)
        await world.outbox("mail")
        with monkeypatch.context() as patience:
            patience.setattr(password_homes, "LONGEST", 0.0)
            page = await browser.submit({"current": RIGHT.open(), "new": NEW.open()})
        assert page.path == f"{HOME}/unsure"
        assert [each.stage for each in await left(world)] == [Stage.UNKNOWN]
        assert len(await world.outbox("mail")) == 1
        async with home.passwords() as passwords:
            await passwords.set(account.external_id, NEW)
            world.clock.move(seconds=31)
            assert await reading(world, **{NAME: passwords}).run() == 1
        events = await world.events(account)
        assert [each for each in events if each.startswith("password_change")] == [
            "password_change.unsure",
            "password_change.done",
        ]
        assert await world.outbox("mail") == []
        assert len(await world.sessions(account)) == 1
