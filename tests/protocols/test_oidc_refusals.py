"""A request that is refused leaves a number, and the number leads to the check that said no."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from portvakt.core.explaining import Verdict, explain
from portvakt.journeys.open_app.oidc.authorize.noting import FROM_ALL, FROM_ONE_ADDRESS
from tests.protocols.relying_party import Client
from tests.protocols.stage import Stage, stage
from tests.protocols.test_oidc_pushed import parameters, push
from tests.world import INSIDE, ORIGIN, OUTSIDE, Browser


async def told(region: Stage, browser: Browser, client: Client, **change: str | None) -> str:
    """Ask wrongly, and return what the app is told."""
    response = await region.open(browser, client.begin(**change))
    [said] = parse_qs(urlsplit(response.headers["location"]).query)["error_description"]
    return said


@pytest.mark.parametrize(
    ("change", "rule", "error"),
    [
        ({"code_challenge": None}, "check_pkce", "invalid_request"),
        ({"response_type": "token"}, "check_response_type", "unsupported_response_type"),
        ({"scope": "email"}, "check_scope", "invalid_scope"),
        ({"id_token_hint": "x.y.z"}, "id_token_hint", "invalid_request"),
        ({"request": "x.y.z"}, "request", "invalid_request_object"),
    ],
)
async def test_the_app_is_told_a_number_that_explains_which_check_said_no(
    tmp_path: Path, database_url: str, change: dict[str, str | None], rule: str, error: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        said = await told(region, browser, region.shop, **change)
        words, _, number = said.partition(" Number: ")
        [event] = await region.events("app.request_refused")
        assert event.request_id == number
        assert event.actor == "app:shop"
        assert event.address == INSIDE
        explained = explain(event.name, event.detail, event.trace)
        assert explained.verdict is Verdict.REFUSED
        assert explained.why == words
        assert explained.facts == {"app": "shop", "rule": rule, "error": error}


@pytest.mark.parametrize(
    ("change", "rule", "app"),
    [
        ({"redirect_uri": "https://evil.example/"}, "check_redirect_uri", "shop"),
        ({"redirect_uri": None}, "check_redirect_uri", "shop"),
        ({"client_id": "nobody"}, "check_client", None),
        ({"state": "x" * 3000}, "AuthorizationRequest.parse", None),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:" + "A" * 43}, "request_uri", "shop"),
    ],
)
async def test_the_page_shows_the_number_where_nobody_can_be_sent_on(
    tmp_path: Path, sqlite_url: str, change: dict[str, str | None], rule: str, app: str | None
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await region.open(browser, region.shop.begin(**change))
        [event] = await region.events("app.request_refused")
        assert event.request_id in browser.page.text
        assert (event.detail["rule"], event.detail["app"]) == (rule, app)


async def test_a_push_that_is_refused_is_told_its_number(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        answer = await push(region.ledger, parameters(region.ledger.begin(code_challenge=None)))
        [event] = await region.events("app.request_refused")
        assert answer.json()["error_description"].endswith(f"Number: {event.request_id}")


async def test_a_request_that_names_no_app_is_nobodys_and_only_in_the_log(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        assert (await browser.get("/oidc/authorize")).status == 400
        assert not await region.events("app.request_refused")


async def test_strangers_fill_no_trail_with_refused_requests(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        wrong = {"code_challenge": None}
        said = [await told(region, browser, region.shop, **wrong) for _ in range(8)]
        assert [("Number:" in each) for each in said] == [
            number < FROM_ONE_ADDRESS for number in range(8)
        ]
        browser.address = OUTSIDE
        assert "Number:" in await told(region, browser, region.shop, **wrong)
        region.world.clock.move(minutes=1)
        browser.address = INSIDE
        assert "Number:" in await told(region, browser, region.shop, **wrong)
        assert FROM_ONE_ADDRESS < FROM_ALL


async def test_what_is_no_fault_of_the_app_is_no_refused_request(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        said = await told(region, browser, region.shop, prompt="none")
        assert "Number" not in said
        assert not await region.events("app.request_refused")
        assert ORIGIN not in said
