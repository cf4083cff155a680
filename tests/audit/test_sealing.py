"""One seals at a time, nothing is passed over, and what was sealed stays verifiable."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog

from portvakt.background_audit import Trail, auditing, chain_keys, read_heads
from portvakt.core.audit_chain import ChainKeys
from portvakt.core.audit_walk import Fault
from portvakt.core.events import TrailCutOff
from portvakt.crypto.sealing import MasterKeys
from portvakt.records import Records, Unit
from portvakt.settings import Settings
from portvakt.settings.structs import Audit, Keys
from tests import make
from tests.audit.trails import KEYS, checked, event, fill, seal
from tests.records.stored import opened

MASTER = MasterKeys({"k1": b"m" * 32})
TOP = Path(__file__).parents[2]


def settings(head_file: Path | None = None) -> Settings:
    return Settings(
        public_url="http://localhost",
        database_url="",
        keys=Keys(""),
        audit=Audit(head_file=None if head_file is None else str(head_file)),
    )


def trail(records: Records, head_file: Path | None = None, keys: MasterKeys = MASTER) -> Trail:
    return Trail(records=records, keys=keys, clock=lambda: make.NOW, settings=settings(head_file))


async def write(records: Records, count: int) -> None:
    events = [event(n) for n in range(count)]
    await records.write(lambda unit: unit.audit.write_many(events))


@pytest.mark.slow
async def test_a_transaction_that_ends_late_is_sealed_after_those_that_began_later(
    postgresql_url: str,
) -> None:
    """Its events have lower ids than what is sealed already, and are passed over by nobody."""
    late = await asyncpg.connect(postgresql_url)
    async with opened(postgresql_url) as records:
        await late.execute("BEGIN")
        for n in range(3):
            await late.execute(
                "INSERT INTO events (at, name, account_id, actor, detail, salt)"
                " VALUES (1, 'person.invited', 'late', 'import', '{}', $1)",
                f"{n}",
            )
        await write(records, 5)
        before = await seal(records)
        assert before.last == 5
        await late.execute("COMMIT")
        await late.close()
        await write(records, 2)
        assert (await seal(records)).last == 10
        assert (await checked(records, before)).wrong is None
        assert not await records.read(lambda unit: unit.audit_chain.any_waiting())


async def test_what_was_rolled_back_leaves_no_hole(database_url: str) -> None:
    async def fails(unit: Unit) -> None:
        await unit.audit.write(event(1))
        raise LookupError

    async with opened(database_url) as records:
        await write(records, 2)
        with pytest.raises(LookupError):
            await records.write(fails)
        await write(records, 2)
        assert (await seal(records)).last == 4
        assert (await checked(records)).wrong is None


@pytest.mark.slow
async def test_two_that_seal_at_once_make_one_chain(postgresql_url: str) -> None:
    async with opened(postgresql_url) as one, opened(postgresql_url) as two:
        for _ in range(5):
            await write(one, 400)
            for_both = [seal(each, 30) for each in (one, two) for _ in range(8)]
            await asyncio.gather(*for_both)
        found = await checked(one)
        assert (found.wrong, found.tip.last) == (None, 2_000)


async def test_events_are_written_while_others_are_sealed(database_url: str) -> None:
    async with opened(database_url) as records:
        sealer = trail(records)

        async def some(lane: int) -> None:
            for n in range(20):
                told = event(lane * 100 + n)
                await records.write(lambda unit: unit.audit.write(told))  # noqa: B023

        async def seals() -> None:
            for _ in range(20):
                await sealer.seal()
                await asyncio.sleep(0)

        await asyncio.gather(*(some(lane) for lane in range(6)), seals())
        await sealer.seal()
        found = await checked(records, keys=chain_keys(MASTER))
        assert (found.wrong, found.tip.last) == (None, 120)


async def test_a_trail_goes_on_under_a_new_key_and_the_old_part_is_still_right(
    database_url: str,
) -> None:
    new = ChainKeys("k2", {"k2": b"2" * 32, **KEYS.by_id})
    async with opened(database_url) as records:
        await fill(records)
        await write(records, 3)
        tip = await seal(records, keys=new)
        assert (await checked(records, tip, keys=new)).wrong is None
        wrong = (await checked(records, tip)).wrong
        assert wrong is not None
        assert (wrong.fault, wrong.more) == (Fault.UNKNOWN_KEY, "k2")


def test_the_key_of_the_chain_is_of_the_master_key_file_and_of_nothing_else() -> None:
    keys = chain_keys(MasterKeys({"k2": b"n" * 32, "k1": b"m" * 32}))
    assert keys.current == "k2"
    assert keys.by_id["k1"] == MASTER.derive("audit")
    assert len({*keys.by_id.values(), MASTER.derive("sealing")}) == 3
    assert "by_id" not in repr(keys)


async def test_the_head_is_told_to_the_file_of_the_settings(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "heads.jsonl"
    async with opened(database_url) as records:
        sealer = trail(records, file)
        await sealer.tell_head()
        await write(records, 3)
        await sealer.seal()
        await sealer.tell_head()
        tip = await records.read(lambda unit: unit.audit_chain.tip())
    first, second = map(json.loads, file.read_text().splitlines())
    assert (first["batch"], first["events"]) == (0, 0)
    assert second == {
        "event": "audit.head",
        "at": "2026-11-22T12:00:00+00:00",
        "batch": 1,
        "events": 3,
        "link": tip.link.hex(),
    }
    assert read_heads(file)[1] == tip


async def test_the_head_is_told_to_the_log_where_there_is_no_file(sqlite_url: str) -> None:
    async with opened(sqlite_url) as records:
        await fill(records)
        with structlog.testing.capture_logs() as said:
            await trail(records).tell_head()
        tip = await records.read(lambda unit: unit.audit_chain.tip())
    assert said == [
        {
            "event": "audit.head",
            "log_level": "info",
            "batch": 4,
            "events": 10,
            "link": tip.link.hex(),
        }
    ]


async def test_f47_a_head_that_cannot_be_written_to_its_file_goes_to_the_log(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with opened(sqlite_url) as records:
        with structlog.testing.capture_logs() as said:
            await trail(records, tmp_path).tell_head()  # a folder
    assert [each["event"] for each in said] == ["audit.head_not_written", "audit.head"]


async def test_what_happens_is_sealed_while_work_goes_on(database_url: str) -> None:
    async with opened(database_url) as records:
        async with auditing(settings(), records, MASTER, lambda: make.NOW) as steps:
            sealing = asyncio.ensure_future(forever(steps[0]))
            await write(records, 7)
            async with asyncio.timeout(10):
                while await records.read(lambda u: u.audit_chain.any_waiting()):  # noqa: ASYNC110 - rings no bell
                    await asyncio.sleep(0.02)
            sealing.cancel()
        assert (await checked(records, keys=chain_keys(MASTER))).tip.last == 7


async def forever(step: Callable[[], Awaitable[None]]) -> None:
    while True:
        await step()


async def test_when_work_ends_what_waits_is_sealed_and_the_head_is_told(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "heads.jsonl"
    async with opened(database_url) as records:
        async with auditing(settings(file), records, MASTER, lambda: make.NOW):
            await write(records, 7)
        assert read_heads(file)[1].last == 7


async def test_work_ends_also_where_the_database_is_away(tmp_path: Path) -> None:
    async with opened(f"sqlite:///{tmp_path}/none.db") as records:
        with structlog.testing.capture_logs() as said:
            async with auditing(settings(), records, MASTER, lambda: make.NOW):
                pass
    assert [each["event"] for each in said] == ["audit.left_unsealed"]


async def cut_off(records: Records, events: int, batches: int) -> None:
    """Take away the end of the trail, as somebody in the database could."""
    from portvakt.records.statements import Statement  # noqa: PLC0415 - no other test writes SQL

    async def act(unit: Unit) -> None:
        run = unit.audit_chain._run  # noqa: SLF001 - what an attacker does
        await run.changed(Statement("DELETE FROM events WHERE seq > :n"), n=events)
        await run.changed(Statement("DELETE FROM audit_batches WHERE number > :n"), n=batches)

    await records.write(act)


async def alarms(records: Records) -> list[dict[str, Any]]:
    found = await records.read(lambda unit: unit.audit.latest(100))
    return [dict(each.detail) for each in found if each.name == TrailCutOff.name]


async def test_i7_a_trail_that_is_cut_off_while_we_run_raises_the_alarm_once(
    database_url: str,
) -> None:
    async with opened(database_url) as records:
        await fill(records)
        sealer = trail(records)
        await sealer.look()
        assert await alarms(records) == []
        await cut_off(records, 4, 2)
        for _ in range(2):
            await sealer.look()
        assert await alarms(records) == [{"known": 10, "found": 4}]


async def test_i7_a_trail_that_was_cut_off_while_we_were_down_raises_the_alarm(
    database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "heads.jsonl"
    async with opened(database_url) as records:
        await fill(records)
        await trail(records, file).tell_head()
        await cut_off(records, 4, 2)
        await write(records, 9)
        for _ in range(5):
            await seal(records, 3)  # it has grown beyond where it was
        await trail(records, file).look()
        assert await alarms(records) == [{"known": 10, "found": 13}]
        wrong = (await checked(records, *read_heads(file).values())).wrong
        assert wrong is not None
        assert (wrong.fault, wrong.batch) == (Fault.OTHER_HEAD, 4)


@contextmanager
def sealing_process(url: str, how: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.audit.victim", how, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TOP) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("how", ["before_the_commit", "over_and_over"])
async def test_f13_a_sealer_that_is_killed_leaves_a_chain_that_goes_on(
    database_url: str, how: str
) -> None:
    async with opened(database_url) as records:
        await write(records, 2_000)
        with sealing_process(database_url, how) as process:
            assert process.stdout is not None
            await asyncio.to_thread(process.stdout.readline)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        for _ in range(3):
            await seal(records)
        found = await checked(records)
        assert (found.wrong, found.tip.last) == (None, 2_000)
