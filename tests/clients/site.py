"""The product as it is installed: `portvakt serve` over TLS, with people and apps."""

import base64
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import tomli_w

from tests.bad_days.processes import PATIENCE, free_port
from tests.cli.box import Answer, Box
from tests.cli.test_serve import answer
from tests.clients.person import TOTP_SECRET, Person
from tests.servers.authority import Authority
from tests.world import PASSWORD

SETTINGS = """
public_url = "{origin}"
database_url = "sqlite:///{folder}/p.db"
[server]
listen = "127.0.0.1:{port}"
tls_certificate_file = "{certificate}"
tls_key_file = "{key}"
[keys]
master_file = "{folder}/master.key"
[organisation]
name = "Region Exempel"
[outgoing]
networks = ["127.0.0.0/8"]
"""
BROKEN = 400
PEOPLE = tuple(f"person{number}" for number in range(40))
"""Each test takes one of them, for a code counts once in thirty seconds."""


@dataclass
class Site:
    """A running installation. `box` runs commands on it."""

    box: Box
    origin: str
    ca_file: Path
    _free: list[str] = field(default_factory=lambda: list(PEOPLE))

    def add(self, client_id: str, kind: str, url: str, *more: str) -> dict[str, Any]:
        """Connect an app, as an operator does; return its entry, secret and settings."""
        words = ("app", "add", client_id, "--for", kind, "--url", url, "--group", "alla")
        said: dict[str, Any] = self.good(*words, "--json", *more).json
        self._wait_for(client_id, said["redirect_uris"][0])
        return said

    def apply(self, **app: Any) -> None:
        """Let a file own an app, which can say more of it than the command."""
        file = self.box.write(f"{app['client_id']}.toml", tomli_w.dumps({"apps": [app]}))
        self.good("apply", file)
        self._wait_for(app["client_id"], app["redirect_uris"][0])

    def _wait_for(self, client_id: str, redirect_uri: str) -> None:
        """Wait until the server knows an app: it looks once a second whether there is a new one."""
        asked = {"client_id": client_id, "redirect_uri": redirect_uri}
        until = time.monotonic() + PATIENCE
        with httpx.Client(base_url=self.origin, verify=self.trust) as client:
            while client.get("/oidc/authorize", params=asked).status_code == BROKEN:
                assert time.monotonic() < until, client_id
                time.sleep(0.05)

    def good(self, *words: object) -> Answer:
        """Run a command now; it must succeed."""
        self.box.now = datetime.now(UTC)
        return self.box.good(*words)

    def somebody(self) -> Person:
        """A person that no test has been before, with a browser of their own."""
        return Person(self.origin, self.trust, self._free.pop(0))

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca_file))


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Start it, and stop it."""
    port = free_port()
    authority = Authority(folder / "ca")
    made = authority.certificate("localhost")
    made.key.chmod(0o600)
    origin = f"https://localhost:{port}"
    box = Box(folder, f"sqlite:///{folder}/p.db")
    files = {"certificate": made.certificate, "key": made.key}
    box.config.write_text(SETTINGS.format(origin=origin, folder=folder, port=port, **files))
    _make_people(box)
    environ = os.environ | {"PORTVAKT_CONFIG": str(box.config)}
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "portvakt", "serve"], env=environ, stderr=log
        )
    found = Site(box, origin, authority.ca_file)
    try:
        answered = answer(f"{origin}/readyz", PATIENCE, verify=found.trust)
        assert answered.status_code == 200, (folder / "serve.log").read_text()
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def _make_people(box: Box) -> None:
    """Give everybody a password and an app with codes, and all the same: hashing takes its time."""
    secret = box.write("totp.secret", base64.b32encode(TOTP_SECRET))
    person = {
        "password_hash": box.password_hash(PASSWORD),
        "totp_secret_file": str(secret),
        "groups": ["alla"],
        "family_name": "Berg",
    }
    people = [
        person
        | {
            "id": f"{number:06}",
            "user_name": f"{name}.berg",
            "email": f"{name}.berg@region.example",
            "given_name": name.capitalize(),
        }
        for number, name in enumerate(PEOPLE)
    ]
    groups = [{"id": "alla"}, {"id": "drift"}]
    file = box.write("region.toml", tomli_w.dumps({"groups": groups, "people": people}))
    box.now = datetime.now(UTC)
    box.good("apply", file)
