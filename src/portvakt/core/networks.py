"""Which named networks an address is in. What cannot be read is outside (rule R6)."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from portvakt.core.ids import NetworkId


@dataclass(frozen=True, slots=True)
class Network:
    """A named network: CIDR blocks of IPv4 and IPv6."""

    id: NetworkId
    name: str
    addresses: tuple[str, ...]
    shared: bool = False
    """Computers there are used by many people in turn, as on a ward."""


_Block = ipaddress.IPv4Network | ipaddress.IPv6Network
_Range = tuple[int, int, NetworkId]

_MAPPED_BITS = 96
"""Bits of the prefix ::ffff:0:0/96 (RFC 4291 section 2.5.5.2)."""
_WIDEST_V4, _WIDEST_V6 = 8, 16


def block_of(cidr: str) -> _Block:
    """Read one CIDR block as `apply` accepts it: an address, or one with a prefix length.

    Raises ValueError for anything else: host bits, netmasks, zones. A block inside ::ffff:0:0/96
    is the IPv4 block that it maps.
    """
    _, slash, bits = cidr.partition("/")
    if "%" in cidr or (slash and not (bits.isascii() and bits.isdigit())):
        message = f"{cidr!r} is not an address with a prefix length"
        raise ValueError(message)
    block = ipaddress.ip_network(cidr)
    if isinstance(block, ipaddress.IPv6Network):
        mapped = block.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, block.prefixlen - _MAPPED_BITS))
    return block


def is_too_wide(block: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Say whether a block holds more than any organisation has, so that strangers are inside.

    Of IPv4 the largest that anybody may use is 10.0.0.0/8 (RFC 1918); of IPv6 that is fc00::/7
    (RFC 4193), and what registries give away is smaller than a /16.
    """
    if block.version == 4:  # noqa: PLR2004  # IP version 4
        return block.prefixlen < _WIDEST_V4
    return block.prefixlen < _WIDEST_V6 and not block.is_private


def networks_of(address: str | None, networks: Sequence[Network]) -> frozenset[NetworkId]:
    """Name the networks that hold this client address.

    None or what is no address is in no network; an IPv4 address written as IPv6 is the IPv4
    address. A zone (`%eth0`) is not part of an address that a network can name.
    """
    read = None if address is None else _read(address)
    if read is None:
        return frozenset()
    number, is_v4 = read
    ranges = _ranges_of(tuple(networks))[is_v4]
    return frozenset(name for first, last, name in ranges if first <= number <= last)


def network_name(address: str | None, networks: Sequence[Network]) -> str:
    """Name the first network that holds this address, as people know it; empty from outside."""
    inside = networks_of(address, networks)
    return next((each.name for each in networks if each.id in inside), "")


def is_shared(address: str | None, networks: Sequence[Network]) -> bool:
    """Say whether an address is that of a computer that many people share.

    One network that says so is enough, whatever others the address is in.
    """
    found = networks_of(address, networks)
    return any(each.shared and each.id in found for each in networks)


@lru_cache(maxsize=1024)
def _read(address: str) -> tuple[int, bool] | None:
    """Return an address as a number, and whether it is IPv4; None for what is no address.

    One request asks several times from one address, and the parsing is most of the answer.
    """
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(read, ipaddress.IPv6Address):
        if read.scope_id is not None:
            return None
        read = read.ipv4_mapped or read
    return int(read), read.version == 4  # noqa: PLR2004  # IP version 4


@lru_cache(maxsize=8)
def _ranges_of(networks: tuple[Network, ...]) -> tuple[tuple[_Range, ...], tuple[_Range, ...]]:
    """List first and last number of every block: IPv6 at 0, IPv4 at 1.

    Parsing costs thirty times the comparison, and networks change a few times a year.
    """
    ranges: tuple[list[_Range], list[_Range]] = ([], [])
    for network in networks:
        for cidr in network.addresses:
            block = block_of(cidr)
            first, last = int(block.network_address), int(block.broadcast_address)
            ranges[block.version == 4].append((first, last, network.id))  # noqa: PLR2004
    return tuple(ranges[0]), tuple(ranges[1])
