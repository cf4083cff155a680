"""Access tokens for other services (RFC 8707), and what those services are told (RFC 9701)."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt

from portvakt.core.relying_parties import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN
from tests import make
from tests.protocols.relying_party import Client, OAuthAnswerError
from tests.protocols.stage import LEDGER, SECRETS, SHOP, Stage, stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, Browser

CARE, PAY, OTHER = "https://care.example/api", "https://pay.example/", "https://other.example/"
ASKING = replace(SHOP, resources=(CARE, PAY), grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN))
SERVICE = replace(
    LEDGER,
    serves=(CARE,),
    resources=(PAY,),
    scope=("openid", "pay:read"),
    grant_types=(AUTHORIZATION_CODE, CLIENT_CREDENTIALS),
)


@asynccontextmanager
async def ready(folder: Path, url: str, app: Any = ASKING) -> AsyncIterator[tuple[Stage, Browser]]:
    async with stage(folder, url) as region, region.world.browser(INSIDE) as browser:
        await region.world.configure(
            rules=[make.rule(networks_not={make.LAN})],
            networks=[make.network()],
            apps=[app, SERVICE, SECRETS],
        )
        await signed_in(region, browser)
        yield region, browser


def audience(token: str) -> object:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["aud"]


async def let_in(region: Stage, browser: Browser, *resources: str) -> tuple[str, Any]:
    """Open the shop with these resources in the request; return its code."""
    attempt = region.shop.begin()
    attempt.url += "".join(f"&resource={each}" for each in resources)
    response = await region.open(browser, attempt)
    answer = region.shop.read_answer(response.headers["location"], attempt)
    return answer.get("code") or answer["error"], attempt


async def post_pairs(client: Client, pairs: list[tuple[str, str]]) -> Any:
    """Bring parameters to the token endpoint of which some come twice."""
    kind = {"content-type": "application/x-www-form-urlencoded"}
    content = urlencode([*pairs, ("client_id", client.client_id)])
    return await client.http.post("/oidc/token", content=content, headers=kind)


async def refresh(client: Client, token: str, **more: str) -> dict[str, Any]:
    answer = await client.post({"grant_type": "refresh_token", "refresh_token": token} | more)
    said: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise OAuthAnswerError(answer.status_code, said)
    return said


async def test_a_token_names_the_services_that_it_was_asked_for(
    tmp_path: Path, database_url: str
) -> None:
    async with ready(tmp_path, database_url) as (region, browser):
        code, attempt = await let_in(region, browser, CARE, PAY)
        tokens = await region.shop.exchange(code, attempt)
        assert audience(tokens["access_token"]) == [CARE, PAY]
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
            await region.shop.userinfo(tokens["access_token"])


async def test_without_a_resource_a_token_is_for_userinfo(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        tokens, _ = await region.tokens(browser, region.shop)
        assert audience(tokens["access_token"]) == region.shop.issuer
        assert (await region.shop.userinfo(tokens["access_token"]))["name"] == "Anna Berg"


async def test_a_token_is_narrowed_to_one_service_at_the_code_and_at_each_refresh(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        code, attempt = await let_in(region, browser, CARE, PAY)
        tokens = await region.shop.exchange(code, attempt, resource=PAY)
        assert audience(tokens["access_token"]) == PAY
        narrowed = await refresh(region.shop, tokens["refresh_token"], resource=CARE)
        assert audience(narrowed["access_token"]) == CARE
        whole = await refresh(region.shop, narrowed["refresh_token"])
        assert audience(whole["access_token"]) == [CARE, PAY]


async def test_a_token_may_be_asked_for_with_several_services(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 8707 section 2.2: at the code and at each refresh, of those asked for at first."""
    async with ready(tmp_path, sqlite_url) as (region, browser):
        code, attempt = await let_in(region, browser, CARE, PAY)
        asked = [("resource", PAY), ("resource", CARE), ("resource", PAY)]
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": region.shop.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        tokens = await post_pairs(region.shop, [*sent.items(), *asked])
        assert audience(tokens.json()["access_token"]) == [PAY, CARE]
        again = {"grant_type": "refresh_token", "refresh_token": tokens.json()["refresh_token"]}
        over = await post_pairs(region.shop, [*again.items(), *asked, ("resource", OTHER)])
        assert (over.status_code, over.json()["error"]) == (400, "invalid_target")
        renewed = await post_pairs(region.shop, [*again.items(), *asked])
        assert audience(renewed.json()["access_token"]) == [PAY, CARE]


async def test_a_posted_request_may_name_several_services(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        attempt = region.shop.begin()
        content = attempt.url.partition("?")[2] + f"&resource={CARE}&resource={PAY}"
        kept = await region.shop.http.post(
            "/oidc/authorize",
            content=content,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        response = (await browser.get(kept.headers["location"])).response
        answer = region.shop.read_answer(response.headers["location"], attempt)
        tokens = await region.shop.exchange(answer["code"], attempt)
        assert audience(tokens["access_token"]) == [CARE, PAY]


async def test_what_was_not_asked_for_at_first_is_not_to_be_had_later(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        code, attempt = await let_in(region, browser, CARE)
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_target"):
            await region.shop.exchange(code, attempt, resource=OTHER)
        tokens = await region.shop.exchange(code, attempt)  # the code was not used up by that
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_target"):
            await refresh(region.shop, tokens["refresh_token"], resource=PAY)
        again = await refresh(region.shop, tokens["refresh_token"])  # nor the refresh token
        assert audience(again["access_token"]) == CARE


async def test_a_code_for_one_service_gives_no_token_for_another(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        code, attempt = await let_in(region, browser, CARE)
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_target"):
            await region.shop.exchange(code, attempt, resource=PAY)


@pytest.mark.parametrize("resource", [OTHER, CARE + "#part", CARE + "/"])
async def test_a_service_that_the_entry_does_not_name_is_refused(
    tmp_path: Path, sqlite_url: str, resource: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        refused, _ = await let_in(region, browser, CARE, resource.replace("#", "%23"))
        assert refused == "invalid_target"


async def test_what_the_entry_no_longer_names_ends_with_the_entry(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        code, attempt = await let_in(region, browser, CARE)
        tokens = await region.shop.exchange(code, attempt)
        await region.world.configure(apps=[replace(ASKING, resources=(PAY,))])
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_target"):
            await refresh(region.shop, tokens["refresh_token"])


async def test_an_app_in_its_own_name_asks_for_its_services_too(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _):
        asked = {"grant_type": CLIENT_CREDENTIALS, "scope": "pay:read"}
        answer = await region.ledger.post(asked | {"resource": PAY})
        assert audience(answer.json()["access_token"]) == PAY
        refused = await region.ledger.post(asked | {"resource": CARE})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target")


async def introspect(client: Client, token: str, accept: str) -> Any:
    both = base64.b64encode(f"{client.client_id}:{client.secret}".encode()).decode()
    return await client.http.post(
        client.metadata["introspection_endpoint"],
        data={"token": token},
        headers={"accept": accept, "authorization": f"Basic {both}"},
    )


SIGNED = "application/token-introspection+jwt"


async def test_a_service_is_told_of_tokens_for_it_and_of_no_others(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        for resource, active in ((CARE, True), (PAY, False)):
            code, attempt = await let_in(region, browser, resource)
            tokens = await region.shop.exchange(code, attempt)
            told = await introspect(region.ledger, tokens["access_token"], "application/json")
            assert told.json()["active"] is active


async def test_what_is_told_of_a_token_is_signed_where_that_is_asked_for(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        code, attempt = await let_in(region, browser, CARE)
        tokens = await region.shop.exchange(code, attempt)
        answer = await introspect(region.ledger, tokens["access_token"], f"text/html, {SIGNED};q=1")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == SIGNED
        assert answer.headers["cache-control"] == "no-store"
        told = jwt.decode(answer.text, await region.ledger.keys(), algorithms=["RS256"])
        assert told.header["typ"] == "token-introspection+jwt"
        assert told.claims["iss"] == region.ledger.issuer
        assert told.claims["aud"] == "ledger"
        assert told.claims["iat"] == int(region.world.clock().timestamp())
        assert not {"sub", "exp"} & set(told.claims)
        inside = told.claims["token_introspection"]
        assert (inside["active"], inside["aud"]) == (True, CARE)


async def test_of_a_token_that_does_not_count_a_signed_answer_says_no_more_than_that(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _):
        answer = await introspect(region.ledger, "nothing", SIGNED)
        told = jwt.decode(answer.text, await region.ledger.keys(), algorithms=["RS256"])
        assert told.claims["token_introspection"] == {"active": False}


async def test_who_does_not_show_that_it_is_itself_gets_no_signed_answer(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _):
        region.ledger.secret = "wrong"
        answer = await introspect(region.ledger, "nothing", SIGNED)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a101_a_signed_introspection_is_no_access_token(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser):
        tokens, _ = await region.tokens(browser, region.ledger)
        answer = await introspect(region.ledger, tokens["access_token"], SIGNED)
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
            await region.ledger.userinfo(answer.text)


async def test_userinfo_is_signed_for_an_app_whose_entry_says_so(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(
        tmp_path, sqlite_url, replace(ASKING, userinfo_signed_response_alg="ES256")
    ) as (
        region,
        browser,
    ):
        tokens, claims = await region.tokens(browser, region.shop)
        answer = await region.shop.http.get(
            region.shop.metadata["userinfo_endpoint"],
            headers={"authorization": f"Bearer {tokens['access_token']}"},
        )
        assert answer.headers["content-type"] == "application/jwt"
        told = jwt.decode(answer.text, await region.shop.keys(), algorithms=["ES256"]).claims
        assert (told["iss"], told["aud"]) == (region.shop.issuer, "shop")
        assert (told["sub"], told["name"]) == (claims["sub"], "Anna Berg")
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
            await region.shop.userinfo(answer.text)
