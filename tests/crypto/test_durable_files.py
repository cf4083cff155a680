"""What a power cut must not take: a file that was said to be there, and the name it has."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from portvakt.common_passwords.blocklist import write as write_list
from portvakt.crypto.key_file import prepare
from portvakt.crypto.sealing import make_master_key_file
from portvakt.durable_files import replace_durably
from tests.cli.box import Box

Written = list[tuple[Path, list[str]]]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    """List what is written through to the disk, and what lies in its folder at that moment."""
    found: Written = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        folder = path if path.is_dir() else path.parent
        found.append((path, sorted(each.name for each in folder.iterdir())))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    return found


def test_a_file_is_written_through_before_it_gets_its_name_and_the_name_after(
    tmp_path: Path, written: Written
) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    new.write_text("new", encoding="utf-8")
    old.write_text("old", encoding="utf-8")
    replace_durably(new, old)
    assert old.read_text(encoding="utf-8") == "new"
    assert written == [(new, ["new", "old"]), (tmp_path, ["old"])]


def _a_backup(folder: Path) -> Path:
    box = Box.make(folder, f"sqlite:///{folder}/p.db")
    box.good("migrate")
    box.good("backup", folder / "copies" / "b")
    return folder / "copies" / "b"


def _a_restored_database(folder: Path) -> Path:
    copy = _a_backup(folder)
    Box(folder, f"sqlite:///{folder}/p.db").good("restore", copy, "--replace")
    return folder / "p.db"


def _a_master_key(folder: Path) -> Path:
    make_master_key_file(folder / "master.key")
    return folder / "master.key"


def _a_turned_master_key(folder: Path) -> Path:
    file = _a_master_key(folder)
    prepare(file, Box(folder, "").now.date())
    return file


def _a_list_of_passwords(folder: Path) -> Path:
    write_list(folder / "list", [b"12345678"])
    return folder / "list"


@pytest.mark.parametrize(
    "make",
    [
        _a_backup,
        _a_restored_database,
        _a_master_key,
        _a_turned_master_key,
        _a_list_of_passwords,
    ],
)
def test_the_name_of_what_must_last_is_written_through_last(
    tmp_path: Path, written: Written, make: Callable[[Path], Path]
) -> None:
    (tmp_path / "copies").mkdir()
    file = make(tmp_path)
    folder, names = next(each for each in reversed(written) if each[0] == file.parent)
    assert folder == file.parent
    assert file.name in names
    assert file.name + ".part" not in names
