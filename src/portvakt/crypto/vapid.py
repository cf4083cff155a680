"""The key that push services know this installation by: VAPID, RFC 8292.

A phone subscribes for this very key, so it is made once and stays: with another one no phone that
has subscribed could be woken. It signs nothing but what push services are told.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_SCALAR = 32  # bytes of a P-256 number: RFC 7518 section 6.2.2
_HEAD = b'{"typ":"JWT","alg":"ES256"}'  # RFC 8292 section 2


@dataclass(frozen=True, slots=True)
class VapidKey:
    """One key on P-256. `public` is its uncompressed point, 65 bytes (RFC 8292 section 3.2)."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    public: bytes

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls._of(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def parse(cls, exported: bytes) -> Self:
        """Read what `export` wrote, after opening its seal."""
        return cls._of(ec.derive_private_key(int.from_bytes(exported, "big"), ec.SECP256R1()))

    @classmethod
    def _of(cls, private: ec.EllipticCurvePrivateKey) -> Self:
        point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return cls(private, point)

    def export(self) -> bytes:
        """Return the private number, which the caller seals before it is stored."""
        return self.private.private_numbers().private_value.to_bytes(_SCALAR, "big")

    @property
    def published(self) -> str:
        """Return what a phone subscribes with (`applicationServerKey`): the point, base64url."""
        return _encoded(self.public).decode("ascii")

    def authorization(self, origin: str, *, subject: str, expires_at: datetime) -> str:
        """Return the line that names us to the push service at `origin` (RFC 8292 section 3).

        `subject` is where its operators find us: a `mailto:` or an `https:` address. What is
        signed expires at most 24 hours from now (section 2).
        """
        claims = {"aud": origin, "exp": int(expires_at.timestamp()), "sub": subject}
        signed = _encoded(_HEAD) + b"." + _encoded(orjson.dumps(claims))
        r, s = decode_dss_signature(self.private.sign(signed, ec.ECDSA(SHA256())))
        signature = r.to_bytes(_SCALAR, "big") + s.to_bytes(_SCALAR, "big")
        jwt = (signed + b"." + _encoded(signature)).decode("ascii")
        return f"vapid t={jwt}, k={self.published}"


def _encoded(data: bytes) -> bytes:
    """Write as base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
