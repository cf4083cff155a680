"""The authorization endpoint: who is refused, in whose words, and when asking ends."""

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from portvakt.core.policy import Require
from tests import make
from tests.protocols.relying_party import Attempt, Client
from tests.protocols.stage import LEDGER, SECRETS, SHOP, Stage, stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, ORIGIN, OUTSIDE, Browser

STRANGE_ADDRESSES = (
    "https://app.example.evil.tld/callback",
    "http://localhost:8003/callback/extra",
    "http://localhost:8003/callback?x=1",
    "http://localhost:8004/callback",
    "javascript:alert(1)",
    "",
)


def error_of(response: httpx.Response, client: Client, attempt: Attempt) -> str:
    answer = client.read_answer(response.headers["location"], attempt)
    assert "code" not in answer
    assert response.status_code == 303
    return answer["error"]


@pytest.mark.parametrize("address", STRANGE_ADDRESSES)
async def test_a097_a_stranger_s_address_ends_at_a_page_of_ours(
    tmp_path: Path, sqlite_url: str, address: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        response = await region.open(browser, region.shop.begin(redirect_uri=address))
        assert response.status_code == 400
        assert "location" not in response.headers
        assert browser.page.title == "Vi kan inte öppna appen"
        assert response.headers["x-request-id"] in browser.page.text
        assert not await region.events("app.opened")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "client_id=shop",
        "client_id=nobody&redirect_uri=http://localhost:8003/callback",
        "client_id=%3Csvg/onload%3E&redirect_uri=http://localhost:8003/callback",
        "client_id=shop&client_id=ledger&redirect_uri=http://localhost:8003/callback",
        "client_id=shop%00&redirect_uri=http://localhost:8003/callback",
        "client_id=shop&redirect_uri=http://localhost:8003/callback&state=%ff",
        "client_id=shop&redirect_uri=http://localhost:8003/callback&state=%0d%0aX: y",
        "client_id=shop&redirect_uri=http://localhost:8003/callback&state=" + "x" * 5000,
    ],
)
async def test_hostile_requests_get_a_page_and_nothing_is_repeated(
    tmp_path: Path, sqlite_url: str, query: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        page = await browser.get(f"/oidc/authorize?{query}")
        assert page.status == 400
        assert "location" not in page.response.headers
        assert "<svg/onload" not in page.html
        assert "X: y" not in str(page.response.headers)


async def test_a_state_that_looks_like_a_page_goes_back_as_data(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        hostile = '"><svg/onload=alert(1)>&code=evil&iss=https://evil.tld#x'
        code, _ = await region.code(browser, region.shop, state=hostile)
        assert len(code) == 43


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"request_uri": "https://evil.tld/"}, "request_uri_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_a099_a102_a104_errors_go_to_the_app_with_state_and_issuer(
    tmp_path: Path, sqlite_url: str, change: dict[str, str | None], error: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        for client in (region.shop, region.ledger):
            attempt = client.begin(**change)
            response = await region.open(browser, attempt)
            assert error_of(response, client, attempt) == error


async def test_a102_every_answer_names_the_issuer_of_discovery(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        attempt = region.ledger.begin()
        response = await region.open(browser, attempt)
        answer = parse_qs(urlsplit(response.headers["location"]).query)
        assert answer["iss"] == [region.ledger.metadata["issuer"]]
        assert answer["tenant"] == ["1"], "the registered query is kept"


async def test_an_unfit_state_is_refused_and_not_sent_back(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        attempt = region.shop.begin(state="smörgås")
        response = await region.open(browser, attempt)
        answer = parse_qs(urlsplit(response.headers["location"]).query)
        assert answer["error"] == ["invalid_request"]
        assert "state" not in answer


async def test_a120_a_sign_in_leads_to_our_own_pages_only(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        for to in ("//evil.tld", "/\\evil.tld", "https:evil.tld", "/%2f/evil.tld", "/\tevil"):
            async with region.world.browser(INSIDE) as browser:
                await browser.get(f"/sign-in?{urlencode({'to': to})}")
                await region.sign_in(browser)
                assert browser.page.path == "/apps", to


async def test_an_app_of_others_is_named_and_not_opened(tmp_path: Path, database_url: str) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        board = Client(
            ORIGIN, "board", SECRETS.redirect_uris[0], region.shop.http, region.world.clock
        )
        await board.discover()
        response = await region.open(browser, board.begin())
        assert response.status_code == 403
        assert browser.page.title == "Du har inte tillgång till Styrelsens rum"
        assert "026-15 40 00" in browser.page.text
        [refused] = await region.events("app.refused")
        assert (refused.detail["app"], refused.detail["why"]) == ("board", "not_in_groups")
        silent = board.begin(prompt="none")
        response = await region.open(browser, silent)
        assert error_of(response, board, silent) == "access_denied"


async def test_a_block_says_which_rule_in_its_own_words(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        said = {"sv": "Ekonomi öppnas bara på plats.", "en": "Ekonomi opens on site only."}
        block = make.rule(
            Require.BLOCK, id="site-only", reason=said, networks_not={make.LAN}, apps={"ledger"}
        )
        await region.world.configure(rules=[block], networks=[make.network()], apps=[LEDGER, SHOP])
        browser.address = OUTSIDE
        response = await region.open(browser, region.ledger.begin())
        assert response.status_code == 403
        assert browser.page.title == "Du kan inte öppna Ekonomi just nu"
        assert "Ekonomi öppnas bara på plats." in browser.page.text
        silent = region.ledger.begin(prompt="none")
        response = await region.open(browser, silent)
        assert error_of(response, region.ledger, silent) == "access_denied"


async def test_prompt_none_answers_without_a_page(tmp_path: Path, database_url: str) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        await region.tokens(browser, region.shop, prompt="none")
        browser.address = OUTSIDE
        attempt = region.shop.begin(prompt="none")
        response = await region.open(browser, attempt)
        assert error_of(response, region.shop, attempt) == "login_required"


async def test_a058_asking_silently_keeps_no_session_alive(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        for _ in range(3):
            region.world.clock.move(minutes=19)
            await region.code(browser, region.shop, prompt="none")
        region.world.clock.move(minutes=4)
        attempt = region.shop.begin(prompt="none")
        response = await region.open(browser, attempt)
        assert error_of(response, region.shop, attempt) == "login_required"


async def anew(region: Stage, browser: Browser, **asked: str) -> dict[str, object]:
    """Open the shop with a demand, show everything again, and return the claims."""
    attempt = region.shop.begin(**asked)
    await region.open(browser, attempt)
    assert browser.page.title == "Logga in"
    await region.sign_in(browser)
    assert "Vi öppnar Demobutiken" in browser.page.text
    response = await follow(browser)
    answer = region.shop.read_answer(response.headers["location"], attempt)
    tokens = await region.shop.exchange(answer["code"], attempt)
    return await region.shop.believe(tokens["id_token"], attempt)


async def follow(browser: Browser) -> httpx.Response:
    """Go on from the page that says what is opened, as it does by itself."""
    _, _, rest = browser.page.html.partition('http-equiv="refresh" content="0;')
    address = rest.partition('"')[0].strip().removeprefix("url=").replace("&amp;", "&")
    return (await browser.get(address)).response


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}, {"max_age": "60"}])
@pytest.mark.parametrize("address", [INSIDE, OUTSIDE])
async def test_a103_a_demand_for_a_new_sign_in_is_met_by_one_and_ends(
    tmp_path: Path, sqlite_url: str, asked: dict[str, str], address: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(address) as browser:
        await signed_in(region, browser)
        _, before = await region.tokens(browser, region.shop)
        region.world.clock.move(minutes=5)
        demanded = int(region.world.clock().timestamp())
        claims = await anew(region, browser, **asked)
        assert isinstance(claims["auth_time"], int)
        assert claims["auth_time"] >= demanded > before["auth_time"]
        assert ("mfa" in str(claims["amr"])) is (address is OUTSIDE)


async def test_a103_what_was_shown_before_the_demand_does_not_count(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Coming back without having signed in, or with somebody else's address, asks again."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        region.world.clock.move(minutes=1)
        attempt = region.shop.begin(prompt="login")
        await region.open(browser, attempt)
        way_back = browser.page.forms()[0][1]["to"]
        assert "asked=" in way_back
        for _ in range(3):
            await browser.get(way_back)
            assert browser.page.title == "Logga in"
        async with region.world.browser(INSIDE) as another:
            await signed_in(region, another)
            region.world.clock.move(seconds=1)
            await another.get(way_back)
            assert another.page.title == "Logga in", "the moment belongs to one browser"


async def test_a_long_max_age_asks_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        region.world.clock.move(minutes=5)
        _, claims = await region.tokens(browser, region.shop, max_age="3600")
        assert claims["auth_time"] == int(region.world.clock().timestamp()) - 300


async def test_head_issues_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        response = await browser.client.head(
            region.shop.begin().url, headers={"x-forwarded-for": INSIDE}
        )
        assert response.status_code == 405
        assert not await region.events("app.opened")


async def test_the_app_s_language_is_taken_where_none_was_chosen(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        await region.open(browser, region.shop.begin(ui_locales="fr en-GB sv"))
        assert browser.page.title == "Sign in"
        await region.open(browser, region.shop.begin(ui_locales="sv"))
        assert browser.page.title == "Sign in", "the person's choice stands"


async def test_the_name_that_the_app_expects_is_filled_in(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        await region.open(browser, region.shop.begin(login_hint="anna.berg@region.example"))
        assert 'value="anna.berg@region.example"' in browser.page.html
        await region.open(browser, region.shop.begin(login_hint='"><script>alert(1)</script>'))
        assert "<script>alert" not in browser.page.html


async def test_an_app_is_opened_in_three_statements(tmp_path: Path, database_url: str) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        await region.tokens(browser, region.shop)
        records = region.world.house.records
        for client, most in ((region.shop, 2), (region.ledger, 3)):
            before = records.counted
            code, attempt = await region.code(browser, client)
            assert records.counted - before <= 3
            before = records.counted
            tokens = await client.exchange(code, attempt)
            assert records.counted - before <= most
            before = records.counted
            await client.userinfo(tokens["access_token"])
            assert records.counted - before <= 1


async def test_a135_no_address_holds_anything_that_opens(tmp_path: Path, sqlite_url: str) -> None:
    """But the code, once, on its way to the app."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        seen: list[str] = []

        async def note(request: httpx.Request) -> None:
            seen.append(str(request.url))
            assert "referer" not in request.headers

        browser.client.event_hooks["request"].append(note)
        region.shop.http.event_hooks["request"].append(note)
        attempt = region.shop.begin()
        await region.open(browser, attempt)
        await region.sign_in(browser)
        code, attempt = await region.code(browser, region.shop)
        tokens = await region.shop.exchange(code, attempt)
        await region.shop.userinfo(tokens["access_token"])
        session, _, secret = (browser.cookie("session") or "").partition(".")
        assert session
        secrets = [session, secret, code, attempt.verifier, *tokens.values()]
        secrets += [browser.cookie("binding") or "-", browser.cookie("browser") or "-"]
        long = [str(each) for each in secrets if len(str(each)) > 20]
        assert len(long) >= 8
        for url in seen:
            assert not [each for each in long if each in url]


async def test_answers_are_not_kept_and_not_told_on(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        response = await region.open(browser, region.shop.begin())
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] in {"no-referrer", "same-origin"}
