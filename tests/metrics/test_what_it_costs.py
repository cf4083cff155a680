"""Counting costs nothing that anybody notices, and nothing at all where nobody reads it."""

import shutil
import time
from pathlib import Path
from typing import Any

from portvakt.metrics import Metrics
from portvakt.settings.structs import Metrics as Closed
from tests.metrics.scrape import measured_world
from tests.world import INSIDE

MANY = 2000
MOST = 20e-6
"""Seconds of processor time for one request."""


def test_a_request_is_noted_in_a_few_microseconds() -> None:
    metrics = Metrics()
    costs = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(MANY):
            metrics.request("/sign-in/{flow}", "POST", 303, 0.021)
        costs.append((time.process_time() - began) / MANY)
    assert min(costs) < MOST


async def statements(folder: Path, url: str, **different: Any) -> int:
    """Count what one sign-in asks of the database."""
    async with measured_world(folder, url, **different) as world, world.browser(INSIDE) as browser:
        await world.person()
        await browser.get("/sign-in")
        before = world.house.records.counted
        assert (await browser.sign_in()).path == "/apps"
        return world.house.records.counted - before


async def test_a_sign_in_asks_no_more_of_the_database(
    tmp_path: Path, migrated_file: Path, sqlite_url: str
) -> None:
    other = shutil.copy(migrated_file, tmp_path / "other.db")
    closed = await statements(tmp_path, f"sqlite:///{other}", metrics=Closed())
    assert await statements(tmp_path, sqlite_url) == closed
