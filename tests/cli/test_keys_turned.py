"""Keys are turned beneath others, and by a process that is killed."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from portvakt.crypto.key_file import WatchedKeys
from portvakt.crypto.sealing import Sealer, key_id_of, read_master_keys
from portvakt.records import Unit
from portvakt.records.sealed import PLACES, SealedRow
from tests import make
from tests.cli.box import Box
from tests.cli.copies import live
from tests.cli.test_keys import SECRET, box, rows, used
from tests.journeys.sign_in.region import anna_with_phone, app_code
from tests.records.stored import somebody
from tests.world import World

__all__ = ["box"]


def many(box: Box, count: int) -> None:
    sealer = Sealer(read_master_keys(box.key))

    async def act(unit: Unit) -> None:
        await unit.people.upsert_many([somebody(n) for n in range(count)])
        for n in range(count):
            mine = make.bound(make.TOTP, account_id=somebody(n).id)
            place = {"table": "authenticators", "column": "sealed", "row": mine.id}
            await unit.authenticators.bind(mine, sealed=sealer.seal(SECRET, **place))

    box.do(act)


def test_f08_killed_in_the_middle_the_same_command_goes_on(tmp_path: Path, sqlite_url: str) -> None:
    box = Box.make(tmp_path, sqlite_url)
    many(box, 3000)
    environ = os.environ | {"PORTVAKT_CONFIG": str(box.config)}
    command = [sys.executable, "-m", "portvakt", "rotate-keys", "sealing"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as victim:
        while True:
            found = rows(box)[PLACES[0]]
            if any(key_id_of(each.envelope) == "k2" for each in found):
                break
        victim.send_signal(signal.SIGKILL)
    assert used(box) == {"k1", "k2"}
    left = sum(key_id_of(each.envelope) == "k1" for each in rows(box)[PLACES[0]])
    answer = box.good("rotate-keys", "sealing")
    assert f"first things first: {left} rows are to be sealed with k2; no new key" in answer.out
    assert f"sealed again with k2: {left} rows" in answer.out
    assert used(box) == {"k2"}
    assert list(read_master_keys(box.key).keys) == ["k2", "k1"]


def test_while_it_runs_nothing_that_another_seals_cannot_be_opened(box: Box) -> None:
    """Somebody seals, stores and opens all the time; keys are turned twice beneath them."""
    many(box, 300)
    sealer, trouble, stop = Sealer(WatchedKeys(box.key)), list[str](), threading.Event()

    def work() -> None:
        place, n = PLACES[0], 0
        while not stop.is_set():
            n = (n + 1) % 300
            row = f"id{n}-totp"
            where = {"table": place.table, "column": place.column, "row": row}

            async def act(unit: Unit, n: int = n) -> None:
                standing = await unit.people.load(somebody(n).id)
                assert standing is not None
                stored = standing.bound[0].sealed
                assert stored is not None
                if sealer.open(stored, **where) != SECRET:  # noqa: B023 - of this turn
                    trouble.append("another secret")
                old = SealedRow(row, stored)  # noqa: B023 - as above
                await unit.sealed.replace(place, old, sealer.seal(SECRET, **where))  # noqa: B023

            try:
                box.do(act)
            except Exception as error:  # noqa: BLE001 - told below
                trouble.append(repr(error))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(2):
            box.good("rotate-keys", "sealing")
    finally:
        stop.set()
        thread.join()
    assert not trouble
    box.good("rotate-keys", "sealing")
    assert len(used(box)) == 1


def test_a134_who_is_signing_in_and_who_is_signed_in_notice_nothing(box: Box) -> None:
    """A text is on its way, a session stands, an app is bound; then the key is turned."""

    async def story(here: World) -> None:
        await anna_with_phone(here, app=True)
        async with here.browser() as one, here.browser() as other:
            await one.sign_in()
            assert (await one.submit({"code": app_code(here)})).path == "/apps"
            page = await other.sign_in()
            await other.get(f"{page.path}/other")
            await other.submit({"way": "work-phone"})
            code = await here.last_code()
            await asyncio.to_thread(box.good, "rotate-keys", "sealing")
            assert (await one.get("/apps")).path == "/apps"
            assert (await other.submit({"code": code})).path == "/apps"
        here.clock.move(minutes=1)
        async with here.browser() as third:
            await third.sign_in()
            assert (await third.submit({"code": app_code(here)})).path == "/apps"

    live(box, story)
    assert used(box) == {"k2"}
