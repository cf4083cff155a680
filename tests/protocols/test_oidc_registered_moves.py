"""Whoever has what an app sees to its entry with, a thief of it too, makes no other app of it."""

import html
from pathlib import Path

import pytest

from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.apply_state.by_hand import AppsByHand
from tests import make
from tests.protocols.relying_party import Client
from tests.protocols.stage import Stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.protocols.test_oidc_registration import BACK, ENTRY, changed, ready
from tests.world import INSIDE, Browser


@pytest.mark.parametrize(
    ("before", "after", "again"),
    [
        ([BACK], [BACK + "/2"], False),
        ([BACK, "https://two.example/cb"], [BACK], False),
        ([BACK], [BACK, "https://evil.example/cb"], True),
        ([BACK], ["https://survey.example:8443/cb"], True),
    ],
)
async def test_an_app_that_moves_elsewhere_waits_to_be_opened_again(
    tmp_path: Path, database_url: str, before: list[str], after: list[str], *, again: bool
) -> None:
    """What an operator looked at and opened is not what somebody makes of it afterwards."""
    async with ready(tmp_path, database_url) as one, one.region.world.browser(INSIDE) as browser:
        said, region = await one.registered(ENTRY | {"redirect_uris": before}), one.region
        by_hand = AppsByHand(region.world.house.records, SystemRandom(), "cli:test")
        await by_hand.open_to(said["client_id"], [make.STAFF], region.world.clock())
        region.world.clock.move(seconds=2)
        client = Client(
            *(region.shop.issuer, said["client_id"], BACK, region.shop.http, region.world.clock),
            secret=said["client_secret"],
            alg="RS256",
            metadata=region.shop.metadata,
        )
        held = await _held(region, browser, client)
        answer = await one.own(said, "PUT", changed(said, redirect_uris=after))
        assert answer.status_code == 200, answer.text
        assert (await one.app(said["client_id"])).groups == (set() if again else {make.STAFF})
        assert (await client.introspect(held))["active"] is not again
        said_yes = await region.world.house.records.read(
            lambda unit: unit.consents.of(region.anna.id)
        )
        assert [each.client_id for each in said_yes] == ([] if again else [said["client_id"]])


async def _held(region: Stage, browser: Browser, client: Client) -> str:
    """Sign in to the app, say yes to what it asks, and return its access token."""
    await signed_in(region, browser)
    attempt = client.begin(scope="openid")
    await region.open(browser, attempt)
    page = await browser.submit({"answer": "yes"})
    found = page.html.partition('http-equiv="refresh" content="0; url=')[2].partition('"')[0]
    answer = client.read_answer(html.unescape(found), attempt)
    token: str = (await client.exchange(answer["code"], attempt))["access_token"]
    return token


async def test_an_app_that_showed_who_it_is_goes_on_doing_so(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        said = await one.registered()
        less = changed(said, token_endpoint_auth_method="none")
        answer = await one.own(said, "PUT", less)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
        assert (await one.app(said["client_id"])).secret_hash is not None


async def test_what_a_stranger_sends_is_not_even_read(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as one:
        said, wrong = await one.registered(), {"redirect_uris": ["http://evil.example/"]}
        assert (await one.register(wrong, "stranger")).status_code == 401
        other = said | {"registration_access_token": "stranger"}
        assert (await one.own(other, "PUT", changed(said) | wrong)).status_code == 401
