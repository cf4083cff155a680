"""What the audit trail costs: to write, to seal, to verify.

    .venv/bin/python -m bench.audit [EVENTS [ROUNDS]]

Writing is measured beside the same table as it was before there was a chain (no salt, no parting of
what is personal, no index of what waits), in turn, in one process with the database's own.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.house import DATABASES, SQLITE, Database, database
from bench.measure import ROUNDS, Figure, cpu_ms, load, table
from portvakt.audit_check import check
from portvakt.background_audit import BATCH
from portvakt.core.audit_chain import ChainKeys
from portvakt.core.event import Event, parted_details
from portvakt.records import Records, Unit, open_records
from portvakt.records.addresses import SqliteFile, address_of
from portvakt.records.postgresql import PostgresDriver
from portvakt.records.sqlite import SqliteDriver, connect
from portvakt.records.statements import Statement
from portvakt.records.values import ms, to_json
from tests import make
from tests.audit.trails import TRACE, event
from tests.servers.postgres import Postgres

WRITES, MANY = 300, 5_000
KEYS = ChainKeys("k1", {"k1": b"1" * 32})
TABLE = """
    CREATE TABLE events_before (id {number}, at BIGINT NOT NULL,
        name TEXT NOT NULL, account_id TEXT, actor TEXT NOT NULL, request_id TEXT, address TEXT,
        detail TEXT NOT NULL, trace TEXT)
"""
NUMBERS = {True: "INTEGER PRIMARY KEY", False: "BIGSERIAL PRIMARY KEY"}
INDEXES = (
    "CREATE INDEX ix_before_at ON events_before (at)",
    "CREATE INDEX ix_before_account_id ON events_before (account_id, id)",
)
BEFORE = Statement(
    """
    INSERT INTO events_before (at, name, account_id, actor, request_id, address, detail, trace)
    VALUES (:at, :name, :account_id, :actor, :request_id, :address, :detail, :trace)
    """
)
MANY_BEFORE = Statement(
    """
    INSERT INTO events_before (at, name, account_id, actor, request_id, address, detail)
    SELECT at, name, account_id, actor, request_id, address, detail
    FROM {records:events at BIGINT, name TEXT, account_id TEXT, actor TEXT, request_id TEXT,
        address TEXT, detail TEXT}
    """
)


class Both(Unit):
    """A unit that can write as it was before, too."""

    async def write_before(self, told: Event) -> None:
        """Write one as before."""
        await self._run.changed(BEFORE, **_row(told), trace=to_json(TRACE))

    async def write_many_before(self, events: Iterable[Event]) -> None:
        """Write many as before."""
        some = list(events)
        for at in range(0, len(some), 1_000):
            rows = [_row(each) for each in some[at : at + 1_000]]
            await self._run.changed(MANY_BEFORE, events=to_json(rows))


def _row(told: Event) -> dict[str, Any]:
    fixed, personal = parted_details(told)
    return {
        "at": ms(told.at),
        "name": told.name,
        "account_id": told.account_id,
        "actor": told.actor,
        "request_id": told.request_id,
        "address": told.address,
        "detail": to_json(fixed | personal),
    }


async def opened(url: str) -> Records:
    """Open records whose unit is `Both`."""
    place = address_of(url)
    driver: Any = (
        SqliteDriver(place.path, Both)
        if isinstance(place, SqliteFile)
        else PostgresDriver(place.dsn, Both)
    )
    return Records(driver, lambda: make.NOW)


async def write_ms(
    records: Records,
    on: Database,
    how: Callable[[Any], Coroutine[Any, Any, None]],
    times: int,
    count: int,
) -> tuple[float, float]:
    """CPU and wall time of one event, in microseconds."""
    pids = [os.getpid(), *on.pids()]
    cpu, began = cpu_ms(*pids), time.perf_counter()
    for _ in range(times):
        await records.write(how)
    wall = time.perf_counter() - began
    return (cpu_ms(*pids) - cpu) * 1e3 / count, wall * 1e6 / count


async def writing(on: Database, rounds: int) -> list[list[str]]:
    """Measure each way of writing, now and before."""
    records = await opened(on.url)
    many = [event(n % 200) for n in range(MANY)]
    one = event(1)
    ways: list[tuple[str, Callable[[Any], Coroutine[Any, Any, None]], int, int]] = [
        ("one event, now", lambda unit: unit.audit.write(one, TRACE), WRITES, WRITES),
        ("one event, before", lambda unit: unit.write_before(one), WRITES, WRITES),
        ("many at once, now", lambda unit: unit.audit.write_many(many), 1, MANY),
        ("many at once, before", lambda unit: unit.write_many_before(many), 1, MANY),
    ]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name, *_ in ways}
    for lap in range(rounds + 1):
        for name, how, times, count in ways:
            took = await write_ms(records, on, how, times, count)
            if lap:
                found[name].append(took)
    await records.close()
    return [
        [name, *(str(Figure(tuple(each[at] for each in laps))) for at in (0, 1))]
        for name, laps in found.items()
    ]


async def sealing(on: Database, events: int) -> tuple[float, float]:
    """Fill a trail and seal it; return events a second, by the clock and by CPU."""
    records = await open_records(on.url, clock=lambda: make.NOW)
    many = [event(n % 200) for n in range(MANY)]
    for _ in range(events // MANY):
        await records.write(lambda unit: unit.audit.write_many(many))
    pids = [os.getpid(), *on.pids()]
    count, cpu, began = 0, cpu_ms(*pids), time.perf_counter()
    while True:
        batch = await records.write(
            lambda unit: unit.audit_chain.seal(KEYS, make.NOW + timedelta(1), BATCH)
        )
        if batch is None:
            break
        count += batch.count
    wall, used = time.perf_counter() - began, cpu_ms(*pids) - cpu
    await records.close()
    return count / wall, count / used * 1e3


async def verifying(on: Database) -> tuple[int, float, float]:
    """Walk through it; return events, seconds, and by how many MB this process grew."""
    records = await open_records(on.url, clock=lambda: make.NOW)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    found = await check(records, KEYS, {}, lambda _done, _of: None)
    wall = time.perf_counter() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    await records.close()
    if found.wrong is not None:
        raise AssertionError(found.wrong)
    return found.tip.last, wall, grown / 1e3


def before_table(on: Database, kind: str) -> None:
    """Make the table as it was."""
    statements = (TABLE.format(number=NUMBERS[kind == SQLITE]), *INDEXES)
    if kind == SQLITE:
        place: Any = address_of(on.url)
        connection = connect(place.path, writing=True)
        for each in statements:
            connection.execute(each)
        connection.close()
        return
    server = Postgres(Path(on.url.partition("host=")[2]))
    for each in statements:
        server.execute(each)


def main(events: int, rounds: int) -> None:
    """Measure on both databases and print."""
    print(f"{events} events, {rounds} rounds, load {load()}\n")
    for kind in DATABASES:
        with database(kind) as on:
            before_table(on, kind)
            print(table([kind, "CPU µs an event", "wall µs"], asyncio.run(writing(on, rounds))))
        with database(kind) as on:
            wall, cpu = asyncio.run(sealing(on, events))
            on.settle()
            count, seconds, grown = asyncio.run(verifying(on))
        print(f"\nsealed: {wall:,.0f} events/s on the clock, {cpu:,.0f} for a second of CPU")
        print(f"verified: {count:,} in {seconds:.1f} s, {grown:.0f} MB more at the most\n")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given + [100_000, ROUNDS][len(given) :]))
