"""Who signs in anew for one app stays signed in to the others: it is the same session, fresher."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import make
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.stage import LEDGER, SHOP, Stage, stage
from tests.world import INSIDE, ORIGIN, PASSWORD, Browser

WARD = "10.20.9.9"
HOST = ORIGIN.removeprefix("https://")


async def anew(region: Stage, browser: Browser, *, name: str = "anna.berg") -> dict[str, Any]:
    """Let the shop ask for a new sign-in, and return the claims that it gets."""
    region.world.clock.move(minutes=1)  # or what was shown a moment ago is new enough
    attempt = region.shop.begin(prompt="login")
    await region.open(browser, attempt)
    page = await browser.submit({"name": name, "password": PASSWORD})
    response = (await browser.get(onward(page.html))).response
    answer = region.shop.read_answer(response.headers["location"], attempt)
    tokens = await region.shop.exchange(answer["code"], attempt)
    return await region.shop.believe(tokens["id_token"], attempt)


def onward(html: str) -> str:
    found = html.partition('http-equiv="refresh" content="0; url=')[2].partition('"')[0]
    assert found, html
    return found.replace("&amp;", "&")


@asynccontextmanager
async def at_work(folder: Path, url: str) -> AsyncIterator[tuple[Stage, Browser]]:
    """Anna at a browser inside, signed in with her password."""
    async with stage(folder, url) as region, region.world.browser(INSIDE) as browser:
        await region.world.configure(
            networks=[make.network(), make.network(id="ward", addresses=(WARD,), shared=True)],
            apps=[SHOP, LEDGER],
        )
        await browser.sign_in()
        yield region, browser


async def test_what_other_apps_hold_counts_on(tmp_path: Path, sqlite_url: str) -> None:
    async with at_work(tmp_path, sqlite_url) as (region, browser):
        tokens, ledger = await region.tokens(browser, region.ledger)
        _, first = await region.tokens(browser, region.shop)
        region.world.clock.move(minutes=3)
        claims = await anew(region, browser)
        assert claims["auth_time"] == first["auth_time"] + 4 * 60
        assert claims["sid"] == first["sid"]
        _, later = await region.tokens(browser, region.ledger)
        assert later["sid"] == ledger["sid"]
        assert (await region.ledger.userinfo(tokens["access_token"]))["sub"] == ledger["sub"]
        assert not await region.events("session.ended")


async def test_a_stolen_cookie_of_before_opens_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with at_work(tmp_path, sqlite_url) as (region, browser):
        stolen = browser.cookie("session")
        await anew(region, browser)
        assert browser.cookie("session") != stolen
        async with region.world.browser(INSIDE) as thief:
            thief.client.cookies.set("__Host-session", str(stolen), domain=HOST)
            assert (await thief.get("/apps")).title == "Logga in"


async def test_somebody_else_at_the_same_browser_ends_what_was_there(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with at_work(tmp_path, sqlite_url) as (region, browser):
        tokens, _ = await region.tokens(browser, region.ledger)
        await region.world.person(
            make.account(id="bo", external_id="18", user_name="bo.ek", email="bo@region.example")
        )
        await anew(region, browser, name="bo.ek")
        with pytest.raises(OAuthAnswerError):
            await region.ledger.userinfo(tokens["access_token"])
        (ended,) = await region.events("session.ended")
        assert ended.detail["reason"] == "replaced"


async def test_a_session_near_its_end_gives_way_to_a_new_one(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with at_work(tmp_path, sqlite_url) as (region, browser):
        _, first = await region.tokens(browser, region.shop)
        for _ in range(23):
            region.world.clock.move(minutes=29)
            assert (await browser.get("/apps")).path == "/apps"
        claims = await anew(region, browser)
        assert claims["sid"] != first["sid"]
        region.world.clock.move(minutes=59)
        assert (await browser.get("/apps")).path == "/apps"


async def test_a_session_from_elsewhere_does_not_go_on_at_a_shared_computer(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with at_work(tmp_path, sqlite_url) as (region, browser):
        _, first = await region.tokens(browser, region.shop)
        browser.address = WARD
        claims = await anew(region, browser)
        assert claims["sid"] != first["sid"]
        region.world.clock.move(minutes=11)
        assert (await browser.get("/apps")).title == "Logga in"
