"""A whole sign-in to an app, in requests and statements. Counts, so they are tests."""

import base64
import hashlib
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from portvakt.core.ids import ClientId
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.phones import anna, approve, go_on, known
from tests.journeys.sign_in.region import SECRET, app_code
from tests.world import PASSWORD, Browser, World

CALLBACK = "https://shop.region.example/callback"
VERIFIER = "v" * 43
MOST_REQUESTS = 7


def authorize() -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    asked = {
        "response_type": "code",
        "client_id": "shop",
        "redirect_uri": CALLBACK,
        "scope": "openid profile",
        "state": "s" * 22,
        "nonce": "n" * 22,
        "code_challenge": challenge.decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    return "/oidc/authorize?" + urlencode(asked)


async def whole_sign_in(world: World, browser: Browser) -> int:
    """Open the shop from outside with password and code; returns how many requests it took."""
    before = len(browser.requests)
    page = await browser.get(authorize())
    page = await browser.submit({"name": "anna.berg", "password": PASSWORD})
    page = await browser.submit({"code": app_code(world)})
    onwards = re.search(r'url=([^"]+)"', page.html)
    assert onwards is not None
    page = await browser.get(onwards[1].replace("&amp;", "&"))
    code = parse_qs(urlsplit(page.response.headers["location"]).query)["code"][0]
    response = await browser.client.post(
        "/oidc/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "client_id": "shop",
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        },
    )
    assert response.status_code == 200
    assert response.json()["id_token"]
    return len(browser.requests) - before + 1


@pytest.mark.parametrize(("known", "most"), [(True, 20), (False, 22)])
async def test_a_whole_sign_in_takes_seven_requests_and_few_statements(
    known: bool, most: int, open_world: Open
) -> None:
    """A browser that is not known yet is counted by its address, and remembered."""
    async with open_world() as world, world.browser() as first, world.browser() as other:
        shop = make.app(client_id=ClientId("shop"), redirect_uris=(CALLBACK,))
        await world.configure([make.rule(networks_not={make.LAN})], [make.network()], [shop])
        await world.person(totp=SECRET)
        await whole_sign_in(world, first)
        first.client.cookies.delete("__Host-session")
        world.clock.move(seconds=31)
        for path in ("/sign-in", "/oidc/jwks"):
            await first.get(path)  # rules and keys are read once in a while, by whoever comes first
        before = world.house.records.counted
        requests = await whole_sign_in(world, first if known else other)
        statements = world.house.records.counted - before
        assert requests == MOST_REQUESTS
        assert statements <= most


@pytest.mark.parametrize(("by_name", "most"), [(False, 27), (True, 25)])
async def test_signing_in_with_the_phone_takes_few_statements(
    by_name: bool, most: int, open_world: Open
) -> None:
    """What the browser's side asks, from its first form to the portal; the phone's is beside.

    Two of them are how the person has arranged the portal, and which apps were opened last; one is
    whether anything is amiss.
    """
    async with open_world() as world, world.browser() as browser:
        account = await anna(world, sign_in=True)
        await known(world, browser, account)
        await browser.get("/sign-in")
        before = world.house.records.counted
        if by_name:
            await browser.submit({"name": "anna.berg", "password": "", "way": "phone_sign_in"})
        else:
            await browser.submit({"name": "anna.berg", "password": PASSWORD})
        asked = world.house.records.counted - before
        await approve(world, account)
        before = world.house.records.counted
        page = await go_on(browser)
        assert page.path == "/apps"
        assert asked + world.house.records.counted - before <= most
