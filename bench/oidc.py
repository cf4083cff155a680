"""What OpenID Connect costs: CPU of the server's process, beside the bare primitives, in one run.

`npm ci` in `bench/peers/oidc_provider` puts that peer into the same run, whose access tokens are
opaque; so ours are measured in both forms. Neither server writes log lines, but with `--log` ours
writes one for each request, as `serve` does.

`.venv/bin/python -m bench.oidc` measures on SQLite, `--postgresql` on a server that it starts, and
`--database-url` on any empty database. The client speaks to real servers over one kept connection
each, in turn: a round of one, then a round of the next. CPU is user and system time of the server's
process over many operations after a warm-up. Figures are medians of the rounds, with the least and
the most beside them.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.app_calls import (
    OPAQUE,
    REDIRECT,
    SECRET,
    SIGNED,
    Caller,
    Server,
    free_port,
    peer,
    wait_for,
)
from bench.house import serving_bare
from portvakt import log
from portvakt.app import build, opened
from portvakt.commands.opening import leave_what_is_loaded
from portvakt.core.sessions import Session
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import make_master_key_file
from portvakt.records.migrate import migrate
from portvakt.settings import Settings
from portvakt.settings.structs import Keys, Log, Proxies
from portvakt.web.server import UVICORN_OPTIONS
from tests import make
from tests.servers.postgres import prepared
from tests.world import Clock, World

ALGORITHM = "ES256"
ROUNDS, OPERATIONS, WARM_UP = 5, 1000, 500
GOALS = {  # ms of CPU: SQLite, PostgreSQL
    "discovery": (0.1, 0.1),
    "keys": (0.1, 0.1),
    "authorize to token": (4.0, 4.0),
    "refresh": (None, 1.5),
    "introspection": (0.3, 0.6),
    "userinfo": (0.3, 0.6),
    "forward-auth check": (0.3, 0.6),
}


def settings(folder: Path, port: int, database_url: str) -> Settings:
    """Return settings for a server on this port."""
    key = folder / "master.key"
    if not key.exists():
        make_master_key_file(key)
    return Settings(
        public_url=f"http://localhost:{port}",
        database_url=database_url,
        keys=Keys(master_file=str(key)),
        log=Log(level="error"),
        proxies=Proxies(trusted=("127.0.0.1/32",)),
    )


async def prepare(chosen: Settings) -> str:
    """Store a person who is signed in, an app and the keys; return the session's cookie."""
    random, secret = SystemRandom(), SystemRandom().secret()
    now = datetime.now(UTC)
    who = make.account(id=random.id(), created_at=now)
    methods = [make.bound(each, account_id=who.id) for each in (make.PASSWORD, make.TOTP)]
    session: Session = make.session(
        id=random.id(),
        account_id=who.id,
        evidence=tuple(make.evidence(each, now) for each in methods),
        created_at=now,
        seen_at=now,
        user_agent="bench",
    )
    shops = [
        make.app(
            client_id=name,
            access_token="opaque" if name == OPAQUE else "jwt",
            redirect_uris=(REDIRECT,),
            id_token_signed_response_alg=ALGORITHM,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - a way
            secret_hash=lookup_hash(SECRET),
            grant_types=("authorization_code", "refresh_token", "client_credentials"),
            scope=("openid", "profile", "email", "offline_access", "invoices:read"),
        )
        for name in (SIGNED, OPAQUE)
    ]
    async with opened(chosen) as house:
        product = World(house, Clock(now))
        await product.person(who, password=None, bound=methods)
        wiki = make.app(client_id="wiki", redirect_uris=(), forward_auth_hosts=("wiki.example",))
        await product.configure(apps=[*shops, wiki])
        await house.records.write(lambda unit: unit.sessions.open(session, lookup_hash(secret)))
    return f"__Host-session={session.id}.{secret}"


@contextmanager
def server(folder: Path, database_url: str, *, logged: bool) -> Iterator[Server]:
    """Start the product in a process of its own."""
    port = free_port()
    migrate(database_url, lambda _line: None)
    cookie = asyncio.run(prepare(settings(folder, port, database_url)))
    command = [sys.executable, "-m", "bench.oidc", "--serve", str(folder), str(port), database_url]
    with (folder / "log").open("wb") as said:
        running = subprocess.Popen([*command, *(["--log"] if logged else [])], stderr=said)
    try:
        wait_for(port)
        yield Server(running.pid, port, cookie)
    finally:
        running.terminate()
        running.wait()


Side = tuple[Server, Callable[[], object]]
"""Where something is done, and what."""


def measured(sides: list[Side]) -> list[list[float]]:
    """Return, for each side, CPU per operation in each round, in milliseconds."""
    for _, act in sides:
        for _ in range(WARM_UP):
            act()
    found: list[list[float]] = [[] for _ in sides]
    for _ in range(ROUNDS):
        for (at, act), rounds in zip(sides, found, strict=True):
            before = at.cpu()
            for _ in range(OPERATIONS):
                act()
            rounds.append((at.cpu() - before) / OPERATIONS)
    return found


def bare(act: Callable[[], object], times: int = 2000) -> float:
    """Return CPU of a primitive in this process, in milliseconds."""
    act()
    before = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - before) * 1000 / times


def primitives() -> dict[str, float]:
    """Measure what cannot be avoided: two signatures for tokens, one check for userinfo."""
    key, data = ec.generate_private_key(ec.SECP256R1()), b"x" * 400
    signature, public = key.sign(data, ec.ECDSA(SHA256())), key.public_key()

    def sign_twice() -> None:
        key.sign(data, ec.ECDSA(SHA256()))
        key.sign(data, ec.ECDSA(SHA256()))

    return {
        "authorize to token": bare(sign_twice),
        "refresh": bare(sign_twice),
        "client credentials": bare(lambda: key.sign(data, ec.ECDSA(SHA256()))),
        "introspection": bare(lambda: public.verify(signature, data, ec.ECDSA(SHA256()))),
        "forward-auth check": bare(lambda: key.sign(data, ec.ECDSA(SHA256()))),
        "userinfo": bare(lambda: public.verify(signature, data, ec.ECDSA(SHA256()))),
    }


def acts_at(at: Server, app: str = SIGNED) -> dict[str, Callable[[], object]]:
    """Return what is measured, by its name."""
    caller, paths = Caller(at, app), at.paths
    token = cache(lambda: str(caller.tokens()["access_token"]))  # it lives five minutes
    own = {"grant_type": "client_credentials"}
    return {
        "discovery": lambda: caller.get(paths.discovery),
        "keys": lambda: caller.get(paths.keys),
        "authorize": caller.authorize,
        "authorize to token": caller.tokens,
        "refresh": caller.refreshing(),
        "client credentials": lambda: caller.ask(paths.token, **own),
        "introspection": lambda: caller.ask(paths.introspection, token=token()),
        "userinfo": lambda: caller.who(token()),
    }


WITH_TOKENS = {"authorize to token", "refresh", "client credentials", "introspection", "userinfo"}


def report(at: Server, beside: Server | None, bare_server: Server, *, postgresql: bool) -> None:
    """Measure everything, each beside the peer where there is one, and print one table.

    Introspection and userinfo are asked about one token again and again, as by a gateway.
    """
    floor, load, guarded, nothing = (
        primitives(),
        os.getloadavg()[0],
        Caller(at),
        Caller(bare_server),
    )
    cookie = guarded.enter()
    ours = acts_at(at) | {"forward-auth check": lambda: guarded.check(cookie)}
    opaque, theirs = acts_at(at, OPAQUE), {} if beside is None else acts_at(beside)
    print(f"{'PostgreSQL' if postgresql else 'SQLite'}; load beside it {load:.1f}")
    print("| CPU ms | signed | least to most | opaque | oidc-provider | goal | bare primitive |")
    print("|---|---|---|---|---|---|---|")
    show("a bare ASGI answer", [measured([(bare_server, lambda: nothing.get("/"))])[0], [], []])
    for name, act in ours.items():
        sides: list[Side | None] = [
            (at, act),
            (at, opaque[name]) if name in WITH_TOKENS else None,
            None if beside is None or name not in theirs else (beside, theirs[name]),
        ]
        rounds = iter(measured([side for side in sides if side is not None]))
        found = [[] if side is None else next(rounds) for side in sides]
        goal = GOALS.get(name, (None, None))[postgresql]
        show(name, found, f"{goal or ''} | {f'{floor[name]:.3f}' if name in floor else ''}")


def show(name: str, found: list[list[float]], rest: str = " | ") -> None:
    """Print one row."""
    middles = [f"{statistics.median(rounds):.3f}" if rounds else "" for rounds in found]
    spread = f"{min(found[0]):.3f} to {max(found[0]):.3f}"
    print(
        f"| {name} | {middles[0]} | {spread} | {middles[1]} | {middles[2]} | {rest} |", flush=True
    )


def serve(folder: Path, port: int, database_url: str, *, logged: bool) -> None:
    """Be the server that is measured."""
    log.configure("json", "info" if logged else "error")
    options = {**UVICORN_OPTIONS, "log_level": "error"}
    app = build(settings(folder, port, database_url))
    leave_what_is_loaded()  # as `serve` does
    uvicorn.run(app, host="127.0.0.1", port=port, **options)  # type: ignore[arg-type]  # plain dict


def main() -> None:
    """Measure, or be what is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--log", action="store_true", help="write a line for each request of ours")
    parser.add_argument("--serve", nargs=3, metavar=("FOLDER", "PORT", "URL"))
    chosen = parser.parse_args()
    if chosen.serve:
        folder, port, url = chosen.serve
        serve(Path(folder), int(port), url, logged=chosen.log)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = chosen.database_url or f"sqlite:///{folder}/bench.db"
        if chosen.postgresql:
            folder.chmod(0o755)  # the server runs as another user
            postgres = prepared(lambda _: None)
            stack.callback(postgres.remove)
            url = postgres.url(postgres.fresh("template1"))
        at = stack.enter_context(server(folder, url, logged=chosen.log))
        beside, bare_server = stack.enter_context(peer()), stack.enter_context(serving_bare())
        of_house = Server(bare_server.pid, bare_server.port, "")
        report(at, beside, of_house, postgresql=url.startswith("postgres"))


if __name__ == "__main__":
    main()
