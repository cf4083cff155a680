"""Handles of stored requests: what stands in an address in place of a request (RFC 9126 2.2)."""

import re
from datetime import timedelta
from typing import Final

from portvakt.crypto.digests import lookup_hash

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
FIRST_USE: Final = timedelta(seconds=90)
"""How long a request waits for its browser."""
HELD: Final = timedelta(minutes=30)
"""How long it then waits for a sign-in, as long as the marker of a fresh one (`freshness`)."""
_HANDLE: Final = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


def is_handle(request_uri: str) -> bool:
    """Whether this is one of ours, as far as its form says."""
    return _HANDLE.fullmatch(request_uri) is not None


def handle_hash(handle: str) -> bytes:
    """Return what is stored of a handle."""
    return lookup_hash(handle)
