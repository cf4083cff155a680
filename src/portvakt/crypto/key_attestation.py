"""Who vouches for what a key says it is (WebAuthn Level 3 sections 6.5 and 7.1, steps 21 to 24).

The library checks each format's statement and the chain of its certificates. What it leaves to its
caller stands here: which roots a chain must lead to, that there is a chain at all, and that the
certificate is one for attesting this very model.
"""

from dataclasses import dataclass
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portvakt.core.key_models import UNKNOWN_MODEL, KeyModel, KeyModels

OF_MODEL: Final = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
"""`id-fido-gen-ce-aaguid`: the model that a certificate is for (section 8.2.1)."""
FORMATS: Final = frozenset({"packed", "fido-u2f", "tpm", "apple", "android-key"})
"""What is judged. SafetyNet is gone, and "none" proves nothing."""
_U2F: Final = "fido-u2f"
_PACKED: Final = "packed"
_ATTESTS: Final = "Authenticator Attestation"
_WITH_OCTETS: Final = 18
"""Bytes of an AAGUID in an OCTET STRING: two before its sixteen."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """Whose certificates must stand behind a key that was just made."""

    model: KeyModel
    roots: tuple[bytes, ...]
    """PEM. None where the certificate that signs is itself one that the metadata names."""


def format_of(attested: Any) -> str:
    """Return the format of an attestation object that the library has parsed."""
    return str(getattr(attested.fmt, "value", attested.fmt))


def voucher_of(attested: Any, aaguid: str, models: KeyModels) -> Voucher | None:
    """Say who must vouch for a key; None where nobody does whom the metadata knows.

    `attested` is the attestation object as the library parsed it. Nothing of it is proved yet:
    the library must be given `roots`, and holds the signature against them. Raises ValueError for
    certificates that cannot be read.
    """
    chain: list[bytes] = attested.att_stmt.x5c or []
    if format_of(attested) not in FORMATS or not chain:
        return None
    leaf = x509.load_der_x509_certificate(chain[0])
    u2f = format_of(attested) == _U2F
    model = models.get(f"u2f:{_identifier(leaf)}" if u2f else aaguid)
    if model is None or not model.roots or (not u2f and aaguid == UNKNOWN_MODEL):
        return None
    if not u2f and not _is_for(leaf, aaguid):
        return None
    if format_of(attested) == _PACKED and not _attests(leaf):
        return None
    if chain[0] in model.roots:
        return Voucher(model, ())
    roots = (x509.load_der_x509_certificate(each) for each in model.roots)
    return Voucher(model, tuple(each.public_bytes(Encoding.PEM) for each in roots))


def _identifier(leaf: x509.Certificate) -> str:
    """Return what the metadata calls a U2F key's certificate by (RFC 5280 4.2.1.2 method 1)."""
    return x509.SubjectKeyIdentifier.from_public_key(leaf.public_key()).digest.hex()


def _is_for(leaf: x509.Certificate, aaguid: str) -> bool:
    """Whether a certificate is for this model, where it says for which (8.2 and 8.3)."""
    try:
        said = leaf.extensions.get_extension_for_oid(OF_MODEL)
    except x509.ExtensionNotFound:
        return True
    if said.critical or not isinstance(said.value, x509.UnrecognizedExtension):
        return False
    octets = said.value.value
    return len(octets) == _WITH_OCTETS and octets[2:].hex() == aaguid.replace("-", "")


def _attests(leaf: x509.Certificate) -> bool:
    """Whether a certificate is one for attesting (section 8.2.1)."""
    units = leaf.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
    try:
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return False
    return (
        leaf.version is x509.Version.v3
        and [each.value for each in units] == [_ATTESTS]
        and not constraints.ca
    )


def check_chain(attested: Any, voucher: Voucher) -> None:
    """Hold the chain against the roots of the metadata alone.

    For some formats the library takes roots of its own beside those it is given; a model's keys
    lead to that model's. Raises what the library raises.
    """
    from webauthn.helpers import validate_certificate_chain  # noqa: PLC0415 - costs 0.1 s

    if voucher.roots:
        validate_certificate_chain(
            x5c=attested.att_stmt.x5c, pem_root_certs_bytes=list(voucher.roots)
        )
