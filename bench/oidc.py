"""What OpenID Connect costs: CPU of the server's process, beside the bare primitives, in one run.

`.venv/bin/python -m bench.oidc` measures on SQLite, `--postgresql` on a server that it starts, and
`--database-url` on any empty database. The client speaks to a real server over one kept connection;
CPU is user and system time of the server's process over many operations after a warm-up. Figures
are medians of the rounds, with the least and the most beside them.
"""

import argparse
import asyncio
import base64
import hashlib
import http.client
import json
import logging
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import structlog
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

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

REDIRECT = "http://localhost:8003/callback"
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
SECRET = "a-long-random-secret-of-the-bench-0123456789"  # noqa: S105 - of an app that does not exist
BASIC = f"Basic {base64.b64encode(f'shop:{SECRET}'.encode()).decode()}"
GUARDED = {
    "x-forwarded-for": "192.0.2.7",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "wiki.example",
    "x-forwarded-method": "GET",
    "x-forwarded-uri": "/",
    "sec-fetch-mode": "cors",
}
"""What the proxy of an app says of a request."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and the cookie of somebody who is signed in there."""

    pid: int
    port: int
    cookie: str

    def cpu(self) -> float:
        """CPU so far, in milliseconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = (int(field) for field in fields.split()[11:13])
        return (user + system) * 1000 / os.sysconf("SC_CLK_TCK")


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


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def server(folder: Path, database_url: str) -> Iterator[Server]:
    """Start the product in a process of its own."""
    port = free_port()
    migrate(database_url, lambda _line: None)
    cookie = asyncio.run(prepare(settings(folder, port, database_url)))
    command = [sys.executable, "-m", "bench.oidc", "--serve", str(folder), str(port), database_url]
    running = subprocess.Popen(command)
    try:
        _wait(port)
        yield Server(running.pid, port, cookie)
    finally:
        running.terminate()
        running.wait()


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("localhost", port)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise TimeoutError("the server did not start")


class Caller:
    """One kept connection to the server."""

    def __init__(self, at: Server) -> None:
        self._at = at
        self._connection = http.client.HTTPConnection("localhost", at.port)

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask for a page."""
        return self._ask("GET", path, None, headers)

    def post(self, path: str, sent: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a form."""
        headers = {"content-type": "application/x-www-form-urlencoded", "authorization": BASIC}
        return self._ask("POST", path, urlencode(sent), headers)

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        return response, response.read()

    def authorize(self) -> tuple[str, str]:
        """Open the app with a live session; return code and verifier."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": "shop",
            "redirect_uri": REDIRECT,
            "scope": "openid profile email offline_access",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        response, _ = self.get(f"/oidc/authorize?{urlencode(asked)}", cookie=self._at.cookie)
        answer = parse_qs(urlsplit(response.headers["location"]).query)
        return answer["code"][0], verifier

    def ask(self, path: str, **sent: str) -> dict[str, Any]:
        """Send a form as the app, and return what it gets."""
        response, body = self.post(path, sent)
        if response.status != 200:
            raise AssertionError(body)
        found: dict[str, Any] = json.loads(body)
        return found

    def refreshing(self) -> Callable[[], None]:
        """Return what refreshes one family again and again."""
        held = [self.tokens()["refresh_token"]]

        def refresh() -> None:
            sent = {"grant_type": "refresh_token", "refresh_token": held[0]}
            held[0] = self.ask("/oidc/token", **sent)["refresh_token"]

        return refresh

    def tokens(self) -> dict[str, Any]:
        """Open the app and trade the code."""
        code, verifier = self.authorize()
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": REDIRECT,
        }
        return self.ask("/oidc/token", **sent)

    def enter(self) -> str:
        """Open the guarded app as a browser does; return its cookies at that host."""
        began, _ = self.get("/.portvakt/start?to=%2F", **GUARDED)
        binding = str(began.headers["set-cookie"]).partition(";")[0]
        home = urlsplit(str(began.headers["location"]))
        given, _ = self.get(f"{home.path}?{home.query}", cookie=self._at.cookie)
        ticket = urlsplit(str(given.headers["location"]))
        traded, _ = self.get(f"{ticket.path}?{ticket.query}", cookie=binding, **GUARDED)
        return str(traded.headers["set-cookie"]).partition(";")[0]

    def check(self, cookie: str) -> None:
        """Ask whether a request to the app may go on, as its proxy does."""
        response, _ = self.get("/.portvakt/check", cookie=cookie, **GUARDED)
        if response.status != 200:
            raise AssertionError(response.status)


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


def report(at: Server, *, postgresql: bool) -> None:
    """Measure everything and print one table."""
    caller, floor = Caller(at), primitives()
    token = caller.tokens()["access_token"]
    own = {"grant_type": "client_credentials"}
    cookie = caller.enter()
    acts: dict[str, Callable[[], object]] = {
        "discovery": lambda: caller.get("/.well-known/openid-configuration"),
        "keys": lambda: caller.get("/oidc/jwks"),
        "authorize": caller.authorize,
        "authorize to token": caller.tokens,
        "refresh": caller.refreshing(),
        "client credentials": lambda: caller.ask("/oidc/token", **own),
        "introspection": lambda: caller.ask("/oidc/introspect", token=token),
        "userinfo": lambda: caller.get("/oidc/userinfo", authorization=f"Bearer {token}"),
        "forward-auth check": lambda: caller.check(cookie),
    }
    load = os.getloadavg()[0]
    print(f"{'PostgreSQL' if postgresql else 'SQLite'}; load beside it {load:.1f}")
    print("| operation | CPU ms | least to most | bare primitive | goal |")
    print("|---|---|---|---|---|")
    for name, act in acts.items():
        rounds = measured(at, act)
        goal = GOALS[name][postgresql] if name in GOALS else None
        print(
            f"| {name} | {statistics.median(rounds):.3f} | {min(rounds):.3f} to {max(rounds):.3f} "
            f"| {f'{floor[name]:.3f}' if name in floor else ''} | {goal or ''} |"
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
                with server(folder, url) as at:
                    report(at, postgresql=True)
            finally:
                postgres.remove()
        else:
            url = chosen.database_url or f"sqlite:///{folder}/bench.db"
            with server(folder, url) as at:
                report(at, postgresql=url.startswith("postgres"))


if __name__ == "__main__":
    main()
