"""How statements reach the driver: what each road costs our process, in one run.

    .venv/bin/python -m bench.roads [ROUNDS]

The work is one indexed select and one insert that is on the disk when it is acknowledged, as one
act. Each road runs in turn, A B A B, in rounds; the figure is user and system time of this process
with all its threads, in µs for each act: median, least and most of the rounds. PostgreSQL runs in a
process of its own, started and stopped here, and is not counted.
"""

import asyncio
import itertools
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import sqlalchemy as sa
import uvloop
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import create_async_engine

from portvakt.records.driver import Run
from portvakt.records.migrate import migrate
from portvakt.records.postgresql import PostgresDriver
from portvakt.records.schema import events, meta
from portvakt.records.sqlite import SqliteDriver, connect
from portvakt.records.statements import Statement
from tests.servers.postgres import Postgres

ACTS = 400
TOGETHER = 16
Road = Callable[[int], Awaitable[object]]
at = itertools.count(1)

READ = Statement("SELECT name, value FROM meta WHERE name = :name")
WRITE = Statement(
    """
    INSERT INTO events (at, name, account_id, actor, request_id, address, detail)
    VALUES (:at, :name, :account_id, :actor, :request_id, :address, :detail)
    """
)
BOTH = """
    WITH found AS (SELECT name, value FROM meta WHERE name = $1),
    put AS (INSERT INTO events (at, name, account_id, actor, request_id, address, detail)
        VALUES ($2, $3, $4, $5, $6, $7, $8))
    SELECT name, value FROM found
"""
CORE_READ = sa.select(meta.c.name, meta.c.value).where(meta.c.name == sa.bindparam("wanted"))
CORE_WRITE = sa.insert(events)


def values() -> dict[str, str | int]:
    """Return the row that is inserted; no two are alike."""
    return {
        "at": next(at),
        "name": "bench",
        "account_id": "anna",
        "actor": "self",
        "request_id": "r",
        "address": "192.0.2.1",
        "detail": "{}",
    }


async def ours(run: Run) -> None:
    """Do the act as a record module writes it."""
    await run.row(READ, name="key50")
    await run.changed(WRITE, **values())


def compiled(statement: sa.Select[tuple[str, str]] | sa.Insert, dialect: sa.Dialect) -> str:
    """Return text that Core built once: from here on it travels like text written by hand."""
    names = list(values()) if isinstance(statement, sa.Insert) else None
    return str(statement.compile(dialect=dialect, column_keys=names))


async def sqlite_roads(stack: AsyncExitStack, folder: Path) -> dict[str, Road]:
    """Open a file by each road."""
    path = folder / "portvakt.db"
    migrate(f"sqlite:///{path}", lambda _: None)
    direct = connect(path, writing=True)
    stack.callback(direct.close)
    direct.executemany("INSERT INTO meta VALUES (?, ?)", [(f"key{n}", "x") for n in range(100)])
    driver = SqliteDriver(path, lambda run: run)
    stack.push_async_callback(driver.close)
    engine = sa.create_engine(f"sqlite:///{path}")
    stack.callback(engine.dispose)

    @sa.event.listens_for(engine, "connect")
    def durable(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous=FULL")

    read = compiled(CORE_READ, sqlite.dialect(paramstyle="named"))
    write = compiled(CORE_WRITE, sqlite.dialect(paramstyle="named"))

    async def in_the_loop(_: int) -> None:
        direct.execute("BEGIN IMMEDIATE")
        direct.execute(READ.sqlite, {"name": "key50"}).fetchone()
        direct.execute(WRITE.sqlite, values())
        direct.execute("COMMIT")

    async def core_text(_: int) -> None:
        direct.execute("BEGIN IMMEDIATE")
        direct.execute(read, {"wanted": "key50"}).fetchone()
        direct.execute(write, values())
        direct.execute("COMMIT")

    async def core(_: int) -> None:
        with engine.begin() as connection:
            connection.execute(CORE_READ, {"wanted": "key50"}).first()
            connection.execute(CORE_WRITE, values())

    async def alone(_: int) -> None:
        await driver.write(ours, single=False)

    async def together(n: int) -> None:
        if n % TOGETHER == 0:
            await asyncio.gather(*(driver.write(ours, single=False) for _ in range(TOGETHER)))

    return {
        "text on sqlite3, in the loop": in_the_loop,
        "Core compiled once, text on sqlite3, in the loop": core_text,
        "**text on sqlite3, writer thread, one act at a time**": alone,
        f"**the same, {TOGETHER} acts at a time, group commit**": together,
        "Core executed on sqlite3, in the loop": core,
    }


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    """Run a server whose commits are on the disk, with our tables."""
    postgres = await asyncio.to_thread(Postgres.create)
    await asyncio.to_thread(postgres.start, fsync="on", synchronous_commit="on")
    try:
        url = postgres.url("postgres")
        await asyncio.to_thread(migrate, url, lambda _: None)
        yield url
    finally:
        await asyncio.to_thread(postgres.remove)


async def postgresql_roads(stack: AsyncExitStack) -> dict[str, Road]:
    """Open a server by each road."""
    url = await stack.enter_async_context(server())
    direct = await asyncpg.connect(url)
    stack.push_async_callback(direct.close)
    await direct.executemany(
        "INSERT INTO meta VALUES ($1, $2)", [(f"key{n}", "x") for n in range(100)]
    )
    pool = await stack.enter_async_context(asyncpg.create_pool(url, min_size=1, max_size=8))
    driver = PostgresDriver(url, lambda run: run)
    stack.push_async_callback(driver.close)
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    stack.push_async_callback(engine.dispose)
    dialect = engine.dialect
    read, write = compiled(CORE_READ, dialect), compiled(CORE_WRITE, dialect)

    async def one_cte(_: int) -> None:
        await direct.fetch(BOTH, "key50", *values().values())

    async def text(_: int) -> None:
        await direct.execute("BEGIN")
        await direct.fetch(READ.postgresql, "key50")
        await direct.execute(WRITE.postgresql, *values().values())
        await direct.execute("COMMIT")

    async def core_text(_: int) -> None:
        await direct.execute("BEGIN")
        await direct.fetch(read, "key50")
        await direct.execute(write, *values().values())
        await direct.execute("COMMIT")

    async def pooled(_: int) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await connection.fetch(READ.postgresql, "key50")
            await connection.execute(WRITE.postgresql, *values().values())

    async def alone(_: int) -> None:
        await driver.write(ours, single=False)

    async def together(n: int) -> None:
        if n % TOGETHER == 0:
            await asyncio.gather(*(driver.write(ours, single=False) for _ in range(TOGETHER)))

    async def core(_: int) -> None:
        async with engine.begin() as connection:
            (await connection.execute(CORE_READ, {"wanted": "key50"})).first()
            await connection.execute(CORE_WRITE, values())

    return {
        "text on one asyncpg connection, one CTE": one_cte,
        "text on one asyncpg connection, BEGIN and COMMIT": text,
        "Core compiled once, text on asyncpg, BEGIN and COMMIT": core_text,
        "**text on asyncpg, our list of idle connections**": alone,
        f"**the same, {TOGETHER} acts at a time**": together,
        "text on asyncpg, asyncpg's pool and transaction": pooled,
        "Core executed on asyncpg (SQLAlchemy's asyncio)": core,
    }


async def measure(roads: dict[str, Road], rounds: int) -> dict[str, list[float]]:
    """Return the CPU of an act, in µs, for each road and round."""
    found: dict[str, list[float]] = {name: [] for name in roads}
    for lap in range(rounds + 1):
        for name, road in roads.items():
            before = time.process_time()
            for n in range(ACTS):
                await road(n)
            if lap:  # the first one warms up
                found[name].append((time.process_time() - before) / ACTS * 1e6)
    return found


def show(title: str, found: dict[str, list[float]]) -> None:
    """Print a table; the first road is what the others are compared with."""
    first = statistics.median(next(iter(found.values())))
    print(f"\n| {title} | CPU µs | least to most | ratio |\n|---|---|---|---|")
    for name, figures in found.items():
        middle = statistics.median(figures)
        print(
            f"| {name} | {middle:.0f} | {min(figures):.0f} to {max(figures):.0f}"
            f" | {middle / first:.2f} |"
        )


def import_ms(*modules: str) -> float:
    """CPU of importing modules in a fresh interpreter, beyond the interpreter itself."""

    def cost(code: str) -> float:
        script = f"{code}\nimport resource as r; u = r.getrusage(0)\nprint(u.ru_utime + u.ru_stime)"
        runs = [
            float(
                subprocess.run(
                    [sys.executable, "-c", script], capture_output=True, check=True
                ).stdout
            )
            for _ in range(3)
        ]
        return min(runs)

    return (cost("import " + ", ".join(modules)) - cost("")) * 1000


async def main(rounds: int) -> None:
    """Measure everything and print it."""
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {rounds} rounds")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        show("SQLite, synchronous=FULL", await measure(await sqlite_roads(stack, folder), rounds))
    async with AsyncExitStack() as stack:
        show("PostgreSQL", await measure(await postgresql_roads(stack), rounds))
    print("\n| import | CPU ms |\n|---|---|")
    for modules in (("sqlite3",), ("asyncpg",), ("sqlalchemy",), ("alembic.command",)):
        print(f"| {modules[0]} | {import_ms(*modules):.0f} |")
    print(f"\nload after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
