"""A whole region, 7,400 people, where its maker lies beside this project."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.box import Box

MAKER = Path(__file__).parents[4] / "shared" / "data" / "make_region.py"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MAKER.exists(), reason="the maker of regions is not here"),
]


@pytest.mark.parametrize("name", ["staff.csv", "staff-1252.csv"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_region_is_what_its_facts_say_twice_in_a_row(
    tmp_path: Path, database_url: str, seed: int, name: str
) -> None:
    command = [sys.executable, str(MAKER), "--seed", str(seed), "--out", str(tmp_path / "region")]
    subprocess.run(command, check=True, capture_output=True)
    facts = json.loads((tmp_path / "region" / "facts.json").read_text())
    box = Box.make(tmp_path, database_url)
    wrong = ("shared_mobile", "landline_only", "bad_number", "foreign_mobile")
    for changes in ((7400, 0, 0, 0), (0, 0, 7400, 0)):
        report = box.good("import-staff", tmp_path / "region" / name, "--json").json
        assert {key: report[key] for key in facts} == facts
        found = tuple(report[key] for key in ("created", "changed", "unchanged", "disabled"))
        assert found == changes
        assert len(report["rows"]) == sum(facts[key] for key in wrong)
