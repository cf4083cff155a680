"""`portvakt guide`, as far as no browser is needed: what it says before it begins."""

from pathlib import Path

import pytest

from tests.cli.box import Box

NO_METHODS = """
[[methods]]
id = "nobody"
may_register = []
"""


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


def test_it_asks_where_to(box: Box) -> None:
    answer = box.run("guide")
    assert answer.status == 1
    assert "--out DIR" in answer.err


def test_a_language_that_we_do_not_speak_is_a_mistake(box: Box, tmp_path: Path) -> None:
    assert box.run("guide", "--out", tmp_path / "guide", "--lang", "de").status == 2


def test_journeys_are_named_where_one_is_unknown(box: Box, tmp_path: Path) -> None:
    answer = box.run("guide", "--out", tmp_path / "guide", "--journey", "fly")
    assert answer.status == 1
    assert "“fly”" in answer.err
    assert "register-texts" in answer.err
    assert not (tmp_path / "guide").exists()


def test_what_is_missing_is_said_before_anything_is_begun(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    answer = box.run("guide", "--out", tmp_path / "guide")
    assert answer.status == 1
    assert "apt-get install -y --no-install-recommends chromium ffmpeg fontconfig" in answer.err
    assert not (tmp_path / "guide").exists()


def test_what_is_not_allowed_is_not_told(box: Box, tmp_path: Path) -> None:
    file = box.write("none.toml", NO_METHODS)
    words = ("guide", "--out", tmp_path / "guide", "--state", file)
    answer = box.run(*words, "--journey", "register-texts", "--journey", "register-app")
    assert answer.status == 1
    assert "nothing of what the guide would tell is allowed here" in answer.err
    assert "cannot be read" not in answer.err


def test_a_state_file_that_is_none_is_said(box: Box, tmp_path: Path) -> None:
    words = ("guide", "--out", tmp_path / "guide", "--state")
    assert "cannot be read" in box.run(*words, tmp_path / "gone.toml").err
    assert "cannot be read" in box.run(*words, box.write("broken.toml", "[[")).err


def test_without_a_database_it_follows_the_settings_and_says_so(tmp_path: Path) -> None:
    box = Box.make(tmp_path, f"sqlite:///{tmp_path}/not-there.db")
    answer = box.run("guide", "--out", tmp_path / "guide", "--journey", "fly")
    assert "follows the settings alone" in answer.err
    assert not (tmp_path / "not-there.db").exists()
