"""What single answers cost: who is signed in, one code, one token, what is published.

    .venv/bin/python -m bench.answers [ROUNDS]

Against a real server, one request after another on a kept connection, beside a bare ASGI answer of
the same uvicorn in the same rounds. The hash is taken out, so that people can be brought as far as
the code; no answer in the table makes one.
"""

import asyncio
import gzip
import hmac
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.house import (
    DATABASES,
    SQLITE,
    Database,
    Server,
    database,
    serving_bare,
    serving_free,
    store,
    write_settings,
)
from bench.measure import ROUNDS, Figure, Goal, cpu_ms, each, here, in_turn, load, table
from bench.visitor import STEPS, TOTP_SECRET, Connection, Visitor

PEOPLE, CHEAP, DEAR, BARE = 100, 600, 150, 1000
BEFORE_THE_CODE = STEPS[:4]
PAGE_GOAL = Goal(14, 20)


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of answer, and what is aimed at on SQLite and on PostgreSQL, in CPU ms."""

    name: str
    goals: tuple[Goal, Goal] | None = None


GIVEN = (
    Asked("a bare ASGI answer, to compare with"),
    Asked("discovery", (Goal(0.1, 0.15),) * 2),
    Asked("JWKS", (Goal(0.1, 0.15),) * 2),
    Asked("sign-in page"),
    Asked("session check: `GET /apps`, signed in"),
    Asked("one code of an app: `POST /sign-in/{flow}`", (Goal(1.5, 3),) * 2),
    Asked("authorize to token, signed in, ES256", (Goal(4, 6),) * 2),
    Asked("the same for an app that wants RS256"),
    Asked("userinfo", (Goal(0.3, 0.5), Goal(0.6, 0.9))),
)


def measure(kind: str, rounds: int) -> list[Figure]:
    """Measure every kind of answer on one database."""
    with ExitStack() as stack:
        on = stack.enter_context(database(kind))
        server = stack.enter_context(serving_free(_prepared(stack, on)))
        bare = stack.enter_context(serving_bare())
        people = server.visitors(0, PEOPLE)
        for one in people:
            one.sign_in()
        ours = partial(each, [server.pid])
        return in_turn(
            [partial(each, [bare.pid], _getting(bare, "/"), BARE), *_acts(server, people, ours)],
            rounds,
        )


def _prepared(stack: ExitStack, on: Database) -> Path:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    file = write_settings(folder, on.url)
    asyncio.run(store(file, 2 * PEOPLE))
    on.settle()
    return file


def _acts(
    server: Server, people: list[Visitor], ours: Callable[[Callable[[], object], int], float]
) -> list[Callable[[], float]]:
    """Return one measurement for each of `GIVEN` after the first, in that order."""
    turns, old = cycle(people), cycle(people)
    guest = server.visitors(0, 1)[0]
    other = server.visitors(PEOPLE, PEOPLE)
    guest.open_app()
    start = guest.last.location

    def open_with(visitors: "cycle[Visitor]", app: str) -> None:
        visitor = next(visitors)
        visitor.app = app
        visitor.open_another()

    def userinfo() -> float:  # a token lives five minutes, so each round has a new one
        bearer = f"authorization: Bearer {people[0].open_another()}\r\n"
        return ours(_getting(server, "/oidc/userinfo", bearer), CHEAP)

    return [
        partial(ours, _getting(server, "/.well-known/openid-configuration"), CHEAP),
        partial(ours, _getting(server, "/oidc/jwks"), CHEAP),
        partial(ours, _getting(server, start), CHEAP),
        partial(ours, lambda: next(turns).get("/apps").expect(200), CHEAP),
        partial(_codes, server, other),
        partial(ours, partial(open_with, turns, "shop"), DEAR),
        partial(ours, partial(open_with, old, "old-shop"), DEAR),
        userinfo,
    ]


def _getting(server: Server, path: str, headers: str = "") -> Callable[[], object]:
    connection = Connection(server.port)
    return lambda: connection.ask("GET", path, headers).expect(200)


def _codes(server: Server, visitors: list[Visitor]) -> float:
    """Bring everybody to the page for the code, then measure the codes alone."""
    for step in BEFORE_THE_CODE:
        for visitor in visitors:
            step(visitor)
    before = cpu_ms(server.pid)
    for visitor in visitors:
        visitor.give_code()
    return (cpu_ms(server.pid) - before) / len(visitors)


def primitives() -> str:
    """Measure in this process what cannot be left out."""
    key = ec.generate_private_key(ec.SECP256R1())
    data, public = b"x" * 400, key.public_key()
    signature = key.sign(data, ec.ECDSA(SHA256()))

    def three_steps() -> None:
        for step in range(3):
            hmac.digest(TOTP_SECRET, step.to_bytes(8), "sha1")

    acts = {
        "TOTP, three steps": three_steps,
        "ES256, one signature": lambda: key.sign(data, ec.ECDSA(SHA256())),
        "ES256, one check": lambda: public.verify(signature, data, ec.ECDSA(SHA256())),
    }
    figures = in_turn([partial(here, act, 2000) for act in acts.values()])
    return table(
        ("bare primitive", "CPU ms"),
        [(name, f"{figure.middle:.3f}") for name, figure in zip(acts, figures, strict=True)],
    )


def page_size() -> str:
    """Say how many bytes the first page of a sign-in takes, as they travel."""
    with ExitStack() as stack:
        on = stack.enter_context(database(SQLITE))
        server = stack.enter_context(serving_free(_prepared(stack, on)))
        connection = Connection(server.port)
        page = connection.ask("GET", "/sign-in").expect(200)
        files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        rows: list[tuple[str, str, str]] = [_weighed("HTML", page.body, page.body)]
        for file in files:
            answer = connection.ask("GET", file).expect(200)
            plain = gzip.decompress(answer.body)
            rows.append(_weighed(file.rpartition(".")[2], plain, answer.body))
        needed = sum(int(row[2]) for row in rows if row[0] in ("HTML", "css")) / 1000
        head = ("first page", "bytes", "bytes as sent")
        return f"{table(head, rows)}\n\nHTML and CSS: {needed:.1f} kB as sent (goal 14, floor 20)."


def _weighed(name: str, plain: bytes, sent: bytes) -> tuple[str, str, str]:
    return name, str(len(plain)), str(len(sent))


def report(rounds: int = ROUNDS) -> str:
    """Measure on both databases and return the tables."""
    before = load()
    found = [measure(kind, rounds) for kind in DATABASES]
    rows = []
    for number, asked in enumerate(GIVEN):
        row = [asked.name]
        for side, figures in enumerate(found):
            figure, bare = figures[number], figures[0]
            goal = asked.goals[side] if asked.goals is not None else None
            row += [
                f"**{figure.middle:.3f}**",
                figure.spread,
                f"{figure.middle / bare.middle:.1f}",
                ""
                if goal is None
                else f"{goal.goal:g}, {goal.floor:g}: {goal.verdict(figure.middle)}",
            ]
        rows.append(row)
    sides = [
        part
        for kind in DATABASES
        for part in (kind, "least to most", "ratio to bare", "goal, floor")
    ]
    answers = table(("CPU ms in the server", *sides), rows)
    return "\n\n".join(
        (
            f"Load {before} before, {load()} after; {rounds} rounds.",
            answers,
            primitives(),
            page_size(),
        )
    )


if __name__ == "__main__":
    print(report(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
