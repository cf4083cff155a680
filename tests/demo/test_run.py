"""The command itself: started, stopped, started again, and kept from what is not its own."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

pytestmark = pytest.mark.slow
PORTVAKT = Path(sys.executable).with_name("portvakt")
SECONDS_TO_START = 60


def command(*words: object) -> list[str]:
    return [str(PORTVAKT), *map(str, words)]


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, check=False)


@contextmanager
def demo(data: Path, *words: object) -> Iterator[dict[str, Any]]:
    """Start it on free ports, give its facts, and stop it as Ctrl-C does."""
    said = data.with_suffix(".said")
    with said.open("w") as out:
        started = command("demo", "--port", 0, "--data", data, *words)
        environ = os.environ | {"PORTVAKT_PUBLIC_URL": "https://elsewhere.example"}
        process = subprocess.Popen(started, stdout=out, stderr=subprocess.STDOUT, env=environ)
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while "Ctrl-C" not in said.read_text(encoding="utf-8"):
            assert process.poll() is None, said.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, said.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield json.loads((data / "demo.json").read_text(encoding="utf-8"))
    finally:
        process.send_signal(signal.SIGINT)
        ended = process.wait(timeout=20)
    assert ended == 0, said.read_text(encoding="utf-8")
    assert "Traceback" not in said.read_text(encoding="utf-8")
    first, second, *_ = said.read_text(encoding="utf-8").splitlines()
    assert (first.startswith("http"), second) == (True, "")


def test_it_starts_again_with_the_same_people_and_is_kept_apart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with demo(data) as facts:
        assert len(facts["people"]) == 13
        assert all(len(person["password"]) >= 15 for person in facts["people"])
        assert httpx.get(f"{facts['portvakt']}/readyz", trust_env=False).status_code == 200
        page = httpx.get(f"{facts['portvakt']}/sign-in", trust_env=False)
        assert "Region Exempel" in page.text
        again = run("demo", "--port", 0, "--data", data)
        assert again.returncode == 1
        assert "another demo is using" in again.stderr
        for secret in ("demo.json", "region.toml", "master.key", "portvakt.db"):
            assert (data / secret).stat().st_mode & 0o077 == 0, secret
    served = run("serve", "--config", data / "portvakt.toml")
    assert served.returncode == 1
    assert "only the demo serves it" in served.stderr
    with demo(data) as later:
        assert later["people"] == facts["people"]


def test_it_leaves_other_databases_and_settings_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    settings = data / "portvakt.toml"
    settings.write_text(
        'public_url = "http://localhost:8000"\n'
        f'database_url = "sqlite:///{data}/portvakt.db"\n'
        f'[keys]\nmaster_file = "{data}/master.key"\n',
        encoding="utf-8",
    )
    assert run("migrate", "--config", settings).returncode == 0
    refused = run("demo", "--port", 0, "--data", data)
    assert refused.returncode == 1
    assert "was not written by the demo" in refused.stderr
    settings.unlink()
    refused = run("demo", "--port", 0, "--data", data)
    assert refused.returncode == 1
    assert "was not made by the demo" in refused.stderr


def test_a_taken_port_and_half_a_certificate_are_said_in_one_line(tmp_path: Path) -> None:
    with demo(tmp_path / "data") as facts:
        port = facts["portvakt"].rpartition(":")[2]
        refused = run("demo", "--port", port, "--data", tmp_path / "other")
        assert refused.returncode == 1
        assert refused.stderr.strip() == (
            f"portvakt demo: port {port} is taken; choose another with --port"
        )
    assert run("demo", "--host", "demo.example").returncode == 2
    assert run("demo", "--help").returncode == 0


def test_a_real_phone_can_join_by_a_name_and_a_certificate(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    trust = ssl.create_default_context(cafile=cert)
    words = ("--host", "localhost", "--tls-cert", cert, "--tls-key", key)
    with demo(tmp_path / "data", *words) as facts:
        assert facts["portvakt"].startswith("https://localhost:")
        with httpx.Client(verify=trust, trust_env=False) as phone:
            assert phone.get(f"{facts['portvakt']}/sign-in").status_code == 200
            sent_on = phone.get(f"{facts['shop']}/sign-in")
        assert sent_on.status_code == 303
        assert sent_on.headers["location"].startswith(f"{facts['portvakt']}/oidc/authorize?")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file
