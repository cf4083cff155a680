"""A certificate for an hour: its names, its time, and the mark that a browser knows it by."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from portvakt.crypto.passing_certificate import make_passing_certificate

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_it_is_for_these_names_and_for_today() -> None:
    made = make_passing_certificate(["b.region.example", "a.region.example"], NOW)
    read = x509.load_pem_x509_certificate(made.content)
    hosts = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert hosts.get_values_for_type(x509.DNSName) == ["a.region.example", "b.region.example"]
    assert read.not_valid_before_utc < NOW < read.not_valid_after_utc
    assert read.not_valid_after_utc - read.not_valid_before_utc <= timedelta(days=2)


def test_its_mark_is_that_of_its_key_and_no_two_are_alike() -> None:
    made, other = (make_passing_certificate(["a.region.example"], NOW) for _ in range(2))
    key = serialization.load_pem_private_key(made.key, None)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert made.mark == base64.b64encode(hashlib.sha256(public).digest()).decode()
    assert made.mark != other.mark
