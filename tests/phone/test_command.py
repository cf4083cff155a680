"""`portvakt phone`, as it is typed, against the tiny service on a port of its own."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portvakt.cli import main
from tests.cli.box import Answer
from tests.phone.service import CODE, SECRET, SHORT, START, Service


@contextlib.contextmanager
def answering(origin: str, **options: Any) -> Iterator[Service]:
    """Let the tiny service answer on a free port, in a thread."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        made = Service(origin=f"{origin}:{listening.getsockname()[1]}")
        config = uvicorn.Config(
            made, lifespan="off", log_config=None, timeout_graceful_shutdown=1, **options
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield made
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def service() -> Iterator[Service]:
    """The tiny service, over plain HTTP."""
    with answering("http://127.0.0.1") as made:
        yield made


class Terminal:
    """Types commands, with a phone in a folder of its own."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.file = folder / "phone.json"
        self.service = service
        self.at = datetime.fromtimestamp(START / 1000, UTC)

    def run(self, *words: str) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        environ = {"PORTVAKT_PHONE": str(self.file)}
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(["phone", *words], clock=lambda: self.at, environ=environ)
        return Answer(status, out.getvalue(), err.getvalue())

    def good(self, *words: str) -> Answer:
        answer = self.run(*words)
        assert answer.status == 0, answer.err + answer.out
        return answer

    def bad(self, *words: str) -> str:
        """Run a command that must fail, and return the one line that it says."""
        answer = self.run(*words)
        assert (answer.status, answer.out) == (1, ""), answer.out + answer.err
        (line,) = answer.err.splitlines()
        return line.removeprefix("portvakt phone: ")

    def pair(self) -> Answer:
        return self.good("pair", f"{self.service.origin}/authenticator/#pair={CODE}")


@pytest.fixture
def terminal(tmp_path: Path, service: Service) -> Terminal:
    return Terminal(tmp_path, service)


def test_pairing_listing_and_approving_in_words(terminal: Terminal) -> None:
    assert terminal.pair().out.splitlines() == [
        "Terminal: Anna Berg (anna.berg), Region Exempel",
        "paired, not bound yet: go on where the code was shown, and approve the test",
    ]
    terminal.service.request("42", purpose="test", app="")
    said = terminal.good("list").out
    assert "Test this phone\n" in said
    assert "2 digits, on the other screen\n" in said
    assert terminal.good("approve", "42").out == "approved\n"
    assert terminal.good("list").out.splitlines()[1:] == ["no request waits"]
    assert [each[0] for each in terminal.service.seen] == ["opened", "approve"]


def test_pairing_by_a_short_code_with_a_name_in_json(terminal: Terminal) -> None:
    words = ["pair", SHORT.lower(), "--account", "anna", "--url", terminal.service.origin]
    said = terminal.good(*words, "--name", "Annas telefon", "--json").json
    assert (said["phone"], said["name"], said["state"]) == ("phone-1", "Annas telefon", "proving")


def test_a_wrong_number_ends_with_1(terminal: Terminal) -> None:
    terminal.pair()
    terminal.service.request("42")
    assert "not the number on the screen" in terminal.bad("approve", "41")
    assert terminal.bad("approve", "42") == "no request waits"


def test_a_result_in_json_has_the_same_status(terminal: Terminal) -> None:
    terminal.pair()
    terminal.service.request("42")
    wrong = terminal.run("approve", "41", "--json")
    assert (wrong.status, wrong.json) == (1, {"result": "wrong_number"})
    terminal.service.request("42")
    right = terminal.run("--json", "approve", "42")
    assert (right.status, right.json) == (0, {"result": "approved"})


def test_where_two_wait_one_must_be_named(terminal: Terminal) -> None:
    terminal.pair()
    first, second = terminal.service.request("11"), terminal.service.request("22")
    assert first in terminal.bad("approve", "22")
    terminal.good("approve", "22", "--request", second)
    assert terminal.good("deny").out == "denied\n"
    assert f"no request {first} waits" in terminal.bad("deny", "--request", first)


def test_not_me_ends_all_and_locks_where_that_is_asked(terminal: Terminal) -> None:
    terminal.pair()
    first = terminal.service.request()
    terminal.service.request()
    assert "is locked" in terminal.good("not-me", "--lock", "--request", first).out
    assert terminal.service.seen[1:] == [("not_me", first), ("lock_account",)]
    assert not terminal.service.waiting


def test_signing_in_without_a_password(terminal: Terminal) -> None:
    terminal.pair()
    assert terminal.good("enable-sign-in").out.endswith("without a password is on\n")
    terminal.service.request("123456", lock=True)
    assert "and the screen lock" in terminal.good("list").out
    assert terminal.good("approve", "123456").out == "approved\n"
    assert terminal.good("disable-sign-in").out.endswith("without a password is off\n")


def test_codes_come_without_network(terminal: Terminal) -> None:
    terminal.pair()
    asked = len(terminal.service.asked)
    terminal.at = datetime.fromtimestamp(59, UTC)
    assert terminal.good("code").out == "287082  (1 s left)\n"
    assert terminal.good("code", "--json").json == {"code": "287082", "seconds": 1}
    assert len(terminal.service.asked) == asked


def test_a_phone_without_codes_says_so(terminal: Terminal) -> None:
    terminal.service.totp = False
    terminal.pair()
    assert terminal.bad("code") == "this phone has no codes"


def test_the_new_phone_takes_over_and_the_old_one_may_pair_again(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.pair()
    address = terminal.good("transfer").out.strip()
    new = str(tmp_path / "new.json")
    terminal.good("pair", address, "--phone", new)
    terminal.good("list", "--phone", new)
    assert terminal.bad("list") == "this phone was removed: pair it again"
    terminal.service.code = CODE
    terminal.pair()


def test_renaming_and_removing(terminal: Terminal) -> None:
    terminal.pair()
    assert terminal.good("rename", "Jobb").out.startswith("Jobb: ")
    assert terminal.good("remove").out == "removed\n"
    assert not terminal.file.exists()
    assert "there is no phone" in terminal.bad("list")


def test_removing_a_phone_that_is_gone_removes_its_file(terminal: Terminal) -> None:
    terminal.pair()
    terminal.service.phones = {}
    assert terminal.good("remove").out == "it was removed already\n"
    assert not terminal.file.exists()


def test_a_phone_that_is_there_is_not_written_over(terminal: Terminal) -> None:
    terminal.pair()
    terminal.service.code = CODE
    assert "remove it first" in terminal.bad("pair", CODE, "--url", terminal.service.origin)
    assert terminal.service.asked == ["pair"]


def test_a_service_that_is_away_is_one_line(terminal: Terminal) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert f"cannot reach {url}" in terminal.bad("pair", CODE, "--url", url)
    assert not terminal.file.exists()


def test_a_private_authority_is_named_once(tmp_path: Path) -> None:
    certificate, key = certified("localhost", tmp_path)
    options = {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}
    with answering("https://localhost", **options) as service:
        terminal = Terminal(tmp_path, service)
        address = f"{service.origin}/authenticator/#pair={CODE}"
        said = terminal.bad("pair", address)
        assert said.startswith(f"cannot reach {service.origin}: ")
        assert "certificate" in said
        terminal.good("pair", address, "--ca", str(certificate))
        terminal.good("list")


def certified(host: str, folder: Path) -> tuple[Path, Path]:
    """Write a certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "certificate.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret


def test_an_authority_that_is_none_is_one_line(terminal: Terminal, tmp_path: Path) -> None:
    for name, text in (("none.pem", None), ("bad.pem", "no certificate")):
        file = tmp_path / name
        if text is not None:
            file.write_text(text)
        words = ["pair", CODE, "--url", "https://localhost:1", "--ca", str(file)]
        assert name in terminal.bad(*words)


@pytest.mark.parametrize(
    "words", [[], ["dance"], ["pair"], ["approve"], ["list", "extra"], ["list", "--config", "x"]]
)
def test_what_is_called_wrongly_ends_with_2(terminal: Terminal, words: list[str]) -> None:
    answer = terminal.run(*words)
    assert (answer.status, answer.out) == (2, "")


def test_nothing_that_is_printed_holds_a_key_or_a_secret(terminal: Terminal) -> None:
    said = terminal.pair().out
    terminal.service.request("42")
    for words in (["enable-sign-in"], ["list"], ["list", "--json"], ["approve", "42"], ["code"]):
        answer = terminal.good(*words)
        said += answer.out + answer.err
    kept = json.loads(terminal.file.read_text())
    assert SECRET not in said
    for key in (kept["key"], kept["screen_lock"]["key"]):
        assert not any(line in said for line in key.splitlines()[1:-1])


def test_a_wrong_clock_is_remembered(terminal: Terminal) -> None:
    terminal.at = datetime.fromtimestamp(START / 1000 + 3600, UTC)
    terminal.pair()
    terminal.good("list")
    assert terminal.service.asked == ["pair", "pair", "fetch"]


def test_what_another_call_has_learned_is_not_lost(terminal: Terminal) -> None:
    """A `watch` that runs for hours must not write back what the file was when it began."""
    terminal.at = datetime.fromtimestamp(START / 1000 + 3600, UTC)
    terminal.pair()
    command = [sys.executable, "-m", "portvakt", "phone", "watch"]
    terminal.service.now = int(time.time() * 1000)
    environ = os.environ | {"PORTVAKT_PHONE": str(terminal.file)}
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            terminal.at = datetime.now(UTC) + timedelta(hours=1)
            terminal.good("enable-sign-in")
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 1
        finally:
            process.kill()
    kept = json.loads(terminal.file.read_text())
    assert kept["screen_lock"] is not None
    assert abs(kept["clock_offset"]) < 60_000, "and the watch has learned the time"


def test_whoever_watches_is_told_that_the_service_is_away(terminal: Terminal) -> None:
    terminal.service.now = int(time.time() * 1000)
    terminal.pair()
    terminal.service.answers = [(502, b"", "text/html")]
    environ = os.environ | {"PORTVAKT_PHONE": str(terminal.file)}
    command = [sys.executable, "-m", "portvakt", "phone", "watch"]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            said = process.stderr.readline()
            assert said == "portvakt phone: the service is away: status 502; trying again\n"
            assert "Anna Berg" in process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_watching_prints_what_comes_until_it_is_stopped(
    terminal: Terminal, words: list[str]
) -> None:
    terminal.service.now = int(time.time() * 1000)
    terminal.pair()
    terminal.service.request("42")
    command = [sys.executable, "-m", "portvakt", "phone", "watch", *words]
    environ = os.environ | {"PORTVAKT_PHONE": str(terminal.file)}
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert "Anna Berg" in first
        if words:
            assert json.loads(first)["requests"][0]["app"] == "Lön"
        else:
            assert process.stdout.readline().startswith("paired, not bound")
            assert process.stdout.readline() == "Sign in to Lön\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 1
        assert process.stderr.read() == "portvakt phone: stopped\n"
