"""A browser as the server sees it: one kept connection, and the seven requests of a sign-in.

It understands just enough of HTTP to be cheap, so that most of a measurement is the server's.
"""

import base64
import hashlib
import html
import json
import re
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from portvakt.core import totp

HOST = "portvakt.region.example"
OUTSIDE = "203.0.113.7"
CALLBACK = "https://shop.region.example/callback"
PASSWORD = "Vinterdäck i augusti"  # noqa: S105 - of people who do not exist
TOTP_SECRET = b"12345678901234567890"
_STEP = 30.0

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
_FORMS = re.compile(r"<form([^>]*)>(.*?)</form>", re.DOTALL)
_REFRESH = re.compile(r'http-equiv="refresh" content="0; ?url=([^"]+)"')
_COMMON = (
    f"host: {HOST}\r\n"
    "x-forwarded-proto: https\r\n"
    "user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
    "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "accept-language: sv-SE,sv;q=0.9,en;q=0.8\r\n"
    "accept-encoding: gzip, deflate, br\r\n"
)
_FORM = "content-type: application/x-www-form-urlencoded\r\n"
_FROM_OUR_PAGE = f"origin: https://{HOST}\r\nsec-fetch-site: same-origin\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    head: str
    body: bytes

    @property
    def location(self) -> str:
        """Where it leads."""
        return self.header("location")

    @property
    def text(self) -> str:
        """The page."""
        return self.body.decode()

    def header(self, name: str) -> str:
        """Return one header, or nothing."""
        found = re.search(rf"^{name}: (.*)\r$", self.head, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""

    def expect(self, status: int) -> "Answer":
        """Raise unless the answer is the one that the measurement is of."""
        if self.status != status:
            raise AssertionError(f"{self.status} for {status}: {self.head}\n{self.text[:2000]}")
        return self


def written(
    method: str, path: str, headers: str = "", body: bytes = b"", address: str = OUTSIDE
) -> bytes:
    """Write a request as it comes by way of the proxy."""
    length = f"content-length: {len(body)}\r\n" if method == "POST" else ""
    come = f"x-forwarded-for: {address}\r\n"
    head = f"{method} {path} HTTP/1.1\r\n{_COMMON}{come}{headers}{length}\r\n"
    return head.encode("latin-1") + body


class Connection:
    """One connection to a server of ours, kept open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._rest = b""

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        """Return the connection, a new one where the server has grown tired of waiting."""
        if self._socket is not None and _hung_up(self._socket):
            self.close()
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def ask(
        self,
        method: str,
        path: str,
        headers: str = "",
        body: bytes = b"",
        address: str = OUTSIDE,
    ) -> Answer:
        """Send one request by way of the proxy, and wait for its answer."""
        line = self._open()
        line.sendall(written(method, path, headers, body, address))
        while (end := self._rest.find(b"\r\n\r\n")) < 0:
            self._more(line)
        start, size = self._rest[: end + 2].decode("latin-1"), 0
        if (found := re.search(r"\r\ncontent-length: (\d+)", start, re.IGNORECASE)) is not None:
            size = int(found[1])
        while len(self._rest) < end + 4 + size:
            self._more(line)
        content = self._rest[end + 4 : end + 4 + size]
        self._rest = self._rest[end + 4 + size :]
        return Answer(int(start[9:12]), start, content)

    def _more(self, line: socket.socket) -> None:
        got = line.recv(65_536)
        if not got:
            raise ConnectionError("the server hung up")
        self._rest += got


def _hung_up(line: socket.socket) -> bool:
    try:
        return not line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False


@dataclass(slots=True)
class Visitor:
    """One person in one browser, who signs in again and again."""

    connection: Connection
    name: str
    cookies: dict[str, str] = field(default_factory=dict)
    last: Answer = field(default_factory=lambda: Answer(0, "", b""))
    last_step: int = 0
    path: str = ""
    app: str = "shop"
    address: str = OUTSIDE
    verifier: str = ""
    code: str = ""

    def get(self, path: str) -> Answer:
        """Open an address."""
        return self._ask("GET", path)

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """Send a form of the page that is shown."""
        return self._ask("POST", path, _FORM + _FROM_OUR_PAGE, self._filled_in(path, fields))

    def written_post(self, path: str, fields: Mapping[str, str]) -> bytes:
        """Write the same request for somebody else to send."""
        headers = _FORM + _FROM_OUR_PAGE + self._cookies()
        return written("POST", path, headers, self._filled_in(path, fields), self.address)

    def _filled_in(self, path: str, fields: Mapping[str, str]) -> bytes:
        hidden = {
            name: html.unescape(value)
            for attributes, inner in _FORMS.findall(self.last.text)
            if "action=" not in attributes or f'action="{path}"' in attributes
            for name, value in _HIDDEN.findall(inner)
        }
        return urlencode({**hidden, **fields}).encode()

    def _cookies(self) -> str:
        said = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return f"cookie: {said}\r\n" if said else ""

    def _ask(self, method: str, path: str, headers: str = "", body: bytes = b"") -> Answer:
        headers += self._cookies()
        return self.took(self.connection.ask(method, path, headers, body, self.address))

    def took(self, answer: Answer) -> Answer:
        """Take what the server says, wherever it came in."""
        self.last = answer
        for name, value in re.findall(r"set-cookie: ([^=]+)=([^;\r]*)", answer.head):
            self.cookies[name] = value
        return answer

    # The seven requests, each of which needs the one before it.

    def open_app(self) -> None:
        """Be sent here by an app, with nobody signed in."""
        self.cookies.pop("__Host-session", None)
        self.get(self._authorize()).expect(303)

    def see_start(self) -> None:
        """See the page for name and password."""
        self.get(self.last.location).expect(200)

    def give_password(self) -> None:
        """Send name and password."""
        self.post("/sign-in", {"name": self.name, "password": PASSWORD}).expect(303)

    def see_code(self) -> None:
        """See the page for the code."""
        self.path = self.last.location
        self.get(self.path).expect(200)

    def give_code(self) -> None:
        """Send the code of the app."""
        self.post(self.path, {"code": self._app_code()}).expect(200)

    def go_on(self) -> None:
        """Follow the page that goes on by itself, and get a code for the app."""
        found = _REFRESH.search(self.last.text)
        if found is None:
            raise AssertionError(self.last.text)
        self.get(html.unescape(found[1])).expect(303)
        self._took_code()

    def trade(self) -> Answer:
        """Have the app trade the code for tokens."""
        sent = {
            "grant_type": "authorization_code",
            "client_id": self.app,
            "code": self.code,
            "code_verifier": self.verifier,
            "redirect_uri": CALLBACK,
        }
        body = urlencode(sent).encode()
        return self.connection.ask("POST", "/oidc/token", _FORM, body).expect(200)

    def sign_in(self) -> None:
        """Do all of it."""
        for step in STEPS:
            step(self)

    def open_another(self) -> str:
        """Open an app in the session that stands; return the access token."""
        self.get(self._authorize()).expect(303)
        self._took_code()
        token: str = json.loads(self.trade().body)["access_token"]
        return token

    def _took_code(self) -> None:
        self.code = parse_qs(urlsplit(self.last.location).query)["code"][0]

    def _authorize(self) -> str:
        self.verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self.app,
            "redirect_uri": CALLBACK,
            "scope": "openid profile email",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return "/oidc/authorize?" + urlencode(asked)

    def _app_code(self) -> str:
        """Return a code that counts now and was not used; one step early or late is taken."""
        step = max(self.last_step + 1, int(time.time() / _STEP) - 1)
        if step > time.time() / _STEP + 1:
            time.sleep((step - 1) * _STEP - time.time() + 0.01)
        self.last_step = step
        return totp.code_at(TOTP_SECRET, step)


STEPS = (
    Visitor.open_app,
    Visitor.see_start,
    Visitor.give_password,
    Visitor.see_code,
    Visitor.give_code,
    Visitor.go_on,
    Visitor.trade,
)
NAMES: Sequence[str] = (
    "GET /oidc/authorize, nobody signed in",
    "GET /sign-in",
    "POST /sign-in (the password)",
    "GET /sign-in/{flow}",
    "POST /sign-in/{flow} (the code)",
    "GET /oidc/authorize, signed in",
    "POST /oidc/token",
)
