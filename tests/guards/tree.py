"""What the guards read: the files of the repository, as git knows them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
SOURCE = TOP / "src"
PACKAGE = SOURCE / "portvakt"


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is tracked, or would be with `git add .`, and still exists."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        check=True,
        capture_output=True,
    ).stdout.decode()
    files = {TOP / name for name in listed.split("\0") if name}
    return tuple(sorted(path for path in files if path.is_file()))


def python_files(*folders: str) -> list[Path]:
    """The tracked Python files under the folders, or all of them."""
    roots = [TOP / folder for folder in folders] or [TOP]
    return [
        path
        for path in tracked()
        if path.suffix == ".py" and any(path.is_relative_to(root) for root in roots)
    ]


def module_name(path: Path) -> str:
    """`portvakt.core.people` for src/portvakt/core/people.py."""
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def imported(path: Path) -> tuple[tuple[str, bool], ...]:
    """Each module a file imports, and whether that happens when the file itself is imported."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[tuple[str, bool]]:
    inside: set[ast.AST] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside.update(ast.walk(node))
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node not in inside
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node not in inside


def shown(path: Path) -> str:
    return path.relative_to(TOP).as_posix()
