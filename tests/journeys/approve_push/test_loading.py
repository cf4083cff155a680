"""What judges phones is loaded once, in a thread, and not where there are none."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from portvakt import app
from portvakt.journeys.approve_push.loading import Loading
from portvakt.records import Unit
from tests.records import a_phone
from tests.world import world

LOADED = """
import asyncio, json, sys
import portvakt.app
from portvakt.journeys.approve_push.loading import Loading

def loaded():
    return [name for name in ("joserfc.jws", "webauthn") if name in sys.modules]

before = loaded()
asyncio.run(Loading().done())
print(json.dumps([before, loaded()]))
"""


def test_a_server_has_not_loaded_it_before_it_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [[], ["joserfc.jws", "webauthn"]]


async def test_one_who_waits_for_it_and_leaves_does_not_stop_it_for_others() -> None:
    loading = Loading()
    leaves, stays = asyncio.create_task(loading.done()), asyncio.create_task(loading.done())
    await asyncio.sleep(0)
    leaves.cancel()
    async with asyncio.timeout(30):
        await stays


@pytest.mark.parametrize("phones", [False, True])
async def test_a_server_that_starts_loads_it_where_there_are_phones(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, phones: bool
) -> None:
    monkeypatch.setattr(app, "AFTER_START", 0)
    loaded = asyncio.Event()

    async def ready() -> None:
        loaded.set()

    async def put(unit: Unit) -> None:
        await a_phone.put(unit)

    async with world(tmp_path, sqlite_url) as found:
        await found.person()
        if phones:
            await found.house.records.write(put)
        async with app.made_ready(replace(found.house, ready_for_phones=ready)):
            if phones:
                async with asyncio.timeout(15):
                    await loaded.wait()
            else:
                await asyncio.sleep(0.3)
        assert loaded.is_set() is phones
