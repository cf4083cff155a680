"""A key for tests: makes and uses credentials, and gets everything wrong that can be got wrong.

Made from W3C WebAuthn Level 3 alone, with none of the product's own code.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from tests.handset import b64u, compact, unb64u

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
"""Flags of section 6.1."""
Vouches = Callable[[bytes, bytes], tuple[str, dict[str, Any]]]
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def p256() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def cose_of(key: PrivateKey, alg: int | None = None) -> bytes:
    """The public half as COSE (RFC 9053)."""
    public: Any = key.public_key()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = public.public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: alg or -7, -1: 1, -2: x, -3: y})
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return cbor2.dumps({1: 1, 3: alg or -8, -1: 6, -2: public.public_bytes_raw()})
    numbers = public.public_numbers()
    n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    e = numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8, "big")
    return cbor2.dumps({1: 3, 3: alg or -257, -1: n, -2: e})


def signature(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    return key.sign(data, padding.PKCS1v15(), SHA256())


@dataclass
class SoftKey:
    """One authenticator with one credential. `said` of a call replaces what the client says."""

    origin: str = "https://mfa.region.example"
    id: bytes = b"credential-of-a-test-key"
    key: PrivateKey = field(default_factory=p256)
    handle: bytes = b""
    """Whose it is, as the options said when it was made."""
    flags: int = UP | UV
    count: int = 0
    counts: bool = True
    rp_id: str = ""
    alg: int | None = None
    fmt: str = "none"
    statement: Mapping[str, Any] = field(default_factory=dict)
    attests_itself: bool = False
    """Signs what it makes with the very key that it makes (section 8.2, self attestation)."""
    aaguid: str = "00000000-0000-0000-0000-000000000000"
    """What model it says it is."""
    vouched: Vouches | None = None
    """Has its maker vouch for it: told what it says and what the client says, gives a statement."""

    def make(self, options: Mapping[str, Any], /, **said: Any) -> str:
        """Answer `navigator.credentials.create()`."""
        self.handle = unb64u(options["user"]["id"])
        cose = cose_of(self.key, self.alg)
        about = (
            bytes.fromhex(self.aaguid.replace("-", ""))
            + len(self.id).to_bytes(2, "big")
            + self.id
            + cose
        )
        data = self._data(self.flags | AT) + about
        client = self._client("webauthn.create", options["challenge"], said)
        fmt, statement = self.fmt, dict(self.statement)
        if self.attests_itself:
            signed = signature(self.key, data + hashlib.sha256(client).digest())
            fmt, statement = "packed", {"alg": self.alg or -7, "sig": signed} | statement
        if self.vouched is not None:
            fmt, statement = self.vouched(data, client)
        attested = {"fmt": fmt, "attStmt": statement, "authData": data}
        response = {
            "clientDataJSON": b64u(client),
            "attestationObject": b64u(cbor2.dumps(attested)),
            "transports": ["usb", "quantum"],
        }
        return self._answer(response)

    def use(self, options: Mapping[str, Any], /, *, named: bool = True, **said: Any) -> str:
        """Answer `navigator.credentials.get()`; `named` says whose the key is."""
        if self.counts:
            self.count += 1
        data = self._data(self.flags)
        client = self._client("webauthn.get", options["challenge"], said)
        signed = data + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": b64u(client),
            "authenticatorData": b64u(data),
            "signature": b64u(signature(self.key, signed)),
            "userHandle": b64u(self.handle) if named else None,
        }
        return self._answer(response)

    def _answer(self, response: Mapping[str, Any]) -> str:
        return json.dumps(
            {
                "id": b64u(self.id),
                "rawId": b64u(self.id),
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
                "authenticatorAttachment": "cross-platform",
            }
        )

    def _data(self, flags: int) -> bytes:
        host = self.rp_id or urlsplit(self.origin).hostname or ""
        digest = hashlib.sha256(host.encode()).digest()
        return digest + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str, said: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin}
        return compact(told | {"crossOrigin": False} | said)
