"""`docs/standards.md` names for each clause a test that there is, or why it is left out."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.guards.tree import TOP

TABLE = TOP / "docs" / "standards.md"
SHOWN = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[list[str]]:
    """The rows of every table with three cells, without the heads."""
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] != "section":
            found.append(cells)
    return found


@cache
def names_in(file: Path) -> frozenset[str]:
    """The names of the tests of a file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0]}: {row[1][:60]}")
def test_every_clause_has_a_test_that_there_is_or_a_reason(row: list[str]) -> None:
    where = row[2]
    named = SHOWN.findall(where)
    assert named or re.match(r"left out: \w+", where), where
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (TOP / file).is_file() or name not in names_in(TOP / file)
    ]
    assert not missing


def test_every_table_row_is_read() -> None:
    """A row with a stray bar in it would otherwise go unchecked."""
    text = TABLE.read_text(encoding="utf-8").partition("## Left out whole")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = [line for line in lines if re.match(r"\| section \||\|---", line)]
    assert len(lines) - len(heads) == len(rows())


def test_every_specification_has_its_clauses() -> None:
    """A heading with nothing below it would promise what nobody has looked at."""
    text = TABLE.read_text(encoding="utf-8").partition("## Left out whole")[0]
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    bare = [each.splitlines()[0] for each in sections if each.count("\n| ") < 2]
    assert sections
    assert not bare
