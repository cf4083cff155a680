"""Certificates that apps show, from an authority of the test's own."""

import base64
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.world import START

KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
AUTHORITY_KEY, APP_KEY, OTHER_KEY = KEYS
AUTHORITY = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Region Exempel"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Appar"),
    ]
)
SUBJECT = "CN=robot,OU=Drift,O=Region Exempel"


def certificate(
    subject: str = SUBJECT,
    key: ec.EllipticCurvePrivateKey = APP_KEY,
    *,
    signer: ec.EllipticCurvePrivateKey | None = AUTHORITY_KEY,
    begins: datetime = START - timedelta(days=1),
    lives: timedelta = timedelta(days=30),
    alternative: bool = True,
) -> bytes:
    """Return a certificate in DER; without a signer it is signed by its own key."""
    name = x509.Name.from_rfc4514_string(subject)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if signer is None else AUTHORITY)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + lives)
    )
    names = [
        x509.DNSName("robot.region.example"),
        x509.UniformResourceIdentifier("https://robot.region.example/x"),
        x509.IPAddress(ip_address("10.1.2.3")),
        x509.RFC822Name("robot@region.example"),
    ]
    if alternative:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if signer is not None:
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        made = made.add_extension(known, critical=False)
    return made.sign(signer or key, SHA256()).public_bytes(Encoding.DER)


def authority(key: ec.EllipticCurvePrivateKey = AUTHORITY_KEY) -> bytes:
    """Return the authority's own certificate in PEM."""
    usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
    made = (
        x509.CertificateBuilder()
        .subject_name(AUTHORITY)
        .issuer_name(AUTHORITY)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START - timedelta(days=365))
        .not_valid_after(START + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def header(der: bytes) -> dict[str, str]:
    """Write a certificate as the proxy does (RFC 9440 section 2.2)."""
    return {"client-cert": f":{base64.b64encode(der).decode()}:"}
