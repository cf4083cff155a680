"""The certificates of our own devices: who issued them, and whether they still count.

Chain, time and signatures are judged by `cryptography`'s verifier (RFC 5280); here stands only what
it is asked for. A list of revoked certificates counts if one of our authorities
signed it, and it is neither too old nor only a part of one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from cryptography.x509.verification import (
    ClientVerifier,
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from portvakt.core.our_devices import Refusal, ShownDevice
from portvakt.crypto.certificates import UNREADABLE

LONGEST_NAME: Final = 120
_LEAST_RSA: Final = 2048
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_HASHES: Final = (SHA256, SHA384, SHA512)
_KNOWN: Final = frozenset(
    {
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_NUMBER,
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
    }
)
"""Extensions of a list that are understood here; any other that is critical voids it (5.2)."""


class BadListError(ValueError):
    """A list that does not count, and why: one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """What one authority says no longer counts (RFC 5280 section 5)."""

    authority: str
    """SHA-256 of the public key that signed it, in hex."""
    begins: datetime
    ends: datetime
    serials: frozenset[int] = field(repr=False)
    places: frozenset[str] = frozenset()
    """Where it is the list for those certificates alone that name one of these places."""

    def counts(self, now: datetime) -> bool:
        """Say whether it counts by its own words."""
        return self.begins <= now < self.ends


class DeviceAuthority:
    """Those who issue certificates for our devices."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._certificates = tuple(certificates)
        self._keys = {_key_of(each) for each in self._certificates}
        self._store = Store(list(self._certificates))

    @classmethod
    def read(cls, pem: bytes) -> "DeviceAuthority":
        """Read a PEM file of issuers. Raises `ValueError` where there is none in it."""
        found = x509.load_pem_x509_certificates(pem)
        for each in found:
            if not _may(each, "key_cert_sign"):
                raise ValueError(f"{each.subject.rfc4514_string()} may sign no certificates")
        return cls(found)

    @property
    def keys(self) -> frozenset[str]:
        """Return what the authorities are known by."""
        return frozenset(self._keys)

    def ends(self) -> datetime:
        """Return when the first of them ends."""
        return min(each.not_valid_after_utc for each in self._certificates)

    def look(self, der: bytes, now: datetime) -> ShownDevice | Refusal:
        """Judge a certificate that a client of TLS has shown, without lists."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            chain = self._policy(now).verify(certificate, []).chain
            if not _is_strong(certificate.public_key()):  # the verifier looks at issuers' keys only
                return Refusal.UNTRUSTED
            return _shown(certificate, chain[1], now)
        except VerificationError:
            return _why(der, now)
        except (*UNREADABLE, IndexError):
            return Refusal.UNREADABLE

    def _policy(self, now: datetime) -> ClientVerifier:
        """Ask that it is for clients of TLS, and no authority; its names are the authority's."""
        leaf = (
            ExtensionPolicy.permit_all()
            .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _for_clients)
            .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _no_authority)
        )
        authority = ExtensionPolicy.webpki_defaults_ca()
        return (
            PolicyBuilder()
            .store(self._store)
            .time(now.replace(tzinfo=None))
            .extension_policies(ca_policy=authority, ee_policy=leaf)
            .build_client_verifier()
        )

    def read_list(self, content: bytes) -> RevocationList:
        """Read a list in PEM or DER that one of the authorities signed. Raises `BadListError`."""
        pem = content.lstrip().startswith(b"-----BEGIN")
        try:
            found = x509.load_pem_x509_crl(content) if pem else x509.load_der_x509_crl(content)
            return self._read_list(found)
        except BadListError:
            raise
        except UNREADABLE as error:
            raise BadListError("is no list of revoked certificates") from error

    def _read_list(self, found: x509.CertificateRevocationList) -> RevocationList:
        if not isinstance(found.signature_hash_algorithm, _HASHES):
            raise BadListError("is signed with less than SHA-256")
        signer = next((each for each in self._certificates if _signed(found, each)), None)
        if signer is None:
            raise BadListError("is not signed by an authority of ours")
        if found.next_update_utc is None:
            raise BadListError("does not say when the next one comes")
        return RevocationList(
            authority=_key_of(signer),
            begins=found.last_update_utc,
            ends=found.next_update_utc,
            serials=frozenset(each.serial_number for each in found),
            places=_scope(found),
        )


def revoked(device: ShownDevice, lists: Iterable[RevocationList], now: datetime) -> Refusal | None:
    """Hold a certificate against the lists; None where one counts that does not name it.

    Where no list counts for it, nobody knows, and that is a no.
    """
    own = [
        each
        for each in lists
        if each.authority == device.authority
        and (not each.places or each.places.intersection(device.places))
    ]
    if any(int(device.serial, 16) in each.serials for each in own):
        return Refusal.REVOKED
    return None if any(each.counts(now) for each in own) else Refusal.NO_LIST


def _is_strong(key: CertificatePublicKeyTypes) -> bool:
    """Say whether a device's key is strong enough (NIST SP 800-57 part 1, 112 bits and more)."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _LEAST_RSA
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES)


def _key_of(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _shown(certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> ShownDevice:
    serial = f"{certificate.serial_number:x}"
    return ShownDevice(
        name=_name_of(certificate) or serial,
        authority=_key_of(issuer),
        serial=serial,
        ends=certificate.not_valid_after_utc,
        at=now,
        places=_places_of(certificate),
    )


def _why(der: bytes, now: datetime) -> Refusal:
    """Say in a word what the verifier found wrong; it is for the log and decides nothing."""
    certificate = x509.load_der_x509_certificate(der)
    if now < certificate.not_valid_before_utc:
        return Refusal.EARLY
    if now > certificate.not_valid_after_utc:
        return Refusal.ENDED
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return Refusal.PURPOSE
    except UNREADABLE:
        return Refusal.UNREADABLE
    return Refusal.UNTRUSTED if ExtendedKeyUsageOID.CLIENT_AUTH in usage else Refusal.PURPOSE


def _for_clients(_: Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("is not for clients of TLS")


def _no_authority(
    _: Policy, __: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("is an authority's own")


def _name_of(certificate: x509.Certificate) -> str:
    """Return what a certificate calls its device: a name in the DNS, or the common name."""
    try:
        kept = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = kept.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = []
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    found = [*names, *(str(each.value) for each in common)]
    name = found[0][:LONGEST_NAME] if found else ""
    return name if name.isprintable() else ""


def _places_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(uri for point in points for uri in _uris(point.full_name))


def _uris(names: Iterable[x509.GeneralName] | None) -> list[str]:
    return [each.value for each in names or () if isinstance(each, x509.UniformResourceIdentifier)]


def _may(certificate: x509.Certificate, what: str) -> bool:
    """Say whether the key of an authority may be used so; without the extension it may."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool(getattr(usage, what))


def _signed(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Say whether a list is of an authority: its name, its signature, and that it may (6.3.3)."""
    if found.issuer != issuer.subject or not _may(issuer, "crl_sign"):
        return False
    try:
        return found.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]  # other kinds of keys raise TypeError
    except (InvalidSignature, TypeError, UnsupportedAlgorithm):
        return False


def _scope(found: x509.CertificateRevocationList) -> frozenset[str]:
    """Return the places that a list is for alone. Raises `BadListError` for a part of a list."""
    for each in found.extensions:
        if each.critical and each.oid not in _KNOWN:
            raise BadListError("has an extension that must be understood and is not")
    try:
        scope = found.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value
    except x509.ExtensionNotFound:
        return frozenset()
    if (
        scope.indirect_crl
        or scope.only_contains_ca_certs
        or scope.only_contains_attribute_certs
        or scope.only_some_reasons
        or scope.relative_name
    ):
        raise BadListError("does not tell of all certificates of devices")
    places = frozenset(_uris(scope.full_name))
    if scope.full_name and not places:
        raise BadListError("is found at a place of a kind that we do not know")
    return places
