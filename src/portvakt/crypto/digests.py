"""What is stored in place of a look-up secret of 128 bits or more."""

import hashlib
import hmac


def lookup_hash(secret: str) -> bytes:
    """Return the SHA-256 of a drawn secret (session, browser, authorization code, refresh).

    Good only for secrets of 112 bits or more (ASVS 6.5.2); what people choose or type goes through
    `portvakt.crypto.passwords`.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def same(one: bytes, other: bytes) -> bool:
    """Compare two digests in a time that does not depend on where they differ (ASVS 11.2.4)."""
    return hmac.compare_digest(one, other)
