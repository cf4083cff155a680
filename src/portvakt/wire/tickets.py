"""What a browser's Kerberos ticket says, as values. Nothing here asks a library.

Sources: RFC 4559 (HTTP), RFC 4178 (SPNEGO), MS-PAC 2.10.
"""

from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime
from struct import error as too_short
from struct import unpack_from
from typing import Final, Protocol

MOST: Final = 65_536
"""Characters of a token as it is written in a header; Windows makes none of more than 64,000."""
_NTLM: Final = b"NTLMSSP\0"
_HAS_SID: Final = 2
_SID_HEAD: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Somebody's ticket for us, read once: it is never taken a second time."""

    realm: str
    sid: bytes
    """The account (`objectSid`), as the domain controller has signed it into the ticket. The name
    in a ticket is nobody's for long: names change hands."""
    given_at: datetime
    """When its owner last showed a password, or what stands for it, to the domain."""
    answer: bytes = field(repr=False)
    """What proves to the browser that we are the service it meant (RFC 4559 section 5)."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """`reason` is "unreadable" (no ticket, not for us, too old, used) or "unsupported".

    `said` is what the library says of it, for the log.
    """

    reason: str
    said: str


class Reads(Protocol):
    """Reads tickets (`wire.kerberos.TicketReader`)."""

    async def read(self, written: str) -> Ticket | NotTaken:
        """Read what stands after `Negotiate` in a header. What was used once is not taken again."""

    def examine(self) -> dict[str, str]:
        """Say for each service why its keys cannot be used; empty where they can."""


def token_of(written: str) -> bytes | NotTaken:
    """Read a token as a header has it (RFC 4559 section 4.2). NTLM is no Kerberos, and refused."""
    if len(written) > MOST:
        return NotTaken("unreadable", f"more than {MOST} characters")
    try:
        token = b64decode(written, validate=True)
    except ValueError:
        return NotTaken("unreadable", "not base64")
    if not token:
        return NotTaken("unreadable", "nothing was sent")
    if token.startswith(_NTLM):
        return NotTaken("unsupported", "the browser sent NTLM")
    return token


def sid_of(info: bytes) -> bytes | None:
    """Return the account of a ticket (MS-PAC 2.10, `UPN_DNS_INFO` with flag S); None: none said.

    Domain controllers write it since November 2021.
    """
    try:
        flags, _, _, size, at = unpack_from("<IHHHH", info, 8)
    except too_short:
        return None
    sid = info[at : at + size]
    whole = len(sid) == size >= _SID_HEAD and size == _SID_HEAD + 4 * sid[1]
    return sid if flags & _HAS_SID and whole else None
