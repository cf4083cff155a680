"""What a server's certificate says of itself, and what reading anybody's may raise.

Whether to trust a server was judged before, by TLS.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

UNREADABLE: Final = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for bytes of strangers that are no certificate, or no list, of a kind
that anybody needs. Most of these are no `ValueError`."""


@dataclass(frozen=True, slots=True)
class CertificateSays:
    """Whom it is for, and until when."""

    names: tuple[str, ...]
    """The hosts and addresses that it carries."""
    ends: datetime


def read_certificate(der: bytes) -> CertificateSays:
    """Read a certificate in DER (RFC 5280). Raises `ValueError` for anything else."""
    try:
        return _said(x509.load_der_x509_certificate(der))
    except UNREADABLE as error:
        raise ValueError(str(error)) from error


def read_pem_certificate(pem: bytes) -> CertificateSays:
    """Read the first certificate of a PEM file: the server's own. Raises `ValueError`."""
    try:
        return _said(x509.load_pem_x509_certificate(pem))
    except UNREADABLE as error:
        raise ValueError(str(error)) from error


def _said(certificate: x509.Certificate) -> CertificateSays:
    try:
        kept = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return CertificateSays((), certificate.not_valid_after_utc)
    hosts = kept.get_values_for_type(x509.DNSName)
    addresses = [str(each) for each in kept.get_values_for_type(x509.IPAddress)]
    return CertificateSays((*hosts, *addresses), certificate.not_valid_after_utc)
