"""A screen lock made of software: a WebAuthn credential whose key lies in the phone's file.

It says that somebody unlocked it whenever it is asked. That is no lock at all, and the reason why
this phone is for tests and for people at a terminal. W3C WebAuthn Level 3, sections 5.8.1 and 6.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

import cbor2

from portvakt.phone.encoding import b64u
from portvakt.phone.keys import Key, json_bytes

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40
_ID_BYTES = 32
_AAGUID = bytes(16)
_COUNT = bytes(4)  # always zero: it does not count (WebAuthn section 6.1.1)


@dataclass(frozen=True, slots=True)
class ScreenLock:
    """One credential: its id and its key, for one origin."""

    id: bytes
    key: Key
    origin: str

    @classmethod
    def made(cls, origin: str) -> "ScreenLock":
        """Make a new one. The relying party id is the host of `origin`."""
        return cls(secrets.token_bytes(_ID_BYTES), Key.made(), origin)

    def attestation(self, payload: bytes) -> dict[str, str]:
        """Show the credential to the service, for the JWS payload of the same body."""
        x, y = self.key.point
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        credential = _AAGUID + len(self.id).to_bytes(2, "big") + self.id + cose
        data = self._authenticator_data(USER_PRESENT | USER_VERIFIED | ATTESTED) + credential
        shown = {"fmt": "none", "attStmt": {}, "authData": data}
        return {
            "id": b64u(self.id),
            "client_data": b64u(self._client_data("webauthn.create", payload)),
            "attestation_object": b64u(cbor2.dumps(shown)),
        }

    def assertion(self, payload: bytes) -> dict[str, str]:
        """Prove the screen lock for the JWS payload of the same body."""
        data = self._authenticator_data(USER_PRESENT | USER_VERIFIED)
        client_data = self._client_data("webauthn.get", payload)
        return {
            "id": b64u(self.id),
            "client_data": b64u(client_data),
            "authenticator_data": b64u(data),
            "signature": b64u(self.key.sign_der(data + sha256(client_data).digest())),
        }

    def _authenticator_data(self, flags: int) -> bytes:
        host = urlsplit(self.origin).hostname or ""
        return sha256(host.encode("ascii")).digest() + bytes([flags]) + _COUNT

    def _client_data(self, kind: str, payload: bytes) -> bytes:
        challenge = b64u(sha256(payload).digest())
        return json_bytes(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        )
