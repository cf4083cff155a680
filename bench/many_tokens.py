"""Whether an app's call costs more when there are more apps and more live refresh tokens.

    .venv/bin/python -m bench.many_tokens [ROUNDS [FEW MANY]]

Two servers on two databases: one with ten apps and 1,000 refresh tokens, one with a thousand times
as many of each, up to 10,000 apps. They are measured in turn, so that the ratio is not the
machine's. Every token is of a grant of its own, which is of one of a hundred people's sessions.
"""

import asyncio
import base64
import hashlib
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import asyncpg

from bench.house import DATABASES, Database, Server, database, serving_free, store, write_settings
from bench.measure import ROUNDS, Figure, each, in_turn, load, table
from bench.visitor import CALLBACK, Connection
from portvakt.app import opened
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import ClientId, GroupId
from portvakt.core.relying_parties import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN
from portvakt.crypto.digests import lookup_hash
from portvakt.records.values import to_json
from portvakt.settings import load_settings
from tests import make

FEW, MANY = 1_000, 1_000_000
APPS = 10_000
"""At most; below that a hundredth as many as there are tokens."""
PEOPLE, ACTS, OPENED = 100, 300, 100
ALLOWED = 1.2
SECRET = "the-secret-of-the-desk-0123456789abcdef"  # noqa: S105 - of an app that does not exist
DESK = make.app(
    client_id=ClientId("desk"),
    redirect_uris=(CALLBACK,),
    token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a way
    secret_hash=hashlib.sha256(SECRET.encode()).digest(),
    grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS),
    id_token_signed_response_alg="ES256",  # noqa: S106 - an algorithm
)
NAMES = (
    "refresh",
    "introspection",
    "client credentials",
    "userinfo",
    "authorize to token, signed in",
    "`GET /apps`",
)
_PART = 50_000
_DAY = 24 * 3600 * 1000
_BASIC = base64.b64encode(f"desk:{SECRET}".encode()).decode()
_HEAD = f"content-type: application/x-www-form-urlencoded\r\nauthorization: Basic {_BASIC}\r\n"
_SESSION = (
    *("id", "account_id", "kind", "secret_hash", "evidence", "created_at", "seen_at"),
    *("user_agent", "version"),
)
_GRANT = (
    *("id", "account_id", "client_id", "session_id", "scope", "evidence", "created_at"),
    *("expires_at", "code_hash", "code_expires_at", "code_spent_at", "redirect_uri"),
)
_TOKEN = ("family_hash", "grant_id", "token_hash", "generation", "rotated_at")
Row = tuple[object, ...]
Put = Callable[[str, Sequence[str], list[Row]], Awaitable[None]]


def refresh_token(number: int) -> tuple[str, str]:
    """Return the two halves of the token of this number."""
    return _drawn(f"family {number}"), _drawn(f"own {number}")


def _drawn(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


async def fill(file: Path, tokens: int, put: Put) -> None:
    """Store people, apps, sessions, grants and refresh tokens."""
    await store(file, PEOPLE)
    others = [
        make.app(client_id=ClientId(f"app-{number}"), groups=frozenset({GroupId("others")}))
        for number in range(min(APPS, tokens // 100))
    ]
    async with opened(load_settings(file, os.environ)) as house:
        await house.records.write(
            lambda unit: unit.configuration.put_apps([DESK, *others], "apply")
        )
        people = await house.records.read(lambda unit: unit.people.all_of_source("hr"))
    ids = sorted(each.id for each in people)
    now = time.time_ns() // 1_000_000
    shown = to_json(
        [make.evidence(AuthenticatorType.PASSWORD), make.evidence(AuthenticatorType.TOTP)]
    )
    await put(
        "sessions",
        _SESSION,
        [
            (f"s{at}", id_, "full", lookup_hash(f"s{at}"), shown, now, now, "bench", 0)
            for at, id_ in enumerate(ids)
        ],
    )
    for first in range(0, tokens, _PART):
        numbers = range(first, min(first + _PART, tokens))
        await put("grants", _GRANT, [_grant(number, ids, shown, now) for number in numbers])
        await put("refresh_tokens", _TOKEN, [_token(number, now) for number in numbers])


def _grant(number: int, people: Sequence[str], shown: str, now: int) -> Row:
    at = number % len(people)
    spent = (lookup_hash(f"code {number}"), now, now, CALLBACK)
    return (
        *(f"g{number}", people[at], "desk", f"s{at}", "openid profile email", shown),
        *(now, now + _DAY // 2, *spent),
    )


def _token(number: int, now: int) -> Row:
    family, own = refresh_token(number)
    return (lookup_hash(family), f"g{number}", lookup_hash(own), 0, now)


def into(on: Database) -> Put:
    """Return what writes rows straight into the tables, many at a time."""
    if on.url.startswith("sqlite"):
        return partial(_into_sqlite, on.url.removeprefix("sqlite:///"))
    return partial(_into_postgresql, on.url)


async def _into_sqlite(path: str, name: str, columns: Sequence[str], rows: list[Row]) -> None:
    marks = ", ".join("?" * len(columns))
    with closing(sqlite3.connect(path)) as line, line:
        line.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - names of ours


async def _into_postgresql(url: str, name: str, columns: Sequence[str], rows: list[Row]) -> None:
    line = await asyncpg.connect(url)
    try:
        await line.copy_records_to_table(name, records=rows, columns=list(columns))
    finally:
        await line.close()


def _side(stack: ExitStack, kind: str, tokens: int) -> list[Callable[[], float]]:
    on = stack.enter_context(database(kind))
    file = write_settings(Path(stack.enter_context(tempfile.TemporaryDirectory())), on.url)
    asyncio.run(fill(file, tokens, into(on)))
    on.settle()
    return _acts(stack.enter_context(serving_free(file)), tokens)


def _acts(server: Server, tokens: int) -> list[Callable[[], float]]:
    """Return one measurement for each of `NAMES`."""
    line, numbers = Connection(server.port), _each_once(tokens)
    ours = partial(each, [server.pid])
    held: list[str] = []

    def token(sent: dict[str, str]) -> dict[str, str]:
        answer = line.ask("POST", "/oidc/token", _HEAD, urlencode(sent).encode()).expect(200)
        found: dict[str, str] = json.loads(answer.body)
        return found

    def refresh() -> None:
        brought = "".join(refresh_token(next(numbers)))
        held[:] = [token({"grant_type": "refresh_token", "refresh_token": brought})["access_token"]]

    def introspect() -> None:
        sent = urlencode({"token": held[0]}).encode()
        answer = line.ask("POST", "/oidc/introspect", _HEAD, sent).expect(200)
        if b'"active":true' not in answer.body:
            raise AssertionError(answer.text)

    def userinfo() -> None:
        line.ask("GET", "/oidc/userinfo", f"authorization: Bearer {held[0]}\r\n").expect(200)

    (walker,) = server.visitors(0, 1)
    walker.sign_in()
    return [
        partial(ours, refresh, min(ACTS, tokens // 20)),
        partial(ours, introspect, ACTS),
        partial(ours, lambda: token({"grant_type": "client_credentials"}), ACTS),
        partial(ours, userinfo, ACTS),
        partial(ours, walker.open_another, OPENED),
        partial(ours, lambda: walker.get("/apps").expect(200), OPENED),
    ]


def _each_once(tokens: int) -> Iterator[int]:
    """Name tokens from all over the table, none of them twice: a used one would end its grant."""
    numbers = list(range(tokens))
    random.Random(1).shuffle(numbers)  # noqa: S311 - an order, no secret
    return iter(numbers)


def report(rounds: int = ROUNDS, sizes: tuple[int, int] = (FEW, MANY)) -> str:
    """Measure on both databases and return the table."""
    before, rows = load(), []
    for kind in DATABASES:
        with ExitStack() as stack:
            sides = [_side(stack, kind, tokens) for tokens in sizes]
            acts = [side[number] for number in range(len(NAMES)) for side in sides]
            figures: list[Figure] = in_turn(acts, rounds)
        for name, few, many in zip(NAMES, figures[::2], figures[1::2], strict=True):
            ratio = many.middle / few.middle
            verdict = "goal" if ratio <= ALLOWED else "**missed**"
            rows.append(
                (kind, name, few, few.spread, many, many.spread, f"**{ratio:.2f}**", verdict)
            )
    head = (
        *("", "CPU ms in the server", f"{sizes[0]:,} tokens", "least to most"),
        *(f"{sizes[1]:,} tokens", "least to most", "ratio", "at most 1.20"),
    )
    told = f"Load {before} before, {load()} after; {rounds} rounds."
    return f"{told}\n\n{table(head, rows)}"


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    print(report(given[0] if given else ROUNDS, (given[1], given[2]) if given[1:] else (FEW, MANY)))
