"""What every command has in common: help, exit statuses, one line where something is wrong."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from portvakt.cli import COMMANDS, main
from portvakt.commands.shell import Progress
from tests.cli.box import Box


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"portvakt {command}" in said
    assert f"example:\n  portvakt {command}" in said


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_help_lists_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {command} " in said for command in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["serv"],
        ["people", "--jsno"],
        ["start-code"],
        ["start-code", "anna.berg", "--minutes", "481"],
        ["start-code", "anna.berg", "--minutes", "0"],
        ["start-code", "anna.berg", "--minutes", "60.5"],
        ["grant-role", "anna.berg", "king"],
        ["doctor", "everything"],
        ["serve", "--listen", "8000"],
        ["demo", "--port", "many"],
    ],
)
def test_a_command_called_wrongly_ends_with_2(words: list[str], box: Box) -> None:
    answer = box.run(*words)
    assert answer.status == 2
    assert not answer.out
    assert answer.err


def test_an_unknown_command_names_the_nearest_one(box: Box) -> None:
    assert "did you mean “check-config”?" in box.run("check-confg").err


def test_what_fails_ends_with_1_and_says_why_in_one_line(box: Box) -> None:
    answer = box.run("person", "show", "nobody")
    assert answer.status == 1
    assert not answer.out
    assert answer.err == "portvakt person: there is nobody called 'nobody', or there are two\n"


def test_settings_that_are_wrong_stop_every_command_with_all_problems(box: Box) -> None:
    box.config.write_text("public_url = 'http://region.example'\nsurprise = 1\n")
    answer = box.run("people")
    assert answer.status == 1
    lines = answer.err.splitlines()
    assert len(lines) == 4
    assert any("line 1: public_url: must be https" in line for line in lines)
    assert any("line 2: surprise: unknown key" in line for line in lines)


def test_the_option_wins_over_the_variable_and_the_variable_over_the_folder(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check-config"], environ={}) == 0
    assert main(["check-config"], environ={"PORTVAKT_CONFIG": "none.toml"}) == 1
    named = ["check-config", "--config", str(box.config)]
    assert main(named, environ={"PORTVAKT_CONFIG": "none.toml"}) == 0


def test_a_database_that_is_away_is_one_line(box: Box, tmp_path: Path) -> None:
    box.environ["PORTVAKT_DATABASE_URL"] = f"postgresql://nobody@/none?host={tmp_path}"
    answer = box.run("people")
    assert answer.status == 1
    assert len(answer.err.splitlines()) == 1


def test_the_module_is_the_command_and_help_is_quick() -> None:
    """Help must not wait for a driver: 0.15 s of processor time is the goal, a second the guard."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "portvakt", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: portvakt COMMAND")
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


def test_help_imports_no_driver() -> None:
    code = "import sys; from portvakt.cli import main; main(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"asyncio", "msgspec", "asyncpg", "sqlite3", "sqlalchemy", "uvicorn"}


def test_long_work_shows_how_far_it_has_come(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = Progress("importing")
    quick(1, 2)
    quick.end()
    assert not capsys.readouterr().err
    monkeypatch.setattr(Progress, "PATIENCE", -1)
    long = Progress("importing")
    for done in range(101):
        long(done, 100)
    long.end()
    assert capsys.readouterr().err.splitlines() == [
        f"importing: {tenth * 10}%" for tenth in range(11)
    ]


def test_a_reader_that_has_read_enough_is_no_failure(box: Box) -> None:
    environ = os.environ | {"PORTVAKT_CONFIG": str(box.config)}
    done = subprocess.run(  # noqa: S602 - a pipe is what is tested
        f"{sys.executable} -m portvakt people --json | head -c 0",
        shell=True,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
