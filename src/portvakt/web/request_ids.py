"""The number a person reads to support, and that every log line of the request carries."""

from collections.abc import Callable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O or U, so that it survives being read aloud."""

_GROUPS, _PER_GROUP = 3, 4


def new_request_id(random_bytes: Callable[[int], bytes]) -> str:
    """Return sixty random bits as `7K3M-9XQP-2HD4`; never taken from the request."""
    characters = "".join(_ALPHABET[byte & 31] for byte in random_bytes(_GROUPS * _PER_GROUP))
    return "-".join(
        characters[start : start + _PER_GROUP]
        for start in range(0, _GROUPS * _PER_GROUP, _PER_GROUP)
    )
