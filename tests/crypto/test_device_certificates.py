"""Which certificates make a device ours, and which lists count."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA224
from cryptography.hazmat.primitives.serialization import Encoding

from portvakt.core.our_devices import Refusal, ShownDevice
from portvakt.crypto.device_certificates import (
    LONGEST_NAME,
    BadListError,
    DeviceAuthority,
    revoked,
)
from tests.servers.device_authority import (
    DAY,
    SERVER,
    Computer,
    DeviceIssuer,
    part_of,
    weak_key,
)
from tests.world import START

NOW = START
ISSUER = DeviceIssuer(now=NOW)
OTHER = DeviceIssuer("Någon annan", now=NOW)
SAME_NAME = DeviceIssuer(now=NOW)
AUTHORITY = DeviceAuthority.read(ISSUER.pem + OTHER.pem)
PC = ISSUER.computer()
PC_WITHOUT_SIGNING = ISSUER.computer(signs=False)
PLACE = "http://pki.region.example/devices-1.crl"


def shown(computer: Computer = PC) -> ShownDevice:
    found = AUTHORITY.look(computer.der, NOW)
    assert isinstance(found, ShownDevice)
    return found


def test_a_certificate_of_the_authority_makes_a_device_ours() -> None:
    assert shown() == ShownDevice(
        name="pc-1234.region.example",
        authority=shown().authority,
        serial=f"{PC.certificate.serial_number:x}",
        ends=PC.certificate.not_valid_after_utc,
        at=NOW,
    )
    assert shown().authority in AUTHORITY.keys
    assert shown(OTHER.computer()).authority != shown().authority


def test_a_device_may_have_a_key_of_rsa_or_of_another_curve() -> None:
    for key in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        assert shown(ISSUER.computer("pc-2", key=key)).name == "pc-2"


@pytest.mark.parametrize(
    ("computer", "why"),
    [
        (ISSUER.computer(begins=NOW - 2 * DAY, ends=NOW - DAY), Refusal.ENDED),
        (ISSUER.computer(begins=NOW + DAY, ends=NOW + 2 * DAY), Refusal.EARLY),
        (ISSUER.computer(usage=SERVER), Refusal.PURPOSE),
        (ISSUER.computer(usage=None), Refusal.PURPOSE),
        (ISSUER.computer(key=weak_key()), Refusal.UNTRUSTED),
        (ISSUER.computer(key=ec.generate_private_key(ec.SECP192R1())), Refusal.UNTRUSTED),
        (ISSUER.computer(ca=True), Refusal.UNTRUSTED),
        (ISSUER.computer(signed_by=OTHER.key), Refusal.UNTRUSTED),
        (SAME_NAME.computer(), Refusal.UNTRUSTED),
    ],
)
def test_any_other_certificate_does_not(computer: Computer, why: Refusal) -> None:
    assert AUTHORITY.look(computer.der, NOW) is why


def test_a_certificate_signed_with_less_than_sha_256_does_not() -> None:
    weak = ISSUER.computer(digest=SHA224())
    assert AUTHORITY.look(weak.der, NOW) is Refusal.UNTRUSTED


def test_what_is_no_certificate_does_not() -> None:
    assert AUTHORITY.look(b"", NOW) is Refusal.UNREADABLE
    assert AUTHORITY.look(PC.pem, NOW) is Refusal.UNREADABLE
    assert AUTHORITY.look(PC.der[:-1], NOW) is Refusal.UNREADABLE
    assert AUTHORITY.look(PC.der + b"\0", NOW) is Refusal.UNREADABLE


def test_the_authoritys_own_certificate_is_no_device() -> None:
    der = ISSUER.certificate.public_bytes(Encoding.DER)
    assert isinstance(AUTHORITY.look(der, NOW), Refusal)


def test_a_certificate_counts_to_the_second() -> None:
    pc = ISSUER.computer(begins=NOW, ends=NOW + DAY)
    assert AUTHORITY.look(pc.der, NOW - timedelta(seconds=1)) is Refusal.EARLY
    assert isinstance(AUTHORITY.look(pc.der, NOW), ShownDevice)
    assert isinstance(AUTHORITY.look(pc.der, NOW + DAY), ShownDevice)
    assert AUTHORITY.look(pc.der, NOW + DAY + timedelta(seconds=1)) is Refusal.ENDED


def test_an_authority_that_has_ended_makes_nothing_ours() -> None:
    ended = DeviceIssuer(now=NOW)
    ended.certificate = ended.own(ends=NOW - DAY)
    authority = DeviceAuthority.read(ended.pem)
    assert isinstance(authority.look(ended.computer().der, NOW), Refusal)
    assert authority.ends() == NOW - DAY


def test_a_device_is_called_by_its_name_in_the_dns_else_by_its_common_name() -> None:
    assert shown(ISSUER.computer("PC-7", alternative=False)).name == "PC-7"
    assert shown(ISSUER.computer("a" * 61 + ".b")).name == "a" * 61 + ".b"
    odd = ISSUER.computer("PC\n7", alternative=False)
    assert shown(odd).name == f"{odd.certificate.serial_number:x}"
    long = shown(ISSUER.computer("pc." * 60 + "example", common="pc"))
    assert len(long.name) == LONGEST_NAME


def test_a_file_without_issuers_is_told() -> None:
    with pytest.raises(ValueError, match="PEM"):
        DeviceAuthority.read(b"")
    with pytest.raises(ValueError, match="may sign no certificates"):
        DeviceAuthority.read(PC_WITHOUT_SIGNING.pem)


def test_a_list_of_the_authority_revokes_what_it_names_and_nothing_else() -> None:
    lost = ISSUER.computer("lost.region.example")
    found = AUTHORITY.read_list(ISSUER.revoking(lost))
    assert found.authority == shown().authority
    assert revoked(shown(lost), [found], NOW) is Refusal.REVOKED
    assert revoked(shown(), [found], NOW) is None
    of_other = shown(OTHER.computer())
    assert revoked(of_other, [found], NOW) is Refusal.NO_LIST


def test_a_number_that_another_authority_revoked_is_nothing_to_us() -> None:
    lost = OTHER.computer()
    theirs = AUTHORITY.read_list(OTHER.revoking(lost))
    ours = AUTHORITY.read_list(ISSUER.revoking())
    same_number = replace(shown(), serial=shown(lost).serial)
    assert revoked(same_number, [theirs, ours], NOW) is None


def test_where_no_list_counts_nobody_knows_and_that_is_a_no() -> None:
    assert revoked(shown(), [], NOW) is Refusal.NO_LIST
    old = AUTHORITY.read_list(ISSUER.revoking(begins=NOW - 8 * DAY))
    assert revoked(shown(), [old], NOW) is Refusal.NO_LIST
    coming = AUTHORITY.read_list(ISSUER.revoking(begins=NOW + DAY))
    assert revoked(shown(), [coming], NOW) is Refusal.NO_LIST
    last_moment = AUTHORITY.read_list(ISSUER.revoking(begins=NOW, lives=DAY))
    assert revoked(shown(), [last_moment], NOW + DAY - timedelta(seconds=1)) is None
    assert revoked(shown(), [last_moment], NOW + DAY) is Refusal.NO_LIST


def test_what_an_old_list_revoked_stays_revoked() -> None:
    old = AUTHORITY.read_list(ISSUER.revoking(PC, begins=NOW - 8 * DAY))
    new = AUTHORITY.read_list(ISSUER.revoking())
    assert revoked(shown(), [old, new], NOW) is Refusal.REVOKED


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no list"),
        (b"<html>", "no list"),
        (ISSUER.revoking()[:-1], "no list"),
        (SAME_NAME.revoking(), "not signed by an authority of ours"),
        (ISSUER.revoking(signed_by=OTHER.key), "not signed by an authority of ours"),
        (ISSUER.revoking(digest=SHA224()), "less than SHA-256"),
        (ISSUER.revoking(delta=True), "must be understood"),
        (ISSUER.revoking(scope=part_of(authorities=True)), "not tell of all"),
        (ISSUER.revoking(scope=part_of(indirect=True)), "not tell of all"),
    ],
)
def test_any_other_list_does_not_count(content: bytes, why: str) -> None:
    with pytest.raises(BadListError, match=why):
        AUTHORITY.read_list(content)


def test_a_list_that_does_not_say_when_the_next_one_comes_does_not_count() -> None:
    with pytest.raises(BadListError, match="does not say when the next one comes"):
        AUTHORITY.read_list(ISSUER.endless())


def test_a_list_with_one_byte_changed_does_not_count() -> None:
    content = bytearray(ISSUER.revoking(PC))
    content[content.index(PC.certificate.serial_number.to_bytes(20, "big")[-8:])] ^= 1
    with pytest.raises(BadListError):
        AUTHORITY.read_list(bytes(content))


def test_an_authority_that_may_sign_no_lists_signs_none() -> None:
    issuer = DeviceIssuer(now=NOW)
    issuer.certificate = issuer.own(crl_sign=False)
    with pytest.raises(BadListError, match="not signed by"):
        DeviceAuthority.read(issuer.pem).read_list(issuer.revoking())


def test_a_list_may_come_as_pem() -> None:
    pem = x509.load_der_x509_crl(ISSUER.revoking(PC)).public_bytes(Encoding.PEM)
    found = AUTHORITY.read_list(pem)
    assert revoked(shown(), [found], NOW) is Refusal.REVOKED


def test_a_list_in_parts_counts_for_those_that_name_its_place() -> None:
    here = ISSUER.computer(place=PLACE)
    part = AUTHORITY.read_list(ISSUER.revoking(scope=part_of(PLACE, users=True)))
    assert revoked(shown(here), [part], NOW) is None
    assert revoked(shown(), [part], NOW) is Refusal.NO_LIST
    elsewhere = ISSUER.computer(place=PLACE + "2")
    assert revoked(shown(elsewhere), [part], NOW) is Refusal.NO_LIST
