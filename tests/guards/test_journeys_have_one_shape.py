"""Whoever has read one journey finds their way in all."""

import ast
from pathlib import Path

import pytest

from tests.guards.tree import PACKAGE, parsed

JOURNEYS = sorted(
    path.parent for path in (PACKAGE / "journeys").glob("*/__init__.py") if path.is_file()
)
WITH_PAGES = [journey for journey in JOURNEYS if any(journey.glob("*.html"))]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda folder: folder.name)
def test_a_journey_opens_with_what_a_person_could_say(journey: Path) -> None:
    text = ast.get_docstring(parsed(journey / "__init__.py")) or ""
    assert text.startswith(("“", '"', "«", "I ")), "say it in the person's own words first"
    statements = parsed(journey / "__init__.py").body
    assert len(statements) == 1, "the package's __init__ says what the slice is, nothing else"


@pytest.mark.parametrize("journey", WITH_PAGES, ids=lambda folder: folder.name)
def test_a_journey_with_pages_has_routes_and_pages(journey: Path) -> None:
    for part in ("routes", "pages"):
        names = {path.stem for path in journey.rglob("*.py")}
        found = part in names or any(name.endswith(f"_{part}") for name in names)
        assert found, f"{journey.name} has no {part}.py"


@pytest.mark.parametrize("journey", WITH_PAGES, ids=lambda folder: folder.name)
def test_every_template_is_named_by_a_page(journey: Path) -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in journey.glob("*pages.py"))
    templates = {path.name for path in journey.glob("*.html")}
    included = "".join(path.read_text(encoding="utf-8") for path in journey.glob("*.html"))
    orphans = {name for name in templates if name not in pages and f"/{name}" not in included}
    assert not orphans
