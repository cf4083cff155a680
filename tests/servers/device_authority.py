"""A device authority of the tests' own: certificates of computers, right and wrong, and lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA224, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

_LONG = 0x80
_TIME, _TIME_OCTETS = b"\x17\x0d", 15
_ECDSA_SHA_256 = bytes.fromhex("06082a8648ce3d040302")
YEAR = timedelta(days=365)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)


@cache
def weak_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505  # that it is refused is the test


@dataclass(frozen=True, slots=True)
class Computer:
    """A computer's certificate and key."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def files(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write both, and return where."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(self.pem)
        key.touch(mode=0o600)
        key.write_bytes(self.key_pem)
        return certificate, key


class DeviceIssuer:
    """Issues certificates to computers, and lists of those that no longer count."""

    def __init__(self, name: str = "Region Exempel Enheter", now: datetime | None = None) -> None:
        self.now = (now or datetime.now(UTC)).replace(microsecond=0)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = named(name)
        self.certificate = self.own()

    def own(self, *, ends: datetime | None = None, crl_sign: bool = True) -> x509.Certificate:
        """Make the issuer's own certificate."""
        public = self.key.public_key()
        return (
            self._builder(self.name, public, self.now - YEAR, ends or self.now + 10 * YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(crl_sign=crl_sign), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self.key, SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def computer(
        self,
        name: str = "pc-1234.region.example",
        *,
        common: str = "",
        begins: datetime | None = None,
        ends: datetime | None = None,
        usage: Iterable[ObjectIdentifier] | None = CLIENT,
        key: Key | None = None,
        signed_by: Key | None = None,
        digest: SHA224 | SHA256 | None = None,
        ca: bool = False,
        alternative: bool = True,
        place: str | None = None,
        signs: bool | None = None,
    ) -> Computer:
        """Issue a certificate; each argument makes one thing of it another."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        made = self._builder(
            named(common or name),
            key.public_key(),
            begins or self.now - DAY,
            ends or self.now + YEAR,
        ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        made = made.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
            critical=False,
        )
        if alternative:
            made = made.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
            )
        if usage is not None:
            made = made.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        if signs is not None:
            made = made.add_extension(_usage(signs=signs, crl_sign=signs), critical=True)
        if place is not None:
            uri = x509.UniformResourceIdentifier(place)
            point = x509.DistributionPoint([uri], None, None, None)
            made = made.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        return Computer(made.sign(signed_by or self.key, digest or SHA256()), key)

    def revoking(
        self,
        *computers: Computer,
        begins: datetime | None = None,
        lives: timedelta = 7 * DAY,
        signed_by: Key | None = None,
        digest: SHA224 | SHA256 | None = None,
        scope: x509.IssuingDistributionPoint | None = None,
        delta: bool = False,
    ) -> bytes:
        """Return a list, in DER, that revokes these computers' certificates."""
        begins = begins or self.now - timedelta(hours=1)
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(begins)
            .next_update(begins + lives)
            .add_extension(x509.CRLNumber(7), critical=False)
        )
        for each in computers:
            made = made.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(each.certificate.serial_number)
                .revocation_date(begins)
                .build()
            )
        if scope is not None:
            made = made.add_extension(scope, critical=True)
        if delta:
            made = made.add_extension(x509.DeltaCRLIndicator(6), critical=True)
        return made.sign(signed_by or self.key, digest or SHA256()).public_bytes(Encoding.DER)

    def endless(self) -> bytes:
        """Return a list, in DER, that does not say when the next one comes; the library makes none.

        What is to be signed is a sequence in which two times stand behind each other (5.1.2).
        """
        signed = x509.load_der_x509_crl(self.revoking()).tbs_certlist_bytes
        body = signed[-_length(signed) :]
        first = body.index(_TIME)
        second = first + _TIME_OCTETS
        assert body[second:].startswith(_TIME)
        body = _sequence(body[:second] + body[second + _TIME_OCTETS :])
        signature = self.key.sign(body, ec.ECDSA(SHA256()))
        bits = b"\x03" + bytes([len(signature) + 1]) + b"\0" + signature
        return _sequence(body + _sequence(_ECDSA_SHA_256) + bits)

    def _builder(
        self,
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey,
        begins: datetime,
        ends: datetime,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )


def _length(sequence: bytes) -> int:
    """Return how many octets a sequence in DER holds."""
    if sequence[1] < _LONG:
        return sequence[1]
    return int.from_bytes(sequence[2 : 2 + sequence[1] - _LONG], "big")


def _sequence(content: bytes) -> bytes:
    length = len(content)
    if length < _LONG:
        return b"\x30" + bytes([length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return b"\x30" + bytes([_LONG + len(octets)]) + octets + content


def named(name: str) -> x509.Name:
    """Return a distinguished name of one common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def part_of(place: str | None = None, **more: bool) -> x509.IssuingDistributionPoint:
    """Return what makes a list one for some certificates only."""
    names = None if place is None else [x509.UniformResourceIdentifier(place)]
    return x509.IssuingDistributionPoint(
        full_name=names,
        relative_name=None,
        only_contains_user_certs=more.get("users", False),
        only_contains_ca_certs=more.get("authorities", False),
        only_some_reasons=None,
        indirect_crl=more.get("indirect", False),
        only_contains_attribute_certs=False,
    )


def _usage(*, crl_sign: bool, signs: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
