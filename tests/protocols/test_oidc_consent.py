"""Apps that are not the organisation's own are told what people say yes to."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from portvakt.core.ids import AccountId
from portvakt.core.relying_parties import RelyingParty
from tests import make
from tests.protocols.relying_party import Attempt
from tests.protocols.stage import LEDGER, SHOP, Stage, stage
from tests.protocols.test_oidc_authorize import error_of, follow
from tests.protocols.test_oidc_code_flow import signed_in
from tests.protocols.test_oidc_posted import opened
from tests.world import INSIDE, OUTSIDE, PASSWORD, Browser

QUESTION = "Får Demobutiken veta det här om dig?"
FOREIGN = replace(
    SHOP,
    consent=True,
    grant_types=("authorization_code", "refresh_token"),
    scope=("openid", "profile", "email", "offline_access", "invoices:read"),
)


@asynccontextmanager
async def foreign(
    folder: Path, url: str, app: RelyingParty = FOREIGN
) -> AsyncIterator[tuple[Stage, Browser]]:
    """Set the stage with a shop of somebody else's, and Anna signed in."""
    async with stage(folder, url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        await region.world.configure(
            rules=[make.rule(networks_not={make.LAN})],
            networks=[make.network()],
            apps=[app, LEDGER],
        )
        yield region, browser


async def answered(browser: Browser, answer: str) -> httpx.Response:
    """Say yes or no, and go on from the page that says what happens."""
    page = await browser.submit({"answer": answer})
    assert page.status == 200
    refresh = page.html.partition('http-equiv="refresh" content="0; url=')[2].partition('"')[0]
    response = httpx.Response(303, headers={"location": refresh.replace("&amp;", "&")})
    assert response.headers["location"] in page.html.replace("&amp;", "&")
    return response


async def asked(region: Stage, browser: Browser, **more: str) -> Attempt:
    attempt = region.shop.begin(**more)
    await region.open(browser, attempt)
    assert browser.page.title == QUESTION
    return attempt


async def test_a_person_is_asked_once_and_the_app_gets_its_code(
    tmp_path: Path, database_url: str
) -> None:
    async with foreign(tmp_path, database_url) as (region, browser):
        attempt = await asked(region, browser, scope="openid profile email")
        for words in ("Veta att du är du", "Ditt namn", "Din e-postadress"):
            assert words in browser.page.text
        assert "loggat ut" not in browser.page.text
        response = await answered(browser, "yes")
        answer = region.shop.read_answer(response.headers["location"], attempt)
        tokens = await region.shop.exchange(answer["code"], attempt)
        assert "email" in await region.shop.userinfo(tokens["access_token"])
        await region.code(browser, region.shop, scope="openid profile email", prompt="none")
        await region.code(browser, region.shop, scope="openid")
        [said] = await region.events("app.consent_answered")
        assert (said.account_id, said.detail["allowed"]) == (make.ANNA, True)
        assert said.detail["scope"] == ["openid", "profile", "email"]


async def test_who_says_no_is_sent_back_with_that_and_nothing_is_remembered(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        attempt = await asked(region, browser)
        response = await answered(browser, "no")
        assert "Du sa nej" in browser.page.text
        assert error_of(response, region.shop, attempt) == "access_denied"
        await asked(region, browser)
        assert not await region.events("app.opened")
        [said] = await region.events("app.consent_answered")
        assert said.detail["allowed"] is False


async def test_more_is_asked_for_again_and_less_is_not(tmp_path: Path, sqlite_url: str) -> None:
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        await asked(region, browser, scope="openid profile")
        await answered(browser, "yes")
        await asked(region, browser, scope="openid email invoices:read offline_access")
        assert "invoices:read" in browser.page.text
        assert "loggat ut" in browser.page.text
        await answered(browser, "yes")
        await region.code(browser, region.shop, scope="openid profile email", prompt="none")
        named = json.dumps({"userinfo": {"email": None}})
        await region.code(browser, region.shop, scope="openid", claims=named)


async def test_a_claim_by_name_is_asked_for_like_its_scope(tmp_path: Path, sqlite_url: str) -> None:
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        await asked(region, browser, scope="openid")
        await answered(browser, "yes")
        await asked(region, browser, scope="openid", claims='{"id_token":{"email":null}}')
        assert "Din e-postadress" in browser.page.text


async def test_an_app_may_have_it_asked_again(tmp_path: Path, sqlite_url: str) -> None:
    """`prompt=consent`; also together with a new sign-in, and it ends."""
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        await asked(region, browser)
        await answered(browser, "yes")
        attempt = await asked(region, browser, prompt="consent")
        response = await answered(browser, "yes")
        region.shop.read_answer(response.headers["location"], attempt)
        region.world.clock.move(minutes=5)
        attempt = region.shop.begin(prompt="login consent")
        await region.open(browser, attempt)
        await region.sign_in(browser)
        await follow(browser)
        assert browser.page.title == QUESTION
        response = await answered(browser, "yes")
        region.shop.read_answer(response.headers["location"], attempt)


async def test_asking_takes_a_page(tmp_path: Path, sqlite_url: str) -> None:
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        attempt = region.shop.begin(prompt="none")
        response = await region.open(browser, attempt)
        assert error_of(response, region.shop, attempt) == "consent_required"


async def test_the_organisation_s_own_apps_ask_nothing(tmp_path: Path, sqlite_url: str) -> None:
    own = replace(FOREIGN, consent=False)
    async with foreign(tmp_path, sqlite_url, own) as (region, browser):
        await region.code(browser, region.shop, scope="openid offline_access", prompt="consent")
        assert not await region.events("app.consent_answered")


async def test_an_answer_counts_in_the_session_that_was_asked_alone(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Anna was asked; Bo signs in beside her, and her page is answered."""
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        await asked(region, browser)
        hidden = browser.page.forms()[0][1]
        await region.world.person(
            make.account(id=AccountId("bo"), external_id="bo", user_name="bo", email="b@x.example")
        )
        await browser.get("/sign-in?to=/apps&for=anew")
        await browser.submit({"name": "bo", "password": PASSWORD})
        page = await browser.post("/oidc/consent", hidden | {"answer": "yes"})
        assert page.title == QUESTION, "Bo is asked for himself"
        assert not await region.events("app.consent_answered")


@pytest.mark.parametrize("change", [{"answer": ""}, {"answer": "maybe"}, {"whose": "x"}])
async def test_an_answer_that_is_none_leads_back_to_the_question(
    tmp_path: Path, sqlite_url: str, change: dict[str, str]
) -> None:
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        await asked(region, browser)
        page = await browser.submit({"answer": "yes"} | change)
        assert page.title == QUESTION


async def test_an_answer_to_a_request_that_was_changed_is_judged_like_any(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        await asked(region, browser)
        hidden = browser.page.forms()[0][1]
        for query in (
            hidden["query"].replace("localhost", "evil.example"),
            "client_id=nobody",
            "//evil.example",
        ):
            page = await browser.post("/oidc/consent", hidden | {"query": query, "answer": "yes"})
            assert page.status == 400
            assert "location" not in page.response.headers
        page = await browser.post("/oidc/consent", hidden | {"query": "å", "answer": "yes"})
        assert page.path == "/apps", "that is no address at all"
        await browser.client.post("/oidc/consent", data=hidden | {"csrf": "x", "answer": "yes"})
        assert not await region.events("app.consent_answered")


async def test_a_request_in_a_form_waits_for_the_answer_and_goes_back_in_one(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        _, attempt = await opened(region, browser, region.shop, response_mode="form_post")
        assert browser.page.title == QUESTION
        region.world.clock.move(minutes=10)
        await browser.submit({"answer": "yes"})
        [(action, fields)] = browser.page.forms()
        assert action == region.shop.redirect_uri
        assert fields["state"] == attempt.state
        await region.shop.exchange(fields["code"], attempt)


async def test_the_rules_come_before_the_question(tmp_path: Path, sqlite_url: str) -> None:
    async with foreign(tmp_path, sqlite_url) as (region, browser):
        await asked(region, browser)
        browser.address = OUTSIDE
        page = await browser.submit({"answer": "yes"})
        assert page.title == "Visa att det är du", "they went home before they answered"
