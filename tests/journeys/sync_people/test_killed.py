"""An import that dies half-way: whole parts are done, and the next run does the rest."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row

COUNT = 6000


@pytest.mark.slow
def test_a_run_that_was_killed_is_finished_by_the_next_one(
    tmp_path: Path, database_url: str
) -> None:
    box = Box.make(tmp_path, database_url)
    rows = staff.crowd(COUNT)
    rows[17] = Row(number=rows[17].number, user="anna.berg", mobile="070-174 06 05")
    file = box.write("staff.csv", staff.export(*rows))
    command = [sys.executable, "-m", "portvakt", "import-staff", str(file)]
    environ = os.environ | {"PORTVAKT_CONFIG": str(box.config)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not stored(box):
            time.sleep(0.002)
        process.kill()
    done = stored(box)
    assert done > 0
    assert done % 1000 == 0  # a part is there whole or not at all
    report = box.good("import-staff", file, "--json").json
    assert (report["created"], report["unchanged"]) == (COUNT - done, done)
    again = box.good("import-staff", file, "--json").json
    assert again["unchanged"] == COUNT
    created = [each for each in box.events() if each.name == "person.created"]
    assert len(created) == COUNT
    assert box.person(rows[17].number).authenticators[0].detail == "+46701740605"


def stored(box: Box) -> int:
    return len(box.good("people", "--json").json)
