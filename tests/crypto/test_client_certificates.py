"""Whose certificate it is, and whether somebody we trust says so."""

from datetime import timedelta

import pytest
from joserfc.jwk import ECKey

from portvakt.crypto.client_certificates import (
    NAMES,
    Issuers,
    is_name,
    is_of_key,
    names,
    thumbprint,
)
from tests.protocols.assertions import jwks
from tests.protocols.certificates import (
    APP_KEY,
    OTHER_KEY,
    SUBJECT,
    authority,
    certificate,
)
from tests.world import START

ISSUERS = Issuers.read(authority())
NAMED = {
    "subject_dn": SUBJECT,
    "san_dns": "robot.region.example",
    "san_uri": "https://robot.region.example/x",
    "san_ip": "10.1.2.3",
    "san_email": "robot@region.example",
}


def test_every_kind_of_name_is_tried() -> None:
    assert set(NAMED) == set(NAMES)


@pytest.mark.parametrize("kind", NAMES)
def test_a_certificate_carries_its_names_to_the_letter(kind: str) -> None:
    der = certificate()
    assert is_name(kind, NAMED[kind])
    assert names(der, kind, NAMED[kind])
    other = {"subject_dn": "CN=robot,O=Region Exempel", "san_ip": "10.1.2.4"}
    assert not names(der, kind, other.get(kind, NAMED[kind] + "x"))
    assert not names(der, kind, other.get(kind, "x" + NAMED[kind]))
    bare = certificate(alternative=False)
    assert names(bare, kind, NAMED[kind]) is (kind == "subject_dn")
    assert not names(b"x", kind, NAMED[kind])


def test_a_name_that_is_none_is_told() -> None:
    for kind, wrong in (
        ("subject_dn", ""),
        ("subject_dn", "robot"),
        ("san_ip", "10.1.2"),
        ("san_dns", ""),
        ("san_dns", "a b"),
        ("san_uri", "https://å"),
    ):
        assert not is_name(kind, wrong)


def test_the_word_of_a_known_issuer_counts_while_the_certificate_does() -> None:
    der = certificate()
    assert ISSUERS.vouch(der, START)
    assert not ISSUERS.vouch(der, START + timedelta(days=30))
    assert not ISSUERS.vouch(der, START - timedelta(days=2))
    assert not ISSUERS.vouch(certificate(signer=None), START), "nobody's word but its own"
    assert not ISSUERS.vouch(certificate(signer=OTHER_KEY), START), "the name of the issuer alone"
    assert not ISSUERS.vouch(b"x", START)
    assert not Issuers(()).vouch(der, START)
    assert not Issuers.read(authority(OTHER_KEY)).vouch(der, START)
    with pytest.raises(ValueError, match=r"."):
        Issuers.read(b"x")


def test_a_certificate_is_of_a_key_that_was_given_or_of_none() -> None:
    known = jwks(ECKey.import_key(APP_KEY.public_key()))
    der = certificate(signer=None)
    assert is_of_key(der, known, START)
    assert is_of_key(certificate("CN=else", signer=None), known, START), "the key is what counts"
    assert not is_of_key(certificate(key=OTHER_KEY, signer=None), known, START)
    assert not is_of_key(der, known, START + timedelta(days=30))
    assert not is_of_key(der, known, START - timedelta(days=2))
    assert not is_of_key(b"x", known, START)
    assert not is_of_key(der, "{}", START)


def test_two_certificates_of_one_key_are_told_apart() -> None:
    assert thumbprint(certificate()) != thumbprint(certificate())
    assert len(thumbprint(certificate())) == 43
