"""Encrypts a text for one phone, so that the push service in between cannot read it: RFC 8291."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from portvakt.crypto.randomness import Random

_SALT: Final = 16  # bytes: RFC 8188 section 2.1
_RECORD: Final = 4096  # bytes: RFC 8291 section 4


def encrypted(text: bytes, *, p256dh: bytes, auth: bytes, random: Random) -> bytes:
    """Return a body with `Content-Encoding: aes128gcm` that only this phone can read.

    `p256dh` and `auth` are what its subscription came with. Each message has a key and a salt of
    its own. Raises ValueError where `p256dh` is no point on P-256.
    """
    import http_ece  # noqa: PLC0415 - only where phones are woken

    body: bytes = http_ece.encrypt(
        text,
        salt=random.bytes(_SALT),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=p256dh,
        auth_secret=auth,
        rs=_RECORD,
        version="aes128gcm",
    )
    return body
