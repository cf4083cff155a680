"""A great many challenges wait: each is found by its index; what is over goes in small parts."""

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from portvakt.records.expired import MOST
from portvakt.records.postgresql import _SETTINGS
from portvakt.records.statements import Statement
from tests.bad_days.processes import eventually
from tests.bad_days.site import Site, app_code, site
from tests.bad_days.test_overload import MEGABYTE
from tests.servers.postgres import Postgres

pytestmark = pytest.mark.slow

MANY = 200_000
OVER = 15_000
"""Of them, as many have expired; at one part a minute they would stay for half an hour."""
DAY = 24 * 3600 * 1000
FILL = {
    "flows": """
        INSERT INTO flows (id, binding, purpose, leads_to, claimed, evidence, guarded, created_at,
            expires_at, version)
        SELECT 'flow-' || n, sha256(n::text::bytea), 'sign_in', '/apps', '', '[]', FALSE,
            $1::bigint - 60000, {expires}, 1 FROM generate_series(1, $2::integer) AS n
    """,
    "codes": """
        INSERT INTO codes (flow, purpose, id, mac, tries, created_at, expires_at)
        SELECT 'flow-' || n, 'sign_in', 'code-' || n, sha256(n::text::bytea), 0,
            $1::bigint - 60000, {expires} FROM generate_series(1, $2::integer) AS n
    """,
    "approvals": """
        INSERT INTO approvals (id, flow, browser, purpose, app, number, digits, lock, quiet,
            known_browser, shown, state, created_at, expires_at)
        SELECT 'approval-' || n, 'flow-' || n, sha256(n::text::bytea), 'sign_in', '', '12', 2,
            FALSE, FALSE, FALSE, '', 'waiting', $1::bigint - 60000, {expires}
        FROM generate_series(1, $2::integer) AS n
    """,
}
EXPIRES = f"$1::bigint + CASE WHEN n <= {OVER} THEN -{DAY} ELSE {DAY} END"
LEFT = " UNION ALL ".join(f"SELECT COUNT(*) FROM {table}" for table in FILL)  # noqa: S608 - ours
READ_WHOLE = "Seq Scan on "


@pytest.fixture
def crowded_url(postgres: Postgres) -> str:
    """A database of the test's own: what the server knows of its tables is kept for no other."""
    return postgres.url(postgres.fresh("migrated"))


async def filled(here: Site) -> None:
    now = int(datetime.now(UTC).timestamp() * 1000)
    connection = await asyncpg.connect(here.url)
    try:
        for table, statement in FILL.items():
            await connection.execute(statement.format(expires=EXPIRES), now, MANY)
            await connection.execute(f"ANALYZE {table}")
    finally:
        await connection.close()


async def left(here: Site) -> list[int]:
    return [count for (count,) in await here.rows(LEFT)]


def statements() -> Iterator[tuple[str, Statement]]:
    """Every statement on what waits, and the ones that sweep."""
    for name in (*FILL, "pairings", "expired"):
        for what, value in vars(importlib.import_module(f"portvakt.records.{name}")).items():
            parts = value if isinstance(value, tuple) else (value,)
            for at, each in enumerate(part for part in parts if part):
                found = each[0] if isinstance(each, tuple) else each
                if isinstance(found, Statement):
                    yield f"{name}.{what}[{at}]", found


async def plan(connection: asyncpg.Connection, statement: Statement) -> str:
    """Say how the server goes about it, whatever the values are."""
    await connection.execute(f"PREPARE asked AS {statement.postgresql}")
    nothing = ", ".join(["NULL"] * len(statement.names or statement.columns))
    rows = await connection.fetch(f"EXPLAIN EXECUTE asked{f'({nothing})' if nothing else ''}")
    await connection.execute("DEALLOCATE asked")
    return "\n".join(line for (line,) in rows)


async def test_f43_among_a_great_many_challenges_each_statement_finds_its_rows_by_an_index(
    crowded_url: str, tmp_path: Path
) -> None:
    async with site(tmp_path, crowded_url) as here:
        await filled(here)
        settings = _SETTINGS | {"plan_cache_mode": "force_generic_plan"}
        connection = await asyncpg.connect(here.url, server_settings=settings)
        try:
            plans = {name: await plan(connection, each) for name, each in statements()}
        finally:
            await connection.close()
    assert len(plans) > 30, "the test looks at what there is"
    whole = {name: found for name, found in plans.items() if READ_WHOLE in found}
    assert whole == {}


async def test_f43_a_great_many_challenges_go_in_small_parts_while_people_sign_in(
    crowded_url: str, tmp_path: Path
) -> None:
    async with (
        site(tmp_path, crowded_url) as here,
        here.serving() as node,
        here.browser() as browser,
    ):
        await here.person_with_app()
        await filled(here)
        assert await left(here) == [MANY] * 3
        now = datetime.now(UTC)
        swept = await here.world.house.records.write(lambda unit: unit.expired.sweep(now))
        assert swept == MOST * 3, "one part of each"
        assert await left(here) == [MANY - MOST] * 3
        before = node.memory
        worker = here.worker()
        await browser.sign_in()
        assert (await browser.submit({"code": app_code()})).path == "/apps"
        remaining = MANY - OVER
        await eventually(
            lambda: left(here),
            lambda counts: all(count <= remaining + 1 for count in counts),
        )
        assert min(await left(here)) >= remaining, "and what still waits, stays"
        assert node.memory - before < 32 * MEGABYTE
        assert worker.memory < 256 * MEGABYTE
