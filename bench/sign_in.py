"""A whole sign-in, from an app and back: password, TOTP, code and token, in seven requests.

    .venv/bin/python -m bench.sign_in [ROUNDS]

Measured twice in the same rounds: with a hash that costs nothing (what we add to the hash), and as
it is (`portvakt serve`), beside libsodium's bare Argon2id verify in this process. Browsers are
known ones, as on most days; what a new one adds is told in statements.
"""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from nacl.pwhash import argon2id

from bench.house import (
    DATABASES,
    POSTGRESQL,
    Database,
    Server,
    database,
    serving,
    serving_bare,
    serving_free,
    store,
    write_settings,
)
from bench.measure import ROUNDS, Figure, Goal, cpu_ms, each, here, in_turn, load, table
from bench.visitor import NAMES, PASSWORD, STEPS, Connection, Visitor
from portvakt.crypto.passwords import MEMORY_KIB, PASSES

GOALS = {"SQLite": Goal(6, 10), POSTGRESQL: Goal(8, 14)}
PEOPLE, WITH_HASH, VERIFICATIONS, BARE = 150, 40, 20, 1000


@dataclass(frozen=True, slots=True)
class Measured:
    """One database's figures."""

    kind: str
    beyond: Figure
    whole: Figure
    verify: Figure
    bare: Figure
    requests: list[Figure]
    statements: tuple[float, float]
    """For a browser that is not known yet, and for one that is."""
    theirs: Figure
    """What the database's own processes used for one sign-in."""


def measure(kind: str, rounds: int) -> Measured:
    """Measure on one database."""
    with ExitStack() as stack:
        free_on, real_on = (stack.enter_context(database(kind)) for _ in range(2))
        free = stack.enter_context(serving_free(_prepared(stack, free_on)))
        real = stack.enter_context(serving(_prepared(stack, real_on)))
        bare = stack.enter_context(serving_bare())
        many = free.visitors(0, PEOPLE)
        new = _counted(free, many)
        known = _counted(free, many)
        some = real.visitors(0, PEOPLE)
        for visitor in some:
            visitor.sign_in()
        turns, nothing = cycle(some), Connection(bare.port)
        phc = argon2id.str(PASSWORD.encode(), PASSES, MEMORY_KIB * 1024)
        steps: list[list[float]] = []
        theirs: list[float] = []

        def beyond() -> float:
            before = cpu_ms(*free_on.pids())
            steps.append(_by_request(free, many))
            theirs.append((cpu_ms(*free_on.pids()) - before) / PEOPLE)
            return sum(steps[-1])

        figures = in_turn(
            [
                beyond,
                lambda: each([real.pid], lambda: next(turns).sign_in(), WITH_HASH),
                lambda: here(lambda: argon2id.verify(phc, PASSWORD.encode()), VERIFICATIONS),
                lambda: each([bare.pid], lambda: nothing.ask("GET", "/"), BARE),
            ],
            rounds,
        )
        requests = [Figure(tuple(column)) for column in zip(*steps[1:], strict=True)]
        return Measured(
            kind=kind,
            beyond=figures[0],
            whole=figures[1],
            verify=figures[2],
            bare=figures[3],
            requests=requests,
            statements=(new, known),
            theirs=Figure(tuple(theirs[1:])),
        )


def _prepared(stack: ExitStack, on: Database) -> Path:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    file = write_settings(folder, on.url)
    asyncio.run(store(file, PEOPLE))
    on.settle()
    return file


def _counted(server: Server, visitors: list[Visitor]) -> float:
    """Sign everybody in once; return how many statements each took."""
    before = server.statements()
    for visitor in visitors:
        visitor.sign_in()
    return (server.statements() - before) / len(visitors)


def _by_request(server: Server, visitors: list[Visitor]) -> list[float]:
    """Take everybody through one request, then through the next; CPU of each."""
    figures = []
    for step in STEPS:
        before = cpu_ms(server.pid)
        for visitor in visitors:
            step(visitor)
        figures.append((cpu_ms(server.pid) - before) / len(visitors))
    return figures


def report(rounds: int = ROUNDS) -> str:
    """Measure on both databases and return the tables."""
    before = load()
    found = [measure(kind, rounds) for kind in DATABASES]
    whole = table(
        ("CPU ms in the server", *DATABASES),
        [
            ("a sign-in beyond the hash", *(f"**{each.beyond}**" for each in found)),
            ("least to most", *(each.beyond.spread for each in found)),
            ("goal, floor", *(f"{g.goal:g}, {g.floor:g}" for g in GOALS.values())),
            ("reached", *(GOALS[each.kind].verdict(each.beyond.middle) for each in found)),
            ("the same with the hash (`portvakt serve`)", *(each.whole for each in found)),
            ("libsodium's bare Argon2id verify", *(each.verify for each in found)),
            ("ratio of these two", *(_ratio(each.whole, each.verify) for each in found)),
            ("a bare ASGI answer", *(each.bare for each in found)),
            ("processes of the database, beside ours", *(each.theirs for each in found)),
            ("requests (goal 7, floor 9)", *[str(len(STEPS))] * len(found)),
            ("statements, known browser (goal 20, floor 25)", *_counts(found, known=True)),
            ("statements, new browser", *_counts(found, known=False)),
        ],
    )
    parts = table(
        ("CPU ms, request by request", *DATABASES),
        [
            (f"`{name}`", *(str(each.requests[number]) for each in found))
            for number, name in enumerate(NAMES)
        ],
    )
    return f"Load {before} before, {load()} after; {rounds} rounds.\n\n{whole}\n\n{parts}"


def _ratio(whole: Figure, verify: Figure) -> str:
    return f"{whole.middle / verify.middle:.2f}"


def _counts(found: list[Measured], *, known: bool) -> list[str]:
    return [f"{each.statements[known]:.1f}" for each in found]


if __name__ == "__main__":
    print(report(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
