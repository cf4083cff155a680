"""What the proxy of an app says of a request to the app, by one strict rule.

Only the word of a trusted proxy counts, and only where it is said once: two words are two opinions,
and one of them is a stranger's.
"""

from dataclasses import dataclass

from starlette.requests import Request

from portvakt.web.addresses import is_trusted, parse_address
from portvakt.web.request import context

_HOST, _METHOD, _URI = b"x-forwarded-host", b"x-forwarded-method", b"x-forwarded-uri"


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The request as it came to the app's own host. What was not said, or twice, is empty."""

    host: str
    """In small letters, with a port where it is not that of https."""
    method: str
    uri: str
    """Path and query, as the browser sent them."""


def forwarded(request: Request) -> Forwarded | None:
    """Return what a trusted proxy says, or None where nobody does whose word counts."""
    peer = request.scope.get("client")
    address = parse_address(peer[0]) if peer else None
    if address is None or not is_trusted(address, context(request).site.trusted_proxies):
        return None
    said: dict[bytes, list[str]] = {_HOST: [], _METHOD: [], _URI: []}
    for name, value in request.scope["headers"]:
        if name in said:
            said[name].append(value.decode("latin-1"))
    host = _once(said[_HOST]).lower().removesuffix(":443")
    return Forwarded(host, _once(said[_METHOD]), _once(said[_URI])) if host else None


def _once(values: list[str]) -> str:
    return values[0] if len(values) == 1 else ""
