"""A migration fails half-way: nothing of it is there, and the version before runs on."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portvakt.records.migrate import SCHEMA_VERSION, current
from tests.bad_days.conftest import Open
from tests.bad_days.processes import ROOT
from tests.bad_days.site import Site, app_code
from tests.faults.storm import all_true, storm

pytestmark = pytest.mark.slow

NEXT = """
import sys
import portvakt.records.migrate as migrate
more = sys.argv.pop(1).splitlines()
migrate.SCHEMA_VERSION = "9999"
migrate.upgrade_statements = lambda *_: [
    "ALTER TABLE accounts ADD COLUMN of_the_next_version TEXT",
    "CREATE TABLE of_the_next_version (id TEXT PRIMARY KEY)",
    "INSERT INTO of_the_next_version SELECT id FROM accounts",
    "UPDATE alembic_version SET version_num = '9999'",
    *more,
]
from portvakt.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""The next version of the product, with whatever else its migration does."""
WRONG = "INSERT INTO of_the_next_version SELECT id FROM accounts"
"""What is there already cannot be put there again."""
BACK = (
    "DROP TABLE of_the_next_version",
    "ALTER TABLE accounts DROP COLUMN of_the_next_version",
    f"UPDATE alembic_version SET version_num = '{SCHEMA_VERSION}'",  # noqa: S608 - our own
)


async def migrated(here: Site, more: str = "") -> subprocess.CompletedProcess[str]:
    """Run the next version's `migrate`."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", NEXT, more, "migrate", "--config", str(here.config)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        check=False,
        capture_output=True,
        text=True,
    )


def says_what_failed(said: str) -> None:
    assert "Traceback" not in said, said
    assert "nothing was changed" in said


async def test_f23_a_migration_that_fails_half_way_changes_nothing_beneath_nodes_at_work(
    open_large_site: Open,
) -> None:
    async with open_large_site() as here, here.serving(2), storm(here, 3) as people:
        async with people.raging():
            await people.everybody_once_more()
            done = await migrated(here, WRONG)
            assert done.returncode == 1
            says_what_failed(done.stderr)
            assert await asyncio.to_thread(current, here.url) == SCHEMA_VERSION
            assert await here.rows("SELECT to_regclass('of_the_next_version')") == [(None,)]
            assert [await node.status("/readyz") for node in here.nodes] == [200, 200]
            await people.everybody_once_more()
            try:
                assert (await migrated(here)).returncode == 0
                assert await asyncio.to_thread(current, here.url) == "9999"
                await people.everybody_once_more()
            finally:
                for statement in BACK:
                    await here.rows(statement)
        assert people.torn == 0
        await all_true(here, people)


async def test_f23_on_the_embedded_database_the_next_version_does_not_start_and_this_one_does(
    open_small_site: Open, tmp_path: Path
) -> None:
    async with open_small_site() as here, here.serving() as node, here.browser() as browser:
        await here.person_with_app()
        await browser.sign_in()
        assert (await browser.submit({"code": app_code()})).path == "/apps"
        assert await asyncio.to_thread(node.terminate) == 0
        node.program = ["-c", NEXT, WRONG]
        node.log_file = tmp_path / "next.log"
        node.start()
        assert node.running is not None
        assert await asyncio.to_thread(node.running.wait, 30) == 1
        says_what_failed(node.log_file.read_text(encoding="utf-8"))
        assert current(here.url) == SCHEMA_VERSION
        node.program = ["-m", "portvakt"]
        await node.restart()
        assert (await browser.get("/apps")).path == "/apps"


async def test_f23_the_embedded_database_of_a_newer_version_is_refused_with_a_way_out(
    open_small_site: Open,
) -> None:
    async with open_small_site() as here:
        assert (await migrated(here)).returncode == 0
        node = here.node()
        assert node.running is not None
        assert await asyncio.to_thread(node.running.wait, 30) == 1
        assert "newer Portvakt (tables 9999" in node.log_file.read_text(encoding="utf-8")
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "portvakt", "migrate", "--config", str(here.config)],
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert "newer Portvakt" in done.stderr
        assert "Traceback" not in done.stderr
