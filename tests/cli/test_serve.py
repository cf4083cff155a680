"""Starting for real: what is made, what is refused, and a stop that finishes."""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from portvakt.journeys.approve_push.origin import keep
from portvakt.journeys.set_up_mfa.key_host import settle
from portvakt.records import Unit
from portvakt.records.migrate import SCHEMA_VERSION, current
from tests.cli.box import SETTINGS, Box
from tests.records import a_key, a_phone
from tests.records.stored import person
from tests.servers.authority import Authority
from tests.servers.postgres import Postgres

NOT_READY = 503


def new(folder: Path, url: str, more: str = "") -> Box:
    """Settings alone: nothing has been run here before."""
    box = Box(folder, url)
    box.config.write_text(SETTINGS.format(url=url, folder=folder) + more)
    return box


@contextlib.contextmanager
def serving(box: Box, *words: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "portvakt", "serve", "--listen", f"127.0.0.1:{port}", *words]
    environ = os.environ | {"PORTVAKT_CONFIG": str(box.config)}
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def answer(
    url: str, patience: float = 30, *, verify: ssl.SSLContext | bool = True
) -> httpx.Response:
    """Ask until somebody answers, and is ready to."""
    end = time.monotonic() + patience
    while True:
        try:
            answered = httpx.get(url, timeout=5, verify=verify)
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
        else:
            if answered.status_code != NOT_READY or time.monotonic() > end:
                return answered
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_makes_what_it_needs_and_stops_when_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    box = new(tmp_path, f"sqlite:///{tmp_path}/p.db")
    with serving(box) as (process, url):
        ready = answer(f"{url}/readyz")
        assert ready.status_code == 200
        assert "server" not in ready.headers
        assert box.key.stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "p.db").stat().st_mode & 0o777 == 0o600
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "made the master key" in process.stderr.read()


@pytest.mark.slow
def test_serve_with_several_workers_answers(tmp_path: Path, postgresql_url: str) -> None:
    box = Box.make(tmp_path, postgresql_url, "[server]\nworkers = 2\n")
    with serving(box) as (process, url):
        assert answer(f"{url}/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def encrypted(folder: Path, authority: Authority) -> Box:
    """Settings with a certificate of our own and no proxy."""
    made = authority.certificate("127.0.0.1")
    made.key.chmod(0o600)
    box = new(folder, f"sqlite:///{folder}/p.db")
    text = box.config.read_text().replace("http://localhost:8000", "https://127.0.0.1:8443")
    files = f'tls_certificate_file = "{made.certificate}"\ntls_key_file = "{made.key}"\n'
    box.config.write_text(f"{text}[server]\n{files}")
    return box


def test_a123_serve_speaks_tls_itself_and_nothing_in_clear(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    box = encrypted(tmp_path, authority)
    with serving(box) as (process, url):
        trust = ssl.create_default_context(cafile=str(authority.ca_file))
        ready = answer(url.replace("http:", "https:") + "/readyz", verify=trust)
        assert ready.status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/readyz")
        host = {"host": "127.0.0.1:8443"}
        page = httpx.get(f"{url.replace('http:', 'https:')}/sign-in", verify=trust, headers=host)
        assert page.status_code == 200
        assert "strict-transport-security" in page.headers
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("wrong", "said"), [("other", "KEY_VALUES_MISMATCH"), ("open", "chmod"), ("none", "No such")]
)
def test_serve_refuses_a_certificate_that_cannot_be_used(
    wrong: str, said: str, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "ca")
    box = encrypted(tmp_path, authority)
    (key,) = re.findall(r'tls_key_file = "(.*)"', box.config.read_text())
    if wrong == "other":
        shutil.copy(authority.certificate("127.0.0.1").key, key)
        Path(key).chmod(0o600)
    elif wrong == "open":
        Path(key).chmod(0o644)
    else:
        Path(key).unlink()
    answer = box.run("serve")
    assert answer.status == 1
    assert said in answer.err


def test_serve_refuses_what_the_demo_made(tmp_path: Path, sqlite_url: str) -> None:
    box = Box.make(tmp_path, sqlite_url)

    async def mark(unit: Unit) -> None:
        await unit.meta.set("demo", "1")

    box.do(mark)
    answer = box.run("serve")
    assert answer.status == 1
    assert "made by `portvakt demo`" in answer.err


def test_serve_refuses_to_leave_phones_behind(tmp_path: Path, sqlite_url: str) -> None:
    box = Box.make(tmp_path, sqlite_url, '[hosts]\nauthenticator = "auth.region.example"\n')

    async def pair(unit: Unit) -> None:
        await unit.people.upsert_many([person()])
        await a_phone.put(unit)
        await keep(unit, "https://app.region.example", "http://localhost:8000")

    box.do(pair)
    answer = box.run("serve")
    assert answer.status == 1
    assert "phones were paired under https://app.region.example" in answer.err


def test_serve_refuses_a_database_whose_key_is_lost(tmp_path: Path, sqlite_url: str) -> None:
    box = Box.make(tmp_path, sqlite_url)
    box.key.unlink()
    for command in ("serve", "migrate"):
        answer = box.run(command)
        assert answer.status == 1
        assert "master.key" in answer.err
        assert len(answer.err.splitlines()) == 1
    assert not box.key.exists()


def test_serve_refuses_settings_that_are_wrong(tmp_path: Path, sqlite_url: str) -> None:
    answer = Box.make(tmp_path, sqlite_url, "[server]\nworkers = 3\n").run("serve")
    assert answer.status == 1
    assert "server.workers: SQLite is for one process" in answer.err


def test_migrate_makes_tables_and_key_and_again_nothing(tmp_path: Path) -> None:
    box = new(tmp_path, f"sqlite:///{tmp_path}/p.db")
    first = box.good("migrate")
    assert "made the master key" in first.err
    key = box.key.read_bytes()
    assert current(box.url) == SCHEMA_VERSION
    second = box.good("migrate")
    assert "up to date" in second.out
    assert not second.err
    assert box.key.read_bytes() == key


def test_where_no_key_can_be_made_nothing_is_migrated(tmp_path: Path) -> None:
    box = Box(tmp_path, f"sqlite:///{tmp_path}/p.db")
    box.config.write_text(SETTINGS.format(url=box.url, folder=tmp_path / "none"))
    answer = box.run("migrate")
    assert answer.status == 1
    assert "master.key cannot be made: No such file" in answer.err
    assert not (tmp_path / "p.db").exists()


def test_any_command_makes_the_embedded_database(tmp_path: Path) -> None:
    box = new(tmp_path, f"sqlite:///{tmp_path}/p.db")
    answer = box.good("people", "--json")
    assert answer.json == []
    assert "new database" in answer.err


@pytest.mark.slow
def test_a_server_database_is_migrated_by_the_operator(tmp_path: Path, postgres: Postgres) -> None:
    box = new(tmp_path, postgres.url(postgres.fresh()))
    for command in ("people", "serve", "work"):
        answer = box.run(command)
        assert answer.status == 1
        assert answer.err.endswith("has none of our tables; run `portvakt migrate`\n")
    box.good("migrate")
    assert box.good("people", "--json").json == []


def test_work_is_for_servers(tmp_path: Path, sqlite_url: str) -> None:
    answer = Box.make(tmp_path, sqlite_url).run("work")
    assert answer.status == 1
    assert "`portvakt serve` does the background work" in answer.err


@pytest.mark.slow
def test_work_stops_when_told(tmp_path: Path, postgresql_url: str) -> None:
    box = Box.make(tmp_path, postgresql_url)
    environ = os.environ | {"PORTVAKT_CONFIG": str(box.config)}
    command = [sys.executable, "-m", "portvakt", "work"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline() == "portvakt: working\n"
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()


def test_serve_refuses_to_leave_keys_behind(tmp_path: Path, sqlite_url: str) -> None:
    box = Box.make(tmp_path, sqlite_url)

    async def register(unit: Unit) -> None:
        await unit.people.upsert_many([person()])
        await settle(unit, "mfa.region.example")
        await a_key.put(unit)

    box.do(register)
    answer = box.run("serve")
    assert answer.status == 1
    assert "keys were made for mfa.region.example, and public_url says localhost" in answer.err
