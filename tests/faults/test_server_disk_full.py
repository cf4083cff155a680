"""The disk of a PostgreSQL server is full: reading goes on, writing is refused, space mends it."""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from portvakt.records.migrate import migrate
from tests.bad_days.conftest import DURABLE
from tests.bad_days.processes import until
from tests.bad_days.site import site
from tests.bad_days.test_database import fill
from tests.faults.storm import all_true, storm
from tests.servers.postgres import Postgres
from tests.world import INSIDE

pytestmark = pytest.mark.slow

AWAY = "Just nu kan vi inte logga in någon"


@pytest.fixture
def small_server() -> Iterator[Postgres]:
    """A server whose tables stand on a disk of 120 megabytes, and its log elsewhere."""
    server = Postgres.create()
    disk = Path(tempfile.mkdtemp(prefix="portvakt-disk-"))
    data, log = server.folder / "data", server.folder / "wal"
    mount = ["mount", "-t", "tmpfs", "-o", "size=120m,mode=0755", "tmpfs", str(disk)]
    done = subprocess.run(mount, check=False, capture_output=True, text=True)
    if done.returncode:
        disk.rmdir()
        server.remove()
        pytest.skip(f"a small disk cannot be made here: {done.stderr.strip()}")
    try:
        (data / "pg_wal").rename(log)
        (data / "pg_wal").symlink_to(log)
        subprocess.run(["cp", "-a", str(data), str(disk)], check=True)
        shutil.rmtree(data)
        data.symlink_to(disk / "data")
        server.start(**DURABLE)
        server.execute("CREATE DATABASE small")
        migrate(server.url("small"), lambda _: None)
        yield server
    finally:
        with suppress(subprocess.CalledProcessError):
            server.stop()
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
        server.remove()
        disk.rmdir()


async def test_f21_a_full_disk_of_the_server_refuses_what_it_cannot_keep_and_reading_goes_on(
    small_server: Postgres, tmp_path: Path
) -> None:
    """What still finds room on a page that is there is kept; the rest is refused, and said so."""
    filler = small_server.folder / "data" / "filler"
    async with (
        site(tmp_path, small_server.url("small")) as here,
        here.serving() as node,
        storm(here, 3) as people,
        here.browser(address=INSIDE) as known,
    ):
        await here.person()
        assert (await known.sign_in()).path == "/apps"
        async with people.raging():
            await people.everybody_once_more()
            await asyncio.to_thread(fill, filler)
            await until(lambda: len(people.told()) > 10)
            assert (await known.get("/apps")).path == "/apps"
            assert await node.status("/healthz") == 200
            filler.unlink()
            await people.everybody_once_more()
            refused = len(people.told())
            await people.everybody_once_more()
            assert len(people.told()) == refused, "nobody is refused any more"
        assert {each.partition(": ")[2] for each in people.told()} == {AWAY}
        assert people.torn == 0
        await all_true(here, people)
        await node.up("/readyz")
