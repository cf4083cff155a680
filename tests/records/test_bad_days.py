"""Killed processes, and databases that are away, locked, full or silent."""

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from portvakt.core.ids import FlowId
from portvakt.records import Records, RecordsUnavailable, Unit
from portvakt.records.lineage import FACT
from portvakt.records.migrate import migrate
from tests import make
from tests.records.stored import opened, with_anna
from tests.records.victim import CODE_STEP
from tests.servers.postgres import Postgres

ROOT = Path(__file__).parents[2]
DURABLE = {"synchronous_commit": "on"}
"""A server that is stopped at once keeps what it acknowledged."""
HANG = 15
"""Seconds after which an answer that should take three counts as none."""


@contextmanager
def victim(what: str, url: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.records.victim", what, url]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def prepared(unit: Unit) -> None:
    await unit.authenticators.bind(make.bound(make.TOTP), sealed=b"x", last_step=CODE_STEP - 1)
    await unit.flows.start(make.sign_in(id=FlowId("flow")), b"m" * 32)


async def test_f02_killed_before_the_commit_a_code_is_unspent_and_no_session_is_open(
    database_url: str,
) -> None:
    async with with_anna(database_url, prepared) as records:
        with victim("before_the_commit", database_url) as process:
            assert line_of(process) == "written"
            process.kill()
            process.wait()
        assert await records.read(lambda unit: unit.sessions.of(make.ANNA)) == []
        totp = make.bound(make.TOTP)
        burnt = await eventually(
            records, lambda unit: unit.authenticators.burn_step(totp.id, CODE_STEP, make.NOW)
        )
        assert burnt
        assert await records.write(lambda unit: unit.flows.close(FlowId("flow"), 0))


async def test_f03_killed_after_the_commit_a_code_is_spent_and_stays_so(
    database_url: str,
) -> None:
    async with with_anna(database_url, prepared) as records:
        with victim("after_the_commit", database_url) as process:
            assert line_of(process) == "committed"
            process.kill()
            process.wait()
        assert len(await records.read(lambda unit: unit.sessions.of(make.ANNA))) == 1
        totp = make.bound(make.TOTP)
        assert not await records.write(
            lambda unit: unit.authenticators.burn_step(totp.id, CODE_STEP, make.NOW)
        )


async def test_what_was_acknowledged_before_a_kill_is_there(database_url: str) -> None:
    with victim("over_and_over", database_url) as process:
        acknowledged = [line_of(process) for _ in range(50)]
        process.kill()
        assert process.stdout is not None
        rest = process.stdout.read().split("\n")
        acknowledged += [line for line in rest[:-1] if line]  # the last one may be half a line
    async with opened(database_url) as records:
        stored = await records.read(lambda unit: unit.meta.starting(""))
    assert set(acknowledged) <= set(stored)
    assert (
        len(stored.keys() - {FACT}) <= len(acknowledged) + 4
    )  # one for each lane, committed but not yet told


async def eventually(records: Records, act: object) -> object:
    """Do it as soon as the dead process's locks are gone."""
    async with asyncio.timeout(HANG):
        while True:
            try:
                return await records.write(act)  # type: ignore[arg-type]  # whatever act it is
            except RecordsUnavailable:
                await asyncio.sleep(0.1)


async def is_unavailable(records: Records) -> None:
    """Reads, writes and `ready` say so, and none of them hangs."""
    async with asyncio.timeout(HANG):
        done = await asyncio.gather(
            records.read(lambda unit: unit.people.find("anna.berg")),
            records.write(lambda unit: unit.meta.set("lost", "1")),
            records.write_one(lambda unit: unit.meta.set("lost", "1")),
            records.ready(),
            return_exceptions=True,
        )
    assert [type(each) for each in done] == [RecordsUnavailable] * 4


async def works(records: Records) -> None:
    assert await records.read(lambda unit: unit.people.find("anna.berg"))
    await records.write(lambda unit: unit.meta.set("works", "1"))
    assert await records.read(lambda unit: unit.meta.get("lost")) is None


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A server that a test may do anything to."""
    server = Postgres.create()
    server.start(**DURABLE)
    try:
        yield server
    finally:
        server.remove()


@pytest.mark.slow
async def test_f16_a_server_that_is_away_for_ten_seconds_is_said_to_be_and_found_again(
    own_server: Postgres,
) -> None:
    url = own_server.url("postgres")
    await asyncio.to_thread(migrate, url, lambda _: None)
    async with with_anna(url) as records:
        await works(records)
        await records.listen()  # the connection that hears dies too
        await asyncio.to_thread(own_server.stop, "immediate")
        gone = time.monotonic()
        while time.monotonic() - gone < 10:
            await is_unavailable(records)
            await asyncio.sleep(0.5)
        await asyncio.to_thread(own_server.start, **DURABLE)
        await works(records)
        assert await records.wait("topic", HANG)  # it may have missed something: look again
        waiting = asyncio.create_task(records.wait("topic", HANG))
        await asyncio.sleep(0.2)
        await records.write(lambda unit: unit.wakeups.ring("topic"))
        assert await waiting


@pytest.mark.slow
async def test_a_server_that_restarts_between_two_acts_is_not_noticed(
    own_server: Postgres,
) -> None:
    url = own_server.url("postgres")
    await asyncio.to_thread(migrate, url, lambda _: None)
    async with with_anna(url) as records:
        await works(records)
        await asyncio.to_thread(own_server.stop, "fast")
        await asyncio.to_thread(own_server.start, **DURABLE)
        await works(records)


@pytest.mark.slow
async def test_f17_a_server_that_falls_silent_does_not_hold_anybody_up(
    own_server: Postgres,
) -> None:
    url = own_server.url("postgres")
    await asyncio.to_thread(migrate, url, lambda _: None)
    async with with_anna(url) as records:
        await works(records)
        processes = processes_of(own_server)
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            await is_unavailable(records)
        finally:
            for process in reversed(processes):
                os.kill(process, signal.SIGCONT)
        await works(records)


def processes_of(server: Postgres) -> list[int]:
    """The server's first process and all that it has started."""
    first = int((server.folder / "data/postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    return [first, *(int(each) for each in children)]


@pytest.mark.slow
async def test_f20_more_than_every_connection_is_an_honest_no(own_server: Postgres) -> None:
    """An act that never ends on each connection: others are told, and work afterwards."""
    url = own_server.url("postgres")
    await asyncio.to_thread(migrate, url, lambda _: None)
    end = asyncio.Event()

    async def endless(_unit: Unit) -> None:
        await end.wait()

    async with with_anna(url) as records:
        kept = [asyncio.create_task(records.write(endless)) for _ in range(8)]
        await asyncio.sleep(0.5)
        await is_unavailable(records)
        end.set()
        await asyncio.gather(*kept)
        await works(records)


async def test_a_file_that_another_process_keeps_locked_is_waited_for_but_not_for_ever(
    sqlite_url: str,
) -> None:
    path = sqlite_url.removeprefix("sqlite:///")
    async with with_anna(sqlite_url) as records:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(RecordsUnavailable):
                async with asyncio.timeout(HANG):
                    await records.write(lambda unit: unit.meta.set("lost", "1"))
            assert await records.read(lambda unit: unit.people.find("anna.berg"))
            waiting = asyncio.create_task(records.write(lambda unit: unit.meta.set("patient", "1")))
            await asyncio.sleep(0.5)
            assert not waiting.done()
            other.execute("ROLLBACK")
            await waiting
        await works(records)


async def test_a_file_that_is_not_there_is_away_and_one_that_comes_is_found(
    sqlite_url: str,
) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    shutil.move(path, path.with_name("elsewhere.db"))
    async with opened(sqlite_url) as records:
        await is_unavailable(records)
        shutil.move(path.with_name("elsewhere.db"), path)
        await records.write(lambda unit: unit.meta.set("works", "1"))
        assert await records.read(lambda unit: unit.meta.get("works")) == "1"


def spoil(path: Path) -> None:
    path.write_bytes(b"not a database at all" * 100)


async def test_a_file_that_is_no_database_is_away(sqlite_url: str) -> None:
    spoil(Path(sqlite_url.removeprefix("sqlite:///")))
    async with opened(sqlite_url) as records:
        await is_unavailable(records)


async def test_f21_a_full_disk_refuses_writes_honestly_and_reads_go_on(sqlite_url: str) -> None:
    async def much(unit: Unit) -> None:
        await unit.meta.set("lost", "1")
        await unit.meta.set_many({f"n{n}": "x" * 1000 for n in range(2_000)})

    async with with_anna(sqlite_url) as records:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        heeded = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
        try:
            with pytest.raises(RecordsUnavailable):
                await records.write(much)
            assert await records.read(lambda unit: unit.people.find("anna.berg"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, heeded)
        await works(records)
        await records.write(much)


@pytest.mark.slow
async def test_f46_a_database_whose_clock_is_another_makes_us_not_ready(
    postgresql_url: str,
) -> None:
    async with opened(postgresql_url) as records:  # the clock of these tests stands still
        with pytest.raises(RecordsUnavailable, match="clock"):
            await records.ready()


async def read_for_ever(records: Records) -> None:
    while True:
        await records.read(lambda unit: unit.people.find("anna.berg"))


@pytest.mark.slow
async def test_f44_while_the_clocks_differ_no_act_is_run(postgresql_url: str) -> None:
    async with opened(postgresql_url) as records:
        assert await records.read(lambda unit: unit.people.find("anna.berg")) is None
        watching = asyncio.create_task(records.watch_clock())
        with pytest.raises(RecordsUnavailable, match="clock"):
            await asyncio.wait_for(read_for_ever(records), HANG)
        with pytest.raises(RecordsUnavailable, match="clock"):
            await records.write(lambda unit: unit.meta.set("lost", "1"))
        with pytest.raises(RecordsUnavailable, match="clock"):
            await records.write_one(lambda unit: unit.meta.set("lost", "1"))
        watching.cancel()


async def test_where_there_is_one_clock_there_is_nothing_to_compare(sqlite_url: str) -> None:
    async with opened(sqlite_url) as records:
        watching = asyncio.create_task(records.watch_clock())
        await asyncio.sleep(0.05)
        assert await records.read(lambda unit: unit.people.find("anna.berg")) is None
        await records.ready()
        watching.cancel()
