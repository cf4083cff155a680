"""What the rules were, and how long that is kept."""

from datetime import timedelta

from portvakt.records import Records
from tests import make
from tests.records.stored import opened


async def add(records: Records, reason: str = "", to: int | None = None) -> int:
    return await records.write(
        lambda unit: unit.rule_versions.add(
            '{"rules":[]}', at=make.NOW, actor="cli:kim", reason=reason, returned_to=to
        )
    )


async def numbers(records: Records) -> list[int]:
    latest = await records.read(lambda unit: unit.rule_versions.latest(100))
    return [each.number for each in latest]


async def test_versions_are_numbered_and_read_newest_first(database_url: str) -> None:
    async with opened(database_url) as records:
        said = [await add(records, "one"), await add(records, "two"), await add(records, "3", 1)]
        assert said == [1, 2, 3]
        latest = await records.read(lambda unit: unit.rule_versions.latest(2))
        assert [(each.number, each.reason, each.returned_to) for each in latest] == [
            (3, "3", 1),
            (2, "two", None),
        ]
        one = await records.read(lambda unit: unit.rule_versions.one(1))
        assert one is not None
        assert (one.made_at, one.actor, one.doc) == (make.NOW, "cli:kim", '{"rules":[]}')
        assert await records.read(lambda unit: unit.rule_versions.one(4)) is None


async def test_old_versions_go_after_two_years_but_for_the_last_fifty(database_url: str) -> None:
    two_years = make.NOW + timedelta(days=730)
    async with opened(database_url) as records:
        for _ in range(53):
            await add(records)
        await records.write(lambda unit: unit.expired.sweep(two_years))
        assert len(await numbers(records)) == 53
        for _ in range(2):
            await records.write(lambda unit: unit.expired.sweep(two_years + timedelta(seconds=1)))
            assert await numbers(records) == list(range(53, 3, -1))
