"""A pattern that a text must match is about the whole of it.

In Python `$` lets a line's end stand behind the text: a country that is `SE` and a line's end is
written as it must be, and matches nothing; of a span its last letter would be the line's end.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"


def patterns() -> Iterator[tuple[str, str]]:
    """Find every `Meta(pattern=...)`, with its file."""
    for file in sorted(SOURCE.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if "pattern=" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Meta"):
                for each in node.keywords:
                    if each.arg == "pattern" and isinstance(each.value, ast.Constant):
                        yield str(file.relative_to(SOURCE)), str(each.value.value)


def test_there_are_patterns_to_look_at() -> None:
    assert len(list(patterns())) > len({file for file, _ in patterns()}) > 1


@pytest.mark.parametrize(("file", "pattern"), sorted(set(patterns())))
def test_a_pattern_holds_the_whole_text(file: str, pattern: str) -> None:
    for way in pattern.split("|\\A"):
        assert way.startswith("\\A") or pattern.startswith("\\A"), file
        assert way.endswith("\\Z"), file
