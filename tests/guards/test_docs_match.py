"""What is written is true: links lead somewhere, and nothing there is goes unmentioned."""

import re
from pathlib import Path

import pytest

from portvakt.journeys.apply_state.document import App
from tests.guards.tree import TOP, shown, tracked
from tools.docs_tables import MADE_PAGES

PAGES = [path for path in tracked() if path.suffix == ".md"]
RECORDS = sorted((TOP / "docs" / "adr").glob("[0-9]*.md"))


def anchors(page: Path) -> set[str]:
    """The addresses of a page's headings, as the usual viewers make them."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_in_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_record_has_its_four_parts(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    headings = [heading.lower() for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)]
    for part in ("context", "decision", "alternatives", "consequences"):
        assert any(heading.startswith(part) for heading in headings), part


def test_decision_records_are_numbered_once() -> None:
    numbers = [record.name[:4] for record in RECORDS]
    assert len(numbers) == len(set(numbers))


def test_every_decision_record_is_listed_where_a_newcomer_looks() -> None:
    index = (TOP / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    missing = [
        record.name
        for record in RECORDS
        if not record.name.startswith("0000") and f"]({record.name})" not in index
    ]
    assert not missing


def test_every_field_of_an_app_is_told_of() -> None:
    pages = (page for page in PAGES if page.parent.name == "operators")
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    told = set(re.findall(r"^(\w+) = |`(\w+)`", text, re.MULTILINE))
    assert set(App.__struct_fields__) - {name for pair in told for name in pair} == set()


def test_the_pages_made_from_code_are_up_to_date() -> None:
    """Settings, commands and events: `tools/docs_tables.py` writes them again."""
    stale = [
        name
        for name, make in MADE_PAGES.items()
        if (TOP / "docs" / "operators" / f"{name}.md").read_text(encoding="utf-8") != make()
    ]
    assert not stale
