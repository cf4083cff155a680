"""Whichever way somebody is signed out, the apps that they had opened hear of it.

The product, its background work and the app are whole; the app believes what it is told by the
published keys alone, and knows the session by the `sid` of its ID token.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt

from portvakt.records import Unit
from portvakt.worker import beside
from tests import make
from tests.conformance.operator import Operator, Request, answers, operator
from tests.protocols.stage import LEDGER, Stage, stage
from tests.world import INSIDE, LOOPBACK, Browser, settings

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Here:
    """Anna with the shop open, in one browser and in another."""

    region: Stage
    browser: Browser
    other: Browser
    tokens: dict[str, Any]
    there: Operator
    told: asyncio.Event


Way = Callable[[Here], Awaitable[object]]


async def signs_out(here: Here) -> object:
    await here.browser.get("/apps")
    return await here.browser.post("/sign-out", {})


async def hands_over(here: Here) -> object:
    await here.browser.get("/apps")
    return await here.browser.post("/switch-person", {"to": "/apps"})


async def ends_all(here: Here) -> object:
    await here.other.get("/my-sign-ins")
    return await here.other.post("/my-sign-ins/all/end", {})


async def ends_the_others(here: Here) -> object:
    await here.other.get("/my-sign-ins")
    return await here.other.post("/my-sign-ins/others/end", {})


async def by_the_app(here: Here) -> object:
    query = urlencode({"id_token_hint": here.tokens["id_token"]})
    return await here.browser.get(f"/oidc/end_session?{query}")


async def is_disabled(here: Here) -> object:
    async def act(unit: Unit) -> int:
        return await unit.people.disable_many([here.region.anna.id], here.region.world.clock())

    return await here.region.world.house.records.write(act)


@asynccontextmanager
async def opened(folder: Path, url: str) -> AsyncIterator[Here]:
    told = asyncio.Event()

    async def hears(request: Request, out: asyncio.StreamWriter) -> None:
        await answers(200)(request, out)
        told.set()

    async with (
        operator(hears) as there,
        stage(folder, url, LOOPBACK) as region,
        region.world.browser(INSIDE) as browser,
        region.world.browser(INSIDE) as other,
    ):
        shop = make.app(
            id_token_signed_response_alg="ES256",
            backchannel_logout_uri=f"http://127.0.0.1:{there.port}/out",
        )
        await region.world.configure(networks=[make.network()], apps=[shop, LEDGER])
        await other.sign_in()
        await region.open(browser, region.shop.begin())
        await region.sign_in(browser)
        tokens, _ = await region.tokens(browser, region.shop)
        house = region.world.house
        async with beside(
            settings(folder, url, outgoing=LOOPBACK),
            records=house.records,
            keys=house.keys,
            hasher=house.hasher,
            clock=region.world.clock,
        ):
            yield Here(region, browser, other, tokens, there, told)


@pytest.mark.parametrize(
    "way",
    [signs_out, hands_over, ends_all, ends_the_others, by_the_app, is_disabled],
)
async def test_the_app_is_told_whichever_way_the_session_ends(
    tmp_path: Path, sqlite_url: str, way: Way
) -> None:
    async with opened(tmp_path, sqlite_url) as here:
        keys = await here.region.shop.keys()
        id_token = jwt.decode(here.tokens["id_token"], keys, algorithms=["ES256"]).claims
        assert here.there.requests == []
        await way(here)
        async with asyncio.timeout(10):
            await here.told.wait()
        (request,) = here.there.requests
        said = jwt.decode(request.form["logout_token"][0], keys, algorithms=["ES256"])
        assert said.header["typ"] == "logout+jwt"
        assert said.claims["events"] == {EVENT: {}}
        for name in ("iss", "aud", "sub", "sid"):
            assert said.claims[name] == id_token[name]
        assert "nonce" not in said.claims
        assert said.claims["exp"] - said.claims["iat"] <= 120
