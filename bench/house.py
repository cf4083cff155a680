"""A product to measure: a database with people in it, and `portvakt serve` on it as a process."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nacl.pwhash import argon2id

from bench.visitor import CALLBACK, HOST, PASSWORD, TOTP_SECRET, Connection, Visitor
from portvakt.app import House, opened
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId, ClientId
from portvakt.core.people import AccountState
from portvakt.crypto.passwords import MEMORY_KIB, PASSES
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import make_master_key_file
from portvakt.records.migrate import migrate
from portvakt.records.people_in_bulk import StoredPerson
from portvakt.records.unit import Unit
from portvakt.settings import load_settings
from tests import make
from tests.servers.postgres import Postgres

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
DATABASES = (SQLITE, POSTGRESQL)
APPS = {"shop": "ES256", "old-shop": "RS256"}
"""Apps to open, and how their ID tokens are signed."""
_PART = 1000
_READY = 30.0


@dataclass(frozen=True, slots=True)
class Database:
    """An empty, migrated database of our own, and which processes do its work."""

    url: str
    settle: Callable[[], None]
    """Let the server find out what is stored, as autovacuum does in time."""
    postmaster: int | None = None

    def pids(self) -> list[int]:
        """List the database's own processes; none where it lives in ours."""
        if self.postmaster is None:
            return []
        listed = Path(f"/proc/{self.postmaster}/task/{self.postmaster}/children")
        return [int(pid) for pid in listed.read_text(encoding="ascii").split()]


@contextmanager
def database(kind: str) -> Iterator[Database]:
    """Make a database whose commits are on the disk, and remove it afterwards."""
    if kind == SQLITE:
        with tempfile.TemporaryDirectory() as name:
            url = f"sqlite:///{name}/portvakt.db"
            migrate(url, lambda _line: None)
            yield Database(url, lambda: None)
        return
    postgres = Postgres.create()
    postgres.start(fsync="on", synchronous_commit="on", full_page_writes="on", autovacuum="on")
    try:
        url = postgres.url("postgres")
        migrate(url, lambda _line: None)
        postmaster = (postgres.folder / "data" / "postmaster.pid").read_text(encoding="ascii")
        yield Database(
            url, lambda: postgres.execute("VACUUM ANALYZE"), int(postmaster.splitlines()[0])
        )
    finally:
        postgres.remove()


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def write_settings(folder: Path, url: str) -> Path:
    """Write the settings of a product behind one proxy, with a key of its own."""
    key = folder / "master.key"
    make_master_key_file(key)
    file = folder / "portvakt.toml"
    file.write_text(
        f"""
        public_url = "https://{HOST}"
        database_url = "{url}"
        keys.master_file = "{key}"
        server.listen = "127.0.0.1:{free_port()}"
        proxies.trusted = ["127.0.0.1/32"]
        organisation.name = "Region Exempel"
        organisation.support_phone = "026-15 40 00"
        """,
        encoding="utf-8",
    )
    return file


async def store(file: Path, people: int) -> None:
    """Store people with a password and an app each, the shipped rule, and a shop to open."""
    phc = argon2id.str(PASSWORD.encode(), PASSES, MEMORY_KIB * 1024).decode()
    async with opened(load_settings(file, os.environ)) as house:
        await house.records.write(_configure)
        for first in range(0, people, _PART):
            part = [_person(number) for number in range(first, min(first + _PART, people))]
            await house.records.write(lambda unit, part=part: _put(unit, part, house, phc))


async def _configure(unit: Unit) -> None:
    await unit.configuration.put_groups([make.STAFF], "apply")
    await unit.configuration.put_networks([make.network()], "apply")
    await unit.configuration.put_rules([make.rule(networks_not={make.LAN})], "apply")
    await unit.configuration.put_apps(
        [
            make.app(
                client_id=ClientId(name),
                redirect_uris=(CALLBACK,),
                id_token_signed_response_alg=algorithm,
            )
            for name, algorithm in APPS.items()
        ],
        "apply",
    )


def _person(number: int) -> StoredPerson:
    return StoredPerson(
        id=AccountId(SystemRandom().id()),
        source="hr",
        external_id=f"{number:07}",
        user_name=user_name(number),
        email=f"{user_name(number)}@region.example",
        given_name="Anna",
        family_name="Berg",
        state=AccountState.ACTIVE,
        title="Sjuksköterska",
        unit="Akuten Gävle",
        created_at=datetime.now(UTC) - timedelta(days=7),
    )


def user_name(number: int) -> str:
    """Return what the person of this number signs in as."""
    return f"anna.berg{number}"


async def _put(unit: Unit, people: list[StoredPerson], house: House, phc: str) -> None:
    await unit.people.upsert_many(people)
    await unit.people.set_groups_many({each.id: {make.STAFF} for each in people}, "hr")
    for each in people:
        mine = {"account_id": each.id, "label": "Telefon", "created_at": each.created_at}
        password, app = (AuthenticatorId(SystemRandom().id()) for _ in range(2))
        await unit.authenticators.bind(
            make.bound(AuthenticatorType.PASSWORD, id=password, **mine), verifier=phc
        )
        sealed = house.sealer.seal(TOTP_SECRET, table="authenticators", column="sealed", row=app)
        await unit.authenticators.bind(
            make.bound(AuthenticatorType.TOTP, id=app, **mine), sealed=sealed
        )


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    pid: int
    port: int
    counts: Path | None = None

    def visitors(self, first: int, many: int) -> list[Visitor]:
        """Return so many people, each with a browser of their own, on one connection."""
        connection = Connection(self.port)
        return [Visitor(connection, user_name(number)) for number in range(first, first + many)]

    def statements(self) -> int:
        """Ask how many statements it has run; only the free one tells."""
        if self.counts is None:
            raise AssertionError("this server does not count")
        self.counts.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        Connection(self.port).ask("GET", "/healthz")  # wakes the loop, which calls the handler
        while not self.counts.exists() or not (said := self.counts.read_text(encoding="ascii")):
            time.sleep(0.01)
        return int(said)


@contextmanager
def serving(file: Path) -> Iterator[Server]:
    """Run `portvakt serve`."""
    port = port_of(file)
    with _running(["-m", "portvakt", "serve", "--config", str(file)], port, file.parent) as pid:
        yield Server(pid, port)


@contextmanager
def serving_free(file: Path, root: str = "free") -> Iterator[Server]:
    """Run the same with a hash that costs nothing, or room for nobody, on a port of its own."""
    port, counts = free_port(), file.parent / "counts"
    mine = file.with_name("free.toml")
    text = file.read_text(encoding="utf-8")
    mine.write_text(text.replace(f":{port_of(file)}", f":{port}"), encoding="utf-8")
    command = ["-m", "bench.roots", root, str(mine), str(counts)]
    with _running(command, port, file.parent) as pid:
        yield Server(pid, port, counts)


@contextmanager
def serving_bare() -> Iterator[Server]:
    """Run a server that does nothing but answer."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        command = ["-m", "bench.roots", "bare", str(port)]
        with _running(command, port, Path(name)) as pid:
            yield Server(pid, port)


def port_of(file: Path) -> int:
    """Read from the settings on which port a server is to listen."""
    return int(load_settings(file, os.environ).server.listen.rpartition(":")[2])


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[int]:
    """Run a server until the end of the block; its log goes to a file beside its settings."""
    with (folder / f"log-{port}").open("wb") as said:
        process = subprocess.Popen([sys.executable, *command], stderr=said, stdout=said)
        try:
            wait_until_ready(port, process)
            yield process.pid
        finally:
            process.terminate()
            process.wait()


def wait_until_ready(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when `/readyz` says so."""
    given_up = time.monotonic() + _READY
    while time.monotonic() < given_up and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise TimeoutError(f"no server on port {port}")
