"""Who is not to be asked again to register something, and until when."""

from datetime import timedelta

from tests import make
from tests.records.stored import with_anna

WEEK = timedelta(days=7)


async def test_it_holds_until_it_ends_and_the_newest_counts(database_url: str) -> None:
    async with with_anna(
        database_url, lambda unit: unit.snoozes.put(make.ANNA, make.NOW)
    ) as records:

        async def holds(at: timedelta) -> bool:
            return await records.read(lambda u: u.snoozes.holds(make.ANNA, make.NOW + at))

        assert not await holds(timedelta())
        await records.write(lambda unit: unit.snoozes.put(make.ANNA, make.NOW + WEEK))
        assert await holds(WEEK - timedelta(milliseconds=1))
        assert not await holds(WEEK)


async def test_what_has_ended_is_swept(database_url: str) -> None:
    async with with_anna(
        database_url, lambda unit: unit.snoozes.put(make.ANNA, make.NOW)
    ) as records:
        await records.write(lambda unit: unit.expired.sweep(make.NOW + WEEK))
        told = await records.read(lambda unit: unit.personal_data.everything(make.ANNA))
        assert told["snoozes"] == []
