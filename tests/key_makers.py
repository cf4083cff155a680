"""A maker of keys, who vouches for them, and somebody who signs what is known of models.

Made from WebAuthn Level 3 section 8 and the FIDO Metadata Service 3 alone, with none of the
product's own code. No model here exists.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.handset import b64u
from tests.soft_key import p256, signature

HOST = "mds.fido.example"
AAGUID = "5ca1ab1e-0000-4000-8000-00000000cafe"
OTHER = "0ddba11d-0000-4000-8000-00000000beef"
NAME = "Nyckelmakaren Modell 5 (påhittad)"
_SINCE, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 1, 1, tzinfo=UTC)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def _named(common: str, unit: str | None = None) -> x509.Name:
    parts = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Exempel"),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ]
    if unit is not None:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit))
    return x509.Name(parts)


def certificate(
    subject: x509.Name,
    key: PrivateKey,
    issuer: "tuple[x509.Certificate, PrivateKey] | None" = None,
    *,
    ca: bool = False,
    until: datetime = _UNTIL,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> x509.Certificate:
    """A certificate that the issuer has signed, or that signs itself."""
    signer = key if issuer is None else issuer[1]
    said = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_SINCE)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if ca:
        usage = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True, "crl_sign": True}
        said = said.add_extension(x509.KeyUsage(**usage), critical=True)
    for extension, critical in extensions:
        said = said.add_extension(extension, critical)
    return said.sign(signer, SHA256())


_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def der(one: x509.Certificate) -> bytes:
    return one.public_bytes(Encoding.DER)


@dataclass
class Maker:
    """Makes keys of one model, and says so in a certificate of each batch."""

    aaguid: str = AAGUID
    unit: str = "Authenticator Attestation"
    names: str | None = None
    """The AAGUID in the certificate; as the model's own where nothing else is given."""
    ca: bool = False
    root_key: ec.EllipticCurvePrivateKey = field(default_factory=p256)
    batch_key: ec.EllipticCurvePrivateKey = field(default_factory=p256)

    def __post_init__(self) -> None:
        self.root = certificate(_named("Nyckelmakarens rot"), self.root_key, ca=True)
        said = bytes.fromhex((self.names or self.aaguid).replace("-", ""))
        of_model = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
        self.batch = certificate(
            _named("Batch", self.unit),
            self.batch_key,
            (self.root, self.root_key),
            ca=self.ca,
            extensions=[(x509.UnrecognizedExtension(of_model, b"\x04\x10" + said), False)],
        )

    def packed(self, data: bytes, client: bytes) -> tuple[str, dict[str, Any]]:
        """A statement of section 8.2 over what a key says of itself."""
        signed = signature(self.batch_key, data + hashlib.sha256(client).digest())
        return "packed", {"alg": -7, "sig": signed, "x5c": [der(self.batch)]}


@dataclass
class OldMaker(Maker):
    """Makes keys of the old kind (section 8.6), which know no AAGUID."""

    def packed(self, data: bytes, client: bytes) -> tuple[str, dict[str, Any]]:
        rp_id_hash, rest = data[:32], data[37 + 16 :]
        length = int.from_bytes(rest[:2], "big")
        id_, cose = rest[2 : 2 + length], rest[2 + length :]
        x, y = cose[-67:-35], cose[-32:]
        signed = signature(
            self.batch_key,
            b"\0" + rp_id_hash + hashlib.sha256(client).digest() + id_ + b"\x04" + x + y,
        )
        return "fido-u2f", {"sig": signed, "x5c": [der(self.batch)]}

    @property
    def identifier(self) -> str:
        """What the metadata calls the batch by."""
        return x509.SubjectKeyIdentifier.from_public_key(self.batch_key.public_key()).digest.hex()


def entry(
    maker: Maker, *statuses: str, name: str = NAME, roots: Sequence[x509.Certificate] | None = None
) -> dict[str, Any]:
    """What the metadata has of a maker's model; a status may have a day: `REVOKED 2026-01-01`."""
    reports = []
    for status in statuses or ("FIDO_CERTIFIED_L1",):
        word, _, day = status.partition(" ")
        reports.append({"status": word} | ({"effectiveDate": day} if day else {}))
    known = (
        {"attestationCertificateKeyIdentifiers": [maker.identifier]}
        if isinstance(maker, OldMaker)
        else {"aaguid": maker.aaguid}
    )
    trusted = [maker.root] if roots is None else roots
    statement = {
        "description": name,
        "attestationRootCertificates": [b64(der(each)) for each in trusted],
        "authenticatorVersion": 5,
    }
    return known | {
        "metadataStatement": statement,
        "statusReports": reports,
        "timeOfLastStatusChange": "2026-01-01",
    }


def b64(data: bytes) -> str:
    """Base64 with padding, as certificates are written."""
    text = b64u(data).replace("-", "+").replace("_", "/")
    return text + "=" * (-len(text) % 4)


@dataclass
class Fido:
    """Signs what is known of models, as the FIDO Alliance does."""

    alg: str = "ES256"
    host: str = HOST
    until: datetime = _UNTIL

    def __post_init__(self) -> None:
        self.root_key: PrivateKey = p256()
        self.key: PrivateKey = p256()
        if self.alg == "RS256":
            self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.root = certificate(_named("Roten"), self.root_key, ca=True)
        usage = dict.fromkeys(_USAGES, False) | {"digital_signature": True}
        self.signer = certificate(
            _named(self.host),
            self.key,
            (self.root, self.root_key),
            until=self.until,
            extensions=[
                (x509.SubjectAlternativeName([x509.DNSName(self.host)]), False),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
                (x509.KeyUsage(**usage), True),
            ],
        )

    @property
    def trusted(self) -> bytes:
        """The file with the root."""
        return self.root.public_bytes(Encoding.PEM)

    def blob(
        self,
        *entries: Mapping[str, Any],
        number: int = 7,
        next_update: str = "2027-01-01",
        **header: Any,
    ) -> bytes:
        """The file (section 3.1.7)."""
        payload = {
            "legalHeader": "A test.",
            "no": number,
            "nextUpdate": next_update,
            "entries": list(entries),
        }
        return self.sign(json.dumps(payload).encode(), **header)

    def sign(self, payload: bytes, **header: Any) -> bytes:
        """Sign anything as it would be signed."""
        head = {"alg": self.alg, "typ": "JWT", "x5c": [b64(der(self.signer))]} | header
        signed = f"{b64u(json.dumps(head).encode())}.{b64u(payload)}".encode()
        if isinstance(self.key, rsa.RSAPrivateKey):
            return signed + b"." + b64u(self.key.sign(signed, PKCS1v15(), SHA256())).encode()
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(SHA256())))
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return signed + b"." + b64u(raw).encode()
