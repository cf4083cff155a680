"""The certificate that a client showed to the proxy which ends TLS: the header of RFC 9440.

It counts from a trusted proxy only, and only where it is there once and written to the letter. The
proxy must take away what clients send under this name, as it does with `X-Forwarded-For`.
"""

import base64
import binascii
import re
from collections.abc import Sequence

from portvakt.web.addresses import Network, is_trusted, parse_address

HEADER = "client-cert"
_LONGEST = 16 * 1024
_BYTES = re.compile(r" *:([A-Za-z0-9+/]+={0,2}): *")
"""A byte sequence of structured fields (RFC 8941 section 4.2.7), without parameters."""


def client_certificate(
    peer: str | None, headers: Sequence[str], trusted: Sequence[Network]
) -> bytes | None:
    """Return the certificate in DER, or None where none was shown that counts.

    `peer` is the other end of the socket, `headers` every `Client-Cert` of the request.
    """
    own = None if peer is None else parse_address(peer)
    if own is None or not is_trusted(own, trusted) or len(headers) != 1:
        return None
    found = _BYTES.fullmatch(headers[0]) if len(headers[0]) <= _LONGEST else None
    if found is None:
        return None
    try:
        der = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
    return der if base64.b64encode(der).decode("ascii") == found[1] else None
