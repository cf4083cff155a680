"""Master keys that are turned while somebody uses them."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from portvakt.crypto.key_file import CannotTurnError, WatchedKeys, prepare, promote, retire
from portvakt.crypto.sealing import (
    CodeMac,
    MasterKeyFileError,
    Sealer,
    UnknownKeyError,
    key_id_of,
    make_master_key_file,
    new_key_line,
    read_master_keys,
)

DAY = date(2026, 11, 22)
PLACE = {"table": "authenticators", "column": "sealed", "row": "r1"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    make_master_key_file(path, made=DAY)
    return path


def test_a_new_key_waits_first_and_seals_when_it_is_promoted(file: Path) -> None:
    assert prepare(file, DAY) == "k2"
    waiting = read_master_keys(file)
    assert (waiting.current, waiting.waiting, waiting.founding) == ("k1", "k2", "k1")
    assert promote(file) == "k2"
    turned = read_master_keys(file)
    assert (turned.current, turned.waiting, turned.founding) == ("k2", None, "k1")
    assert turned.made == {"k2": DAY, "k1": DAY}


def test_comments_owner_and_rights_stay(file: Path) -> None:
    file.chmod(0o640)
    before = file.read_text(encoding="ascii")
    prepare(file, DAY)
    promote(file)
    lines = file.read_text(encoding="ascii").splitlines(keepends=True)
    assert "".join(line for line in lines if not line.startswith("k2:")) == before
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in file.parent.iterdir()] == ["master.key"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_stays_theirs(file: Path) -> None:
    os.chown(file, 65534, 65534)
    prepare(file, DAY)
    assert (file.stat().st_uid, file.stat().st_gid) == (65534, 65534)


def test_a_link_leads_to_the_file_that_is_changed(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.key"
    link.symlink_to(file)
    watched = WatchedKeys(link)
    prepare(link, DAY)
    assert link.is_symlink()
    assert watched.waiting == "k2"


def test_one_key_waits_at_a_time_and_only_the_first(file: Path) -> None:
    with pytest.raises(CannotTurnError, match="no key waits"):
        promote(file)
    prepare(file, DAY)
    with pytest.raises(CannotTurnError, match="k2 waits already"):
        prepare(file, DAY)
    text = file.read_text(encoding="ascii")
    file.write_text(text + "+" + new_key_line("k9"), encoding="ascii")
    with pytest.raises(MasterKeyFileError, match="only the first key may wait"):
        read_master_keys(file)
    file.write_text("+" + new_key_line("k9"), encoding="ascii")
    with pytest.raises(MasterKeyFileError, match="no key in it that seals"):
        read_master_keys(file)


def test_what_stands_after_a_key_is_a_date(file: Path) -> None:
    file.write_text(new_key_line("k1").strip() + " yesterday\n", encoding="ascii")
    with pytest.raises(MasterKeyFileError, match="line 1: after the key stands no date"):
        read_master_keys(file)


def test_eight_that_prepare_at_once_add_one_key(file: Path) -> None:
    def one(_: int) -> bool:
        try:
            prepare(file, DAY)
        except CannotTurnError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == [False] * 7 + [True]
    assert list(read_master_keys(file).keys) == ["k2", "k1"]


def test_only_a_key_between_the_first_and_the_last_is_retired(file: Path) -> None:
    for _ in range(2):
        prepare(file, DAY)
        promote(file)
    prepare(file, DAY)
    for key_id, why in (
        ("k1", "founding key"),
        ("k3", "in use"),
        ("k4", "in use"),
        ("k7", "there is no key k7"),
    ):
        with pytest.raises(CannotTurnError, match=why):
            retire(file, key_id)
    retire(file, "k2")
    assert list(read_master_keys(file).keys) == ["k4", "k3", "k1"]


def test_who_watches_the_file_opens_at_once_what_a_new_key_sealed(file: Path) -> None:
    """Two processes: one has turned the key and seals, the other has not looked since."""
    theirs = Sealer(WatchedKeys(file))
    before = theirs.seal(b"old", **PLACE)
    prepare(file, DAY)
    promote(file)
    new = Sealer(read_master_keys(file)).seal(b"new", **PLACE)
    assert theirs.open(new, **PLACE) == b"new"
    assert theirs.open(before, **PLACE) == b"old"
    assert theirs.needs_reseal(before)
    assert key_id_of(theirs.seal(b"newer", **PLACE)) == "k2"


def test_a_file_that_came_with_wrong_rights_is_read_when_they_are_put_right(file: Path) -> None:
    watched = WatchedKeys(file)
    assert prepare(file, DAY) == "k2"
    file.chmod(0o644)
    assert list(watched.now().keys) == ["k1"]
    file.chmod(0o600)
    assert list(watched.now().keys) == ["k2", "k1"]


def test_a_machine_that_was_told_opens_what_one_that_turned_seals(
    file: Path, tmp_path: Path
) -> None:
    """Each machine has a copy. The waiting key is copied first; then one is ahead for a while."""
    prepare(file, DAY)
    copy = tmp_path / "copy.key"
    copy.write_bytes(file.read_bytes())
    copy.chmod(0o600)
    behind, ahead = WatchedKeys(copy), WatchedKeys(file)
    promote(file)
    assert Sealer(behind).open(Sealer(ahead).seal(b"x", **PLACE), **PLACE) == b"x"
    assert Sealer(ahead).open(Sealer(behind).seal(b"x", **PLACE), **PLACE) == b"x"
    at = {"flow": "f", "purpose": "p"}
    for maker, taker in ((behind, ahead), (ahead, behind)):
        made = CodeMac(maker).of("123456", **at)
        assert made != CodeMac(taker).of("123456", **at)
        assert made == CodeMac(taker).by_neighbour("123456", **at)


def test_a_code_in_flight_outlives_a_new_key(file: Path) -> None:
    macs, at = CodeMac(WatchedKeys(file)), {"flow": "f", "purpose": "p"}
    sent = macs.of("123456", **at)
    assert macs.by_neighbour("123456", **at) == sent
    prepare(file, DAY)
    assert macs.of("123456", **at) == sent
    promote(file)
    assert macs.of("123456", **at) != sent
    assert macs.by_neighbour("123456", **at) == sent


@pytest.mark.parametrize("bad", ["", "k1:nothing\n", "stranger"])
def test_a_file_that_breaks_leaves_the_keys_that_were_read(file: Path, bad: str) -> None:
    watched = WatchedKeys(file)
    sealed = Sealer(watched).seal(b"x", **PLACE)
    file.write_text(new_key_line("k1") if bad == "stranger" else bad, encoding="ascii")
    assert Sealer(watched).open(sealed, **PLACE) == b"x"
    file.unlink()
    assert watched.current == "k1"
    assert repr(watched) == "MasterKeys(k1)"


def test_a_key_that_is_gone_is_said_to_be(file: Path) -> None:
    with pytest.raises(UnknownKeyError):
        WatchedKeys(file).derive("backup", "k9")


def test_who_may_not_write_the_folder_is_told_so(file: Path) -> None:
    if os.geteuid() == 0:
        with pytest.raises(CannotTurnError, match="cannot be changed"):
            prepare(file.parent / "none" / "master.key", DAY)
        return
    file.parent.chmod(0o500)
    try:
        with pytest.raises(CannotTurnError, match="cannot be changed"):
            prepare(file, DAY)
    finally:
        file.parent.chmod(0o700)


def test_killed_at_any_moment_the_file_is_the_old_one_or_the_new(file: Path) -> None:
    """Keys are turned as fast as it goes by a process that is killed; nothing half is left."""
    code = (
        "import sys; from datetime import date; from pathlib import Path\n"
        "from portvakt.crypto.key_file import prepare, promote, retire\n"
        "file = Path(sys.argv[1]); print('on', flush=True)\n"
        "for n in range(2, 10_000):\n"
        "    prepare(file, date(2026, 11, 22)); promote(file)\n"
        "    n > 2 and retire(file, f'k{n - 1}')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "on\n"
        try:
            victim.wait(0.3)
        except subprocess.TimeoutExpired:
            victim.kill()
    found = read_master_keys(file)
    assert found.founding == "k1"
    if found.waiting is None:
        prepare(file, DAY)
    promote(file)
    assert int(read_master_keys(file).current.removeprefix("k")) > 2
