"""One idea per file and per function: a limit that asks for help, not a target."""

import ast

from tests.guards.tree import parsed, python_files, shown

LONGEST_FILE = 400
LONGEST_FUNCTION = 50


def test_no_file_is_longer_than_400_lines() -> None:
    long = {
        shown(path): lines
        for path in python_files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert not long


def test_no_function_is_longer_than_50_lines() -> None:
    long = {
        f"{shown(path)}:{node.lineno} {node.name}": lines
        for path in python_files("src", "tools")
        if "migrations" not in path.parts  # generated from schema.py, table by table
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert not long
