"""An app's calls to a server that is measured: ours, or a peer's, over one kept connection.

The peer is oidc-provider; `npm ci` in `bench/peers/oidc_provider` puts it there.
"""

import base64
import hashlib
import http.client
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

REDIRECT = "http://localhost:8003/callback"
SECRET = "a-long-random-secret-of-the-bench-0123456789"  # noqa: S105 - of an app that does not exist
SIGNED, OPAQUE = "shop", "shut-shop"
"""Two apps that differ in one thing: whether their access tokens can be read."""
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
class Paths:
    """Where a server does what: ours, or a peer."""

    discovery: str = "/.well-known/openid-configuration"
    keys: str = "/oidc/jwks"
    authorize: str = "/oidc/authorize"
    token: str = "/oidc/token"  # noqa: S105 - a path
    introspection: str = "/oidc/introspect"
    userinfo: str = "/oidc/userinfo"


OURS = Paths()


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and the cookie of somebody who is signed in there."""

    pid: int
    port: int
    cookie: str
    paths: Paths = OURS

    def cpu(self) -> float:
        """CPU so far, in milliseconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = (int(field) for field in fields.split()[11:13])
        return (user + system) * 1000 / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def wait_for(port: int, path: str = "/healthz") -> None:
    """Return when a server answers there. Raises `TimeoutError` after ten seconds."""
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("localhost", port)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise TimeoutError("the server did not start")


PEER = Path(__file__).parent / "peers" / "oidc_provider"
AT_PEER = Paths(
    keys="/jwks",
    authorize="/auth",
    token="/token",  # noqa: S106 - a path
    introspection="/token/introspection",
    userinfo="/me",
)


@contextmanager
def peer() -> Iterator[Server | None]:
    """Start the peer, if `npm ci` was run in its folder, and sign somebody in there."""
    if not (PEER / "node_modules").is_dir():
        yield None
        return
    port = free_port()
    command = ["node", str(PEER / "server.mjs"), str(port), REDIRECT, SECRET]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, AT_PEER.discovery)
        fresh = Server(running.pid, port, "", AT_PEER)
        yield Server(running.pid, port, Caller(fresh).signed_in(), AT_PEER)
    finally:
        running.terminate()
        running.wait()


class Caller:
    """One app's kept connection to the server."""

    def __init__(self, at: Server, app: str = SIGNED) -> None:
        self._at, self.paths, self._app = at, at.paths, app
        self._basic = f"Basic {base64.b64encode(f'{app}:{SECRET}'.encode()).decode()}"
        self._connection = http.client.HTTPConnection("localhost", at.port)

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask for a page."""
        return self._ask("GET", path, None, headers)

    def post(self, path: str, sent: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        """Send a form."""
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "authorization": self._basic,
        }
        return self._ask("POST", path, urlencode(sent), headers)

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, bytes]:
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):
            self._connection.close()  # it was idle while another server was measured
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
        return response, response.read()

    def signed_in(self) -> str:
        """Follow the peer through its own sign-in, and return the cookies that came of it."""
        cookies: dict[str, str] = {}
        address, _ = self._address()
        while not address.startswith(REDIRECT):
            said = "; ".join(f"{name}={value}" for name, value in cookies.items())
            response, _ = self.get(address, cookie=said)
            for each in response.headers.get_all("set-cookie", []):
                name, _, value = each.partition(";")[0].partition("=")
                cookies[name] = value
            address = response.headers["location"].removeprefix(f"http://localhost:{self._at.port}")
        return "; ".join(f"{name}={value}" for name, value in cookies.items() if value)

    def authorize(self) -> tuple[str, str]:
        """Open the app with a live session; return code and verifier."""
        address, verifier = self._address()
        response, _ = self.get(address, cookie=self._at.cookie)
        answer = parse_qs(urlsplit(response.headers["location"]).query)
        return answer["code"][0], verifier

    def _address(self) -> tuple[str, str]:
        """Return where the app sends a browser, and the verifier of it."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self._app,
            "redirect_uri": REDIRECT,
            "scope": "openid profile email offline_access",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.paths.authorize}?{urlencode(asked)}", verifier

    def ask(self, path: str, **sent: str) -> dict[str, Any]:
        """Send a form as the app, and return what it gets."""
        response, body = self.post(path, sent)
        if response.status != 200:
            raise AssertionError(body)
        found: dict[str, Any] = json.loads(body)
        return found

    def who(self, token: str) -> None:
        """Ask whose a token is."""
        response, body = self.get(self.paths.userinfo, authorization=f"Bearer {token}")
        if response.status != 200:
            raise AssertionError(body)

    def refreshing(self) -> Callable[[], None]:
        """Return what refreshes one family again and again."""
        held = [self.tokens()["refresh_token"]]

        def refresh() -> None:
            sent = {"grant_type": "refresh_token", "refresh_token": held[0]}
            held[0] = self.ask(self.paths.token, **sent)["refresh_token"]

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
        return self.ask(self.paths.token, **sent)

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
