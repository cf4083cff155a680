"""Attacks of RFC 9700 section 4 on the authorization endpoint, each tried."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from portvakt.web.headers import CONTENT_SECURITY_POLICY
from tests import make
from tests.protocols.relying_party import AnswerRefusedError, Client, OAuthAnswerError
from tests.protocols.stage import LEDGER, stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, ORIGIN, OUTSIDE

REGISTERED = "https://ledger.example/cb?tenant=1"


@pytest.mark.parametrize(
    "address",
    [
        "https://ledger.example/cb",
        "https://ledger.example/cb?tenant=2",
        "https://ledger.example/cb?tenant=1&x=1",
        "https://ledger.example/cb?tenant=1#f",
        "https://ledger.example/cb/../cb?tenant=1",
        "https://ledger.example/CB?tenant=1",
        "https://LEDGER.example/cb?tenant=1",
        "https://ledger.example:443/cb?tenant=1",
        "https://evil@ledger.example/cb?tenant=1",
        "https://ledger.example.evil.example/cb?tenant=1",
        "http://ledger.example/cb?tenant=1",
        "https://ledger.example/cb?tenant=1 ",
        "https://ledger.example/%63b?tenant=1",
        "//ledger.example/cb?tenant=1",
    ],
)
async def test_an_address_that_is_nearly_registered_is_not(
    tmp_path: Path, sqlite_url: str, address: str
) -> None:
    """Section 4.1: no pattern, no prefix, no repairing."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        response = await region.open(browser, region.ledger.begin(redirect_uri=address))
        assert response.status_code == 400
        assert "location" not in response.headers


async def test_a_star_in_an_entry_is_a_character_like_any(tmp_path: Path, sqlite_url: str) -> None:
    """Section 4.1.1: a wildcard that somebody wrote into an entry opens nothing."""
    wild = make.app(redirect_uris=("https://*.shop.example/*",))
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        await region.world.configure(apps=[wild, LEDGER], networks=[make.network()])
        for address in ("https://a.shop.example/cb", "https://evil.example/.shop.example/"):
            response = await region.open(browser, region.shop.begin(redirect_uri=address))
            assert response.status_code == 400


async def test_no_answer_and_no_page_leaks_its_address(tmp_path: Path, sqlite_url: str) -> None:
    """Section 4.2: what is in the address goes along to nobody; pages load nothing of others."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        for asked in ({}, {"redirect_uri": "https://evil.example/"}, {"prompt": "none"}):
            response = await region.open(browser, region.shop.begin(**asked))
            assert response.headers["referrer-policy"] in {"same-origin", "no-referrer"}
            assert response.headers["cache-control"] == "no-store"
            loaded = re.findall(r'(?:src|href|action)="(https?:[^"]*)"', response.text)
            assert not [each for each in loaded if not each.startswith(ORIGIN)]


async def test_a_mixed_up_answer_names_its_issuer(tmp_path: Path, sqlite_url: str) -> None:
    """Section 4.4: `iss` in codes and errors alike; a careful client refuses any other."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        honest = Client(
            "https://honest.example",
            "shop",
            region.shop.redirect_uri,
            region.shop.http,
            region.world.clock,
            metadata=region.shop.metadata,
        )
        for asked in ({}, {"prompt": "none", "max_age": "0"}, {"response_type": "token"}):
            region.world.clock.move(seconds=1)
            attempt = honest.begin(**asked)
            response = await region.open(browser, attempt)
            location = response.headers["location"]
            assert parse_qs(urlsplit(location).query)["iss"] == [ORIGIN]
            with pytest.raises(AnswerRefusedError, match="another issuer"):
                honest.read_answer(location, attempt)


async def test_a_code_of_another_attempt_is_worth_nothing(tmp_path: Path, sqlite_url: str) -> None:
    """Sections 4.5 and 4.8: a code that was injected lacks its proof, and PKCE is never skipped."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        stolen, _ = await region.code(browser, region.shop)
        mine = region.shop.begin()
        with pytest.raises(OAuthAnswerError) as wrong:
            await region.shop.exchange(stolen, mine)
        assert wrong.value.code == "invalid_grant"
        for downgrade in (
            {"code_challenge": None, "code_challenge_method": None},
            {"code_challenge_method": None},
            {"code_challenge_method": "plain"},
            {"code_challenge": ""},
        ):
            attempt = region.shop.begin(**downgrade)
            response = await region.open(browser, attempt)
            answer = region.shop.read_answer(response.headers["location"], attempt)
            assert answer["error"] == "invalid_request"


async def test_we_are_nobody_s_open_redirector(tmp_path: Path, sqlite_url: str) -> None:
    """Section 4.11: only a person who may open the app, or a trusted address, is ever sent on."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        for query in (
            "redirect_uri=https://evil.example/",
            "client_id=shop&redirect_uri=https://evil.example/&prompt=none",
            "client_id=shop&redirect_uri=https://evil.example/&response_type=token",
            "client_id=nobody&redirect_uri=https://evil.example/&prompt=none",
            "client_id=shop&redirect_uri=/\\evil.example",
        ):
            page = await browser.get(f"/oidc/authorize?{query}")
            assert page.status == 400
            assert "location" not in page.response.headers
            assert 'http-equiv="refresh"' not in page.html


async def test_what_was_posted_is_never_posted_on(tmp_path: Path, sqlite_url: str) -> None:
    """Section 4.12: 303 and never 307 or 308, wherever somebody is sent after a form."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        attempt = region.shop.begin()
        await region.open(browser, attempt)
        statuses: list[int] = []
        browser.client.event_hooks["response"].append(
            lambda response: _note(statuses, response.status_code)
        )
        await region.sign_in(browser)
        await region.open(browser, region.shop.begin())
        assert {each for each in statuses if 300 <= each < 400} == {303}


async def _note(statuses: list[int], status: int) -> None:
    statuses.append(status)


async def test_nobody_can_frame_what_people_answer(tmp_path: Path, sqlite_url: str) -> None:
    """Section 4.16: clickjacking, on every page that the endpoint leads to."""
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY
    consent = make.app(consent=True)
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await region.world.configure(apps=[consent, LEDGER], networks=[make.network()])
        for asked in ({}, {"redirect_uri": "https://evil.example/"}):
            response = await region.open(browser, region.shop.begin(**asked))
            assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
            assert response.headers["x-frame-options"] == "DENY"
        await signed_in(region, browser)
        response = await region.open(browser, region.shop.begin())
        assert browser.page.title.startswith("Får Demobutiken")
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]


async def test_an_answer_goes_to_the_address_of_its_own_request(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Section 4.4.2: an app with several addresses gets its code at the one that it named."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        for address in LEDGER.redirect_uris:
            response = await region.open(browser, region.ledger.begin(redirect_uri=address))
            joint = "&" if "?" in address else "?"
            assert response.headers["location"].startswith(f"{address}{joint}code=")
        assert LEDGER.redirect_uris[0] == REGISTERED
