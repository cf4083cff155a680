"""Countries by a database that the organisation has: F69, and unknown is never a way in."""

import asyncio
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from portvakt.core.asking import Require
from portvakt.locations import Locations
from portvakt.settings.structs import Locations as LocationSettings
from tests import make
from tests.world import Browser, world

ROWS: Mapping[str, Mapping[str, Any]] = {
    "203.0.113.0/24": {"country": {"iso_code": "SE", "names": {"en": "Sweden"}}},
    "198.51.100.0/25": {"country": {"iso_code": "NO"}, "registered_country": {"iso_code": "SE"}},
    "198.51.100.128/25": {"registered_country": {"iso_code": "SE"}},
    "2001:db8:1::/48": {"country": "Sweden", "country_code": "SE"},
    "2001:db8:2::/48": {"country": {"iso_code": "Sweden"}},
    "2001:db8:3::/48": {"country_code": 46},
}
OUTSIDE_SE, OUTSIDE_NO, NOWHERE = "203.0.113.7", "198.51.100.7", "192.0.2.7"


def write(file: Path, *, version: int = 6) -> Path:
    """Make a database such as those that are sold, small."""
    writer = MMDBWriter(version, "GeoLite2-Country", ipv4_compatible=version == 6)
    for block, row in ROWS.items():
        if version == 6 or ip_network(block).version == 4:
            writer.insert_network(IPSet([block]), dict(row))
    writer.to_db_file(str(file))
    return file


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return write(tmp_path / "countries.mmdb")


@pytest.mark.parametrize(
    ("address", "country"),
    [
        (OUTSIDE_SE, "SE"),
        (OUTSIDE_NO, "NO"),
        ("198.51.100.200", None),  # where it is registered is not where it is
        (NOWHERE, None),
        ("::ffff:203.0.113.7", "SE"),
        ("2001:db8:1::1", "SE"),
        ("2001:db8:2::1", None),
        ("2001:db8:3::1", None),
        ("2001:db8:4::1", None),
        ("10.20.1.1", None),
        ("not an address", None),
        ("", None),
        (None, None),
    ],
)
def test_a_country_is_what_the_database_says_and_else_nobody_knows(
    database: Path, address: str | None, country: str | None
) -> None:
    assert Locations.read(database).country(address) == country


def test_a_database_of_ipv4_alone_knows_nothing_of_ipv6(tmp_path: Path) -> None:
    found = Locations.read(write(tmp_path / "four.mmdb", version=4))
    assert found.country(OUTSIDE_SE) == "SE"
    assert found.country("2001:db8:1::1") is None


@pytest.mark.parametrize("content", [b"", b"no database", b"\xab\xcd\xefMaxMind.com"])
def test_f69_a_database_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.mmdb"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"\[locations\] database: .*broken.mmdb cannot be read"):
        Locations.read(file)
    with pytest.raises(ValueError, match=r"none\.mmdb cannot be read"):
        Locations.read(tmp_path / "none.mmdb")


def test_f69_a_database_that_is_broken_inside_lets_nobody_in(database: Path) -> None:
    """Half of it gone: whatever it still says, an address is in its country or in none."""
    whole, cut = database.read_bytes(), database.with_name("cut.mmdb")
    marker = whole.rindex(b"\xab\xcd\xefMaxMind.com")
    for length in range(0, marker, 16):
        cut.write_bytes(whole[:length] + b"\xff" * (marker - length) + whole[marker:])
        try:
            found = Locations.read(cut).country(OUTSIDE_NO)
        except ValueError:
            continue
        assert found in {None, "NO", "SE"}


async def _asked(browser: Browser) -> str:
    await browser.get("/sign-in?to=/apps")
    await browser.submit({"name": "anna.berg", "password": "Vinterdäck i augusti"})
    return browser.page.title


async def _titles(folder: Path, url: str, database: Path | None, *addresses: str) -> list[str]:
    found = LocationSettings(database="" if database is None else str(database))
    async with world(folder, url, locations=found) as region:
        await region.person()
        abroad = make.rule(
            Require.BLOCK, id="abroad", countries_not={"SE"}, networks_not={make.LAN}
        )
        await region.configure(rules=[abroad], networks=[make.network()])
        titles = []
        for address in addresses:
            async with region.browser(address) as browser:
                titles.append(await _asked(browser))
        return titles


def test_a_rule_about_countries_holds_for_everybody_whose_country_nobody_knows(
    tmp_path: Path, sqlite_url: str, database: Path
) -> None:
    places = (OUTSIDE_SE, OUTSIDE_NO, NOWHERE, "10.20.1.1")
    with_database = asyncio.run(_titles(tmp_path, sqlite_url, database, *places))
    assert [title == "Dina appar" for title in with_database] == [True, False, False, True]


def test_without_a_database_a_rule_about_countries_holds_everywhere(
    tmp_path: Path, sqlite_url: str
) -> None:
    without = asyncio.run(_titles(tmp_path, sqlite_url, None, OUTSIDE_SE, "10.20.1.1"))
    assert [title == "Dina appar" for title in without] == [False, True]
