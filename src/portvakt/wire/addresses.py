"""Which places the service may reach, checked when it connects and not before (R16, ASVS 1.3.6).

A name in the settings is a promise about a name, not about where it leads: it is looked up once per
connection, every answer is judged, and the connection goes to the very address that was judged. So
a name that turns to point at this machine or at the inside of the network gets nowhere.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to IP addresses."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits


class BadDestinationError(ValueError):
    """An address in the settings that can never be used; the message says why."""


class ForbiddenAddressError(OSError):
    """The name leads to an address that it may not lead to. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A place named in the settings.

    `private` is the operator's word that the host lies in a private network. An address written as
    numbers, and `localhost`, speak for themselves. A host that starts with `*.` is every name below
    the rest; each of them must be public.
    """

    scheme: str
    host: str
    port: int
    private: bool = False

    @classmethod
    def of_url(cls, url: str, *, private: bool = False) -> Self:
        """Take scheme, host and port from a URL. Raises `BadDestinationError`."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadDestinationError("not a URL") from error
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise BadDestinationError("not an http or https URL")
        if parts.username is not None or parts.password is not None:
            raise BadDestinationError("a user name or password has no place in a URL")
        if not parts.hostname.isascii():
            raise BadDestinationError("write the host in its ASCII form (xn--…)")
        default = _DEFAULT_PORTS[parts.scheme]
        found = cls(parts.scheme, parts.hostname, default if port is None else port, private)
        if found.scheme == "http" and not (private or found.is_local):
            raise BadDestinationError(
                "http is for loopback, or a private network said to be one (private = true)"
            )
        return found

    @property
    def is_local(self) -> bool:
        """Say whether the host is written as a loopback address or as `localhost`."""
        literal = _literal(self.host)
        if literal is None:
            return self.host == "localhost" or self.host.endswith(".localhost")
        return literal.is_loopback

    def covers(self, asked: "Destination") -> bool:
        """Say whether `asked` is this place, or one of the places that a `*.` stands for."""
        if (self.scheme, self.port) != (asked.scheme, asked.port):
            return False
        if not self.host.startswith("*."):
            return self.host == asked.host
        below = asked.host.removesuffix(self.host[1:])
        return below not in {"", asked.host} and not below.startswith(".") and _is_name(asked.host)

    def admits(self, address: str) -> bool:
        """Say whether the host may lead to this address."""
        found = read_address(address)
        if found.is_loopback:
            return self.is_local
        if found.is_unspecified or found.is_multicast or found.is_link_local or found.is_reserved:
            return False
        literal = _literal(self.host)
        named = literal is not None and _meant(literal) == found
        return found.is_global or self.private or named

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


_OUTSIDE = ipaddress.IPv6Network("2000::/3")  # all that is given out (RFC 4291 section 2.4)
_NOBODYS = (
    ipaddress.ip_network("192.0.0.0/24"),  # RFC 6890: for protocols
    ipaddress.ip_network("192.88.99.0/24"),  # RFC 7526: was for 6to4
    ipaddress.ip_network("2001::/23"),  # Teredo and other protocols
    ipaddress.ip_network("3fff::/20"),  # RFC 9637: for documents
)


def read_address(text: str) -> Address:
    """Read an address as resolvers give it; an IPv4 one inside an IPv6 one is what is meant.

    Raises `ValueError`.
    """
    return _meant(ipaddress.ip_address(text.partition("%")[0]))


def is_public(address: Address) -> bool:
    """Say whether an address (`read_address`) is somewhere out there, and one machine's own."""
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _OUTSIDE:
        return False
    return not any(address in block for block in _NOBODYS)


def _is_name(host: str) -> bool:
    """Say whether every part of a host between dots has something in it."""
    return all(host.split(".")) and _literal(host) is None


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _meant(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 one that only carries it (mapped, NAT64, 6to4)."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


async def look_up(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


async def checked_addresses(
    destination: Destination, resolve: Resolve = look_up
) -> tuple[str, ...]:
    """Look the host up and return its addresses, in the resolver's order.

    Raises `ForbiddenAddressError` where even one of them is not admitted: an honest name does not
    lead both outside and to this machine. Raises `OSError` where the name is unknown.
    """
    found = tuple(await resolve(destination.host, destination.port))
    if not found:
        raise OSError(f"{destination.host} has no address")
    if not all(destination.admits(address) for address in found):
        raise ForbiddenAddressError(f"{destination.host} leads to an address it may not lead to")
    return found
