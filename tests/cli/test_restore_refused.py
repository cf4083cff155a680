"""A backup that cannot be restored is refused in a sentence, and nothing is changed by it."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from portvakt.crypto.key_file import prepare, promote
from portvakt.crypto.sealing import make_master_key_file, new_key_line, read_master_keys
from portvakt.records.migrate import SCHEMA_VERSION
from portvakt.records.sqlite import connect
from tests.cli.box import Box
from tests.cli.copies import live, settle_in, signs_in
from tests.servers.postgres import Postgres

TOP = Path(__file__).parents[2]


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    return backed_up(tmp_path, database_url)


def backed_up(tmp_path: Path, database_url: str) -> Box:
    """Anna has signed in, and a backup was made; then an hour went."""
    folder = tmp_path / "old"
    folder.mkdir()
    box = Box.make(folder, database_url)
    live(box, settle_in)
    box.good("backup", tmp_path / "b")
    box.move(hours=1)
    return box


def still(box: Box) -> None:
    """Nothing has changed: nobody has restored, and people sign in."""
    assert "backup.restored" not in {each.name for each in box.events()}
    assert live(box, signs_in) == "/apps"
    left = {each.name for each in box.folder.iterdir()} | {
        e.name for e in box.folder.parent.iterdir()
    }
    assert not [name for name in left if name.endswith((".restoring", ".part", ".new"))]


SPOILT: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut": (lambda octets: octets[:-100], "is damaged or cut off"),
    "changed": (lambda o: o[:-500] + bytes([o[-500] ^ 1]) + o[-499:], "is damaged or cut off"),
    "foreign": (lambda _: b"SQLite format 3\x00", "is not a backup that Portvakt made"),
    "newer": (
        lambda o: o.replace(f'"schema":"{SCHEMA_VERSION}"'.encode(), b'"schema":"9999"'),
        "was made by a newer Portvakt",
    ),
    "no time": (lambda o: o.replace(b'"made_at"', b'"mode_at"'), "is damaged or cut off"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_file_that_is_not_right_changes_nothing(box: Box, tmp_path: Path, how: str) -> None:
    spoil, why = SPOILT[how]
    file = tmp_path / "b"
    file.write_bytes(spoil(file.read_bytes()))
    answer = box.run("restore", file, "--replace")
    assert answer.status == 1
    assert why in answer.err
    assert len(answer.err.splitlines()) == 1
    still(box)


def test_a_file_that_is_not_there_is_said_to_be(box: Box, tmp_path: Path) -> None:
    answer = box.run("restore", tmp_path / "none", "--replace")
    assert answer.status == 1
    assert "none cannot be read: No such file or directory" in answer.err


def test_the_keys_it_needs_are_asked_for_first(box: Box, tmp_path: Path) -> None:
    """One that encrypts the file, one that sealed rows, and the one that apps know people by."""
    before = box.key.read_text(encoding="ascii")
    prepare(box.key, box.now.date())
    promote(box.key)  # rows are still sealed by k1, the file by k2
    box.good("backup", tmp_path / "c")
    turned = box.key.read_text(encoding="ascii")
    box.key.write_text(before, encoding="ascii")
    answer = box.run("restore", tmp_path / "c", "--replace")
    assert "needs the master key k2, which the master key file does not hold" in answer.err
    k2 = next(line for line in turned.splitlines() if line.startswith("k2:"))
    box.key.write_text(f"{k2}\n{new_key_line('k9')}", encoding="ascii")
    answer = box.run("restore", tmp_path / "c", "--replace")
    assert "whose last master key is k1, and here the last line is another key" in answer.err
    box.key.write_text(f"{k2}\n{new_key_line('k1')}", encoding="ascii")
    answer = box.run("restore", tmp_path / "c", "--replace")
    assert "whose last master key is k1, and here the last line is another key" in answer.err
    box.key.unlink()
    make_master_key_file(box.key)
    answer = box.run("restore", tmp_path / "b", "--replace")
    assert "made with another master key, which also is called k1" in answer.err
    box.key.write_text(turned, encoding="ascii")
    still(box)


def test_a_key_that_rows_are_sealed_with_is_asked_for(box: Box, tmp_path: Path) -> None:
    for _ in range(2):
        box.good("rotate-keys", "sealing")
    lines = box.key.read_text(encoding="ascii")
    assert list(read_master_keys(box.key).keys) == ["k3", "k2", "k1"]
    prepare(box.key, box.now.date())
    promote(box.key)
    box.good("backup", tmp_path / "c")  # the file by k4, its rows by k3
    k4 = box.key.read_text(encoding="ascii")
    without = "".join(line for line in k4.splitlines(keepends=True) if not line.startswith("k3:"))
    box.key.write_text(without, encoding="ascii")
    answer = box.run("restore", tmp_path / "c", "--replace")
    assert answer.status == 1
    assert "needs the master key k3, which the master key file does not hold" in answer.err
    box.key.write_text(lines, encoding="ascii")
    still(box)


def test_f66_a_database_that_somebody_has_open_is_left_alone(box: Box, tmp_path: Path) -> None:
    if box.url.startswith("sqlite"):
        with closing(connect(Path(box.url.removeprefix("sqlite:///")), writing=True)) as serving:
            serving.execute("SELECT 1 FROM accounts")
            answer = box.run("restore", tmp_path / "b", "--replace")
        assert "stop `portvakt serve` first" in answer.err
    else:

        async def main() -> str:
            named = {"application_name": "portvakt"}
            serving = await asyncpg.connect(box.url, server_settings=named)
            try:
                return (
                    await asyncio.to_thread(box.run, "restore", tmp_path / "b", "--replace")
                ).err
            finally:
                await serving.close()

        assert "stop `portvakt serve` and `portvakt work` first" in asyncio.run(main())
    still(box)


@pytest.mark.slow
def test_f66_whoever_is_just_leaving_is_waited_for(postgresql_url: str, tmp_path: Path) -> None:
    """As after `systemctl stop`: the server goes on counting the connection for a moment."""
    box = backed_up(tmp_path, postgresql_url)

    async def main() -> int:
        serving = await asyncpg.connect(box.url, server_settings={"application_name": "portvakt"})
        restoring = asyncio.create_task(
            asyncio.to_thread(box.run, "restore", tmp_path / "b", "--replace")
        )
        await asyncio.sleep(0.7)
        await serving.close()
        return (await restoring).status

    assert asyncio.run(main()) == 0


@pytest.mark.parametrize("after", ["rows", "all"])
def test_f66_killed_half_way_the_old_state_stands(box: Box, tmp_path: Path, after: str) -> None:
    words = [str(tmp_path / "b"), str(box.config), after]
    command = [sys.executable, "-m", "tests.cli.restoring", *words]
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "far enough\n"
        victim.kill()
    assert "backup.restored" not in {each.name for each in box.events()}
    assert live(box, signs_in) == "/apps"
    box.good("restore", tmp_path / "b", "--replace")
    assert box.events()[0].name == "backup.restored"
    box.move(minutes=3)
    assert live(box, signs_in) == "/apps"
    assert not list(box.folder.parent.glob("*.restoring"))


def test_a_database_file_that_broke_is_replaced(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "old").mkdir()
    box = Box.make(tmp_path / "old", sqlite_url)
    live(box, settle_in)
    box.good("backup", tmp_path / "b")
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.write_bytes(b"not a database " * 1000)
    refused = box.run("restore", tmp_path / "b")
    assert "the database is not empty" in refused.err
    answer = box.good("restore", tmp_path / "b", "--replace")
    assert "what was removed since the backup cannot be read any more" in answer.err
    assert file.stat().st_mode & 0o777 == 0o600
    box.move(minutes=3)
    assert live(box, signs_in) == "/apps"


@pytest.mark.slow
def test_what_others_keep_in_the_same_database_is_left_alone(
    tmp_path: Path, postgres: Postgres
) -> None:
    name = postgres.fresh()
    (tmp_path / "old").mkdir()
    box = Box.make(tmp_path / "old", postgres.url(name))
    postgres.execute("CREATE TABLE theirs (n INT)", database=name)
    box.good("migrate")
    live(box, settle_in)
    box.good("backup", tmp_path / "b")
    box.good("restore", tmp_path / "b", "--replace")
    postgres.execute("INSERT INTO theirs VALUES (1)", database=name)
    postgres.execute("CREATE VIEW names AS SELECT user_name FROM accounts", database=name)
    answer = box.run("restore", tmp_path / "b", "--replace")
    assert answer.status == 1
    assert "other objects depend" in answer.err
    postgres.execute("SELECT * FROM names", database=name)
    box.move(minutes=3)
    still_there = [each.name for each in box.events()].count("backup.restored")
    assert still_there == 1
    assert live(box, signs_in) == "/apps"
