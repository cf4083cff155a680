"""A phone's key, ECDSA on P-256, and the compact JWS that it makes (RFC 7515 section 7.1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from portvakt.phone.encoding import b64u

_SIZE = 32
_ES256 = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Key:
    """One private key. It has no `repr` worth printing, on purpose."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def made(cls) -> "Key":
        """Make a new one."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, text: str) -> "Key":
        """Read one from the phone's file. Raises `ValueError` where it is no P-256 key."""
        key = serialization.load_pem_private_key(text.encode(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("not a P-256 key")
        return cls(key)

    def to_pem(self) -> str:
        """Write it for the phone's file: PKCS 8, not encrypted."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii")

    @property
    def point(self) -> tuple[bytes, bytes]:
        """The public point: x and y, 32 bytes each."""
        numbers = self.private.public_key().public_numbers()
        return numbers.x.to_bytes(_SIZE, "big"), numbers.y.to_bytes(_SIZE, "big")

    def jwk(self) -> dict[str, str]:
        """Return the public key with exactly `kty`, `crv`, `x`, `y` (RFC 7517)."""
        x, y = self.point
        return {"kty": "EC", "crv": "P-256", "x": b64u(x), "y": b64u(y)}

    def sign_der(self, data: bytes) -> bytes:
        """Sign with ECDSA and SHA-256; the signature in DER, as WebAuthn has it."""
        return self.private.sign(data, _ES256)

    def sign(self, data: bytes) -> bytes:
        """Sign with ES256 (RFC 7518 section 3.4): r and s, 32 bytes each."""
        r, s = decode_dss_signature(self.sign_der(data))
        return r.to_bytes(_SIZE, "big") + s.to_bytes(_SIZE, "big")


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Write a JSON object without spaces, in UTF-8, its members in the order given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def jws(key: Key, header: Mapping[str, Any], payload: bytes) -> str:
    """Return HEADER.PAYLOAD.SIGNATURE."""
    signing_input = f"{b64u(json_bytes(header))}.{b64u(payload)}"
    return f"{signing_input}.{b64u(key.sign(signing_input.encode('ascii')))}"
