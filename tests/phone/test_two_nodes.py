"""Two nodes on one database: what is asked at one reaches the phone that listens at the other."""

import asyncio
import html
import re
from collections.abc import Awaitable
from contextlib import aclosing

import httpx
import pytest

from portvakt.phone.answers import State
from tests.bad_days.conftest import Open
from tests.phone.product import added, line_to, number_on
from tests.world import INSIDE, OUTSIDE, Browser

pytestmark = pytest.mark.slow

SOON = 5.0
"""Seconds: far less than any time-out that would wake whoever waits by itself."""

READING = 0.5
"""Seconds that somebody takes to read a number, in which the node begins to listen: it does so when
it first has somebody to wake."""


async def told(browser: Browser) -> Awaitable[httpx.Response]:
    """Ask what the script of a waiting page asks."""
    found = re.search(r'data-waits-for="([^"]+)"', browser.page.html)
    assert found is not None, browser.page.text
    return asyncio.create_task(browser.client.get(html.unescape(found[1])))


async def test_a_request_and_its_answer_cross_from_node_to_node(open_large_site: Open) -> None:
    async with (
        open_large_site() as here,
        here.serving(2),
        line_to(here.nodes[1]) as way,
        here.browser(here.nodes[0], address=INSIDE) as desk,
        here.browser(here.nodes[0], address=OUTSIDE) as browser,
    ):
        await here.person()
        phone = await added(desk, way)
        heard: asyncio.Queue[State] = asyncio.Queue()

        async def listen() -> None:
            async with aclosing(phone.watch()) as states:
                async for state in states:
                    heard.put_nowait(state)

        listening = asyncio.create_task(listen())
        try:
            async with asyncio.timeout(SOON):
                assert not (await heard.get()).requests
            number = number_on(await browser.sign_in())
            async with asyncio.timeout(SOON):
                while not (state := await heard.get()).requests:
                    pass
            (request,) = state.requests
            await browser.get(browser.page.path)
            waiting = await told(browser)
            await asyncio.sleep(READING)
            async with asyncio.timeout(SOON):
                await phone.approve(request, number)
                assert (await waiting).status_code == 200
            assert (await browser.submit({})).path == "/apps"
        finally:
            listening.cancel()
            await asyncio.wait([listening])
