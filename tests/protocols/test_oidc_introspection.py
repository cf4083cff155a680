"""Whether a token counts, and its end: introspection (RFC 7662) and revocation (RFC 7009)."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.ids import GroupId
from portvakt.core.relying_parties import CLIENT_CREDENTIALS
from tests.protocols.refreshing import (
    REFRESHING_LEDGER,
    REFRESHING_SHOP,
    opened,
    put,
    tokens,
)
from tests.protocols.relying_party import Client, OAuthAnswerError
from tests.protocols.stage import Stage
from tests.protocols.test_oidc_refresh import NO, remove_app
from tests.protocols.test_oidc_token import disable, sign_out
from tests.world import Browser

NOTHING = {"active": False}
SEALED = replace(REFRESHING_LEDGER, access_token="opaque")


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


async def test_an_app_is_told_what_its_access_token_says(tmp_path: Path, database_url: str) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        held, claims = await region.tokens(browser, region.ledger)
        found = await region.ledger.introspect(held["access_token"])
        now = int(region.world.clock().timestamp())
        jti = found.pop("jti")
        assert found == {
            "active": True,
            "token_type": "Bearer",
            "iss": region.ledger.issuer,
            "aud": region.ledger.issuer,
            "sub": claims["sub"],
            "client_id": "ledger",
            "scope": held["scope"],
            "iat": now,
            "exp": now + held["expires_in"],
            "auth_time": claims["auth_time"],
            "acr": claims["acr"],
            "amr": claims["amr"],
        }
        assert jti == claims_of(held["access_token"])["jti"]
        hinted = await region.ledger.introspect(
            held["access_token"], token_type_hint="refresh_token"
        )
        assert hinted["jti"] == jti, "a wrong hint is only a hint (RFC 7662 section 2.1)"
        region.world.clock.move(seconds=held["expires_in"])
        assert await region.ledger.introspect(held["access_token"]) == NOTHING


async def test_an_app_is_told_of_its_refresh_token_until_it_is_used(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        held, claims = await region.tokens(browser, region.ledger)
        began = int(region.world.clock().timestamp())
        found = await region.ledger.introspect(held["refresh_token"])
        assert found == {
            "active": True,
            "token_type": "refresh_token",
            "iss": region.ledger.issuer,
            "sub": claims["sub"],
            "client_id": "ledger",
            "scope": held["scope"],
            "iat": began,
            "exp": found["exp"],
        }
        hour = 3600  # what was enough only inside lives no longer
        assert began + hour - 10 < found["exp"] <= began + hour
        again = await region.ledger.refresh(held["refresh_token"])
        assert await region.ledger.introspect(held["refresh_token"]) == NOTHING
        assert (await region.ledger.introspect(again["refresh_token"]))["active"] is True
        assert await region.ledger.refresh(again["refresh_token"]), "to ask is not to use"


async def test_nobody_is_told_of_tokens_that_are_none_of_their_business(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 7662 sections 2.1, 2.2 and 4: who asks says who they are, and learns of their own."""
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.shop)
        for token in (held["access_token"], held["refresh_token"], held["id_token"], "x", "pvat_x"):
            assert await region.ledger.introspect(token) == NOTHING
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_request"):
            await region.ledger.introspect("")
        with pytest.raises(OAuthAnswerError, match=r"400.*unauthorized_client"):
            await region.shop.introspect(held["access_token"])
        stranger = Client(**(vars(region.ledger) | {"secret": "wrong"}))
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_client"):
            await stranger.introspect(held["access_token"])
        where = region.shop.metadata["introspection_endpoint"]
        bearer = {"authorization": f"Bearer {held['access_token']}"}
        for answer in (
            await region.shop.http.get(where, params={"token": held["access_token"]}),
            await region.shop.http.post(where, data={"token": "x"}, headers=bearer),
            await region.shop.http.post(where, data={"token": "x"}),
        ):
            assert answer.status_code in {401, 405}


READER = replace(REFRESHING_LEDGER, client_id=REFRESHING_SHOP.client_id)


async def lose_group(region: Stage, _browser: Browser) -> None:
    await put(region, replace(READER, groups=frozenset({GroupId("styrelsen")})))


@pytest.mark.parametrize("end", [sign_out, lose_group, remove_app, disable])
async def test_what_ends_a_sign_in_makes_its_tokens_inactive(
    tmp_path: Path, sqlite_url: str, end: Callable[[Stage, Browser], Awaitable[None]]
) -> None:
    async with opened(tmp_path, sqlite_url, READER) as (region, browser):
        shop = Client(**(vars(region.ledger) | {"client_id": "shop"}))
        held = await tokens(region, browser, shop)
        for each in ("access_token", "refresh_token"):
            assert (await shop.introspect(held[each]))["active"] is True
        await end(region, browser)
        if end is remove_app:
            with pytest.raises(OAuthAnswerError, match=r"401.*invalid_client"):
                await shop.introspect(held["access_token"])
            return
        for each in ("access_token", "refresh_token"):
            assert await shop.introspect(held[each]) == NOTHING


async def test_a108_a_revoked_access_token_is_inactive_and_nothing_else_ends(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        held = await tokens(region, browser, region.ledger)
        answer = await region.ledger.revoke(held["access_token"])
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["cache-control"] == "no-store"
        assert await region.ledger.introspect(held["access_token"]) == NOTHING
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
            await region.ledger.userinfo(held["access_token"])
        assert (await region.ledger.revoke(held["access_token"])).status_code == 200
        again = await region.ledger.refresh(held["refresh_token"])
        assert (await region.ledger.introspect(again["access_token"]))["active"] is True


async def test_a108_a_revoked_refresh_token_ends_all_that_came_of_its_sign_in(
    tmp_path: Path, database_url: str
) -> None:
    """RFC 7009 section 2.1; also by a token of the family that was used before."""
    async with opened(tmp_path, database_url) as (region, browser):
        for use_first in (False, True):
            held = await tokens(region, browser, region.ledger)
            other = await tokens(region, browser, region.ledger)
            brought = held["refresh_token"]
            if use_first:
                held = await region.ledger.refresh(brought)
            answer = await region.ledger.revoke(brought, token_type_hint="access_token")
            assert answer.status_code == 200
            for each in ("access_token", "refresh_token"):
                assert await region.ledger.introspect(held[each]) == NOTHING
                assert (await region.ledger.introspect(other[each]))["active"] is True
            with pytest.raises(OAuthAnswerError, match=NO):
                await region.ledger.refresh(held["refresh_token"])
            assert (await region.ledger.revoke(brought)).status_code == 200
        assert not await region.events("app.refresh_reused"), "given back is not copied"


async def test_what_is_no_token_is_revoked_without_a_word(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 7009 section 2.2: an invalid token is no error."""
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.ledger)
        for token in ("x", "pvat_x", "A" * 86, held["id_token"], held["access_token"][:-2]):
            assert (await region.ledger.revoke(token)).status_code == 200
        nothing = await region.ledger.revoke("")
        assert (nothing.status_code, nothing.json()["error"]) == (400, "invalid_request")
        stranger = Client(**(vars(region.ledger) | {"secret": "wrong"}))
        assert (await stranger.revoke(held["access_token"])).status_code == 401
        assert await region.ledger.userinfo(held["access_token"])


async def test_no_app_revokes_what_was_given_to_another(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 7009 section 2.1: the request is refused, and the token goes on."""
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.shop)
        for each in ("access_token", "refresh_token"):
            answer = await region.ledger.revoke(held[each])
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert await region.shop.userinfo(held["access_token"])
        assert await region.shop.refresh(held["refresh_token"])


async def test_an_app_without_a_secret_revokes_its_own(tmp_path: Path, sqlite_url: str) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held = await tokens(region, browser, region.shop)
        assert (await region.shop.revoke(held["refresh_token"])).status_code == 200
        with pytest.raises(OAuthAnswerError, match="invalid_token"):
            await region.shop.userinfo(held["access_token"])


async def test_an_opaque_token_counts_as_one_that_can_be_read_does(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url, SEALED, REFRESHING_SHOP) as (region, browser):
        held, claims = await region.tokens(browser, region.ledger)
        token: str = held["access_token"]
        assert token.startswith("pvat_")
        for word in (claims["sub"], "ledger", "openid"):
            assert word.encode() not in base64.urlsafe_b64decode(token.removeprefix("pvat_"))
        assert (await region.ledger.userinfo(token))["sub"] == claims["sub"]
        found = await region.ledger.introspect(token)
        assert (found["active"], found["sub"]) == (True, claims["sub"])
        await region.ledger.revoke(token)
        assert await region.ledger.introspect(token) == NOTHING
        again = (await region.ledger.refresh(held["refresh_token"]))["access_token"]
        await sign_out(region, browser)
        with pytest.raises(OAuthAnswerError, match="invalid_token"):
            await region.ledger.userinfo(again)


async def test_an_opaque_token_that_was_touched_is_none(tmp_path: Path, sqlite_url: str) -> None:
    async with opened(tmp_path, sqlite_url, SEALED, REFRESHING_SHOP) as (region, browser):
        held = await tokens(region, browser, region.ledger)
        token: str = held["access_token"]
        raw = bytearray(base64.urlsafe_b64decode(token.removeprefix("pvat_")))
        touched = [
            token.removeprefix("pvat_"),
            "pvat_",
            "pvat_!",
            "pvat_ö",
            token + "A",
            token[:-4],
            token + "=",
            " " + token,
            "pvat_" + token,
            token + "A" * 5000,
        ]
        for place in range(0, len(raw), 7):
            changed = bytearray(raw)
            changed[place] ^= 1
            touched.append("pvat_" + base64.urlsafe_b64encode(changed).decode())
        for each in touched:
            assert await region.ledger.introspect(each) == NOTHING
        region.world.clock.move(seconds=held["expires_in"])
        assert await region.ledger.introspect(token) == NOTHING


async def test_a_signed_access_token_is_written_as_its_profile_says(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 9068 sections 2.1 and 2.2."""
    async with opened(tmp_path, sqlite_url) as (region, browser):
        held, claims = await region.tokens(browser, region.ledger)
        token = held["access_token"]
        head = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
        assert head == {"alg": "ES256", "typ": "at+jwt", "kid": head["kid"]}
        assert head["kid"] in {
            each["kid"] for each in (await region.ledger.keys()).as_dict()["keys"]
        }
        found = claims_of(token)
        now = int(region.world.clock().timestamp())
        assert {"jti", "grant"} < set(found)
        assert {each: found[each] for each in found if each not in {"jti", "grant"}} == {
            "iss": region.ledger.issuer,
            "aud": region.ledger.issuer,
            "sub": claims["sub"],
            "client_id": "ledger",
            "iat": now,
            "exp": now + 300,
            "auth_time": claims["auth_time"],
            "acr": claims["acr"],
            "amr": claims["amr"],
            "scope": "openid profile email groups",
        }
        again = await region.ledger.refresh(held["refresh_token"])
        assert claims_of(again["access_token"])["jti"] != found["jti"]
        assert claims_of(again["access_token"])["auth_time"] == found["auth_time"]


async def test_a_token_that_an_app_got_for_itself_can_be_asked_about_and_revoked(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, _):
        own = await region.ledger.post({"grant_type": CLIENT_CREDENTIALS})
        token = own.json()["access_token"]
        assert (await region.ledger.introspect(token))["active"] is True
        assert (await region.ledger.revoke(token)).status_code == 200
        assert await region.ledger.introspect(token) == NOTHING
        await put(region, replace(REFRESHING_LEDGER, grant_types=("authorization_code",)))
        refused = await region.ledger.post({"grant_type": CLIENT_CREDENTIALS})
        assert refused.json()["error"] == "unauthorized_client"
