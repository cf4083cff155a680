"""Whoever has read one journey finds their way in all."""

import ast
from pathlib import Path

import pytest

from tests.guards.tree import PACKAGE, parsed

JOURNEYS = sorted(
    path.parent for path in (PACKAGE / "journeys").glob("*/__init__.py") if path.is_file()
)


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda folder: folder.name)
def test_a_journey_opens_with_what_a_person_could_say(journey: Path) -> None:
    text = ast.get_docstring(parsed(journey / "__init__.py")) or ""
    assert text.startswith(("“", '"', "«", "I ")), "say it in the person's own words first"
    statements = parsed(journey / "__init__.py").body
    assert len(statements) == 1, "the package's __init__ says what the slice is, nothing else"


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda folder: folder.name)
def test_a_journey_has_routes_flow_and_pages(journey: Path) -> None:
    names = {path.name for path in journey.glob("*.py")}
    for part in ("routes.py", "flow.py", "pages.py"):
        kind = part.removesuffix(".py")
        found = part in names or any(name.endswith(f"_{part}") for name in names)
        protocol = journey.name == "open_app"  # a protocol has claims and errors, not pages
        assert found or (protocol and kind != "routes"), f"{journey.name} has no {part}"
