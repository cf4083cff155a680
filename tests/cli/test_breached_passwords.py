"""`portvakt breached-passwords`: from what others give out to a list that is looked up here."""

import hashlib
from pathlib import Path

import pytest

from portvakt.cli import FAILED, MISUSED, OK, main
from portvakt.common_passwords import Blocklist

LEAKED = ["hemligt", "sommaren är kort"]


def test_a_list_is_made_without_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "pwned.txt", tmp_path / "breached.list"
    lines = sorted(f"{hashlib.sha1(e.encode()).hexdigest()}:{len(e)}" for e in LEAKED)  # noqa: S324  # the format
    source.write_text("\n".join(lines), encoding="ascii")
    assert main(["breached-passwords", str(source), str(target)]) == OK
    assert capsys.readouterr().out == f"2 passwords in {target}\n"
    assert all(each in Blocklist.open(target) for each in LEAKED)
    assert main(["breached-passwords", str(source), str(target), "--least", "10"]) == OK
    assert "hemligt" not in Blocklist.open(target)


def test_plain_passwords_are_taken_too(tmp_path: Path) -> None:
    source, target = tmp_path / "own.txt", tmp_path / "breached.list"
    source.write_text("\n".join(LEAKED), encoding="utf-8")
    assert main(["breached-passwords", str(source), str(target), "--plain"]) == OK
    assert all(each in Blocklist.open(target) for each in LEAKED)


def test_what_cannot_be_done_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "pwned.txt", tmp_path / "breached.list"
    assert main(["breached-passwords", str(source), str(target)]) == FAILED
    assert "No such file" in capsys.readouterr().err
    source.write_text("hemligt\n", encoding="ascii")
    assert main(["breached-passwords", str(source), str(target)]) == FAILED
    assert "line 1: not a SHA-1 hash" in capsys.readouterr().err
    assert not target.exists()
    for number in ("0", "många"):
        words = ["breached-passwords", str(source), str(target), "--least", number]
        assert main(words) == MISUSED
