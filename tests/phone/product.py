"""Our phone and the whole product: a browser shows, the phone in the other hand answers."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx

from portvakt.phone.acts import Phone
from portvakt.phone.answers import Request
from portvakt.phone.line import Clock, Line
from portvakt.phone.pairing import invitation, pair
from tests.bad_days.processes import PATIENCE, Front, Node
from tests.journeys.set_up_mfa.people import HOME, comes_to_register
from tests.world import ORIGIN, OUTSIDE, PROXY, Browser, Page, World

Address = str


def pairing_address(page: Page) -> Address:
    """Read the address that the QR code and the link on the page hold."""
    found = re.search(rf'href="({re.escape(ORIGIN)}/authenticator/#pair=[^"]+)"', page.html)
    assert found is not None, page.text
    return html.unescape(found[1])


def number_on(page: Page) -> str:
    """Read the number that is to be typed in the phone."""
    found = re.search(r'<p class="number"[^>]*>(.*?)</p>', page.html, re.DOTALL)
    assert found is not None, page.text
    return re.sub(r"<[^>]*>|\s", "", found[1])


async def by_phone(browser: Browser, name: str = "anna.berg") -> Page:
    """Choose the phone in place of the password."""
    await browser.get("/sign-in?to=/apps")
    return await browser.submit({"name": name, "way": "phone_sign_in"})


@asynccontextmanager
async def line(world: World, address: str = OUTSIDE) -> AsyncIterator[Line]:
    """Open the way of one phone to the product, from an address."""
    transport = httpx.ASGITransport(app=world.house.asgi, client=(PROXY, 4000))
    headers = {"x-forwarded-for": address}
    async with httpx.AsyncClient(transport=transport, headers=headers) as client:
        yield Line(client, ORIGIN, Clock(lambda: int(world.clock.at.timestamp() * 1000)))


@asynccontextmanager
async def line_to(*nodes: Node) -> AsyncIterator[Line]:
    """Open the way of one phone to processes, by the time on the wall."""
    headers = {"x-forwarded-for": OUTSIDE}
    async with httpx.AsyncClient(
        transport=Front(*nodes), headers=headers, timeout=PATIENCE, trust_env=False
    ) as client:
        yield Line(client, ORIGIN, Clock(lambda: int(datetime.now(UTC).timestamp() * 1000)))


async def comes(way: Line, address: Address, name: str = "Annas Pixel") -> Phone:
    """Open the pairing address on a new phone."""
    identity, _ = await pair(way, invitation(address), name)
    return Phone(identity, way)


async def one(phone: Phone) -> Request:
    """Return the one request that the phone shows."""
    (request,) = (await phone.fetch()).requests
    return request


async def shows_a_code(browser: Browser) -> Address:
    """Go to where a phone is added, and return the address of the QR code."""
    await comes_to_register(browser)
    return pairing_address(await browser.post(f"{HOME}/phone", {}))


async def added(browser: Browser, way: Line) -> Phone:
    """Add a phone by the page, to its end: code, number, bound."""
    phone = await comes(way, await shows_a_code(browser))
    await browser.get(browser.page.path)
    page = await browser.submit({})
    await phone.approve(await one(phone), number_on(page))
    await browser.submit({"step": "number"})
    assert (await phone.fetch()).state == "active", browser.page.text
    return phone
