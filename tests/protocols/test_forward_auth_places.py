"""Forward-auth: where a browser comes back to, which is always the app that it came from."""

from pathlib import Path
from urllib.parse import quote

import pytest

from portvakt.journeys.open_app.forward_auth.places import place_at, start_at
from tests.protocols.guarded import WIKI, AtHost, guarded, signs_in
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import ORIGIN

NO_PLACES = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/%5Cevil.example",
    "/%2Fevil.example",
    "/%2f/evil.example",
    "https://evil.example/",
    "https:evil.example",
    "evil.example",
    "@evil.example/",
    ":443@evil.example/",
    ".evil.example/",
    "/\t/evil.example",
    "/\n/evil.example",
    "/a\r\nset-cookie: x=1",
    "/a%0d%0aset-cookie:%20x=1",
    "/%00",
    "/x#fragment",
    "/a b",
    '/"><script>',
    "/å",
    "/../x",
    "/./x",
    "/%2e%2e/x",
    "/a/..",
    "/.portvakt/sign-out",
    "/.PORTVAKT/sign-out",
    "/%2eportvakt/sign-out",
    "/x/../.portvakt/sign-out",
    "",
    "/" + "a" * 1024,
]


@pytest.mark.parametrize("to", NO_PLACES)
def test_no_return_path_leads_out_of_the_app(to: str) -> None:
    assert place_at(WIKI, to) == f"https://{WIKI}/"
    assert start_at(WIKI, to) == f"https://{WIKI}/.portvakt/start?to=%2F"


@pytest.mark.parametrize(
    "to",
    [
        "/",
        "/a//b",
        "/@anna",
        "/a:b",
        "/a?to=https://evil.example//x/../y",
        "/V%C3%A5rd?q=%2F%25&x[]={1}|2^`~'",
        "/.well-known/x",
        "/.portvaktig",
        "/" + "a" * 1023,
    ],
)
def test_the_apps_own_addresses_are_come_back_to_to_the_letter(to: str) -> None:
    assert place_at(WIKI, to) == f"https://{WIKI}{to}"


@pytest.mark.parametrize(
    "to", ["//evil.example", "/\\evil.example", "https://evil.example/", "/a\n"]
)
async def test_a_return_path_is_read_again_wherever_it_is_brought(
    tmp_path: Path, sqlite_url: str, to: str
) -> None:
    """The address with it in travels through the browser, where anybody may write another."""
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        at = AtHost(region.world)
        home = await at.passed_on(f"https://{WIKI}/.portvakt/start?to={quote(to)}")
        given = await browser.get(home.headers["location"].removeprefix(ORIGIN))
        traded = await at.passed_on(given.response.headers["location"])
        assert traded.headers["location"] == f"https://{WIKI}/"


async def test_the_longest_return_path_survives_the_sign_in(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = AtHost(region.world)
        longest = "/" + "%" * 1023
        await browser.get((await at.begin(longest)).removeprefix(ORIGIN))
        traded = await at.passed_on(await signs_in(region, browser))
        assert traded.headers["location"] == f"https://{WIKI}{longest}"
