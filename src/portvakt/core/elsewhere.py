"""Whether a session's cookie has left its browser: it comes from another browser somewhere else.

Neither is enough alone. A browser moves to another network with its cookies, and may call itself
something else where it is; both at once is what a copied cookie looks like. Whoever copies what the
browser calls itself, too, is not found by this.
"""

import ipaddress
from collections.abc import Sequence
from typing import Final

from portvakt.core.networks import Network, networks_of
from portvakt.core.user_agents import browser_of

IPV4_BITS: Final = 24
IPV6_BITS: Final = 48
"""What is one network where it has no name: as much of an address as one site has."""
_IPV4: Final = 4
_DESKTOP_SITE: Final = frozenset(
    {
        frozenset({"Android", "Linux"}),
        frozenset({"iPhone", "Mac"}),
        frozenset({"iPad", "Mac"}),
    }
)
"""What a phone says that is asked for a page as a computer sees it."""


def seen_elsewhere(
    opened: tuple[str | None, str], now: tuple[str | None, str], networks: Sequence[Network]
) -> bool:
    """Say whether a cookie comes from another browser and another place than its session began in.

    Each is a client address and a User-Agent header.
    """
    if opened[1] == now[1] or opened[0] == now[0]:
        return False  # nearly always
    return not _same_browser(opened[1], now[1]) and not _same_place(opened[0], now[0], networks)


def _same_browser(one: str, other: str) -> bool:
    """Compare what browsers are called, whatever their version."""
    before, after = browser_of(one), browser_of(other)
    if before.name != after.name:
        return False
    systems = frozenset({before.system, after.system})
    return len(systems) == 1 or systems in _DESKTOP_SITE


def _same_place(one: str | None, other: str | None, networks: Sequence[Network]) -> bool:
    """Compare networks: the organisation's are one place, whatever their addresses."""
    inside = (bool(networks_of(one, networks)), bool(networks_of(other, networks)))
    if any(inside):
        return all(inside)
    return _site(one) is not None and _site(one) == _site(other)


def _site(address: str | None) -> str | None:
    """Name the network of an address that has no name; None for what is no address."""
    try:
        read = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    read = getattr(read, "ipv4_mapped", None) or read
    bits = IPV4_BITS if read.version == _IPV4 else IPV6_BITS
    return str(ipaddress.ip_network((read, bits), strict=False))
