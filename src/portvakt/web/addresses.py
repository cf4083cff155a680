"""The client's address behind trusted proxies, by one strict rule.

The address is the socket's peer, unless the peer is a trusted proxy. Then it is the right-most
address in `X-Forwarded-For` that is not itself a trusted proxy, provided that the header is there
exactly once. Anything else is "unknown", and unknown means outside: a header that a stranger can
write must never move him inside.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_LONGEST = 45  # an IPv6 address with an IPv4 tail


@lru_cache(maxsize=1024)
def parse_address(text: str) -> Address | None:
    """Read one address as it is written in a header; `None` if it is anything else.

    IPv4-mapped IPv6 (`::ffff:192.0.2.1`) becomes IPv4, so that one client has one name. A zone
    (`fe80::1%eth0`) names an interface of the proxy's, which we cannot compare, so it is refused.
    """
    if len(text) > _LONGEST or "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_trusted(peer: Address, trusted: Iterable[Network]) -> bool:
    """Say whether the address belongs to a proxy that we believe."""
    return any(peer in network for network in trusted)


def client_address(
    peer: str | None, forwarded_for: Sequence[bytes], trusted: Sequence[Network]
) -> str | None:
    """Return the client's address, or `None` where it cannot be known for certain.

    `peer` is the other end of the socket (`None` for a Unix socket), `forwarded_for` every
    `X-Forwarded-For` header of the request.
    """
    own = parse_address(peer) if peer is not None else None
    if own is None:
        return None
    if not is_trusted(own, trusted):
        return str(own)
    if len(forwarded_for) != 1:
        return None
    for entry in reversed(forwarded_for[0].split(b",")):
        address = parse_address(entry.strip(b" \t").decode("latin-1"))
        if address is None:
            return None
        if not is_trusted(address, trusted):
            return str(address)
    return None
