"""What an app demands of a sign-in is added to the rules, and what happened is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.assurance import AAL1, AAL2
from portvakt.core.policy import Require
from portvakt.journeys.open_app.oidc.authorize.demands import demands_of
from portvakt.journeys.open_app.oidc.claims_request import LONGEST, ClaimsRequest, Wish
from tests import make
from tests.protocols.relying_party import Attempt, Client
from tests.protocols.stage import LEDGER, SHOP, Stage, stage
from tests.protocols.test_oidc_authorize import error_of, follow
from tests.protocols.test_oidc_code_flow import signed_in
from tests.protocols.test_oidc_requests import asking
from tests.world import INSIDE, OUTSIDE, Browser

ESSENTIAL_AAL2 = json.dumps({"id_token": {"acr": {"essential": True, "values": [AAL2]}}})


async def claims_of(browser: Browser, client: Client, attempt: Attempt) -> dict[str, Any]:
    """Go on from the page that says what is opened; return the claims of the ID token."""
    response = await follow(browser)
    answer = client.read_answer(response.headers["location"], attempt)
    tokens = await client.exchange(answer["code"], attempt)
    return await client.believe(tokens["id_token"], attempt)


async def show_more(region: Stage, browser: Browser) -> None:
    """Say yes to showing more, and type a code."""
    assert browser.page.title == "Visa att det är du"
    await browser.submit({})
    await region.give_code(browser)


@pytest.mark.parametrize("asked", [{"acr_values": AAL2}, {"claims": ESSENTIAL_AAL2}])
async def test_an_app_that_asks_for_two_factors_gets_them_where_the_rules_ask_for_one(
    tmp_path: Path, database_url: str, asked: dict[str, str]
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        _, before = await region.tokens(browser, region.shop)
        assert before["acr"] == AAL1
        attempt = region.shop.begin(**asked)
        await region.open(browser, attempt)
        assert "Appen Demobutiken kräver att du visar mer." in browser.page.text
        await browser.submit({})
        assert "Appen Demobutiken kräver att du visar mer." in browser.page.text
        await region.give_code(browser)
        claims = await claims_of(browser, region.shop, attempt)
        assert (claims["acr"], "mfa" in claims["amr"]) == (AAL2, True)
        assert claims["auth_time"] == before["auth_time"], "the older of the two that count"
        event, *_ = await region.events("app.opened")
        assert event.trace is not None
        assert "the app shop itself" in [line.rule for line in event.trace]


async def test_an_app_s_demand_is_met_in_one_sign_in_from_nothing(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        attempt = region.shop.begin(acr_values=f"{AAL2} urn:unknown")
        await region.open(browser, attempt)
        await region.sign_in(browser)
        assert (await claims_of(browser, region.shop, attempt))["acr"] == AAL2


async def test_the_entry_of_an_app_demands_what_its_requests_do_not_say(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        strict = make.app(
            id_token_signed_response_alg="ES256", default_acr_values=(AAL2,), default_max_age=600
        )
        await region.world.configure(rules=[], networks=[make.network()], apps=[strict, LEDGER])
        attempt = region.shop.begin()
        await region.open(browser, attempt)
        await browser.submit({})
        await region.give_code(browser)
        await claims_of(browser, region.shop, attempt)
        region.world.clock.move(minutes=11)
        silent = region.shop.begin(prompt="none")
        response = await region.open(browser, silent)
        assert error_of(response, region.shop, silent) == "login_required", "default_max_age"
        own = region.shop.begin(prompt="none", max_age="3600", acr_values=AAL1)
        response = await region.open(browser, own)
        region.shop.read_answer(response.headers["location"], own)


async def test_an_app_can_never_ask_for_less_than_the_rules(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        browser.address = OUTSIDE
        only_one = json.dumps({"id_token": {"acr": {"essential": True, "value": AAL1}}})
        attempt = region.shop.begin(acr_values=AAL1, claims=only_one)
        await region.open(browser, attempt)
        await show_more(region, browser)
        claims = await claims_of(browser, region.shop, attempt)
        assert claims["acr"] == AAL1, "section 5.5.1.1: one of the values that were asked for"
        assert "mfa" in claims["amr"]


async def test_a_level_that_silence_cannot_reach_is_told_as_that(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        for asked, error in (
            ({"claims": ESSENTIAL_AAL2}, "unmet_authentication_requirements"),
            ({"acr_values": AAL2}, "login_required"),
        ):
            attempt = region.shop.begin(prompt="none", **asked)
            response = await region.open(browser, attempt)
            assert error_of(response, region.shop, attempt) == error
        browser.address = OUTSIDE
        attempt = region.shop.begin(prompt="none", claims=ESSENTIAL_AAL2)
        response = await region.open(browser, attempt)
        assert error_of(response, region.shop, attempt) == "login_required", "the rules ask, too"


@pytest.mark.parametrize("address", [INSIDE, OUTSIDE])
async def test_a103_fresh_and_strong_at_once_ends_after_one_sign_in(
    tmp_path: Path, sqlite_url: str, address: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(address) as browser:
        await signed_in(region, browser)
        region.world.clock.move(minutes=5)
        demanded = int(region.world.clock().timestamp())
        attempt = region.shop.begin(acr_values=AAL2, max_age="0")
        await region.open(browser, attempt)
        assert browser.page.title == "Logga in"
        await region.sign_in(browser)
        claims = await claims_of(browser, region.shop, attempt)
        assert claims["acr"] == AAL2
        assert claims["auth_time"] >= demanded


async def test_what_is_new_enough_is_not_asked_for_again_when_more_is(
    tmp_path: Path, sqlite_url: str
) -> None:
    """The password of ten minutes ago counts within an hour; only the code is asked for."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        region.world.clock.move(minutes=10)
        attempt = region.shop.begin(acr_values=AAL2, max_age="3600")
        await region.open(browser, attempt)
        await show_more(region, browser)
        assert (await claims_of(browser, region.shop, attempt))["acr"] == AAL2


async def test_an_old_code_and_a_new_password_are_not_two_new_factors(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await browser.get("/sign-in")
        await region.sign_in(browser)
        await region.open(browser, region.shop.begin(acr_values=AAL2))
        await show_more(region, browser)
        region.world.clock.move(minutes=30)
        attempt = region.shop.begin(prompt="login")
        await region.open(browser, attempt)
        await region.sign_in(browser)
        claims = await claims_of(browser, region.shop, attempt)
        assert claims["acr"] == AAL1, "the code of half an hour ago was not shown again"
        demanding = region.shop.begin(acr_values=AAL2, max_age="600")
        await region.open(browser, demanding)
        await region.sign_in(browser)
        claims = await claims_of(browser, region.shop, demanding)
        assert claims["acr"] == AAL2


async def test_a_tampered_way_back_opens_nothing_weaker(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        attempt = region.shop.begin(acr_values=AAL2)
        await region.open(browser, attempt)
        way_back = browser.page.forms()[0][1]["to"]
        assert "need=mfa" in way_back
        weaker = way_back.replace("&need=mfa", "")
        await browser.submit(
            {"to": weaker, "name": "anna.berg", "password": "Vinterdäck i augusti"}
        )
        await follow(browser)
        assert browser.page.title == "Visa att det är du"


async def test_a_rule_that_blocks_speaks_before_an_app_that_asks(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        said = {"sv": "Butiken är stängd.", "en": "The shop is closed."}
        block = make.rule(Require.BLOCK, id="closed", reason=said, apps={"shop"})
        await region.world.configure(rules=[block], networks=[make.network()], apps=[SHOP, LEDGER])
        response = await region.open(browser, region.shop.begin(acr_values=AAL2))
        assert response.status_code == 403
        assert "Butiken är stängd." in browser.page.text


async def test_claims_are_told_by_name_where_they_were_asked_for(
    tmp_path: Path, sqlite_url: str
) -> None:
    """OpenID Connect Core section 5.5, in both places, with and without a value."""
    wanted = {
        "userinfo": {
            "email": {"essential": True},
            "given_name": {"value": "Anna"},
            "family_name": {"values": ["Svensson", "Ek"]},
            "phone_number": None,
            "name#sv": None,
        },
        "id_token": {"preferred_username": None, "auth_time": {"essential": True}},
        "made_up": 1,
    }
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        tokens, claims = await region.tokens(
            browser, region.shop, scope="openid", claims=json.dumps(wanted)
        )
        told = await region.shop.userinfo(tokens["access_token"])
        assert told.keys() == {"sub", "email", "given_name"}, "no other value is told"
        assert claims["preferred_username"] == "anna.berg"
        assert "auth_time" in claims
        assert "email" not in claims


async def test_an_app_is_told_nothing_by_name_that_its_entry_does_not_assign(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        narrow = make.app(id_token_signed_response_alg="ES256", scope=("openid", "profile"))
        await region.world.configure(networks=[make.network()], apps=[narrow, LEDGER])
        wanted = {part: {"email": None, "name": None} for part in ("userinfo", "id_token")}
        tokens, claims = await region.tokens(
            browser, region.shop, scope="openid", claims=json.dumps(wanted)
        )
        told = await region.shop.userinfo(tokens["access_token"])
        assert told.keys() == {"sub", "name"}
        assert "email" not in claims
        assert claims["name"] == told["name"]


async def test_no_claim_by_name_replaces_what_a_token_must_say(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        wanted = {"id_token": {name: {"value": "evil"} for name in ("iss", "aud", "exp", "amr")}}
        _, claims = await region.tokens(browser, region.shop, claims=json.dumps(wanted))
        assert "evil" not in json.dumps(claims)


def test_what_is_kept_of_a_request_for_claims_is_what_may_be_told() -> None:
    text = '{"userinfo":{"email":null,"evil":{"value":1}},"id_token":{"acr":{"value":"a"}}}'
    asked = ClaimsRequest.parse(text)
    assert asked is not None
    kept = asked.kept(make.app())
    assert kept is not None
    assert ClaimsRequest.parse(kept) == ClaimsRequest(
        id_token={"acr": Wish(values=("a",))}, userinfo={"email": Wish()}
    )
    assert asked.scopes(make.app()) == {"email"}
    assert ClaimsRequest().kept(make.app()) is None
    assert ClaimsRequest.parse('{"userinfo":null}') == ClaimsRequest()


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "1", "[" * 500, '{"id_token":1}'),
        f'{{"userinfo":{{"{"x" * LONGEST}":null}}}}',
        json.dumps({"userinfo": {"email": {"values": ["x"] * 21}}}),
    ],
)
def test_what_is_no_request_for_claims_is_refused(text: str) -> None:
    assert ClaimsRequest.parse(text) is None


def test_the_levels_that_would_do_are_those_that_there_are() -> None:
    """The weakest of them is enough: the list says what would do (RFC 9470 section 4)."""
    app = make.app()
    assert not demands_of(asking(), app).requirement.multifactor
    assert not demands_of(asking(acr_values="gold"), app).requirement.multifactor
    assert not demands_of(asking(acr_values=f"{AAL2} {AAL1}"), app).requirement.multifactor
    assert demands_of(asking(acr_values=f"gold {AAL2}"), app).requirement.multifactor
    voluntary = json.dumps({"id_token": {"acr": {"values": [AAL2]}}})
    found = demands_of(asking(claims=voluntary, acr_values=AAL1), app)
    assert found.requirement.multifactor
    assert not found.acr_essential
