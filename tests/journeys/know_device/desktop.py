"""A product that knows our own devices, and browsers on devices of all kinds."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from portvakt.background_devices import ListReader
from portvakt.core.policy import Rule
from portvakt.core.signals import Device
from portvakt.crypto.device_certificates import DeviceAuthority
from portvakt.settings.structs import Devices, span
from tests import make
from tests.servers.device_authority import DAY, Computer, DeviceIssuer
from tests.world import DEVICE_HOST, ORIGIN, OUTSIDE, PASSWORD, PROXY, START, Browser, World, world

ISSUER = DeviceIssuer(now=START)
PC, LOST = ISSUER.computer(), ISSUER.computer("lost.region.example")
OLD = ISSUER.computer("old", begins=START - 2 * DAY, ends=START - DAY)
FORGED = DeviceIssuer(now=START).computer()
THERE = f"https://{DEVICE_HOST}"
SCRIPT = {"accept": "application/json"}
ASKED, IN = "Vilken kod visar din app?", "Dina appar"
THE_RULE = make.rule(networks_not={make.LAN}, devices_not={Device.OURS})


def header(computer: Computer) -> dict[str, str]:
    return {"client-cert": f":{base64.b64encode(computer.der).decode()}:"}


@dataclass
class House:
    """A product that knows our devices; its lists are read when told to."""

    world: World
    file: Path
    reader: ListReader

    async def revoke(self, *computers: Computer) -> None:
        """Have these named in the list, and let it be read, here and by whoever serves."""
        self.file.write_bytes(ISSUER.revoking(*computers, lives=30 * DAY))
        self.world.clock.move(seconds=15)
        await self.reader.look()
        self.world.clock.move(seconds=15)


def knowing(folder: Path) -> Devices:
    """Write the authority's certificate and its list, and say where they are."""
    authority, file = folder / "devices.pem", folder / "devices.crl"
    authority.write_bytes(ISSUER.pem)
    file.write_bytes(ISSUER.revoking(LOST, lives=30 * DAY))
    return Devices(authority_file=str(authority), revocation_lists=(str(file),))


async def house_of(region: World, devices: Devices) -> House:
    """Read the list once, and be ready to read it again."""
    reader = ListReader(
        records=region.house.records,
        authority=DeviceAuthority.read(ISSUER.pem),
        places=devices.revocation_lists,
        fetch_every=span(devices.fetch_every),
        lives=span(devices.lists_count_for),
        clock=region.clock,
    )
    await reader.look()
    return House(region, Path(devices.revocation_lists[0]), reader)


@asynccontextmanager
async def house(folder: Path, url: str, *rules: Rule) -> AsyncIterator[House]:
    devices = knowing(folder)
    async with world(folder, url, devices=devices) as region:
        await region.configure(rules or (THE_RULE,), [make.network()])
        await region.person(totp=b"0" * 20)
        yield await house_of(region, devices)


@dataclass
class Desktop:
    """A browser, and the device that it runs on: what the proxy hands over at the devices' host."""

    region: World
    browser: Browser
    computer: Computer | None = None
    shows: Mapping[str, str] = field(default_factory=dict)
    peer: str = PROXY

    async def at_home(self, path: str, **headers: str) -> httpx.Response:
        sent = {"x-forwarded-for": self.browser.address} | headers
        return await self.browser.client.get(ORIGIN + path, headers=sent)

    async def there(self, url: str, **headers: str) -> httpx.Response:
        """Ask at the devices' host: no cookie of home goes there."""
        shown = dict(self.shows) if self.computer is None else header(self.computer)
        sent = {"x-forwarded-for": self.browser.address} | shown | headers
        transport = httpx.ASGITransport(app=self.region.house.asgi, client=(self.peer, 4001))
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.get(url, headers=sent)

    async def ticket(self) -> str:
        found = await self.at_home("/our-device/look?to=/apps", **SCRIPT)
        where: str = found.json()["show"]
        assert where.startswith(f"{THERE}/our-device/show?ticket=")
        return where

    async def answer(self) -> str:
        found = await self.there(await self.ticket(), origin=ORIGIN, **SCRIPT)
        assert found.headers["access-control-allow-origin"] == ORIGIN
        assert found.headers["access-control-allow-credentials"] == "true"
        return str(found.json()["answer"])

    async def told(self, answer: str) -> bool:
        found = await self.at_home(f"/our-device/told?answer={answer}", **SCRIPT)
        return bool(found.json()["ours"])

    async def look(self) -> bool:
        """Do what the page's script does."""
        return await self.told(await self.answer())

    async def sign_in(self, to: str = "/apps") -> str:
        """Open the page, let its script look, and send name and password."""
        page = await self.browser.get(f"/sign-in?to={to}")
        if "data-our-device" in page.html:
            await self.look()
        return (await self.browser.submit({"name": "anna.berg", "password": PASSWORD})).title


@asynccontextmanager
async def desktop(
    here: House, computer: Computer | None, address: str = OUTSIDE
) -> AsyncIterator[Desktop]:
    async with here.world.browser(address) as browser:
        yield Desktop(here.world, browser, computer)
