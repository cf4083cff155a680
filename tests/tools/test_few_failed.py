"""Which tests are tried again: the few that failed, and nothing where many did."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.few_failed import FEW, failed, few


def cache(folder: Path, *names: str) -> Path:
    file = folder / "v" / "cache" / "lastfailed"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(dict.fromkeys(names, True)))
    return folder


def test_what_failed_is_read_from_the_cache_of_pytest_itself(tmp_path: Path) -> None:
    story = "def test_good():\n    pass\ndef test_bad():\n    assert 0\n"
    (tmp_path / "test_x.py").write_text(story)
    run = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(tmp_path), "test_x.py"]
    subprocess.run(run, cwd=tmp_path, capture_output=True, check=False)
    assert failed(tmp_path / ".pytest_cache") == ["test_x.py::test_bad"]


def test_where_nothing_failed_there_is_nothing_to_try(tmp_path: Path) -> None:
    assert failed(tmp_path) == []
    assert not few([])


@pytest.mark.parametrize(("number", "tried"), [(1, True), (FEW, True), (FEW + 1, False)])
def test_few_are_tried_again_and_many_are_not(tmp_path: Path, number: int, tried: bool) -> None:
    names = [f"tests/test_x.py::test_{n}" for n in range(number)]
    assert failed(cache(tmp_path, *names)) == names
    assert few(names) is tried
