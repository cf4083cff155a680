"""A certificate that nobody signed, for a server that runs for an hour on this machine alone."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_LIVES: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PassingCertificate:
    """The certificate and its key, in PEM."""

    content: bytes
    key: bytes = field(repr=False)
    mark: str
    """SHA-256 of the public key, in base64: by it a browser is told to trust this one alone."""


def make_passing_certificate(names: Iterable[str], now: datetime) -> PassingCertificate:
    """Make one for these host names; it holds from a day before `now` to a day after."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portvakt")])
    hosts = x509.SubjectAlternativeName([x509.DNSName(each) for each in sorted(names)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIVES)
        .not_valid_after(now + _LIVES)
        .add_extension(hosts, critical=False)
        .sign(key, hashes.SHA256())
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    mark = base64.b64encode(hashlib.sha256(public).digest()).decode()
    return PassingCertificate(made.public_bytes(serialization.Encoding.PEM), private, mark)
