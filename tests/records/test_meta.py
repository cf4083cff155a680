from tests.records.stored import opened


async def test_a_fact_is_kept_and_written_over(database_url: str) -> None:
    async with opened(database_url) as records:
        assert await records.read(lambda unit: unit.meta.get("issuer")) is None
        for value in ("https://a", "https://b"):
            await records.write(lambda unit, v=value: unit.meta.set("issuer", v))
            assert await records.read(lambda unit: unit.meta.get("issuer")) == value


async def test_a_fact_that_is_decided_once_stays(database_url: str) -> None:
    async with opened(database_url) as records:
        for value in ("demo", "other"):
            kept = await records.write(lambda unit, v=value: unit.meta.set_once("mark", v))
            assert kept == "demo"


async def test_facts_are_read_by_how_their_names_start(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.meta.set_many({"a.x": "1", "a.y": "2", "b": "3"}))
        assert await records.read(lambda unit: unit.meta.starting("a.")) == {"a.x": "1", "a.y": "2"}
