"""Reads the metadata of keys as the FIDO Alliance signs it (Metadata Service 3, section 3.1).

A file that the organisation supplies, and a file with the certificate that it leads to: nothing is
fetched. What is read here is believed of every key, so what is not in order is refused as a whole.
"""

from base64 import b64decode
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from portvakt.core.key_models import KeyModel, KeyModels, Report

if TYPE_CHECKING:
    from joserfc.jwk import Key
    from joserfc.jws import JWSRegistry

ALGORITHMS: Final = ("RS256", "ES256")
MOST: Final = 64 * 1024 * 1024
"""Bytes of a file: ten times what it is today."""
_LONGEST_NAME: Final = 200


class BadMetadataError(ValueError):
    """Metadata that is not believed, and why: one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMetadata:
    """What a file holds."""

    number: int
    """It grows with each edition (`no`)."""
    next_update: date
    """The day by which a newer one is to be had."""
    models: KeyModels


class _Statement(msgspec.Struct, frozen=True, rename="camel"):
    description: str = ""
    attestation_root_certificates: tuple[str, ...] = ()


class _Report(msgspec.Struct, frozen=True, rename="camel"):
    status: str
    effective_date: date | None = None


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    """`MetadataBLOBPayloadEntry` (section 3.1.1), as far as it is used."""

    aaguid: str | None = None
    attestation_certificate_key_identifiers: tuple[str, ...] = ()
    metadata_statement: _Statement = _Statement()
    status_reports: tuple[_Report, ...] = ()


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    no: int
    next_update: date
    entries: tuple[_Entry, ...]


class _Header(msgspec.Struct, frozen=True):
    alg: str
    x5c: tuple[str, ...]


_PAYLOAD: Final = msgspec.json.Decoder(_Payload)
_HEADER: Final = msgspec.json.Decoder(_Header)


def read_files(metadata: Path, root: Path, host: str, now: datetime) -> KeyMetadata:
    """Read both files. Raises `BadMetadataError`."""
    try:
        size = metadata.stat().st_size
        if size > MOST:
            raise BadMetadataError(f"{metadata}: {size} bytes are more than metadata has")
        signed, trusted = metadata.read_bytes(), root.read_bytes()
    except OSError as error:
        raise BadMetadataError(f"{error.filename}: {error.strerror}") from error
    try:
        return read_metadata(signed.strip(), trusted, host, now)
    except BadMetadataError as error:
        raise BadMetadataError(f"{metadata}: {error}") from error


def read_metadata(signed: bytes, root: bytes, host: str, now: datetime) -> KeyMetadata:
    """Verify and read a signed file (section 3.1.7 and RFC 7515).

    `root` is PEM: what the signer's certificate must lead to; `host` is the name that it must be
    for, since such a root signs for many. A file stays readable when it is old: its certificate is
    held to the day by which the next was due. Raises `BadMetadataError`.
    """
    chain, read = _opened(signed)
    due = datetime.combine(read.next_update, time(), UTC) + timedelta(days=1)
    _trusted(chain, root, host, min(now, due))
    try:
        models = KeyModels(each for entry in read.entries for each in _models(entry))
    except ValueError as error:
        raise BadMetadataError(f"a certificate in it is not base64: {error}") from error
    return KeyMetadata(number=read.no, next_update=read.next_update, models=models)


def _opened(signed: bytes) -> tuple[list[x509.Certificate], _Payload]:
    """Return who says that they signed it, and what was signed with their key."""
    from joserfc import jws  # noqa: PLC0415 - costs 0.1 s, which every command would pay
    from joserfc.errors import JoseError  # noqa: PLC0415

    try:
        head, _, _ = signed.partition(b".")
        header = _HEADER.decode(b64decode(head + b"=" * (-len(head) % 4), altchars=b"-_"))
        chain = [x509.load_der_x509_certificate(b64decode(each)) for each in header.x5c]
        key = _key_of(chain[0].public_key(), header.alg)
        opened = jws.deserialize_compact(signed, key, algorithms=[header.alg], registry=_registry())
        return chain, _PAYLOAD.decode(opened.payload)
    except (JoseError, msgspec.MsgspecError, ValueError, IndexError, UnsupportedAlgorithm) as error:
        raise BadMetadataError(f"no metadata that anybody has signed ({error})") from error


def _registry() -> "JWSRegistry":
    """Allow a header and a payload as long as they are."""
    from joserfc.jws import JWSRegistry  # noqa: PLC0415 - costs 0.1 s

    registry = JWSRegistry(algorithms=list(ALGORITHMS))
    registry.max_header_length = registry.max_payload_length = MOST
    return registry


def _key_of(public: CertificatePublicKeyTypes, alg: str) -> "Key":
    """Return a key for an algorithm that is taken. Raises ValueError for any other."""
    from joserfc.jwk import ECKey, RSAKey  # noqa: PLC0415 - costs 0.1 s

    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if alg == "RS256" and isinstance(public, rsa.RSAPublicKey):
        return RSAKey.import_key(pem)
    if alg == "ES256" and isinstance(public, ec.EllipticCurvePublicKey):
        return ECKey.import_key(pem)
    raise ValueError(f"{alg} and this key are not taken: RS256 or ES256, with a key of that kind")


def _trusted(chain: list[x509.Certificate], root: bytes, host: str, at: datetime) -> None:
    """Hold the signer's certificate against the root, by `cryptography`'s verifier (RFC 5280)."""
    try:
        roots = x509.load_pem_x509_certificates(root)
    except ValueError as error:
        raise BadMetadataError("the file with the root holds no certificate (PEM)") from error
    policy = PolicyBuilder().store(Store(roots)).time(at.replace(tzinfo=None))
    try:
        policy.build_server_verifier(x509.DNSName(host)).verify(chain[0], chain[1:])
    except (VerificationError, ValueError) as error:
        said = f"{error}".partition("\n")[0]
        raise BadMetadataError(f"not signed by {host} under that root: {said}") from error


def _models(entry: _Entry) -> list[KeyModel]:
    """Return the model of an entry, under each of its names; none for keys without either."""
    statement = entry.metadata_statement
    ids = [f"u2f:{each.lower()}" for each in entry.attestation_certificate_key_identifiers]
    if entry.aaguid is not None:
        ids.append(entry.aaguid.lower())
    reports = tuple(Report(each.status, each.effective_date) for each in entry.status_reports)
    roots = tuple(b64decode(each) for each in statement.attestation_root_certificates)
    name = " ".join(statement.description.split())[:_LONGEST_NAME]
    return [KeyModel(id=each, name=name, reports=reports, roots=roots) for each in ids]
