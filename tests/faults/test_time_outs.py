"""Every statement has a time-out of our own: a frozen server keeps its connections open (F17)."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "src" / "portvakt"
TIMED = {
    # who opens a connection to PostgreSQL, and what it must say about time
    "asyncpg.connect": {"timeout"},
    "Reach(dsn).connect": {"command_timeout"},
    "self._reach.connect": {"command_timeout"},
    "connected": {"command_timeout"},
}
NEVER = {"asyncpg.create_pool", "psycopg.connect", "create_engine", "create_async_engine"}


def calls() -> Iterator[tuple[str, str, set[str]]]:
    """Every call in the product: where, of what, and with which keywords."""
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                keywords = {each.arg or "**" for each in node.keywords}
                yield f"{file.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.func), keywords


def test_f17_whoever_opens_a_connection_says_how_long_a_statement_may_take() -> None:
    opened = [(where, name, said) for where, name, said in calls() if name in TIMED]
    assert {name for _, name, _ in opened} == set(TIMED), "the guard looks at what there is"
    assert [where for where, name, said in opened if not TIMED[name] <= said] == []


def test_f17_no_connection_is_opened_past_them() -> None:
    connecting = [where for where, name, _ in calls() if name == "asyncpg.connect"]
    assert [where.partition(":")[0] for where in connecting] == ["records/reaching.py"]
    assert [where for where, name, _ in calls() if name.removeprefix("sa.") in NEVER] == []
