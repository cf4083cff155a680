"""Whether an answer costs more when more people are stored.

    .venv/bin/python -m bench.many_people [ROUNDS [FEW MANY]]

Two servers on two databases, one with a few people (1,000) and one with many (100,000), each person
with a name, an address, a password, an app and a group. They are measured in turn, so that the
ratio is not the machine's.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import cycle
from pathlib import Path

from bench.house import DATABASES, Database, Server, database, serving_free, store, write_settings
from bench.measure import ROUNDS, Figure, each, in_turn, load, table
from bench.visitor import Connection, Visitor

FEW, MANY = 1_000, 100_000
WALKERS, SIGN_INS, ACTS = 100, 100, 300
ALLOWED = 1.2
NAMES = (
    "a whole sign-in beyond the hash",
    "session check: `GET /apps`",
    "authorize to token, signed in",
    "userinfo",
    "a whole sign-in, in the database's own processes",
)


def measure(kind: str, sizes: tuple[int, int], rounds: int) -> list[tuple[Figure, Figure]]:
    """Return for each of `NAMES` the figure with few and with many people."""
    with ExitStack() as stack:
        acts = [_side(stack, kind, people) for people in sizes]
        figures = in_turn([side[number] for number in range(len(acts[0])) for side in acts], rounds)
    return list(zip(figures[::2], figures[1::2], strict=True))


def _side(stack: ExitStack, kind: str, people: int) -> list[Callable[[], float]]:
    on = stack.enter_context(database(kind))
    file = write_settings(Path(stack.enter_context(tempfile.TemporaryDirectory())), on.url)
    asyncio.run(store(file, people))
    on.settle()
    return _acts(stack.enter_context(serving_free(file)), people, on)


def _acts(server: Server, people: int, on: Database) -> list[Callable[[], float]]:
    """Return one measurement for each of `NAMES`; the last where the database has processes."""
    apart = people // WALKERS  # from all over the tables
    walkers = [server.visitors(number * apart, 1)[0] for number in range(WALKERS)]
    for walker in walkers:
        walker.sign_in()
    turns = cycle(walkers)
    line = Connection(server.port)
    ours = partial(each, [server.pid])

    def apps(visitor: Visitor) -> None:
        visitor.get("/apps").expect(200)

    def userinfo() -> float:
        bearer = f"authorization: Bearer {next(turns).open_another()}\r\n"
        return ours(lambda: line.ask("GET", "/oidc/userinfo", bearer).expect(200), ACTS)

    def sign_in() -> None:
        next(turns).sign_in()

    acts: list[Callable[[], float]] = [
        partial(ours, sign_in, SIGN_INS),
        partial(ours, lambda: apps(next(turns)), ACTS),
        partial(ours, lambda: next(turns).open_another(), ACTS),
        userinfo,
    ]
    if on.pids():
        acts.append(lambda: each(on.pids(), sign_in, SIGN_INS))
    return acts


def report(rounds: int = ROUNDS, sizes: tuple[int, int] = (FEW, MANY)) -> str:
    """Measure on both databases and return the table."""
    before = load()
    rows = []
    for kind in DATABASES:
        for name, (few, many) in zip(NAMES, measure(kind, sizes, rounds), strict=False):
            ratio = many.middle / few.middle
            verdict = "goal" if ratio <= ALLOWED else "**missed**"
            rows.append(
                (kind, name, few, few.spread, many, many.spread, f"**{ratio:.2f}**", verdict)
            )
    head = (
        *("", "CPU ms in the server", f"{sizes[0]:,} people", "least to most"),
        *(f"{sizes[1]:,} people", "least to most", "ratio", "at most 1.20"),
    )
    told = f"Load {before} before, {load()} after; {rounds} rounds."
    return f"{told}\n\n{table(head, rows)}"


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    if len(numbers) > 1:
        print(report(numbers[0], (numbers[1], numbers[2])))
    else:
        print(report(numbers[0] if numbers else ROUNDS))
