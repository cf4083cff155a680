"""Nobody decides by what somebody has bound without asking what of it they may use."""

import ast
from collections.abc import Iterator
from typing import Final

from tests.guards.tree import PACKAGE, parsed, python_files

READS: Final = frozenset(
    {
        *(f"{thing}.load" for thing in ("people", "flows", "sessions", "phones", "resets")),
        "people.find",
        "sessions.through",
        "grants.load_with_bound",
    }
)
"""What gives somebody with their methods."""
HOLDS: Final = frozenset({"held", "held_at_reset", "with_standing"})
NEED_NOT: Final = {
    "journeys/break_glass/flow.py": "nothing is taken from a break-glass account",
    "journeys/break_glass/making.py": "nothing is taken from a break-glass account",
    "proving/break_glass.py": "asks where administrators get their mail",
    "proving/freezing.py": "puts aside by age, whatever may be used; writes states alone",
    "proving/password_reading_back.py": "looks at the password alone",
    "journeys/apply_state/write.py": "an operator's file, which binds and replaces",
    "journeys/sync_people/write.py": "whom a number belongs to",
    "journeys/my_sign_ins/disowning.py": "puts aside by age, whatever may be used",
    "journeys/set_up_mfa/phone_flow.py": "the phone alone",
    "journeys/sign_in/flow.py _count": "the password and start codes alone, which none withdraws",
    "journeys/sign_in/keys.py _find": "whether the browser is known",
    "journeys/sign_in/ways.py name_in": "the name that was typed",
    "journeys/approve_push/answer.py lock_account": "puts the password aside",
    "journeys/approve_push/pair.py _account": "whose name it is",
    "journeys/approve_push/pair.py _reused": "whom to tell",
    "journeys/approve_push/pair.py _paired": "what may be registered, and what there is room for",
    "journeys/open_app/oidc/token/refresh_grant.py _rotated": "held where it is judged",
    "journeys/set_up_mfa/cards.py make": "held where it is judged",
}
"""Files or functions that need not, and why."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


def reads(function: ast.AST) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            if isinstance(of, ast.Attribute) and f"{of.attr}.{node.func.attr}" in READS:
                return True
    return False


def holds(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call) and _name(node.func) in HOLDS for node in ast.walk(function)
    )


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def outermost(tree: ast.AST) -> Iterator[Function]:
    """Functions and methods, and none within another."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from outermost(node)


def test_whoever_reads_methods_marks_what_is_withdrawn() -> None:
    found, excused = [], set()
    for path in python_files("src/portvakt/proving", "src/portvakt/journeys"):
        name = path.relative_to(PACKAGE).as_posix()
        for function in outermost(parsed(path)):
            if not reads(function) or holds(function):
                continue
            here = {name, f"{name} {function.name}"} & NEED_NOT.keys()
            excused |= here
            if not here:
                found.append(f"{name}:{function.lineno} {function.name}")
    assert found == [], "held() of portvakt.proving.held, or a reason here"
    assert excused == NEED_NOT.keys()
