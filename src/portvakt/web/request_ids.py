"""The number a person reads to support, and that every log line of the request carries."""

from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U, so that it survives being read aloud."""

_BY_BYTE = bytes(ord(_ALPHABET[byte & 31]) for byte in range(256))


def new_request_id(random_bytes: Callable[[int], bytes]) -> str:
    """Return sixty random bits as `7K3M-9XQP-2HD4`; never taken from the request."""
    characters = random_bytes(12).translate(_BY_BYTE).decode("ascii")
    return f"{characters[:4]}-{characters[4:8]}-{characters[8:]}"
