"""A waiting page does not keep the server from stopping, and does not take all its places."""

import asyncio
from pathlib import Path

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from portvakt.web.held import MOST
from tests.journeys.conftest import Open
from tests.journeys.set_up_mfa.people import new_person
from tests.journeys.set_up_mfa.phones import at_the_phone
from tests.journeys.sign_in.phones import anna
from tests.journeys.sign_in.test_phone_waiting import address, ask
from tests.web.serving import served
from tests.world import INSIDE, OUTSIDE, PROXY, Browser, world

STOPS = 1.0
"""Seconds within which a server must have stopped that holds answers back."""
SETTLED = 0.3


def behind_our_proxy(asgi: ASGIApp) -> ASGIApp:
    """The proxy that the settings trust, in front of a real server."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["client"] = (PROXY, 4000)
        await asgi(scope, receive, send)

    return app


async def stops_in_time(asgi: ASGIApp, browser: Browser, where: str, told_from: str) -> int:
    """Hold an answer back at a real server, stop it, and return the status that came."""
    loop = asyncio.get_running_loop()
    cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    headers = {
        "host": "portvakt.region.example",
        "x-forwarded-proto": "https",
        "x-forwarded-for": told_from,
        "cookie": cookies,
        "accept": "application/json",
    }
    async with httpx.AsyncClient(timeout=30) as client:
        async with served(lambda **_: behind_our_proxy(asgi)) as server:
            polling = asyncio.create_task(client.get(f"{server}{where}", headers=headers))
            await asyncio.sleep(SETTLED)
            assert not polling.done()
            began = loop.time()
        assert loop.time() - began < STOPS
        return (await polling).status_code


async def test_a_server_stops_at_once_while_a_sign_in_waits(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as one, one.browser() as browser:
        await anna(one)
        page = await browser.sign_in()
        where = address(page)
        assert await stops_in_time(one.house.asgi, browser, where, browser.address) == 200


async def test_a_server_stops_at_once_while_a_phone_is_awaited(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as one, one.browser() as browser:
        await new_person(one)
        page = await at_the_phone(browser)
        where = f"{page.path}/state?seen=awaited"
        assert await stops_in_time(one.house.asgi, browser, where, INSIDE) == 200


async def test_a_fifth_page_of_one_browser_ends_the_first_ones_wait(open_world: Open) -> None:
    async with open_world() as one, one.browser(OUTSIDE) as browser:
        await anna(one)
        where = address(await browser.sign_in())
        polls = []
        for _ in range(MOST + 1):
            polls.append(asyncio.create_task(ask(browser, where)))
            await asyncio.sleep(SETTLED)
        assert [each.done() for each in polls] == [True] + [False] * MOST
        assert polls[0].result().status_code == 429
        for each in polls:
            each.cancel()
        await asyncio.wait(polls)
