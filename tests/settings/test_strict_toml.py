"""TOML with its lines: every key and element is found where it stands."""

from typing import Any

import msgspec
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from portvakt.strict_toml import Problem, Problems, did_you_mean, dotted, fill, parse
from portvakt.toml_places import Path

TEXT = '''\
title = "a # b"            # a comment with "quotes" and [brackets]
"quoted key".inner = 'x\\'
long = """
first ] line
"quoted" \\""" still in it
"""
raw = \'\'\'
"""
\'\'\'
numbers = [
  1,
  # nothing here
  2, 3,
  [4, "]"],
]
inline = { a = 1, b = { c = [1, 2] }, "d.e" = "}" }

[table]
key = 1979-05-27T07:32:00Z

  [table.inner]
  key = +1.5e3

[[rows]]
id = "one"
[[rows.cells]]
v = 1
[[rows.cells]]
v = 2

[[rows]]
id = "two"
[[rows.cells]]
v = 3
'''

WHERE: dict[Path, int] = {
    ("title",): 1,
    ("quoted key", "inner"): 2,
    ("long",): 3,
    ("raw",): 7,
    ("numbers",): 10,
    ("numbers", 0): 11,
    ("numbers", 1): 13,
    ("numbers", 2): 13,
    ("numbers", 3, 1): 14,
    ("inline", "a"): 16,
    ("inline", "b", "c", 1): 16,
    ("inline", "d.e"): 16,
    ("table",): 18,
    ("table", "key"): 19,
    ("table", "inner", "key"): 22,
    ("rows",): 24,
    ("rows", 0): 24,
    ("rows", 0, "id"): 25,
    ("rows", 0, "cells", 1, "v"): 29,
    ("rows", 1): 31,
    ("rows", 1, "id"): 32,
    ("rows", 1, "cells", 0, "v"): 34,
}


def line_of(problems: Problems, path: Path) -> int | None:
    problems.found.clear()
    problems.add(path, "here")
    return problems.found[0].line


@pytest.mark.parametrize("path", WHERE, ids=dotted)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_of_everything_is_known(path: Path, end: str) -> None:
    table, problems = parse(TEXT.replace("\n", end))
    assert table
    assert line_of(problems, path) == WHERE[path]


def test_what_is_not_there_has_the_line_of_what_it_is_missing_from() -> None:
    _, problems = parse(TEXT)
    assert line_of(problems, ("rows", 1, "name")) == 31
    assert line_of(problems, ("nowhere",)) is None


names = st.text(min_size=1, max_size=8)
leaves = st.one_of(st.integers(-9, 9), st.booleans(), st.text(max_size=20))
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


def paths(value: Any, path: Path = ()) -> list[Path]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += paths(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            found += paths(inner, (*path, place))
    return found


@given(st.dictionaries(names, values, max_size=5), st.booleans())
def test_any_document_that_can_be_written_is_located(
    document: dict[str, Any], multiline: bool
) -> None:
    text = tomli_w.dumps(document, multiline_strings=multiline)
    table, problems = parse(text)
    last = text.count("\n") + 1
    for path in paths(table):
        line = line_of(problems, path)
        # a table that only holds tables may be written without a header of its own
        assert line is None or 1 <= line <= last
        if len(path) == 1 and not isinstance(table[str(path[0])], dict):
            assert line is not None


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    table, problems = parse(text)
    if problems.found:
        (problem,) = problems.found
        assert not table
        assert "\n" not in str(problem)
    else:
        problems.add(("anything",), "x")  # finding the lines breaks on nothing that is TOML


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: int
    word: str = "w"


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inner: Inner
    many: tuple[Inner, ...] = ()
    maybe: Inner | None = None
    pair: tuple[int, int] = (0, 0)


def problems_of(text: str) -> list[str]:
    table, problems = parse(text)
    fill(Outer, table, problems)
    return [str(each) for each in problems.in_order()]


def test_structs_inside_structs_are_filled() -> None:
    table, problems = parse("inner={count=1}\nmaybe={count=2}\npair=[1,2]\n[[many]]\ncount=3\n")
    assert fill(Outer, table, problems) == Outer(Inner(1), (Inner(3),), Inner(2), (1, 2))
    assert not problems.found


def test_all_problems_are_told_and_each_once() -> None:
    text = """inner = { count = "one", wrod = "x" }
maybe = 3
pair = [1]
[[many]]
count = 1.5
[[many]]
"""
    assert problems_of(text) == [
        "line 1: inner.wrod: unknown key; did you mean “word”?",
        "line 1: inner.count: expected a whole number, got text",
        "line 2: maybe: expected a table or nothing, got a whole number",
        "line 3: pair: expected an array of length 2, got 1",
        "line 5: many[1].count: expected a whole number, got a number",
        "line 6: many[2].count: is missing",
    ]
    assert problems_of("x = 1") == [
        "line 1: x: unknown key; known are inner, many, maybe, pair",
        "inner: is missing",
    ]


def test_what_is_found_inside_something_broken_is_not_news() -> None:
    problems = Problems("a = 1\n")
    problems.add(("a",), "is wrong")
    problems.settle()
    problems.add(("a", "b"), "is wrong too")
    problems.warn(("c",), "is odd")
    assert problems.in_order() == [
        Problem("a", 1, "is wrong"),
        Problem("c", None, "is odd", "warning"),
    ]
    assert [each.where for each in problems.errors] == ["a"]
    assert [each.where for each in problems.warnings] == ["c"]


def test_words_that_are_near_are_suggested() -> None:
    assert did_you_mean("lisen", ["listen", "workers"]) == "; did you mean “listen”?"
    assert did_you_mean("x", ["b", "a"]) == "; known are a, b"
    assert did_you_mean("x", []) == ""
