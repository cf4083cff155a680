"""The operators' pages and examples are true, and nobody has to guess what they leave out."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from portvakt.directories import Field
from portvakt.directories.staff_csv import Config
from portvakt.journeys.apply_state.document import Network, Person, Rule, State, When
from tests.cli.box import Box

TOP = Path(__file__).parents[2]
PAGES = TOP / "docs" / "operators"
EXAMPLES = PAGES / "examples"
NETWORKS_AND_RULES = (PAGES / "networks-and-rules.md").read_text(encoding="utf-8")


@pytest.fixture
def box(tmp_path: Path, sqlite_url: str) -> Box:
    return Box.make(tmp_path, sqlite_url)


def blocks(page: str, kind: str) -> Iterator[str]:
    """Take what stands in a page's blocks of one kind."""
    yield from re.findall(rf"^```{kind}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_every_page_is_found_from_the_first_one(page: Path) -> None:
    first = (TOP / "README.md").read_text(encoding="utf-8")
    assert first.count(f"](docs/operators/{page.name})") == 1


def test_the_example_settings_are_good(tmp_path: Path) -> None:
    box = Box(tmp_path, "")
    text = (EXAMPLES / "portvakt.toml").read_text(encoding="utf-8")
    for place in ("/etc/portvakt", "/var/lib/portvakt"):
        text = text.replace(place, str(tmp_path))
    box.write("portvakt.toml", text)
    said = box.good("check-config", "--json").json
    assert [each["where"] for each in said["warnings"]] == ["keys.master_file"]  # a new one


def test_the_example_settings_and_the_example_for_nginx_have_the_same_names() -> None:
    settings = (EXAMPLES / "portvakt.toml").read_text(encoding="utf-8")
    nginx = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
    served = set(re.findall(r"server_name (.*);", nginx))
    named = re.search(r'public_url = "https://(.*)"', settings)
    app = re.search(r'authenticator = "(.*?)"', settings)
    leading = re.search(r'registration = \["(.*?)"\]', settings)
    assert served == {" ".join(each[1] for each in (named, app, leading) if each is not None)}


@pytest.mark.parametrize("number", [0, 1])
def test_what_apply_is_said_to_read_can_be_applied(box: Box, number: int) -> None:
    texts = [*blocks(NETWORKS_AND_RULES, "toml")]
    file = box.write("region.toml", texts[0] + texts[1] * number)
    answer = box.good("apply", file)
    assert answer.err == ""
    assert "+ rule second-factor-outside" in answer.out
    assert box.good("apply", file).out.startswith("0 changed")


def test_the_example_for_apply_can_be_applied(box: Box) -> None:
    answer = box.good("apply", EXAMPLES / "region.toml")
    assert answer.err == ""
    assert "+ network lan" in answer.out


@pytest.mark.parametrize(
    "kind", [State, Network, Rule, When, Person], ids=lambda kind: kind.__name__
)
def test_every_field_that_apply_reads_is_told(kind: type[msgspec.Struct]) -> None:
    assert "Each kind has a form with `_not`" in NETWORKS_AND_RULES
    fields = {each.removesuffix("_not") for each in kind.__struct_fields__}
    assert {each for each in fields if each not in NETWORKS_AND_RULES} == set()


def test_every_column_that_is_told_is_one_that_the_import_knows(tmp_path: Path) -> None:
    lines = re.findall(r"^\| (.+?) \| (.+?) \| .*\|$", NETWORKS_AND_RULES, re.MULTILINE)
    start = next(at for at, (name, _) in enumerate(lines) if name == "column")
    told = [name for name, _ in lines[start + 1 :]]
    columns = [name.strip() for cell in told for name in cell.split(",")]
    file = tmp_path / "staff.csv"
    file.write_text(";".join(columns) + "\r\n", encoding="utf-8")
    assert Config(file=str(file)).open().fields == set(Field)
    assert len(columns) == len(Field)
