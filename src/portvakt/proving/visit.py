"""Where an act comes from, as far as flows may know it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request, without HTTP.

    `address` is the client's IP address behind trusted proxies, or None where it is unknown, which
    means outside. `binding` and `browser` are SHA-256 digests of the two cookies (32 bytes);
    `browser` is None in a browser that has no such cookie yet.
    """

    now: datetime
    address: str | None
    binding: bytes
    browser: bytes | None
    language: str
    request_id: str
    user_agent: str
