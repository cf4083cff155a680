"""Our own TLS: which versions, and certificates that are renewed while everything runs."""

import shutil
import ssl
import warnings
from pathlib import Path

import pytest

from portvakt.web.tls import LOOKS_EVERY, server_context
from tests.servers.authority import Authority, Certificate

HOST = "mfa.region.example"


class Clock:
    at = 0.0

    def __call__(self) -> float:
        return self.at


class Door:
    """A server's context over two files, as another program renews them."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "ca")
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        self.clock = Clock()
        self.put(self.authority.certificate(HOST))
        self.context = server_context(self.certificate, self.key, self.clock)

    def put(self, made: Certificate) -> None:
        shutil.copy(made.certificate, self.certificate)
        shutil.copy(made.key, self.key)

    def client(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority.ca_file))

    def knock(self, client: ssl.SSLContext | None = None) -> ssl.SSLObject:
        """Shake hands in memory, and return the client's side."""
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self.context.wrap_bio(to_server, to_client, server_side=True)
        ours = (client or self.client()).wrap_bio(to_client, to_server, server_hostname=HOST)
        done: set[ssl.SSLObject] = set()
        for _ in range(10):
            for side in (ours, server):
                try:
                    side.do_handshake()
                    done.add(side)
                except ssl.SSLWantReadError:
                    continue
            if len(done) == 2:
                return ours
        raise AssertionError("they never finished")

    def serial(self) -> str:
        seen = self.knock().getpeercert()
        assert seen is not None
        return str(seen["serialNumber"])


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken_with_forward_secrecy(
    door: Door, version: ssl.TLSVersion
) -> None:
    client = door.client()
    client.minimum_version = client.maximum_version = version
    connection = door.knock(client)
    assert connection.version() == version.name.replace("_", ".")
    cipher = connection.cipher()
    assert cipher is not None
    assert "GCM" in cipher[0] or "CHACHA20" in cipher[0]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_a123_older_versions_are_refused(door: Door, version: ssl.TLSVersion) -> None:
    client = door.client()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        client.minimum_version = client.maximum_version = version
    client.set_ciphers("ALL:@SECLEVEL=0")  # so that it is the server that refuses
    with pytest.raises(ssl.SSLError, match=r"UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|NO_PROTOCOLS"):
        door.knock(client)


@pytest.mark.parametrize("cipher", ["AES128-SHA256", "ECDHE-ECDSA-AES128-SHA256"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(
    door: Door, cipher: str
) -> None:
    client = door.client()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(cipher)
    with pytest.raises(ssl.SSLError):
        door.knock(client)


def test_a_renewed_certificate_is_shown_without_a_restart(door: Door) -> None:
    before = door.serial()
    door.put(door.authority.certificate(HOST))
    assert door.serial() == before  # looked at too short a time ago
    door.clock.at += LOOKS_EVERY
    after = door.serial()
    assert after != before
    door.clock.at += LOOKS_EVERY
    assert door.serial() == after


def test_half_of_a_renewal_changes_nothing_until_it_is_whole(door: Door) -> None:
    before = door.serial()
    renewed = door.authority.certificate(HOST)
    shutil.copy(renewed.certificate, door.certificate)
    door.clock.at += LOOKS_EVERY
    assert door.serial() == before
    door.key.unlink()
    door.clock.at += LOOKS_EVERY
    assert door.serial() == before
    shutil.copy(renewed.key, door.key)
    door.clock.at += LOOKS_EVERY
    assert door.serial() != before


def test_a_client_that_names_no_host_gets_the_renewed_certificate_too(door: Door) -> None:
    client = door.client()
    client.check_hostname = False
    door.knock(client)
    door.put(door.authority.certificate(HOST))
    door.clock.at += LOOKS_EVERY
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = door.context.wrap_bio(to_server, to_client, server_side=True)
    nameless = client.wrap_bio(to_client, to_server)
    with pytest.raises(ssl.SSLWantReadError):
        nameless.do_handshake()
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    assert server.context is not door.context
