"""Apps that run wholly in the browser may read what is answered to them; other pages may not."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from portvakt.core.relying_parties import browser_origins
from tests.protocols.stage import LEDGER, SHOP, Stage, stage

PAGE = "https://shop.region.example"
ASKED = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
CALLED = ("/oidc/token", "/oidc/userinfo", "/oidc/revoke", "/oidc/par")
PUBLISHED = ("/.well-known/openid-configuration", "/oidc/jwks")


@asynccontextmanager
async def with_a_page(folder: Path, url: str) -> AsyncIterator[Stage]:
    async with stage(folder, url) as region:
        in_browser = replace(SHOP, redirect_uris=(f"{PAGE}/cb",))
        await region.world.configure(apps=[in_browser, LEDGER])
        yield region


def may_read(answer: httpx.Response) -> str | None:
    found: str | None = answer.headers.get("access-control-allow-origin")
    return found


async def sent(
    region: Stage, path: str, origin: str, method: str = "POST", more: Mapping[str, str] = ASKED
) -> httpx.Response:
    headers = {"origin": origin, **(more if method == "OPTIONS" else {})}
    return await region.shop.http.request(method, path, headers=headers)


@pytest.mark.parametrize("path", CALLED)
async def test_a_browser_that_asks_first_for_a_registered_page_may_call(
    tmp_path: Path, sqlite_url: str, path: str
) -> None:
    async with with_a_page(tmp_path, sqlite_url) as region:
        answer = await sent(region, path, PAGE, "OPTIONS")
        assert answer.status_code == 204
        assert may_read(answer) == PAGE
        assert answer.headers["access-control-allow-methods"] == "GET, POST"
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert {"authorization", "content-type", "dpop"} <= set(allowed)
        assert answer.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in answer.headers


STRANGERS = [
    "https://evil.example",
    "null",
    "https://shop.region.example.evil.example",
    "https://shop.region.example:444",
    "http://shop.region.example",
    "https://ledger.example",  # registered, and with a secret: its server calls, no page of it
    "",
]


@pytest.mark.parametrize("origin", STRANGERS)
@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
async def test_pages_of_strangers_read_nothing(
    tmp_path: Path, sqlite_url: str, origin: str, method: str
) -> None:
    async with with_a_page(tmp_path, sqlite_url) as region:
        for path in CALLED:
            answer = await sent(region, path, origin, method)
            assert may_read(answer) is None
            assert "access-control-allow-methods" not in answer.headers


@pytest.mark.parametrize("path", CALLED)
async def test_an_error_is_read_like_any_answer(tmp_path: Path, sqlite_url: str, path: str) -> None:
    async with with_a_page(tmp_path, sqlite_url) as region:
        answer = await sent(region, path, PAGE)
        assert answer.status_code in {400, 401}
        assert may_read(answer) == PAGE
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"www-authenticate", "dpop-nonce"} <= set(exposed)


@pytest.mark.parametrize("path", PUBLISHED)
@pytest.mark.parametrize("origin", ["https://evil.example", PAGE])
async def test_what_is_published_is_read_by_every_page(
    tmp_path: Path, sqlite_url: str, path: str, origin: str
) -> None:
    async with with_a_page(tmp_path, sqlite_url) as region:
        answer = await sent(region, path, origin, "GET")
        assert may_read(answer) == "*"


async def test_pages_read_nothing_where_people_or_secrets_are(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with with_a_page(tmp_path, sqlite_url) as region:
        for path in ("/oidc/authorize", "/oidc/introspect", "/sign-in", "/apps"):
            asked = await sent(region, path, PAGE, "OPTIONS")
            assert (asked.status_code, may_read(asked)) == (405, None), path
            for method in ("GET", "POST"):
                assert may_read(await sent(region, path, PAGE, method)) is None, path


async def test_options_without_a_page_that_asks_is_no_method_here(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with with_a_page(tmp_path, sqlite_url) as region:
        for headers in ({}, {"origin": PAGE}, ASKED):
            answer = await region.shop.http.options("/oidc/token", headers=headers)
            assert answer.status_code == 405


async def test_an_app_that_is_taken_away_is_no_reader_any_more(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with with_a_page(tmp_path, sqlite_url) as region:
        assert may_read(await sent(region, "/oidc/token", PAGE)) == PAGE
        await region.world.configure(apps=[replace(SHOP, redirect_uris=("https://new.example/",))])
        region.world.clock.move(seconds=2)
        assert may_read(await sent(region, "/oidc/token", PAGE)) is None


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://Shop.Region.Example:443/cb?x=1", "https://shop.region.example"),
        ("https://shop.region.example:8443/cb", "https://shop.region.example:8443"),
        ("http://localhost:80/", "http://localhost"),
        ("http://localhost:443/", "http://localhost:443"),
        ("http://[::1]:5000/cb", "http://[::1]:5000"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(uri: str, origin: str) -> None:
    assert browser_origins(replace(SHOP, redirect_uris=(uri,))) == {origin}


def test_an_app_on_a_computer_or_with_a_secret_has_no_page() -> None:
    assert browser_origins(replace(SHOP, application_type="native")) == frozenset()
    assert browser_origins(LEDGER) == frozenset()
    assert browser_origins(replace(SHOP, token_endpoint_auth_method="private_key_jwt")) == set()
