"""The certificates that apps show: whose they are, and whether somebody we trust says so."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import (
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from portvakt.crypto.certificates import UNREADABLE
from portvakt.crypto.client_keys import public_keys

NAMES: Final = ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
"""By what an entry names a certificate (RFC 8705 section 2.1.2)."""


def thumbprint(der: bytes) -> str:
    """Return what tokens know a certificate by: `x5t#S256` (RFC 8705 section 3.1)."""
    return base64.urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class Issuers:
    """Those whose word we take for the name in a certificate."""

    certificates: tuple[x509.Certificate, ...]

    @classmethod
    def read(cls, pem: bytes) -> "Issuers":
        """Read roots, and what stands between them and the apps. Raises `ValueError`."""
        return cls(tuple(x509.load_pem_x509_certificates(pem)))

    def vouch(self, der: bytes, now: datetime) -> bool:
        """Say whether one of them signed this certificate, and it counts now (RFC 5280).

        What else it is for is left to whoever issued it: organisations' own authorities write
        certificates of many shapes.
        """
        if not self.certificates:
            return False
        policy = (
            PolicyBuilder()
            .store(Store(list(self.certificates)))
            .time(now.replace(tzinfo=None))
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca(),
                ee_policy=ExtensionPolicy.permit_all(),
            )
        )
        try:
            policy.build_client_verifier().verify(x509.load_der_x509_certificate(der), [])
        except (VerificationError, *UNREADABLE):
            return False
        return True


def names(der: bytes, kind: str, name: str) -> bool:
    """Say whether a certificate carries this name, by one of `NAMES`.

    A distinguished name is compared attribute by attribute (RFC 4514), all others to the letter.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        if kind == "subject_dn":
            return certificate.subject == distinguished(name)
        kept = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False
    if kind == "san_ip":
        return ip_address(name) in kept.get_values_for_type(x509.IPAddress)
    texts: dict[str, list[str]] = {
        "san_dns": kept.get_values_for_type(x509.DNSName),
        "san_uri": kept.get_values_for_type(x509.UniformResourceIdentifier),
        "san_email": kept.get_values_for_type(x509.RFC822Name),
    }
    return name in texts[kind]


def is_name(kind: str, name: str) -> bool:
    """Say whether this is how a name of that kind is written."""
    try:
        if kind == "subject_dn":
            return len(list(distinguished(name))) > 0
        if kind == "san_ip":
            ip_address(name)
    except ValueError:
        return False
    return bool(name) and name.isascii() and name.isprintable() and " " not in name


@lru_cache(maxsize=1024)
def distinguished(name: str) -> x509.Name:
    """Read a distinguished name as RFC 4514 writes it. Raises `ValueError`."""
    return x509.Name.from_rfc4514_string(name)


def is_of_key(der: bytes, jwks: str, now: datetime) -> bool:
    """Say whether a certificate counts now and is of one of these public keys (RFC 8705 2.2)."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        own = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UNREADABLE:
        return False
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return False
    known: Sequence[bytes] = public_keys(jwks)
    return own in known
