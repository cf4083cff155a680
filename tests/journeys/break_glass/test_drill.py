"""Those in charge are reminded, alarms are cried out, and numbers are told of."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from structlog.testing import capture_logs

from portvakt.background_break_glass import DrillWatch
from portvakt.core.break_glass import REMIND_EVERY, TEST_EVERY
from portvakt.metrics import Numbers
from portvakt.records import Unit
from portvakt.stored_numbers import BREAK_GLASS
from portvakt.telling_people import notices_of
from tests.journeys.break_glass.accounts import ID, NAME, administrator, ready, signs_in
from tests.journeys.conftest import Open
from tests.metrics.scrape import measured_world, scrape
from tests.world import World, settings

UNTESTED = "alarm.break_glass_untested"


def watch(world: World, folder: Path, url: str) -> DrillWatch:
    notices = notices_of(settings(folder, url), world.house.sealer)
    return DrillWatch(records=world.house.records, notices=notices, clock=world.clock)


async def reminders(world: World) -> int:
    return (await world.events()).count(UNTESTED)


async def test_of_many_who_look_one_reminds_and_again_after_a_week(
    open_world: Open, tmp_path: Path, database_url: str
) -> None:
    async with open_world() as world:
        await ready(world)
        anna = await administrator(world)
        looker = watch(world, tmp_path, database_url)
        await looker.look()
        assert await reminders(world) == 0
        world.clock.move(seconds=TEST_EVERY.total_seconds())
        await asyncio.gather(*(looker.look() for _ in range(4)))
        assert await reminders(world) == 1
        ((to, words),) = await world.outbox("mail")
        assert to == anna.email
        assert f"Ingen har provat nödkontot {NAME} på 90 dygn" in words
        world.clock.move(seconds=REMIND_EVERY.total_seconds() - 1)
        await looker.look()
        assert await reminders(world) == 1
        world.clock.move(seconds=1)
        await looker.look()
        assert await reminders(world) == 2
        now = world.clock.at
        await world.house.records.write(lambda unit: unit.break_glass.tested(ID, now))
        world.clock.move(days=89)
        await looker.look()
        assert await reminders(world) == 2


async def test_how_they_stand_can_be_watched(open_world: Open) -> None:
    async with open_world() as world:
        await ready(world)
        now = world.clock.at + timedelta(days=2)

        async def act(unit: Unit) -> Sequence[Numbers]:
            return await BREAK_GLASS.read(unit, now)

        ready_now, ages = await world.house.records.read(act)
        assert ready_now == {(): 1.0}
        assert set(ages) == {(NAME,)}
        assert 2 * 86_400 <= ages[NAME,] < 2 * 86_400 + 120


async def test_each_use_is_counted_for_an_alert(tmp_path: Path, sqlite_url: str) -> None:
    async with measured_world(tmp_path, sqlite_url) as world, world.browser() as browser:
        one, _ = await ready(world)
        await signs_in(browser, one)
        told = await scrape(world)
    assert told.value("portvakt_events_total", event="alarm.break_glass_used") == 1
    assert told.value("portvakt_events_total", event="alarm.break_glass_refused") == 0
    assert told.value("portvakt_break_glass_ready") == 1


async def test_each_use_is_the_loudest_line_there_is(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        one, _ = await ready(world)
        with capture_logs() as lines:
            await signs_in(browser, one)
    (line,) = [each for each in lines if "break_glass_used" in each["event"]]
    assert line["log_level"] == "critical"
    assert NAME in line.values()
