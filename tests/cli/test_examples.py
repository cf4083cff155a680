"""The examples for operators: they parse, and the product works behind the proxy as written."""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.bad_days.processes import free_port
from tests.cli.box import Box
from tests.cli.test_serve import answer, new, serving
from tests.servers.authority import Authority
from tests.servers.nginx import nginx

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).parents[2] / "docs" / "operators" / "examples"
NAME = "logga-in.region.example"


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found is not None, f"{name} is missing: ./test installs it"
    return found


UNITS = sorted(
    each.name for each in EXAMPLES.iterdir() if each.suffix in {".service", ".socket", ".timer"}
)


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line_of_a_unit(unit: str, tmp_path: Path) -> None:
    stand_in = tmp_path / "portvakt"
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o755)
    for each in UNITS:  # they name each other
        text = (EXAMPLES / each).read_text().replace("/opt/portvakt/bin/portvakt", str(stand_in))
        (tmp_path / each).write_text(text)
    done = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", "--recursive-errors=one", unit],
        cwd=tmp_path,
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_word_that_systemd_does_not_know_is_found(tmp_path: Path) -> None:
    copy = tmp_path / "portvakt.service"
    copy.write_text("[Service]\nExecStart=/bin/true\nProtectEverything=yes\n")
    done = subprocess.run(
        [program("systemd-analyze"), "verify", "--man=no", "--recursive-errors=one", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ProtectEverything" in done.stderr


@contextmanager
def proxy(folder: Path, authority: Authority, upstream: str) -> Iterator[tuple[int, int]]:
    """Run nginx with the example as it stands, but for ports and places; give its two ports."""
    made = authority.certificate(NAME, "localhost")
    clear, encrypted = free_port(), free_port()
    text = (EXAMPLES / "nginx.conf").read_text()
    changes = {
        "127.0.0.1:8000": upstream,
        "listen 80;": f"listen 127.0.0.1:{clear};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{encrypted} ssl http2;",
        "/etc/ssl/portvakt/fullchain.pem": str(made.certificate),
        "/etc/ssl/portvakt/privkey.pem": str(made.key),
    }
    for old, changed in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, changed)
    (folder / "site.conf").write_text(text)
    command = nginx(folder, f"{folder}/site.conf")
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield clear, encrypted
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait(20)


@contextmanager
def behind_nginx(
    tmp_path: Path,
) -> Iterator[tuple[httpx.Client, httpx.Client, "subprocess.Popen[str]"]]:
    """Serve behind the example; give a client for each of its ports, and the product."""
    authority = Authority(tmp_path / "ca")
    box: Box = new(tmp_path, f"sqlite:///{tmp_path}/p.db")
    text = box.config.read_text().replace("http://localhost:8000", f"https://{NAME}")
    box.config.write_text(text + '[proxies]\ntrusted = ["127.0.0.1/32"]\n')
    trust = ssl.create_default_context(cafile=str(authority.ca_file))
    with serving(box) as (process, url):
        assert answer(f"{url}/readyz").status_code == 200
        upstream = url.removeprefix("http://")
        with proxy(tmp_path, authority, upstream) as (clear, encrypted):
            host = {"host": NAME}
            until = time.monotonic() + 10
            while time.monotonic() < until:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", encrypted)) == 0:
                        break
                time.sleep(0.05)
            with (
                httpx.Client(base_url=f"http://127.0.0.1:{clear}", headers=host) as plain,
                httpx.Client(
                    base_url=f"https://localhost:{encrypted}", headers=host, verify=trust
                ) as client,
            ):
                yield plain, client, process


def test_behind_the_proxy_of_the_example_pages_come_and_forms_work(tmp_path: Path) -> None:
    with behind_nginx(tmp_path) as (plain, client, _):
        moved = plain.get("/sign-in")
        assert moved.status_code == 301
        assert moved.headers["location"] == f"https://{NAME}/sign-in"
        page = client.get("/sign-in")
        assert page.status_code == 200
        assert "strict-transport-security" in page.headers
        token = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
        assert token is not None
        cookies = "; ".join(f"{name}={value}" for name, value in page.cookies.items())
        sent = client.post(
            "/sign-in",
            data={"csrf": token[1], "name": "nobody", "password": "Fel-lösenord-2026"},
            headers={"origin": f"https://{NAME}", "cookie": cookies},
        )
        assert sent.status_code == 422
        assert "hör inte ihop" in sent.text


def test_behind_the_proxy_of_the_example_nobody_chooses_their_own_address(tmp_path: Path) -> None:
    with behind_nginx(tmp_path) as (_, client, process):
        seen = client.get("/sign-in", headers={"x-forwarded-for": "10.20.0.1, 127.0.0.1"})
        assert seen.status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        said = process.stderr.read()
    assert '"path":"/sign-in"' in said
    assert "10.20.0.1" not in said


def test_behind_the_proxy_of_the_example_odd_requests_hold_nobody_up(tmp_path: Path) -> None:
    with behind_nginx(tmp_path) as (_, client, _), contextlib.ExitStack() as open_still:
        assert client.get("/sign-in", headers={"host": "evil.example"}).status_code == 421
        assert client.post("/sign-in", content=bytes(2_000_000)).status_code == 413
        assert client.get("/not-me/nothing").status_code == 404
        head = f"POST /sign-in HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 9\r\n\r\n".encode()
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca" / "ca.pem"))
        for _ in range(40):  # forms whose bodies do not come
            bare = socket.create_connection(("127.0.0.1", client.base_url.port or 443))
            slow = open_still.enter_context(trust.wrap_socket(bare, server_hostname=NAME))
            slow.sendall(head)
        assert client.get("/sign-in", timeout=5).status_code == 200
    said = (tmp_path / "access.log").read_text()
    assert '"GET /sign-in HTTP' in said
    assert "/not-me/" not in said
