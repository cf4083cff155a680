"""The certificate that a client showed to the proxy which ends TLS: the header of RFC 9440.

nginx cannot write that, so what it calls `$ssl_client_escaped_cert` counts in the same header, too.

It counts from a trusted proxy only, and only where it is there once and written to the letter. The
proxy must take away what clients send under this name, as it does with `X-Forwarded-For`.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from urllib.parse import unquote

from portvakt.web.addresses import Network, is_trusted, parse_address

HEADER = b"client-cert"
_LONGEST = 16 * 1024
_BYTES = re.compile(r" *:([A-Za-z0-9+/]+={0,2}): *")
"""A byte sequence of structured fields (RFC 8941 section 4.2.7), without parameters."""
_ESCAPED = re.compile(
    r"-----BEGIN CERTIFICATE-----\n((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2})\n"
    r"-----END CERTIFICATE-----\n?"
)
"""A certificate in PEM (RFC 7468), once its percent-encoding is undone."""


def client_certificate(
    peer: str | None, headers: Sequence[str], trusted: Sequence[Network]
) -> bytes | None:
    """Return the certificate in DER, or None where none was shown that counts.

    `peer` is the other end of the socket, `headers` every `Client-Cert` of the request.
    """
    if len(headers) != 1:
        return None
    own = None if peer is None else parse_address(peer)
    if own is None or not is_trusted(own, trusted):
        return None
    written = _written(headers[0]) if len(headers[0]) <= _LONGEST else None
    if written is None:
        return None
    try:
        der = base64.b64decode(written, validate=True)
    except binascii.Error:
        return None
    return der if base64.b64encode(der).decode("ascii") == written else None


def _written(header: str) -> str | None:
    """Return the base64 in a header of either kind."""
    found = _BYTES.fullmatch(header)
    if found is not None:
        return found[1]
    escaped = _ESCAPED.fullmatch(unquote(header)) if "%" in header else None
    return None if escaped is None else escaped[1].replace("\n", "")
