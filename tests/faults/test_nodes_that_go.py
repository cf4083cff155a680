"""Nodes are stopped, killed, upgraded and cut off from each other while people are at work."""

import asyncio
import signal

import pytest

from tests.bad_days.conftest import Open
from tests.bad_days.processes import Node
from tests.faults.storm import all_true, storm

pytestmark = pytest.mark.slow

NEXT_PROGRAM = """
import sys
import portvakt.records.migrate as migrate
migrate.SCHEMA_VERSION = "9999"
from portvakt.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""The next version of the product, which needs tables that this one does not know."""
NEXT_TABLES = (
    "ALTER TABLE accounts ADD COLUMN of_the_next_version TEXT",
    "ALTER TABLE sessions ADD COLUMN of_the_next_version BIGINT",
    "UPDATE alembic_version SET version_num = '9999'",
)
LAST_TABLES = (
    "ALTER TABLE accounts DROP COLUMN of_the_next_version",
    "ALTER TABLE sessions DROP COLUMN of_the_next_version",
)


async def restarted(node: Node, *program: str) -> None:
    """Stop a node as an administrator does, and start it, perhaps as another version."""
    assert await asyncio.to_thread(node.terminate) == 0
    node.program = [*program] or ["-m", "portvakt"]
    await node.restart()


async def test_f15_nodes_are_restarted_in_turn_in_a_storm_and_nobody_notices(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving(2), storm(here, 6) as people:
        async with people.raging():
            await people.everybody_once_more()
            for node in here.nodes:
                await restarted(node)
                await people.everybody_once_more()
        assert (people.told(), people.torn) == ([], 0)
        await all_true(here, people)


async def test_f15_the_tables_of_the_next_version_stop_no_node_of_this_one(
    open_large_site: Open,
) -> None:
    """Migrated first, then each node in turn; and one goes back again."""
    async with open_large_site() as here, here.serving(2), storm(here, 4) as people:
        version = await here.rows("SELECT version_num FROM alembic_version")
        async with people.raging():
            await people.everybody_once_more()
            for statement in NEXT_TABLES:
                await here.rows(statement)
            try:
                assert [await node.status("/readyz") for node in here.nodes] == [200, 200]
                await people.everybody_once_more()
                await restarted(here.nodes[0], "-c", NEXT_PROGRAM)
                await people.everybody_once_more()
                await restarted(here.nodes[1])
                await people.everybody_once_more()
            finally:
                for statement in LAST_TABLES:
                    await here.rows(statement)
                await here.rows("UPDATE alembic_version SET version_num = ?", *version[0])
        assert (people.told(), people.torn) == ([], 0)
        await all_true(here, people)


async def test_f60_a_node_is_killed_for_its_memory_in_a_storm_and_the_other_goes_on(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving(2) as doomed, storm(here, 6) as people:
        async with people.raging():
            await people.everybody_once_more()
            doomed.kill()
            assert doomed.running is not None
            assert doomed.running.returncode == -signal.SIGKILL
            await people.everybody_once_more()
            assert await here.nodes[1].status("/readyz") == 200
            await doomed.restart()
            await people.everybody_once_more()
        assert people.told() == []
        assert people.torn <= len(people.visitors), "what was under way at that moment, once"
        await all_true(here, people)
