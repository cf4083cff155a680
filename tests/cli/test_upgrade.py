"""An upgrade from the oldest tables there were: everybody is still there, and signs in."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealed_file import SealedWriter, mark_of
from portvakt.crypto.sealing import Sealer, read_master_keys
from portvakt.records import Unit
from portvakt.records.copying import Shape
from portvakt.records.frames import End, end_frame, rows_frame, table_frame
from portvakt.records.migrate import SCHEMA_VERSION, current
from portvakt.records.values import ms
from tests.cli.box import Box
from tests.cli.copies import live
from tests.journeys.sign_in.region import SECRET, app_code, with_rule
from tests.records import oldest
from tests.servers.postgres import Postgres
from tests.world import PASSWORD, World

TOP = Path(__file__).parents[2]
PEOPLE = 2_000


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Box:
    """A place with the oldest tables, and people in them."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/portvakt.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url(server.fresh())
    box = Box.make(tmp_path, url)
    phc = box.password_hash(PASSWORD)
    sealer = Sealer(read_master_keys(box.key))
    oldest.fill(url, PEOPLE, sealer, phc, SECRET, box.now)
    return box


async def anybody_signs_in(here: World) -> list[str]:
    await with_rule(here)
    arrived = []
    for n in (0, 1, PEOPLE - 1):
        async with here.browser() as browser:
            await browser.sign_in(oldest.user_name(n))
            arrived.append((await browser.submit({"code": app_code(here)})).path)
    return arrived


def test_everybody_is_still_there_and_signs_in(box: Box) -> None:
    answer = box.good("migrate")
    assert re.match(rf"{oldest.VERSION} → {SCHEMA_VERSION}: \d+ statements\n", answer.out)
    reached = re.findall(r"^(\d{4}): reached after \d+\.\d s$", answer.out, re.MULTILINE)
    assert reached[0] == "0003"
    assert reached[-1] == SCHEMA_VERSION
    assert current(box.url) == SCHEMA_VERSION
    assert live(box, anybody_signs_in) == ["/apps"] * 3

    async def told(unit: Unit) -> tuple[list[str], int]:
        person = await unit.people.find(oldest.user_name(1))
        assert person is not None
        events = await unit.audit.of_account(person.account.id, 100)
        return [each.name for each in events], len(
            await unit.people.listed(include_protected=True, after=None, limit=PEOPLE * 2)
        )

    names, people = box.do(told)
    assert names[-2:] == ["method.added", "person.created"]
    assert people == PEOPLE


@pytest.mark.parametrize("point", ["0003", "7", "0004", "40"])
def test_f08_a_migration_that_is_killed_goes_on_when_it_is_run_again(box: Box, point: str) -> None:
    """Killed between two versions, and within one."""
    command = [sys.executable, "-m", "tests.records.migrating", box.url, point]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "there\n"
        victim.kill()
    assert current(box.url) == oldest.VERSION
    box.good("migrate")
    assert current(box.url) == SCHEMA_VERSION
    assert live(box, anybody_signs_in) == ["/apps"] * 3


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_a_backup_from_before_is_brought_to_the_tables_of_now(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    box = Box.make(tmp_path, request.getfixturevalue(f"{kind}_url"))
    keys = read_master_keys(box.key)
    sealer, phc = Sealer(keys), box.password_hash(PASSWORD)
    counts = Counter[str]()
    with (tmp_path / "b").open("wb") as file:
        about = {
            "made_at": box.now.isoformat(),
            "schema": oldest.VERSION,
            "founding": "k1",
            "marks": {"k1": mark_of(keys, "k1")},
            "rows": 8 * PEOPLE + 1,
        }
        sealed = SealedWriter(file, keys, SystemRandom(), about)
        for table, rows in oldest.parts(PEOPLE, sealer, phc, SECRET, ms(box.now)):
            counts[table] += len(rows)
            sealed.write(table_frame(Shape(table, tuple(rows[0]))))
            sealed.write(rows_frame([tuple(row.values()) for row in rows]))
        sealed.write(end_frame(End(counts, {"k1": PEOPLE})))
        sealed.finish()
    assert "restored: 2000 people" in box.good("restore", tmp_path / "b").out
    assert current(box.url) == SCHEMA_VERSION
    box.move(minutes=3)
    assert live(box, anybody_signs_in) == ["/apps"] * 3
