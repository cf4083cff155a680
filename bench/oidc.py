"""What OpenID Connect costs: CPU of the server's process, beside the bare primitives, in one run.

`npm ci` in `bench/peers/oidc_provider` puts that peer into the same run.
`.venv/bin/python -m bench.oidc` measures on SQLite, `--postgresql` on a server that it starts, and
`--database-url` on any empty database. The client speaks to a real server over one kept connection;
CPU is user and system time of the server's process over many operations after a warm-up. Figures
are medians of the rounds, with the least and the most beside them.
"""

import argparse
import asyncio
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import structlog
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.app_calls import REDIRECT, SECRET, Caller, Server, free_port, peer, wait_for
from portvakt.app import build, opened
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
ROUNDS, OPERATIONS, WARM_UP = 5, 1000, 200
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
    session: Session = make.session(
        id=random.id(), account_id=who.id, created_at=now, seen_at=now, user_agent="bench"
    )
    shop = make.app(
        redirect_uris=(REDIRECT,),
        id_token_signed_response_alg=ALGORITHM,
        token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - a way
        secret_hash=lookup_hash(SECRET),
        grant_types=("authorization_code", "refresh_token", "client_credentials"),
        scope=("openid", "profile", "email", "offline_access", "invoices:read"),
    )
    async with opened(chosen) as house:
        product = World(house, Clock(now))
        await product.person(who, password=None)
        wiki = make.app(client_id="wiki", redirect_uris=(), forward_auth_hosts=("wiki.example",))
        await product.configure(apps=[shop, wiki])
        await house.records.write(lambda unit: unit.sessions.open(session, lookup_hash(secret)))
    return f"__Host-session={session.id}.{secret}"


@contextmanager
def server(folder: Path, database_url: str) -> Iterator[Server]:
    """Start the product in a process of its own."""
    port = free_port()
    migrate(database_url, lambda _line: None)
    cookie = asyncio.run(prepare(settings(folder, port, database_url)))
    command = [sys.executable, "-m", "bench.oidc", "--serve", str(folder), str(port), database_url]
    running = subprocess.Popen(command)
    try:
        wait_for(port)
        yield Server(running.pid, port, cookie)
    finally:
        running.terminate()
        running.wait()


def measured(at: Server, act: Callable[[], object]) -> list[float]:
    """Return CPU per operation in each round, in milliseconds."""
    for _ in range(WARM_UP):
        act()
    rounds = []
    for _ in range(ROUNDS):
        before = at.cpu()
        for _ in range(OPERATIONS):
            act()
        rounds.append((at.cpu() - before) / OPERATIONS)
    return rounds


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


def acts_at(at: Server) -> dict[str, Callable[[], object]]:
    """Return what is measured, by its name."""
    caller, paths = Caller(at), at.paths
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


def report(at: Server, *, postgresql: bool, peer: Server | None) -> None:
    """Measure everything, each beside the peer where there is one, and print one table.

    Introspection and userinfo are asked about one token again and again, as by a gateway.
    """
    floor, load, guarded = primitives(), os.getloadavg()[0], Caller(at)
    cookie = guarded.enter()
    acts = acts_at(at) | {"forward-auth check": lambda: guarded.check(cookie)}
    peers = {} if peer is None else acts_at(peer)
    print(f"{'PostgreSQL' if postgresql else 'SQLite'}; load beside it {load:.1f}")
    print("| operation | CPU ms | least to most | bare primitive | times | goal | oidc-provider |")
    print("|---|---|---|---|---|---|---|")
    for name, act in acts.items():
        rounds = measured(at, act)
        middle, goal = statistics.median(rounds), GOALS.get(name, (None, None))[postgresql]
        beside = ""
        if peer is not None and name in peers:
            beside = f"{statistics.median(measured(peer, peers[name])):.3f}"
        times = f"{floor[name]:.3f} | {middle / floor[name]:.0f}" if name in floor else " | "
        print(
            f"| {name} | {middle:.3f} | {min(rounds):.3f} to {max(rounds):.3f} "
            f"| {times} | {goal or ''} | {beside} |"
        )


def serve(folder: Path, port: int, database_url: str) -> None:
    """Be the server that is measured."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    options = {**UVICORN_OPTIONS, "log_level": "error"}
    app = build(settings(folder, port, database_url))
    uvicorn.run(app, host="127.0.0.1", port=port, **options)  # type: ignore[arg-type]  # plain dict


def main() -> None:
    """Measure, or be what is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database-url")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--serve", nargs=3, metavar=("FOLDER", "PORT", "URL"))
    chosen = parser.parse_args()
    if chosen.serve:
        serve(Path(chosen.serve[0]), int(chosen.serve[1]), chosen.serve[2])
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if chosen.postgresql:
            folder.chmod(0o755)  # the server runs as another user
            postgres = prepared(lambda _: None)
            try:
                url = postgres.url(postgres.fresh("template1"))
                with server(folder, url) as at, peer() as beside:
                    report(at, postgresql=True, peer=beside)
            finally:
                postgres.remove()
        else:
            url = chosen.database_url or f"sqlite:///{folder}/bench.db"
            with server(folder, url) as at, peer() as beside:
                report(at, postgresql=url.startswith("postgres"), peer=beside)


if __name__ == "__main__":
    main()
