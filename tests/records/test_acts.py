"""What an act may do and what becomes of it, on each database."""

import asyncio

import pytest

from portvakt.records import Records, Unit
from portvakt.records.driver import Run
from portvakt.records.lineage import FACT
from portvakt.records.statements import Statement
from tests import make
from tests.records.stored import opened, person, with_anna


async def test_what_an_act_wrote_is_there_afterwards(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.meta.set("a", "1"))
    async with opened(database_url) as records:
        assert await records.read(lambda unit: unit.meta.get("a")) == "1"


async def test_an_act_that_raises_has_done_nothing(database_url: str) -> None:
    async def act(unit: Unit) -> None:
        await unit.meta.set("a", "1")
        raise LookupError("in the middle")

    async with opened(database_url) as records:
        with pytest.raises(LookupError, match="in the middle"):
            await records.write(act)
        assert await records.read(lambda unit: unit.meta.get("a")) is None


async def test_an_act_that_fails_beside_others_takes_nobody_with_it(database_url: str) -> None:
    async def wrong(unit: Unit) -> None:
        await unit.meta.set("wrong", "1")
        await unit.people.upsert_many([person(state="no such state")])

    async with opened(database_url) as records:
        done = await asyncio.gather(
            *(records.write(lambda unit, n=n: unit.meta.set(f"good{n}", "1")) for n in range(8)),
            records.write(wrong),
            *(records.write(lambda unit, n=n: unit.meta.set(f"late{n}", "1")) for n in range(8)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Exception) for each in done) == 1
        kept = await records.read(lambda unit: unit.meta.starting(""))
        assert sorted(kept.keys() - {FACT}) == sorted(
            f"{word}{n}" for word in ("good", "late") for n in range(8)
        )


async def test_a_mistake_in_a_statement_is_no_lack_of_a_database(database_url: str) -> None:
    """A constraint that is broken, or a table that is missing, is an error of ours: it raises."""
    async with opened(database_url) as records:
        with pytest.raises(Exception, match=r"(?i)constraint|violates") as caught:
            await records.write(lambda unit: unit.people.upsert_many([person(state="odd")]))
        assert type(caught.value).__module__.split(".")[0] in {"sqlite3", "asyncpg"}


async def test_an_act_that_only_reads_cannot_write(database_url: str) -> None:
    async with opened(database_url) as records:
        with pytest.raises(AssertionError, match="reads may not write"):
            await records.read(lambda unit: unit.meta.set("a", "1"))
        assert await records.read(lambda unit: unit.meta.get("a")) is None


async def test_write_one_is_for_one_statement(database_url: str) -> None:
    async def two(unit: Unit) -> None:
        await unit.meta.set("a", "1")
        await unit.meta.set("b", "1")

    async with opened(database_url) as records:
        with pytest.raises(AssertionError, match="one statement"):
            await records.write_one(two)
        await records.write_one(lambda unit: unit.meta.set("c", "1"))
        assert await records.read(lambda unit: unit.meta.get("c")) == "1"


async def test_an_act_awaits_nothing_but_its_unit(sqlite_url: str) -> None:
    async def sleepy(unit: Unit) -> None:
        await unit.meta.set("a", "1")
        await asyncio.sleep(0)

    async with opened(sqlite_url) as records:
        with pytest.raises(AssertionError, match="awaits its unit and nothing else"):
            await records.write(sleepy)
        assert await records.read(lambda unit: unit.meta.get("a")) is None


async def test_statements_and_transactions_are_counted_apart(database_url: str) -> None:
    async def act(unit: Unit) -> None:
        await unit.meta.set("a", "1")
        await unit.meta.get("a")

    async with opened(database_url) as records:
        await records.write(act)
        assert (records.counted, records.transactions) == (2, 1)
        await records.read(lambda unit: unit.meta.get("a"))
        assert (records.counted, records.transactions) == (3, 1)


async def test_a_statement_without_one_of_its_values_is_a_mistake(database_url: str) -> None:
    statement = Statement("SELECT name FROM meta WHERE name = :name AND value = :value")

    async def act(unit: Unit) -> None:
        run: Run = unit._run  # noqa: SLF001
        await run.rows(statement, name="a")

    async with opened(database_url) as records:
        with pytest.raises(Exception, match="value"):
            await records.read(act)


@pytest.mark.parametrize("many", [0, 1, 2_500])
async def test_each_row_is_written_by_one_statement(database_url: str, many: int) -> None:
    statement = Statement(
        "INSERT INTO meta (name, value) {each:name TEXT, value TEXT} ON CONFLICT DO NOTHING"
    )
    rows = [(f"row{n:04}", "å") for n in range(many)]

    async def act(unit: Unit) -> int:
        run: Run = unit._run  # noqa: SLF001
        return await run.each(statement, rows)

    async with opened(database_url) as records:
        assert await records.write(act) == many
        assert records.counted == min(many, 1)
        assert await records.read(lambda unit: unit.meta.starting("row")) == dict(rows)
        assert await records.write(act) == 0


async def test_rows_are_not_written_by_an_act_that_reads(database_url: str) -> None:
    statement = Statement("INSERT INTO groups (id, owner) {each:id TEXT, owner TEXT}")

    async def act(unit: Unit) -> int:
        run: Run = unit._run  # noqa: SLF001
        return await run.each(statement, [("a", "b")])

    async with opened(database_url) as records:
        with pytest.raises(AssertionError, match="may not write"):
            await records.read(act)


async def test_a_bell_rings_when_the_act_is_committed_and_not_before(database_url: str) -> None:
    async def ring_and_fail(unit: Unit) -> None:
        await unit.wakeups.ring("outbox")
        raise LookupError

    async with opened(database_url) as records:
        await records.listen()
        assert not await records.wait("outbox", 0.01)
        waiting = asyncio.create_task(records.wait("outbox", 5))
        with pytest.raises(LookupError):
            await records.write(ring_and_fail)
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await records.write(lambda unit: unit.wakeups.ring("outbox"))
        assert await waiting


async def test_a_bell_that_nobody_heard_is_remembered_once(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.listen()
        await records.write(lambda unit: unit.wakeups.ring("outbox"))
        assert await records.wait("outbox", 5)
        assert not await records.wait("outbox", 0.05)


@pytest.mark.slow
async def test_a_bell_rings_in_another_process_too(postgresql_url: str) -> None:
    async with opened(postgresql_url) as one, opened(postgresql_url) as other:
        assert await one.wait("outbox", 5)  # whoever begins to hear must look again
        waiting = asyncio.create_task(one.wait("outbox", 5))
        await asyncio.sleep(0.1)
        await other.write(lambda unit: unit.wakeups.ring("outbox"))
        assert await waiting


@pytest.mark.slow
async def test_acts_that_lock_each_other_out_are_run_again(postgresql_url: str) -> None:
    """Two acts take the same two rows in different order: a deadlock, and both succeed."""
    met = asyncio.Barrier(2)
    tries = 0

    async def act(unit: Unit, first: str, second: str) -> None:
        nonlocal tries
        tries += 1
        await unit.meta.set(first, "1")
        if tries <= 2:
            await met.wait()
        await unit.meta.set(second, "1")

    async with opened(postgresql_url) as records:
        await records.write(lambda unit: unit.meta.set_many({"a": "0", "b": "0"}))
        await asyncio.gather(
            records.write(lambda unit: act(unit, "a", "b")),
            records.write(lambda unit: act(unit, "b", "a")),
        )
        assert tries in (3, 4)  # two first tries; the server aborts one of them, or both
        assert await records.read(lambda unit: unit.meta.get("a")) == "1"


async def test_more_acts_than_connections_wait_their_turn(database_url: str) -> None:
    async with opened(database_url) as records:

        async def one(n: int) -> None:
            await records.write(lambda unit: unit.meta.set(f"n{n}", "1"))

        await asyncio.gather(*(one(n) for n in range(50)))
        assert len(await records.read(lambda unit: unit.meta.starting("n"))) == 50


async def test_one_turn_at_a_time_for_each_name(database_url: str) -> None:
    """Without it, both would read 0 and write 1."""

    async def add_one(unit: Unit) -> None:
        await unit.turn("counter")
        await unit.meta.set("n", str(int(await unit.meta.get("n") or "0") + 1))

    async with opened(database_url) as records:
        await asyncio.gather(*(records.write(add_one) for _ in range(20)))
        assert await records.read(lambda unit: unit.meta.get("n")) == "20"


async def test_an_act_whose_caller_gave_up_leaves_the_records_sound(database_url: str) -> None:
    async with with_anna(database_url) as records:
        calls = [
            asyncio.create_task(records.write(lambda unit: unit.people.load(make.ANNA)))
            for _ in range(12)
        ]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await still_works(records)


async def still_works(records: Records) -> None:
    await records.write(lambda unit: unit.meta.set("works", "1"))
    assert await records.read(lambda unit: unit.meta.get("works")) == "1"
