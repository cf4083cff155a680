"""What a sign-in costs with a thousand, a hundred thousand and a million people.

    .venv/bin/python -m bench.people [ROUNDS [SIZE …]]

A database of each size and kind, with a server of its own whose hash costs nothing. A thousand real
people sign in; the others are copies of one of them, written by SQL, with ids all over the indexes,
a password and an app each. The servers are measured in turn, so that a ratio is not the machine's.
Takes some ten minutes and three gigabytes of disk at the sizes that are measured by default.
"""

import asyncio
import contextlib
import hashlib
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path

import asyncpg

from bench.house import (
    DATABASES,
    POSTGRESQL,
    SQLITE,
    database,
    serving_free,
    store,
    user_name,
    write_settings,
)
from bench.measure import Figure, each, in_turn, load, table
from bench.pictures import Line, drawn
from portvakt.records import schema

ROUNDS, SIZES, REAL = 3, (1_000, 100_000, 1_000_000), 1_000
WALKERS, SIGN_INS = 100, 100
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "people.png"
COPIED = {
    "accounts": {
        "id": "'a' || {digest}",
        "external_id": "'copy' || i",
        "user_name": "'copy' || i",
        "email": "'copy' || i || '@region.example'",
    },
    "identifiers": {
        "value": "'copy' || i || substr(value, {cut})",
        "account_id": "'a' || {digest}",
    },
    "memberships": {"account_id": "'a' || {digest}"},
    "authenticators": {"id": "substr(type, 1, 1) || {digest}", "account_id": "'a' || {digest}"},
}
"""What of each table's rows is not the original's, in the SQL of both databases."""


def copies(kind: str, many: int) -> list[str]:
    """Write the statements that add so many copies of one person."""
    digest = "md5(CAST(i AS TEXT))"
    name = user_name(0)
    steps = f"SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}"  # noqa: S608 - a number
    numbers = f"(WITH RECURSIVE n(i) AS ({steps}) SELECT i FROM n) AS numbers"  # noqa: S608 - as above
    if kind == POSTGRESQL:
        numbers = f"generate_series(1, {many}) AS numbers(i)"
    found = []
    for of, changed in COPIED.items():
        columns = [column.name for column in schema.metadata.tables[of].columns]
        values = [
            changed.get(each, each).format(digest=digest, cut=len(name) + 1) for each in columns
        ]
        whose = "id" if of == "accounts" else "account_id"
        one = f"(SELECT * FROM {of} WHERE {whose} = (SELECT id FROM accounts WHERE user_name = '{name}')) AS one"  # noqa: S608, E501 - words of ours
        found.append(
            f"INSERT INTO {of} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {one}, {numbers}"  # noqa: S608, E501 - words of ours
        )
    return found


def fill(kind: str, url: str, many: int) -> float:
    """Add so many copies; return how long it took."""
    began = time.monotonic()
    if kind == SQLITE:
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.create_function("md5", 1, _md5, deterministic=True)
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA cache_size=-1000000")
            for statement in copies(kind, many):
                connection.execute(statement)
            connection.commit()
    else:
        asyncio.run(_filled(url, copies(kind, many)))
    return time.monotonic() - began


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def _filled(url: str, statements: list[str]) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


def _side(stack: ExitStack, kind: str, people: int) -> list[Callable[[], float]]:
    """Return what measures one size: the server's CPU, and the database's where it has its own."""
    on = stack.enter_context(database(kind))
    file = write_settings(Path(stack.enter_context(tempfile.TemporaryDirectory())), on.url)
    asyncio.run(store(file, REAL))
    took = fill(kind, on.url, people - REAL) if people > REAL else 0.0
    on.settle()
    print(f"{kind}, {people:,} people: filled in {took:.0f} s", file=sys.stderr)
    server = stack.enter_context(serving_free(file))
    apart = REAL // WALKERS
    walkers = [server.visitors(number * apart, 1)[0] for number in range(WALKERS)]
    turns = cycle(walkers)

    def sign_in() -> None:
        next(turns).sign_in()

    for _ in walkers:
        sign_in()
    acts: list[Callable[[], float]] = [partial(each, [server.pid], sign_in, SIGN_INS)]
    if on.pids():
        acts.append(lambda: each(on.pids(), sign_in, SIGN_INS))
    return acts


def measure(kind: str, sizes: tuple[int, ...], rounds: int) -> list[list[Figure]]:
    """Return for the server, and for the database's processes, the figures of each size."""
    with ExitStack() as stack:
        sides = [_side(stack, kind, people) for people in sizes]
        acts = [side[number] for number in range(len(sides[0])) for side in sides]
        figures = in_turn(acts, rounds)
    many = len(sizes)
    return [figures[at : at + many] for at in range(0, len(figures), many)]


def report(rounds: int, sizes: tuple[int, ...]) -> str:
    """Measure on both databases, draw the picture, and return the table."""
    before, rows, lines = load(), [], []
    for kind in DATABASES:
        names = (f"{kind}: `serve`", f"{kind}: its own processes")
        for name, figures in zip(names, measure(kind, sizes, rounds), strict=False):
            spread = [f"{each} ({each.spread})" for each in figures]
            rows.append((name, *spread, f"**{figures[-1].middle / figures[0].middle:.2f}**"))
            points = [
                (float(people), each.middle) for people, each in zip(sizes, figures, strict=True)
            ]
            lines.append(Line(name.replace("`", ""), points))
    drawn(PICTURE, "CPU ms of a whole sign-in beyond the hash", "people", lines, logarithmic=True)
    head = ("CPU ms", *(f"{people:,} people" for people in sizes), "ratio, at most 1.20")
    told = f"Load {before} before, {load()} after; {rounds} rounds; {os.cpu_count()} cores."
    return f"{told}\n\n{table(head, rows)}"


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(report(numbers[0] if numbers else ROUNDS, tuple(numbers[1:]) or SIZES))
