"""In which country an address is, and where in it, by a database that the organisation has.

A file in MaxMind's format (MMDB 2.0), such as GeoIP2, GeoLite2 or DB-IP's: read once, into memory,
when a process starts, and never fetched by us. One that knows cities tells coordinates, too. Where
it does not tell, nobody knows.
"""

import ipaddress
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import maxminddb

from portvakt.core.risk import Spot

RADIUS_UNSAID_KM: Final = 100.0
"""How far off an address may be where its database gives coordinates and does not say."""
_CODE: Final = re.compile(r"[A-Z]{2}")


class Locations:
    """Tells countries."""

    def __init__(self, reader: maxminddb.Reader) -> None:
        self._reader = reader

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a database. Raises ValueError where it cannot be read or is none."""
        try:
            return cls(maxminddb.open_database(file, maxminddb.MODE_MEMORY))
        except (OSError, maxminddb.InvalidDatabaseError) as error:
            raise ValueError(f"[locations] database: {file} cannot be read: {error}") from error

    @property
    def made_at(self) -> datetime:
        """When the database was made."""
        return datetime.fromtimestamp(self._reader.metadata().build_epoch, UTC)

    def country(self, address: str | None) -> str | None:
        """Name the country of an address (ISO 3166-1 alpha-2); None where nobody knows."""
        return _code(self._row(address))

    def spot(self, address: str | None) -> Spot:
        """Say where an address is: its country, and where in it if the database knows cities."""
        found = self._row(address)
        place = found.get("location") if isinstance(found, dict) else None
        if not isinstance(place, dict):
            return Spot(country=_code(found))
        north, east, radius = map(place.get, ("latitude", "longitude", "accuracy_radius"))
        if not (isinstance(north, float | int) and isinstance(east, float | int)):
            return Spot(country=_code(found))
        return Spot(
            country=_code(found),
            latitude=float(north),
            longitude=float(east),
            radius_km=float(radius) if isinstance(radius, float | int) else RADIUS_UNSAID_KM,
        )

    def _row(self, address: str | None) -> object:
        """Look an address up; None where it is not there.

        An IPv4 address written as IPv6 is the IPv4 address. A database that is broken inside does
        not tell.
        """
        try:
            read = ipaddress.ip_address(address or "")
            mapped = read.ipv4_mapped if isinstance(read, ipaddress.IPv6Address) else None
            return self._reader.get(mapped or read)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None


def _code(found: object) -> str | None:
    """Read a country out of a row: `country.iso_code`, or `country_code` (IPinfo)."""
    if not isinstance(found, dict):
        return None
    country = found.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else found.get("country_code")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None
