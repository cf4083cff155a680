"""Directories are followed in the background, by one process at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portvakt import background_sync
from portvakt.background_sync import following
from portvakt.records import Records, open_records
from portvakt.settings import Settings, load_settings
from tests.cli.box import SETTINGS
from tests.directories.people.branches import NAME, OpenLdapBranch
from tests.servers.slapd import Slapd
from tests.worker.office import SEALER

pytestmark = pytest.mark.slow
PATIENCE = 20.0


class Clock:
    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def branch(slapd: Slapd) -> OpenLdapBranch:
    return OpenLdapBranch(slapd)


@pytest.fixture
def settings(branch: OpenLdapBranch, tmp_path: Path, database_url: str) -> Settings:
    file = tmp_path / "portvakt.toml"
    text = SETTINGS.format(url=database_url, folder=tmp_path) + branch.settings(tmp_path)
    file.write_text(text, encoding="utf-8")
    return load_settings(file, {})


async def names(records: Records) -> set[str]:
    found = await records.read(lambda unit: unit.people.all_of_source(NAME))
    return {each.user_name for each in found if each.facts.active}


async def runs(records: Records) -> int:
    events = await records.read(lambda unit: unit.audit.latest(1000))
    return sum(each.name == "people.imported" for each in events)


async def until(records: Records, count: int) -> None:
    end = time.monotonic() + PATIENCE
    while await runs(records) < count:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def forever(step: Callable[[], Awaitable[None]]) -> None:
    while True:
        await step()


async def test_each_directory_is_followed_once_when_it_is_time(
    branch: OpenLdapBranch, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_sync, "LOOKS_EVERY", 0.01)
    asa = branch.add("asa.oberg")
    clock = Clock()
    records = await open_records(settings.database_url, clock=clock)
    try:
        async with (
            following(settings, records, SEALER, clock) as one,
            following(settings, records, SEALER, clock) as other,
        ):
            working = [asyncio.create_task(forever(step)) for step in (*one, *other)]
            assert len(working) == 2
            await until(records, 1)
            branch.add("bo.ek")
            branch.delete(asa)
            await asyncio.sleep(0.2)
            assert await names(records) == {"asa.oberg"}
            clock.at += timedelta(minutes=15)
            await until(records, 2)
            assert await names(records) == {"bo.ek"}
            await asyncio.sleep(0.2)
            assert await runs(records) == 2
            for task in working:
                task.cancel()
            ended = await asyncio.gather(*working, return_exceptions=True)
    finally:
        await records.close()
    assert [type(each) for each in ended] == [asyncio.CancelledError] * 2
