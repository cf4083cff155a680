"""An app's token in its own name (RFC 6749 section 4.4)."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.relying_parties import CLIENT_CREDENTIALS
from tests.protocols.refreshing import REFRESHING_LEDGER, REFRESHING_SHOP, opened, put
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.stage import SHOP, Stage, stage

READ, WRITE = "invoices:read", "invoices:write"
ROBOT = replace(
    REFRESHING_LEDGER,
    redirect_uris=(),
    grant_types=(CLIENT_CREDENTIALS,),
    scope=("openid", "email", READ, WRITE),
)


async def ask(region: Stage, **more: str) -> tuple[int, dict[str, Any]]:
    answer = await region.ledger.post({"grant_type": CLIENT_CREDENTIALS} | more)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    return answer.status_code, answer.json()


async def test_an_app_gets_a_token_in_its_own_name_and_nothing_else(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url, ROBOT) as (region, _):
        status, found = await ask(region)
        assert status == 200
        token = found.pop("access_token")
        assert found == {"token_type": "Bearer", "expires_in": 300, "scope": f"{READ} {WRITE}"}
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        now = int(region.world.clock().timestamp())
        assert claims.pop("jti")
        assert claims == {
            "iss": region.ledger.issuer,
            "aud": region.ledger.issuer,
            "sub": "ledger",
            "client_id": "ledger",
            "iat": now,
            "exp": now + 300,
            "scope": f"{READ} {WRITE}",
        }


async def test_it_asks_for_some_of_what_is_assigned_and_never_for_a_person(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url, ROBOT) as (region, _):
        status, found = await ask(region, scope=WRITE)
        assert (status, found["scope"]) == (200, WRITE)
        for scope in (f"{READ} unknown", "openid", f"email {READ}", "offline_access", 'x"', " "):
            status, found = await ask(region, scope=scope)
            assert (status, found["error"]) == (400, "invalid_scope")


async def test_its_token_opens_nobodys_data(tmp_path: Path, sqlite_url: str) -> None:
    async with opened(tmp_path, sqlite_url, ROBOT, REFRESHING_SHOP) as (region, _):
        for form in ("jwt", "opaque"):
            await put(region, replace(ROBOT, access_token=form))
            _, found = await ask(region)
            with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
                await region.ledger.userinfo(found["access_token"])
            told = await region.ledger.introspect(found["access_token"])
            assert (told["active"], told["sub"]) == (True, "ledger")


async def test_an_app_that_cannot_show_that_it_is_itself_gets_none(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        await put(region, replace(SHOP, grant_types=(CLIENT_CREDENTIALS,), scope=(READ,)))
        answer = await region.shop.post({"grant_type": CLIENT_CREDENTIALS})
        assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_the_token_endpoint_takes_posts_and_hears_nothing_that_it_does_not_know(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 6749 section 3.2."""
    async with opened(tmp_path, sqlite_url, ROBOT) as (region, _):
        where = region.ledger.metadata["token_endpoint"]
        for method in ("GET", "PUT", "DELETE"):
            answer = await region.ledger.http.request(method, where)
            assert answer.status_code == 405
        asked = await ask(region, unknown="x", scope="", refresh_token="")
        assert asked[0] == 200
        assert asked[1]["scope"] == f"{READ} {WRITE}"
