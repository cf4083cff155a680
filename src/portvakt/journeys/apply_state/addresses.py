"""What a state file must not say of the addresses of apps and links. Pure."""

import re
from urllib.parse import urlsplit

_PRIVATE_USE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:", re.IGNORECASE)
"""A scheme of an app's own is a domain name backwards (RFC 8252 section 7.1, RFC 3986 3.1)."""
_ODD_CHARACTERS = "has characters that an address cannot have"


def wrong_address(uri: str) -> str:
    """Say what is wrong with a web address, or nothing."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not an address"
    if not _written_well(uri):
        return _ODD_CHARACTERS
    if parts.username is not None or not host:
        return "is not an address such as https://app.region.example/callback"
    local = host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        return "must be https, unless the host is localhost"
    return ""


def wrong_redirect(uri: str, *, native: bool) -> str:
    """Say what is wrong with a redirect URI (RFC 6749 section 3.1.2, RFC 8252 section 7)."""
    if "#" in uri:
        return "has a fragment (RFC 6749 section 3.1.2)"
    if "*" in uri:
        return "is compared letter by letter, so it can have no “*”"
    if native and _PRIVATE_USE.match(uri):
        return "" if _written_well(uri) else _ODD_CHARACTERS
    return wrong_address(uri)


def _written_well(uri: str) -> bool:
    return uri.isascii() and uri.isprintable() and not set(uri) & set(' \\"<>^`{|}')
