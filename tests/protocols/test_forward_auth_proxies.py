"""nginx, Apache and Caddy, each with its recipe from the manual, and a real app behind."""

import re
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from portvakt.core.ids import NetworkId
from portvakt.core.policy import Network, Require
from tests import make
from tests.bad_days.processes import PATIENCE
from tests.protocols.behind_proxies import Service, Started, configure, proxy, service
from tests.protocols.guarded import DATA, PAGE
from tests.protocols.plain_browser import Browser, is_known

PROXIES = ("nginx", "apache", "caddy")
FORGED = [
    ("Remote-User", "root"),
    ("remote-user", "root2"),
    ("REMOTE_USER", "root3"),
    ("Remote_User", "root4"),
    ("Remote-Groups", "admins"),
    ("Remote-Name", "Root"),
    ("Remote-Email", "root@evil.example"),
    ("Remote-Assertion", "a.b.c"),
    ("Remote-Anything", "else"),
]


@pytest.fixture(scope="module")
def running(migrated_file: Path) -> Iterator[Service]:
    with TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)  # a proxy that has given up root must still read its files
        database = folder / "portvakt.db"
        database.write_bytes(migrated_file.read_bytes())
        with service(folder, f"sqlite:///{database}") as started:
            yield started


@pytest.fixture(scope="module", params=PROXIES)
def at(request: pytest.FixtureRequest, running: Service) -> Iterator[Started]:
    with proxy(running, request.param) as started:
        configure(running, [started.host])
        is_known(started)
        yield started


@pytest.fixture
def browser(at: Started) -> Iterator[Browser]:
    at.service.app.seen.clear()
    one = Browser(at.service)
    yield one
    one.close()


def test_a_person_signs_in_and_the_app_is_told_who_it_is(at: Started, browser: Browser) -> None:
    page = browser.sign_in(at, "/pages/V%C3%A5rd?q=1&x=%2F")
    assert page.status_code == 200, page.text
    told = {name.lower(): value for name, value in page.json()["headers"]}
    assert page.json()["path"] == "/pages/Vård"
    assert told["remote-user"] == "anna.berg"
    assert told["remote-name"] == "Anna Berg"
    assert told["remote-email"] == "anna.berg@region.example"
    assert told["remote-groups"] == "alla"
    assert told["remote-assertion"].count(".") == 2
    assert len(at.service.app.seen) == 1, "the app saw nothing before"
    for headers in (DATA, PAGE):
        assert browser.send(at.origin + "/data", headers=headers.items()).status_code == 200
    post = browser.send(at.origin + "/form", "POST", DATA.items(), content=b"x=1")
    assert post.json()["method"] == "POST"


@pytest.fixture(scope="module")
def inside(at: Started) -> Iterator[Browser]:
    """A browser that is signed in at the app."""
    one = Browser(at.service)
    assert one.sign_in(at).status_code == 200
    yield one
    one.close()


def told(page: httpx.Response, name: str) -> list[str]:
    """What the app got under a name, however it is written."""
    headers: list[list[str]] = page.json()["headers"]
    return [value for each, value in headers if each.lower().replace("_", "-") == name]


def test_forged_headers_never_reach_the_app(at: Started, inside: Browser) -> None:
    page = inside.send(at.origin + "/", headers=[*DATA.items(), *FORGED])
    assert page.status_code == 200
    assert told(page, "remote-user") == ["anna.berg"]
    assert told(page, "remote-groups") == ["alla"]
    assert told(page, "remote-name") == ["Anna Berg"]
    assert told(page, "remote-email") == ["anna.berg@region.example"]
    assert len(told(page, "remote-assertion")) == 1
    assert told(page, "remote-assertion") != ["a.b.c"]
    assert "root" not in page.text.lower()


@pytest.mark.parametrize("forged", FORGED, ids=[name for name, _ in FORGED])
def test_a_forged_header_alone_lets_nobody_in(
    at: Started, browser: Browser, forged: tuple[str, str]
) -> None:
    answer = browser.send(at.origin + "/", headers=[*DATA.items(), forged])
    assert answer.status_code == 401
    assert at.service.app.seen == []


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", PAGE),
        ("PUT", PAGE),
        ("DELETE", PAGE),
        ("OPTIONS", PAGE),
        ("HEAD", PAGE),
        ("PROPFIND", PAGE),
        ("GET", DATA),
        ("GET", {"sec-fetch-mode": "websocket", "upgrade": "websocket", "connection": "upgrade"}),
        ("POST", PAGE | {"x-forwarded-method": "GET"}),
        ("POST", PAGE | {"x-http-method-override": "GET"}),
        ("GET", DATA | {"x-forwarded-method": "GET", "x-forwarded-uri": "/.portvakt/start"}),
    ],
)
def test_who_does_not_move_to_a_page_gets_401_and_no_redirect(
    at: Started, browser: Browser, method: str, headers: dict[str, str]
) -> None:
    answer = browser.send(at.origin + "/x", method, headers.items())
    assert answer.status_code == 401
    assert "location" not in answer.headers
    assert at.service.app.seen == []


def test_a_person_comes_back_to_the_page_and_not_where_a_header_says(
    at: Started, browser: Browser
) -> None:
    lies = {
        "x-forwarded-uri": "/evil",
        "x-forwarded-host": "evil.example",
        "x-original-url": "/evil",
        "x-rewrite-url": "/evil",
        "forwarded": "host=evil.example;proto=http",
    }
    answer = browser.send(at.origin + "/a%20b?c=d", headers=(PAGE | lies).items())
    assert answer.status_code == 302
    begins = f"{at.origin}/.portvakt/start?to=%2Fa%2520b%3Fc%3Dd"
    assert answer.headers["location"] == begins
    start = browser.send(begins, headers=(PAGE | lies).items())
    assert start.status_code == 303
    home = httpx.URL(start.headers["location"])
    assert f"{home.scheme}://{home.netloc.decode()}" == at.service.home
    assert dict(home.params)["host"] == at.host


TRICKS = [
    "/.portvakt/../secret",
    "/.portvakt/%2e%2e/secret",
    "/.portvakt/start/../../secret",
    "/.portvakt/start/..%2f..%2fsecret",
    "/.portvakt/start%2f..%2f..%2fsecret",
    "/.portvakt/start/%2e%2e/%2e%2e/secret",
    "/.portvakt/start;/../../secret",
    "/.portvakt\\..\\secret",
    "//.portvakt/start/../../secret",
    "/.portvakt/./../secret",
    "/secret?/.portvakt/start",
    "/secret#/.portvakt/start",
    "/secret/.portvakt/start",
    "/.PORTVAKT/start",
    "/.portvakt/START",
    "/.portvakt/starting",
    "/.portvakt/start/",
    "/.portvakt/start/secret",
    "/.portvakt/check",
    "/.portvakt/auth_request",
    "/.portvakt/",
    "/.portvakt",
    "/.portvakt/start%00",
    "/.portvakt/start%0d%0aX:%20y",
    "https://evil.example/.portvakt/start",
    "*",
    "secret",
]


def sent_raw(at: Started, path: str, *lines: str) -> str:
    """Send a path as it is written, which no client library does, and return the answer."""
    name, _, port = at.host.partition(":")
    trusts = ssl.create_default_context(cafile=str(at.service.authority.ca_file))
    with (
        socket.create_connection(("127.0.0.1", int(port)), 10) as plain,
        trusts.wrap_socket(plain, server_hostname=name) as line,
    ):
        head = [f"GET {path} HTTP/1.1", *(lines or [f"Host: {at.host}"])]
        line.sendall("\r\n".join([*head, "Accept: */*", "Connection: close", "", ""]).encode())
        answer = b""
        while more := line.recv(65536):
            answer += more
    return answer.decode("latin-1")


@pytest.mark.parametrize("path", TRICKS)
def test_no_path_leads_a_stranger_to_the_app(at: Started, browser: Browser, path: str) -> None:
    del browser  # the app has seen nothing yet
    answer = sent_raw(at, path)
    status = answer.split(" ")[1]
    empty = "content-length: 0" in answer.lower()  # what Caddy says of a host that it has not
    assert status in {"303", "400", "401", "403", "404", "405", "421"} or empty, answer
    assert at.service.app.seen == []
    if status == "303":  # it came to us, and began a sign-in
        assert f"host={at.host.replace(':', '%3A')}&" in answer
    assert "remote-user" not in answer.lower()


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: evil.example",),
        ("Host: evil.localhost", "X-Forwarded-Host: {host}"),
        ("Host: {host}", "X-Forwarded-Host: evil.example"),
        ("Host: {host}", "X-Forwarded-Proto: http"),
        ("Host: {host}", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 127.0.0.1"),
        ("Host: {host}", "X_Forwarded_Host: evil.example"),
        ("Host: {host}", "Host: evil.example"),
        ("Host: {host}.",),
        (),
    ],
)
def test_no_host_that_a_stranger_writes_opens_the_app_or_leads_elsewhere(
    at: Started, browser: Browser, lines: tuple[str, ...]
) -> None:
    del browser
    written = [each.format(host=at.host) for each in lines] or ["X-No-Host: 1"]
    answer = sent_raw(at, "/page", *written, "Sec-Fetch-Mode: navigate")
    assert at.service.app.seen == []
    for place in re.findall(r"(?im)^location: (.*)\r$", answer):
        assert place.startswith(f"{at.origin}/.portvakt/start?")


def test_an_address_that_a_browser_writes_is_not_believed(at: Started, inside: Browser) -> None:
    """A068: from there a rule would say no, and to who is there it does."""
    lan = Network(NetworkId("lan"), "Nätet", ("10.99.0.0/16",), shared=False)
    here = Network(NetworkId("here"), "Här", ("127.0.0.2/32",), shared=False)
    lies = [("x-forwarded-for", "10.99.0.1"), ("x-real-ip", "10.99.0.1")]
    lies += [("forwarded", "for=10.99.0.1"), ("true-client-ip", "10.99.0.1")]

    def asked(*more: tuple[str, str]) -> int:
        return inside.send(at.origin + "/", headers=[*DATA.items(), *more]).status_code

    for blocked, status in (("here", 401), ("lan", 200)):
        rule = make.rule(networks={blocked}, require=Require.BLOCK)
        configure(at.service, [at.host], rules=[rule], networks=[lan, here])
        last = time.monotonic() + PATIENCE
        while asked() != status:  # R27: a process may go on with the rules of a second ago
            assert time.monotonic() < last
            time.sleep(0.05)
        assert asked(*lies) == status


def test_what_a_form_holds_is_never_taken_for_a_question(at: Started, inside: Browser) -> None:
    """The connection to us is kept, so a body that was announced and not sent would be the next."""
    smuggled = f"GET /.portvakt/check HTTP/1.1\r\nHost: {at.host}\r\n\r\n".encode()
    for body in (smuggled, b"x" * 5000, iter([smuggled, smuggled])):
        posted = inside.send(at.origin + "/form", "POST", DATA.items(), content=body)
        assert posted.status_code == 200
        for _ in range(3):
            assert told(inside.send(at.origin, headers=DATA.items()), "remote-user") == [
                "anna.berg"
            ]


def test_a_cookie_that_was_made_up_lets_nobody_in(at: Started, browser: Browser) -> None:
    for value in ("x", "A" * 100, "", '"quoted"'):
        cookie = [*DATA.items(), ("cookie", f"__Host-portvakt={value}")]
        assert browser.send(at.origin + "/", headers=cookie).status_code == 401
    assert at.service.app.seen == []


def test_while_we_are_away_nobody_is_let_in(at: Started, inside: Browser) -> None:
    at.service.app.seen.clear()
    at.service.reached.away = True
    try:
        for headers in (DATA, PAGE):
            answer = inside.send(at.origin + "/", headers=headers.items())
            assert answer.status_code in (500, 502, 503)
        assert at.service.app.seen == []
    finally:
        at.service.reached.away = False
    assert inside.send(at.origin + "/", headers=DATA.items()).status_code == 200


def test_the_next_request_after_a_sign_out_is_refused(at: Started, browser: Browser) -> None:
    assert browser.sign_in(at).status_code == 200
    page = browser.open(f"{at.origin}/.portvakt/sign-out")
    assert "Vill du logga ut?" in page.text
    assert (f"{at.host.partition(':')[0]}", "__Host-portvakt") not in browser.cookies
    assert "Du är utloggad" in browser.fill_in(page).text
    at.service.app.seen.clear()
    assert browser.send(at.origin + "/", headers=DATA.items()).status_code == 401
    assert "Logga in" in browser.open(at.origin).text
    assert at.service.app.seen == []
