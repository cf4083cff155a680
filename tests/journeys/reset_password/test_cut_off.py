"""F08: the process is killed between a write and its answer; another one settles it, once."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portvakt import background_resets
from portvakt.background_resets import settling
from portvakt.core.ids import FlowId
from portvakt.core.password_outcomes import UnknownOutcome, Unreachable, Written
from portvakt.core.password_reset import Stage
from portvakt.proving.password_reading_back import outcome_of
from portvakt.records.unit import Unit
from tests import make
from tests.directories.homes import NEW, RIGHT, Home
from tests.journeys.conftest import Open
from tests.journeys.cut_off import left, reading
from tests.journeys.reset_password.forgetful import anna, begin, by_app, by_text, proved
from tests.journeys.reset_password.test_in_a_directory import with_phone
from tests.journeys.sign_in.directory import NAME, person_in, world_with
from tests.journeys.sign_in.region import reaches_apps
from tests.records.a_reset import reset
from tests.world import Page, World, settings


async def killed(world: World, page: Page) -> None:
    """Leave the attempt of this page as a process does that dies after the claim."""
    flow = FlowId(page.path.removeprefix("/reset/").partition("/")[0])

    async def act(unit: Unit) -> bool:
        for version in range(30):
            if await unit.resets.begin_writing(flow, version, world.clock.at):
                return True
        return False

    assert await world.house.records.write(act)


async def test_f08_a_password_of_our_own_was_not_stored_and_may_be_chosen_again(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as old, world.browser() as browser:
        account = await anna(world)
        assert await reaches_apps(old, world)
        world.clock.move(minutes=2)
        page = await proved(browser, world)
        await killed(world, page)
        assert await reading(world).run() == 0  # its process may still be at it
        world.clock.move(seconds=31)
        assert await reading(world).run() == 1
        assert await left(world) == []
        assert (await browser.get(page.path)).title == "Välj ett nytt lösenord"
        assert "password_reset.not_written" in await world.events(account)
        assert len(await world.sessions(account)) == 1
        assert await reading(world).run() == 0


async def test_f08_two_processes_settle_it_once(open_world: Open) -> None:
    async with open_world() as world, world.browser() as old, world.browser() as browser:
        account = await anna(world)
        assert await reaches_apps(old, world)
        world.clock.move(minutes=2)
        await begin(browser, goal="unlock")
        await by_app(browser, world)
        page = await by_text(browser, world)
        await killed(world, page)
        await world.outbox("mail")
        world.clock.move(seconds=31)
        runs = await asyncio.gather(*(reading(world).run() for _ in range(3)))
        assert sum(runs) == 1
        assert await world.sessions(account) == []
        assert (await world.events(account)).count("password_reset.done") == 1
        assert len(await world.outbox("mail")) == 1
        assert "Kontot är upplåst" in (await browser.get(page.path)).text


async def test_f08_the_background_work_looks_for_it(
    open_world: Open, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_resets, "LOOKS_EVERY", 0.0)
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await killed(world, await proved(browser, world))
        world.clock.move(seconds=31)
        house, chosen = world.house, settings(tmp_path, database_url)
        background = settling(chosen, house.records, house.sealer, house.hasher, world.clock)
        async with background as steps:
            for step in steps:
                await step()
        assert await left(world) == []


NOW = make.NOW


@pytest.mark.parametrize(
    ("set_at", "after", "outcome"),
    [
        (NOW, 31, Written()),
        (NOW - timedelta(seconds=59), 31, Written()),
        (NOW - timedelta(minutes=2), 31, None),
        (NOW - timedelta(minutes=2), 120, Unreachable()),
        (None, 31, UnknownOutcome()),
    ],
)
def test_what_came_of_it_is_told_by_when_the_password_was_set(
    set_at: datetime | None, after: int, outcome: Any
) -> None:
    sent = reset(stage=Stage.WRITING, writing_since=NOW)
    assert outcome_of(sent, set_at, NOW + timedelta(seconds=after)) == outcome


@pytest.fixture(params=["samba", "slapd"])
def home(request: pytest.FixtureRequest) -> Home:
    """A directory of each kind in turn."""
    found: Home = request.getfixturevalue(f"at_{request.param}")
    return found


@pytest.mark.slow
async def test_f08_what_a_directory_took_is_unsure_until_it_answers_and_then_done(
    home: Home, tmp_path: Path, database_url: str
) -> None:
    async with world_with(home, tmp_path, database_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home)
        await with_phone(world, account)
        world.clock.at = datetime.now(UTC)
        await begin(browser, one.user_name)
        await by_app(browser, world)
        page = await by_text(browser, world, "text:work-phone")
        await killed(world, page)
        await world.outbox("mail")
        async with home.passwords_by("ldaps://127.0.0.1:9") as away:
            world.clock.move(seconds=31)
            assert await reading(world, **{NAME: away}).run() == 1
            assert await reading(world, **{NAME: away}).run() == 0
        assert [each.stage for each in await left(world)] == [Stage.UNKNOWN]
        assert len(await world.outbox("mail")) == 1
        async with home.passwords() as passwords:
            assert await passwords.set(account.external_id, NEW) == Written()
            both = (reading(world, **{NAME: passwords}).run() for _ in range(2))
            assert sum(await asyncio.gather(*both)) == 1
        assert await left(world) == []
        assert home.knows(one, dn, NEW)
        events = await world.events(account)
        assert events.count("password_reset.unsure") == 1
        assert events.count("password_reset.done") == 1
        assert await world.outbox("mail") == []  # told once
        assert "Ditt nya lösenord gäller" in (await browser.get(page.path)).text


@pytest.mark.slow
async def test_f08_what_never_reached_a_directory_may_be_chosen_again(
    home: Home, tmp_path: Path, sqlite_url: str
) -> None:
    async with world_with(home, tmp_path, sqlite_url) as world, world.browser() as browser:
        account, one, dn = await person_in(world, home)
        await with_phone(world, account)
        world.clock.at = datetime.now(UTC) + timedelta(minutes=5)
        await begin(browser, one.user_name)
        await by_app(browser, world)
        page = await by_text(browser, world, "text:work-phone")
        await killed(world, page)
        async with home.passwords() as passwords:
            world.clock.move(seconds=31)
            assert await reading(world, **{NAME: passwords}).run() == 0
            world.clock.move(minutes=2)
            assert await reading(world, **{NAME: passwords}).run() == 1
        assert home.knows(one, dn, RIGHT)
        assert (await browser.get(page.path)).title == "Välj ett nytt lösenord"
        assert "password_reset.not_written" in await world.events(account)
