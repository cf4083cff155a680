"""Bytes as text: base64url without padding (RFC 4648 section 5), in one spelling only."""

import base64
import binascii


def b64u(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_b64u(text: str) -> bytes:
    """Read base64url without padding.

    Raises `ValueError` for anything else: padding, other letters, spare bits that are not zero.
    """
    try:
        data = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64url without padding") from error
    if b64u(data) != text:
        raise ValueError("not base64url without padding")
    return data
