"""Certificates and lists that are made to make their reader fall: each is answered, with a no.

Anybody may show one at the devices' host and, where apps show theirs, at the token endpoint; and a
list that is fetched over http may come from anybody.
"""

import warnings
from collections.abc import Callable, Mapping
from random import Random

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ObjectIdentifier

from portvakt.core.our_devices import Refusal, ShownDevice
from portvakt.crypto.certificates import read_certificate
from portvakt.crypto.client_certificates import NAMES, Issuers, is_of_key, names
from portvakt.crypto.device_certificates import BadListError, DeviceAuthority
from tests.make import NOW
from tests.servers.device_authority import CLIENT, DAY, DeviceIssuer, Key, named

ISSUER = DeviceIssuer(now=NOW)
OURS, APPS = DeviceAuthority.read(ISSUER.pem), Issuers.read(ISSUER.pem)
GOOD, LIST = ISSUER.computer().der, ISSUER.revoking()
ALTERNATIVE, LIST_PLACE = "2.5.29.17", "2.5.29.31"
X400 = bytes.fromhex("3004a3023000")
"""An alternative name of a kind that nobody reads (RFC 5280 section 4.2.1.6, `x400Address`)."""
X400_PLACE = bytes.fromhex("300a3008a006a004a3023000")
TRIES = 400


def holding(oid: str, value: bytes, signed_by: Key) -> bytes:
    """Make a certificate of the issuer's name with an extension of any content."""
    made = (
        x509.CertificateBuilder()
        .subject_name(named("x"))
        .issuer_name(ISSUER.name)
        .public_key(ec.generate_private_key(ec.SECP256R1()).public_key())
        .serial_number(5)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.ExtendedKeyUsage(CLIENT), critical=False)
        .add_extension(x509.UnrecognizedExtension(ObjectIdentifier(oid), value), critical=False)
    )
    return made.sign(signed_by, SHA256()).public_bytes(Encoding.DER)


def instead(content: bytes, before: str, after: str) -> bytes:
    found, new = bytes.fromhex(before), bytes.fromhex(after)
    assert found in content
    return content.replace(found, new, 1)


STRANGER = ec.generate_private_key(ec.SECP256R1())
HOSTILE: Mapping[str, bytes] = {
    "a name of an odd kind": holding(ALTERNATIVE, X400, STRANGER),
    "one of ours with that": holding(ALTERNATIVE, X400, ISSUER.key),
    "a place of an odd kind": holding(LIST_PLACE, X400_PLACE, STRANGER),
    "a name that is none": holding(ALTERNATIVE, b"\xff", STRANGER),
    "another version": instead(GOOD, "a003020102", "a003020107"),
    "an extension twice": instead(GOOD, "0603551d11", "0603551d25"),
    "a curve of nobody": instead(GOOD, "06082a8648ce3d030107", "06082a8648ce3d03017f"),
    "a key of nobody": instead(GOOD, "06072a8648ce3d0201", "06072a8648ce3d027f"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_a_stranger_shows_is_refused_and_falls_on_nobody(kind: str) -> None:
    der = HOSTILE[kind]
    assert isinstance(OURS.look(der, NOW), Refusal)
    assert not any(names(der, each, "10.0.0.1") for each in NAMES)
    assert not is_of_key(der, '{"keys": []}', NOW)


@pytest.mark.parametrize("kind", sorted(set(HOSTILE) - {"one of ours with that"}))
def test_nobody_vouches_for_what_a_stranger_shows(kind: str) -> None:
    assert not APPS.vouch(HOSTILE[kind], NOW)


def test_a_list_of_another_version_is_none() -> None:
    with pytest.raises(BadListError):
        OURS.read_list(instead(LIST, "020101", "020105"))


def test_a_servers_certificate_that_cannot_be_read_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="version"):
        read_certificate(HOSTILE["another version"])


def spoilt(content: bytes, chance: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 4])):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


READERS: Mapping[str, Callable[[bytes], object]] = {
    "a device": lambda der: OURS.look(der, NOW),
    "an issuer": lambda der: APPS.vouch(der, NOW),
    "a name": lambda der: [names(der, each, "10.0.0.1") for each in NAMES],
    "a key": lambda der: is_of_key(der, '{"keys": []}', NOW),
}


@pytest.mark.parametrize("reader", READERS)
def test_bytes_that_were_changed_make_no_reader_fall(reader: str) -> None:
    chance = Random(3111)  # noqa: S311  # chance that repeats is the point
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for _ in range(TRIES):
            changed = spoilt(GOOD, chance)
            found = READERS[reader](changed)
            assert not isinstance(found, ShownDevice) or changed == GOOD


def test_bytes_of_a_list_that_were_changed_make_no_list() -> None:
    chance = Random(3111)  # noqa: S311  # chance that repeats is the point
    for _ in range(TRIES):
        changed = spoilt(LIST, chance)
        if changed != LIST:
            with pytest.raises(BadListError):
                OURS.read_list(changed)
