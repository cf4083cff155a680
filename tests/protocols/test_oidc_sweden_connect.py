"""An app of Sweden Connect: its profile of OpenID Connect, clause by clause."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import SWEDEN_CONNECT, RelyingParty
from tests import make
from tests.protocols.assertions import EC, TYPE, claims, jwks, signed
from tests.protocols.relying_party import Attempt, Client, OAuthAnswerError
from tests.protocols.stage import LEDGER, SHOP, Stage, stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, OUTSIDE, Browser

PERSON = "https://id.oidc.se/scope/naturalPersonInfo"
CARE = RelyingParty(
    client_id=ClientId("care"),
    client_name="Vårdguiden",
    redirect_uris=("https://care.example/cb",),
    token_endpoint_auth_method="private_key_jwt",
    jwks=jwks(EC),
    scope=("openid", PERSON, "email"),
    groups=frozenset({make.STAFF}),
    profile=SWEDEN_CONNECT,
)


@asynccontextmanager
async def ready(
    folder: Path, url: str, app: RelyingParty = CARE, *, address: str = INSIDE
) -> AsyncIterator[tuple[Stage, Browser, Client]]:
    """A browser in which Anna has signed in just now for another app, and one of the federation."""
    async with stage(folder, url) as region, region.world.browser(address) as browser:
        await region.world.configure(
            rules=[make.rule(networks_not={make.LAN})],
            networks=[make.network()],
            apps=[app, SHOP, LEDGER],
        )
        client = replace(
            region.shop,
            client_id=app.client_id,
            redirect_uri=app.redirect_uris[0],
            alg="RS256",
            scope=f"openid {PERSON}",
        )
        yield region, browser, client


async def signed_in_before(region: Stage, browser: Browser) -> None:
    await signed_in(region, browser)
    region.world.clock.move(seconds=30)


async def let_in(region: Stage, browser: Browser, client: Client) -> tuple[str, Attempt]:
    """Open the app from a browser that is signed in; sign in again, as the profile has it."""
    attempt = client.begin()
    response = await region.open(browser, attempt)
    assert response.status_code == 200, "a page of ours, and not an answer to the app"
    await region.sign_in(browser)
    response = await region.open(browser, _back(browser, attempt))
    return client.read_answer(response.headers["location"], attempt)["code"], attempt


def _back(browser: Browser, attempt: Attempt) -> Attempt:
    """The address that the page after the sign-in leads on to."""
    found = browser.page.html.partition('href="/oidc/authorize?')[2].partition('"')[0]
    assert found, browser.page.text
    return replace(attempt, url=f"/oidc/authorize?{found.replace('&amp;', '&')}")


def shown(region: Stage, client: Client) -> dict[str, str]:
    """What the app signs in place of a secret."""
    said = claims(region.world.clock(), client.issuer, iss=client.client_id, sub=client.client_id)
    return {"client_assertion_type": TYPE, "client_assertion": signed(said)}


async def tokens(region: Stage, browser: Browser, client: Client) -> tuple[Any, Attempt]:
    code, attempt = await let_in(region, browser, client)
    return await client.exchange(code, attempt, **shown(region, client)), attempt


async def test_no_sign_in_is_used_again_for_it_and_none_for_another_app(
    tmp_path: Path, database_url: str
) -> None:
    async with ready(tmp_path, database_url) as (region, browser, client):
        await signed_in_before(region, browser)
        for _ in range(2):
            region.world.clock.move(seconds=30)
            await let_in(region, browser, client)


async def test_silence_is_answered_with_login_required(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser, client):
        await signed_in_before(region, browser)
        attempt = client.begin(prompt="none")
        response = await region.open(browser, attempt)
        answer = client.read_answer(response.headers["location"], attempt)
        assert answer["error"] == "login_required"


async def test_the_id_token_lives_five_minutes_at_most_and_tells_of_the_sign_in(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser, client):
        await signed_in_before(region, browser)
        given, attempt = await tokens(region, browser, client)
        told = await client.believe(given["id_token"], attempt)
        assert told["exp"] - told["iat"] <= 300
        assert {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr"} <= set(told)
        assert told["auth_time"] == int(region.world.clock().timestamp())


async def test_userinfo_is_signed_and_releases_what_was_asked_for(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser, client):
        await signed_in_before(region, browser)
        given, _ = await tokens(region, browser, client)
        answer = await client.http.get(
            client.metadata["userinfo_endpoint"],
            headers={"authorization": f"Bearer {given['access_token']}"},
        )
        assert answer.headers["content-type"] == "application/jwt"
        told = jwt.decode(answer.text, await client.keys(), algorithms=["RS256"]).claims
        assert set(told) == {"iss", "aud", "sub", "name", "given_name", "family_name"}
        assert (told["iss"], told["aud"]) == (client.issuer, "care")


async def test_the_id_token_names_nobody_who_was_not_asked_for(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser, client):
        await signed_in_before(region, browser)
        given, attempt = await tokens(region, browser, client)
        told = await client.believe(given["id_token"], attempt)
        assert not {"name", "given_name", "family_name", "email"} & set(told)


async def test_the_access_token_tells_nothing_to_whoever_reads_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser, client):
        await signed_in_before(region, browser)
        given, _ = await tokens(region, browser, client)
        assert given["access_token"].startswith("pvat_")
        assert "." not in given["access_token"]


@pytest.mark.parametrize("how", ["basic", "post", "nothing"])
async def test_nothing_but_a_signature_shows_who_the_app_is(
    tmp_path: Path, sqlite_url: str, how: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, browser, client):
        await signed_in_before(region, browser)
        code, attempt = await let_in(region, browser, client)
        other = client if how == "nothing" else replace(client, secret="x" * 43, secret_in=how)
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_client"):
            await other.exchange(code, attempt)
        await client.exchange(code, attempt, **shown(region, client))


@pytest.mark.parametrize(("locale", "title"), [("sv", "Logga in"), ("en", "Sign in")])
async def test_the_page_speaks_the_language_that_the_app_asks_for(
    tmp_path: Path, sqlite_url: str, locale: str, title: str
) -> None:
    async with ready(tmp_path, sqlite_url, address=OUTSIDE) as (region, browser, client):
        assert {"sv", "en"} <= set(client.metadata["ui_locales_supported"])
        await region.open(browser, client.begin(ui_locales=locale))
        await browser.get(browser.page.path)
        assert browser.page.title.startswith(title)


async def test_discovery_tells_what_the_profile_wants_told(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (_, _browser, client):
        told = client.metadata
        assert told["claims_parameter_supported"] is True
        assert "code" in told["response_types_supported"]
        assert {"openid", "profile", PERSON} <= set(told["scopes_supported"])
        assert "public" in told["subject_types_supported"]
        assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
        algorithms = told["token_endpoint_auth_signing_alg_values_supported"]
        assert {"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"} <= set(algorithms)
        assert set(told["request_object_signing_alg_values_supported"]) == set(algorithms)
        assert "none" not in algorithms
        assert {"RS256"} <= set(told["userinfo_signing_alg_values_supported"])
        assert told["acr_values_supported"]
