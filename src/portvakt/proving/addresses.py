"""Counting tries by the address they come from, whoever they are for: the same in every journey."""

import ipaddress
from typing import Final

from portvakt.core.events import SprayAlarm
from portvakt.core.throttle import LIMITS, Count, Familiarity, Kind
from portvakt.proving.visit import Visit
from portvakt.records.unit import Unit

IPV6_HOME: Final = 64
"""One household, ward or attacker has a whole /64 (RFC 6177), so that is one address."""
_IPV4: Final = 4

Key = tuple[str, Kind, Familiarity]


def address_subject(address: str | None) -> str:
    """Return under which name tries from an address are counted; all that are unknown are one."""
    if address is None:
        return "address:unknown"
    parsed = ipaddress.ip_address(address)
    if parsed.version == _IPV4:
        return f"address:{parsed}"
    return f"address:{ipaddress.ip_network((parsed, IPV6_HOME), strict=False)}"


def address_key(visit: Visit, *, inside: bool) -> Key:
    """Return the key that tries from this address are counted by."""
    kind = Kind.ADDRESS_INSIDE if inside else Kind.ADDRESS
    return (address_subject(visit.address), kind, Familiarity.ANY)


async def count_address(unit: Unit, visit: Visit, *, inside: bool) -> tuple[Key, Count]:
    """Count one try against its address, and tell those who watch of the one that begins a stop.

    To be committed before the answer is judged.
    """
    key = address_key(visit, inside=inside)
    count = await unit.attempts.count(*key, LIMITS[key[1]], visit.now)
    if count.allowed and count.stopped_until is not None:
        await unit.audit.write(
            SprayAlarm(
                at=visit.now,
                request_id=visit.request_id,
                address=visit.address,
                failures=count.run,
                until=count.stopped_until,
            )
        )
    return key, count
