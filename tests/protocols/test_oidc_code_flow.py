"""The code flow from end to end, with a client that shares no code with the product."""

import asyncio
import json
from pathlib import Path

import httpx
import msgspec
import pytest

from portvakt.app import opened
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.stage import LEDGER, Stage, stage
from tests.world import INSIDE, ORIGIN, OUTSIDE, Browser, settings


async def test_discovery_says_what_is_done_here_and_no_more(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        found = await region.shop.discover()
        assert found["authorization_endpoint"] == f"{ORIGIN}/oidc/authorize"
        assert found["token_endpoint"] == f"{ORIGIN}/oidc/token"
        assert found["userinfo_endpoint"] == f"{ORIGIN}/oidc/userinfo"
        assert found["response_types_supported"] == ["code"]
        grants = found["grant_types_supported"]
        assert grants[:3] == ["authorization_code", "refresh_token", "client_credentials"]
        assert not {"implicit", "password"} & set(grants)
        assert found["code_challenge_methods_supported"] == ["S256"]
        assert found["id_token_signing_alg_values_supported"] == ["ES256", "RS256", "EdDSA"]
        assert found["authorization_response_iss_parameter_supported"] is True
        assert found["request_uri_parameter_supported"] is False
        answer = await region.shop.http.get("/.well-known/openid-configuration")
        assert answer.headers["content-type"] == "application/json"
        assert "max-age" in answer.headers["cache-control"]


async def test_every_address_that_discovery_names_is_answered(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        found = await region.shop.discover()
        named = {name: url for name, url in found.items() if name.endswith(("_endpoint", "_uri"))}
        assert {"introspection_endpoint", "device_authorization_endpoint"} <= set(named)
        for name, url in named.items():
            assert url.startswith(f"{ORIGIN}/oidc/"), name
            statuses = {
                (await region.shop.http.request(method, url)).status_code
                for method in ("GET", "POST")
            }
            assert 404 not in statuses, name
            assert statuses != {405}, name


async def test_anna_opens_an_app_from_home_with_two_factors(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(OUTSIDE) as browser:
        attempt = region.shop.begin()
        first = await region.open(browser, attempt)
        assert first.status_code == 200
        assert browser.page.title == "Logga in"
        assert "Demobutiken" in browser.page.text
        await region.sign_in(browser)
        assert "Vi öppnar Demobutiken" in browser.page.text
        response = await region.open(browser, attempt)
        answer = region.shop.read_answer(response.headers["location"], attempt)
        assert response.status_code == 303
        tokens = await region.shop.exchange(answer["code"], attempt)
        assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 300)
        claims = await region.shop.believe(tokens["id_token"], attempt)
        now = int(region.world.clock().timestamp())
        assert claims["acr"] == "urn:portvakt:aal2"
        assert claims["amr"] == ["mfa", "otp", "pwd"]
        assert claims["auth_time"] == now - 30  # the password, half a minute before the code
        assert claims["exp"] == now + 300
        person = await region.shop.userinfo(tokens["access_token"])
        assert person == {
            "sub": claims["sub"],
            "name": "Anna Berg",
            "given_name": "Anna",
            "family_name": "Berg",
            "preferred_username": "anna.berg",
            "email": "anna.berg@region.example",
            "email_verified": True,
            "groups": ["alla"],
        }


async def test_inside_one_factor_is_enough_and_the_app_is_told_so(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await region.open(browser, region.shop.begin())
        await region.sign_in(browser)
        _, claims = await region.tokens(browser, region.shop)
        assert claims["acr"] == "urn:portvakt:aal1"
        assert claims["amr"] == ["pwd"]


async def signed_in(region: Stage, browser: Browser) -> None:
    await browser.get("/sign-in?to=/apps")
    await region.sign_in(browser)
    assert browser.page.title == "Dina appar"


async def test_the_apps_own_way_of_reading_is_respected(tmp_path: Path, sqlite_url: str) -> None:
    """Scopes, algorithm, redirect address with a query, and a subject of its own."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        region.ledger.scope = "openid email offline_access unknown"
        tokens, claims = await region.tokens(browser, region.ledger)
        assert tokens["scope"] == "openid email"
        assert set(await region.ledger.userinfo(tokens["access_token"])) == {
            "sub",
            "email",
            "email_verified",
        }
        _, for_shop = await region.tokens(browser, region.shop)
        assert claims["sub"] != for_shop["sub"], "pairwise"
        assert claims["sid"] != for_shop["sid"]
        _, again = await region.tokens(browser, region.ledger)
        assert (again["sub"], again["sid"]) == (claims["sub"], claims["sid"])


async def test_ids_of_ours_never_leave(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        tokens, claims = await region.tokens(browser, region.shop)
        person = await region.shop.userinfo(tokens["access_token"])
        cookie = browser.cookie("session") or ""
        session, _, secret = cookie.partition(".")
        told = json.dumps([claims, person])
        for ours in (region.anna.id, session, secret, region.anna.external_id):
            assert f'"{ours}"' not in told


async def test_a063_a_password_alone_opens_no_app_where_two_factors_are_asked(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(OUTSIDE) as browser:
        await region.open(browser, region.shop.begin())
        await region.sign_in(browser, code=False)
        assert browser.page.path.startswith("/sign-in/")
        for address in (region.shop.begin().url.removeprefix(ORIGIN), "/apps"):
            page = await browser.get(address)
            assert page.status == 200
            assert page.title == "Logga in"
        assert not await region.events("app.opened")


async def test_a070_a_session_from_inside_is_asked_for_more_outside(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        await region.tokens(browser, region.shop)
        browser.address = OUTSIDE
        attempt = region.shop.begin()
        await region.open(browser, attempt)
        assert browser.page.title == "Visa att det är du"
        assert "Du är utanför regionens nät." in browser.page.text
        await browser.submit({})
        await region.give_code(browser)
        tokens, claims = await region.tokens(browser, region.shop)
        assert claims["acr"] == "urn:portvakt:aal2"
        assert await region.shop.userinfo(tokens["access_token"])


async def test_a098_a_code_brought_twice_gives_nothing_and_ends_what_it_gave(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        code, attempt = await region.code(browser, region.shop)
        tokens = await region.shop.exchange(code, attempt)
        assert await region.shop.userinfo(tokens["access_token"])
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await region.shop.exchange(code, attempt)
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
            await region.shop.userinfo(tokens["access_token"])
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await region.shop.exchange(code, attempt)
        [reused] = await region.events("app.code_reused")  # once, however often it comes
        assert reused.detail["app"] == "shop"


async def test_of_eight_who_bring_one_code_at_once_one_gets_an_answer(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        code, attempt = await region.code(browser, region.shop)
        answers = await asyncio.gather(
            *(region.shop.exchange(code, attempt) for _ in range(8)), return_exceptions=True
        )
        won = [each for each in answers if isinstance(each, dict)]
        lost = [each for each in answers if isinstance(each, OAuthAnswerError)]
        assert (len(won), len(lost)) == (1, 7)
        assert {each.code for each in lost} == {"invalid_grant"}
        with pytest.raises(OAuthAnswerError, match="invalid_token"):
            await region.shop.userinfo(won[0]["access_token"])


async def test_a_code_lives_sixty_seconds(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        code, attempt = await region.code(browser, region.shop)
        region.world.clock.move(seconds=59)
        assert await region.shop.exchange(code, attempt)
        code, attempt = await region.code(browser, region.shop)
        region.world.clock.move(seconds=60)
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await region.shop.exchange(code, attempt)


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://localhost:8003/callback2"},
        {"redirect_uri": ""},
        {"code_verifier": "x" * 43},
        {"code_verifier": "x" * 42},
        {"code_verifier": "å" * 43},
        {"code_verifier": "x" * 129},
        {"code": "A" * 43},
        {"code": "A" * 5000},
        {"code": "' OR 1=1 --"},
    ],
)
async def test_a_code_is_bound_to_all_that_it_was_asked_with(
    tmp_path: Path, sqlite_url: str, change: dict[str, str]
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        code, attempt = await region.code(browser, region.shop)
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await region.shop.exchange(code, attempt, **change)


async def test_a_code_of_one_app_is_worth_nothing_to_another(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        code, attempt = await region.code(browser, region.shop)
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await region.ledger.exchange(code, attempt, redirect_uri=region.shop.redirect_uri)
        code, attempt = await region.code(browser, region.ledger)
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await region.shop.exchange(code, attempt, redirect_uri=LEDGER.redirect_uris[0])


async def test_a_proof_key_cannot_be_left_out_afterwards(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        code, attempt = await region.code(browser, region.shop)
        with pytest.raises(OAuthAnswerError, match="invalid_request"):
            await region.shop.exchange(code, attempt, code_verifier="")


async def test_the_issuer_has_no_slash_at_its_end(tmp_path: Path, sqlite_url: str) -> None:
    """Clients compare it to the letter; a slash in the settings is not part of the origin."""
    chosen = msgspec.structs.replace(settings(tmp_path, sqlite_url), public_url=f"{ORIGIN}/")
    async with opened(chosen) as house:
        transport = httpx.ASGITransport(app=house.asgi, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
            headers = {"x-forwarded-proto": "https"}
            answer = await http.get("/.well-known/openid-configuration", headers=headers)
            assert answer.json()["issuer"] == ORIGIN
            assert answer.json()["token_endpoint"] == f"{ORIGIN}/oidc/token"
