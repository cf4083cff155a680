"""A stranger installs it behind nginx on PostgreSQL from the pages alone, and keeps it going."""

import json
import re
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.bad_days.processes import free_port
from tests.cli import staff
from tests.cli.staff import Row
from tests.installation.machine import PATIENCE, Machine, blocks
from tests.servers.authority import Authority
from tests.servers.postgres import Postgres
from tests.world import Page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
NAME = "logga-in.region.example"
ORIGIN = f"https://{NAME}"
PASSWORD = "tre gröna bussar i Falun"
INSIDE, OUTSIDE = "127.20.0.1", "127.0.0.1"
"""Where a browser is: both are this machine, and one is in the example's network."""
ANNA = Row(mobile="070-174 06 05")
BO = Row(number="000018", given="Bo", family="Åström", user="bo.astrom", mobile="070-174 06 11")


class Visitor:
    """Somebody at a browser, who says that they are inside."""

    def __init__(self, client: httpx.Client, texts: Path) -> None:
        self._client = client
        self._texts = texts
        self.page: Page

    def get(self, path: str) -> Page:
        return self._go("GET", path, None)

    def submit(self, **fields: str) -> Page:
        action, hidden = self.page.forms()[0]
        return self._go("POST", action or self.page.path, hidden | fields)

    def give(self, password: str) -> Page:
        """Open the sign-in page, and send name and password."""
        self.get("/sign-in?to=/apps")
        return self.submit(name=BO.user, password=password)

    def give_code(self) -> Page:
        """Send the code that came by text."""
        until = time.monotonic() + PATIENCE
        while not self._sent():
            assert time.monotonic() < until
            time.sleep(0.05)
        code = re.search(r"\d{6}", self._sent()[-1])
        assert code is not None
        return self.submit(code=code[0])

    def _sent(self) -> list[str]:
        """Texts with a code."""
        if not self._texts.exists():
            return []
        lines = self._texts.read_text(encoding="utf-8").splitlines()
        return [text for each in lines if re.search(r"\d{6}", text := json.loads(each)["text"])]

    def _go(self, method: str, path: str, fields: dict[str, str] | None) -> Page:
        for _ in range(6):
            headers = {"x-forwarded-for": INSIDE, "x-real-ip": INSIDE, "origin": ORIGIN}
            answered = self._client.request(method, path, data=fields, headers=headers)
            self.page = Page(answered)
            if answered.status_code != 303:
                return self.page
            method, fields = "GET", None
            path = urljoin(path, answered.headers["location"].removeprefix(ORIGIN))
        raise AssertionError(path)


Site = tuple[Machine, Callable[[str], httpx.Client]]


@pytest.fixture
def site(tmp_path: Path, wheel: Path, postgres: Postgres) -> Iterator[Site]:
    """A machine with nothing on it but a certificate and an export, and a way to its https."""
    port, clear = free_port(), free_port()
    texts = tmp_path / "texts.jsonl"

    def settings(text: str) -> str:
        gateway = f'[[sms]]\ngateway = "console"\nfile = "{texts}"\n'
        return re.sub(r"\[mail\]\n.*?\n\n", gateway, text, flags=re.DOTALL)

    def networks(text: str) -> str:
        return text.replace("10.20.0.0/16", "127.20.0.0/16")

    def ports(text: str) -> str:
        text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        return text.replace("listen 80;", f"listen 127.0.0.1:{clear};")

    edits: dict[str, Callable[[str], str]] = {
        "portvakt.toml": settings,
        "portvakt.conf": ports,
        "region.toml": networks,
    }
    machine = Machine(tmp_path, wheel, postgres, edits)
    authority = Authority(tmp_path / "ca")
    made = authority.certificate(NAME, "localhost")
    machine.at("/etc/ssl/portvakt").mkdir(parents=True)
    shutil.copy(made.certificate, machine.at("/etc/ssl/portvakt/fullchain.pem"))
    shutil.copy(made.key, machine.at("/etc/ssl/portvakt/privkey.pem"))
    machine.at("/etc/portvakt").mkdir(parents=True)
    machine.at("/etc/portvakt/staff.csv").write_bytes(staff.export(ANNA, BO))
    trust = ssl.create_default_context(cafile=str(authority.ca_file))

    def opened(address: str) -> httpx.Client:
        return httpx.Client(
            base_url=f"https://localhost:{port}",
            headers={"host": NAME},
            transport=httpx.HTTPTransport(verify=trust, local_address=address),
            timeout=PATIENCE,
        )

    try:
        yield machine, opened
    finally:
        machine.stop()
        with pytest.raises(ConnectionRefusedError):  # no worker of nginx is left behind
            socket.create_connection(("127.0.0.1", port), 1)
        postgres.execute("DROP DATABASE IF EXISTS portvakt WITH (FORCE)")
        postgres.execute("DROP ROLE IF EXISTS portvakt")


def test_it_is_installed_restored_and_upgraded_as_the_pages_say(
    site: Site, postgres: Postgres
) -> None:
    machine, opened = site
    for block in blocks("install.md"):
        machine.type(block)
    machine.type(f"portvakt start-code {BO.user}")  # Anna has a role now, and is asked more
    start_code = re.search(r"^[A-Z2-7]{4}-\S+$", machine.said["portvakt start-code"], re.MULTILINE)
    assert start_code is not None
    texts = machine.root / "texts.jsonl"
    with opened(OUTSIDE) as outside, opened(INSIDE) as inside:
        bo = Visitor(outside, texts)
        assert bo.give(start_code[0]).path.startswith("/sign-in/")  # a second factor is asked for
        assert bo.give_code().path == "/security-info/password"
        assert bo.submit(password=PASSWORD).path == "/security-info"

        backing_up, stopping, restoring, starting, upgrading = blocks("backup.md")
        machine.type(backing_up)
        machine.backup_of_the_night()
        of_the_night, of_the_day = machine.backups
        machine.type(stopping)
        postgres.execute("DROP DATABASE portvakt WITH (FORCE)")
        machine.type(blocks("install.md")[2].splitlines()[1])  # createdb
        into_empty, in_place = restoring.splitlines()
        machine.type(into_empty.replace("2026-11-22.backup", of_the_day))
        machine.type(in_place.replace("2026-11-22.backup", of_the_night))
        machine.type(starting)
        assert bo.get("/apps").path.startswith("/sign-in?")  # everybody signs in anew
        assert bo.give(PASSWORD).path.startswith("/sign-in/")
        bo_at_work = Visitor(inside, texts)
        assert bo_at_work.give(PASSWORD).path == "/apps"

        with asking(opened, "/sign-in") as seen:
            machine.type(upgrading)
        assert seen == {200}
        assert machine.at("/opt/portvakt").readlink() == machine.at("/opt/portvakt-2")
        assert bo_at_work.get("/apps").path == "/apps"  # no upgrade ends a session


@contextmanager
def asking(opened: Callable[[str], httpx.Client], path: str) -> Iterator[set[int]]:
    """Ask all the time, and give which answers there are."""
    enough, seen = threading.Event(), set[int]()

    def ask() -> None:
        with opened(OUTSIDE) as client:
            while not enough.is_set():
                seen.add(client.get(path).status_code)
                time.sleep(0.05)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        enough.set()
        thread.join()
