"""Token exchange (RFC 8693): by rule, for the same person, never for more or for longer."""

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
from joserfc.jwk import OctKey

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import TOKEN_EXCHANGE, RelyingParty
from portvakt.journeys.open_app.oidc.token.token_exchange import ACCESS_TOKEN, actors
from tests import make
from tests.protocols.stage import LEDGER, SECRETS, SHOP, Stage, stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.protocols.test_oidc_resources import CARE, OTHER, PAY, let_in
from tests.world import OUTSIDE, Browser

ASKING = replace(SHOP, resources=(CARE,))
SERVICE = replace(
    LEDGER,
    serves=(CARE,),
    grant_types=("authorization_code", TOKEN_EXCHANGE),
    exchange_for=(PAY, CARE),
    scope=("openid", "email", "pay:read"),
)


@asynccontextmanager
async def ready(
    folder: Path, url: str, service: RelyingParty = SERVICE, *, address: str = OUTSIDE
) -> AsyncIterator[tuple[Stage, Browser, str]]:
    """The shop calls a service with Anna's token, and that may trade it for another's.

    Outside she has shown two factors, inside a password alone.
    """
    async with stage(folder, url) as region, region.world.browser(address) as browser:
        await region.world.configure(
            rules=[make.rule(networks_not={make.LAN})],
            networks=[make.network()],
            apps=[ASKING, service, SECRETS],
        )
        await signed_in(region, browser)
        code, attempt = await let_in(region, browser, CARE)
        yield region, browser, (await region.shop.exchange(code, attempt))["access_token"]


async def trade(region: Stage, token: str, **more: str) -> tuple[int, dict[str, Any]]:
    sent = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "resource": PAY,
    } | more
    answer = await region.ledger.post({name: value for name, value in sent.items() if value})
    return answer.status_code, answer.json()


async def refused(region: Stage, token: str, **more: str) -> str:
    status, said = await trade(region, token, **more)
    assert status == 400, said
    return str(said["error"])


def read(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


async def test_a_token_is_traded_for_one_for_the_service_behind(
    tmp_path: Path, database_url: str
) -> None:
    async with ready(tmp_path, database_url) as (region, _, token):
        status, said = await trade(region, token)
        assert status == 200, said
        assert (said["issued_token_type"], said["token_type"]) == (ACCESS_TOKEN, "Bearer")
        assert "refresh_token" not in said
        old, new = read(token), read(said["access_token"])
        assert (new["aud"], new["client_id"]) == (PAY, "ledger")
        assert {name: new[name] for name in ("iss", "sub", "auth_time", "acr", "amr")} == {
            name: old[name] for name in ("iss", "sub", "auth_time", "acr", "amr")
        }
        assert new["act"] == {"sub": "ledger"}
        assert new["jti"] != old["jti"]


async def test_audience_names_the_service_as_well_as_resource(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        _, said = await trade(region, token, resource="", audience=PAY)
        assert read(said["access_token"])["aud"] == PAY
        assert await refused(region, token, audience=PAY) == "invalid_request"
        assert await refused(region, token, resource="") == "invalid_request"


@pytest.mark.parametrize("name", ["resource", "audience"])
async def test_a_token_is_traded_for_one_service_at_a_time(
    tmp_path: Path, sqlite_url: str, name: str
) -> None:
    """RFC 8693 section 2.1 lets several be named; section 2.2.2 has the word for a no."""
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        pairs = [
            ("grant_type", TOKEN_EXCHANGE),
            ("subject_token", token),
            ("subject_token_type", ACCESS_TOKEN),
            (name, PAY),
            (name, CARE),
        ]
        both = base64.b64encode(f"ledger:{region.ledger.secret}".encode()).decode()
        answer = await region.ledger.http.post(
            "/oidc/token",
            content=urlencode(pairs),
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "authorization": f"Basic {both}",
            },
        )
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


async def test_it_never_has_more_scope_than_the_token_it_came_from(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        _, said = await trade(region, token)
        assert read(said["access_token"])["scope"] == said["scope"] == "openid email"
        _, said = await trade(region, token, scope="email")
        assert said["scope"] == "email"
        assert await refused(region, token, scope="pay:read") == "invalid_scope"
        narrow = said["access_token"]
        assert await refused(region, narrow, scope="openid", resource=CARE) == "invalid_scope"


async def test_it_never_lives_longer_than_the_token_it_came_from(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        region.world.clock.move(minutes=4)
        _, said = await trade(region, token)
        assert read(said["access_token"])["exp"] == read(token)["exp"]
        assert 0 < said["expires_in"] <= 60


async def test_it_is_off_unless_the_entry_says_so(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url, replace(LEDGER, serves=(CARE,))) as (region, _, token):
        assert await refused(region, token) == "unsupported_grant_type"


async def test_the_entry_says_for_which_services(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        assert await refused(region, token, resource=OTHER) == "invalid_target"


async def test_a_token_that_was_not_handed_to_the_app_is_none_of_its_business(
    tmp_path: Path, sqlite_url: str
) -> None:
    elsewhere = replace(SERVICE, serves=())
    async with ready(tmp_path, sqlite_url, elsewhere) as (region, _, token):
        assert await refused(region, token) == "invalid_request"


@pytest.mark.parametrize(
    "more",
    [
        {"subject_token": "", "subject_token_type": ""},
        {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"subject_token_type": ""},
        {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
        {"actor_token": "x", "actor_token_type": ACCESS_TOKEN},
        {"actor_token_type": ACCESS_TOKEN},
        {"subject_token": "nothing"},
    ],
)
async def test_what_is_not_done_is_an_invalid_request(
    tmp_path: Path, sqlite_url: str, more: dict[str, str]
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        assert await refused(region, token, **more) == "invalid_request"


async def test_a_public_app_exchanges_nothing(tmp_path: Path, sqlite_url: str) -> None:
    public = replace(SERVICE, token_endpoint_auth_method="none", secret_hash=None)
    async with ready(tmp_path, sqlite_url, public) as (region, _, token):
        region.ledger.secret = None
        assert await refused(region, token) == "unauthorized_client"


async def test_the_traded_token_ends_with_the_sign_in_that_it_came_of(
    tmp_path: Path, sqlite_url: str
) -> None:
    back = replace(SERVICE, exchange_for=(CARE,))
    async with ready(tmp_path, sqlite_url, back) as (region, browser, token):
        _, said = await trade(region, token, resource=CARE)
        assert (await told(region, said["access_token"]))["active"] is True
        await browser.get("/apps")
        await browser.post("/sign-out", {})
        assert await told(region, said["access_token"]) == {"active": False}
        assert await refused(region, token, resource=CARE) == "invalid_request"


async def told(region: Stage, token: str) -> dict[str, Any]:
    both = base64.b64encode(f"ledger:{region.ledger.secret}".encode()).decode()
    answer = await region.ledger.http.post(
        region.ledger.metadata["introspection_endpoint"],
        data={"token": token},
        headers={"authorization": f"Basic {both}"},
    )
    said: dict[str, Any] = answer.json()
    return said


async def test_a_service_learns_who_acts_and_for_whom(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        _, said = await trade(region, token, resource=CARE)
        assert (await told(region, said["access_token"]))["act"] == {"sub": "ledger"}


async def test_actors_stand_behind_each_other_up_to_a_number(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        last = token
        for length in range(1, 5):
            _, said = await trade(region, last, resource=CARE)
            last = said["access_token"]
            assert actors(read(last)) == ["ledger"] * length
        assert await refused(region, last, resource=CARE) == "invalid_request"


async def test_an_entry_may_say_that_the_app_stands_in_for_the_person(
    tmp_path: Path, sqlite_url: str
) -> None:
    silent = replace(SERVICE, exchange_as="impersonation")
    async with ready(tmp_path, sqlite_url, silent) as (region, _, token):
        _, said = await trade(region, token)
        assert "act" not in read(said["access_token"])


async def test_an_apps_own_token_is_for_nobody_to_exchange(tmp_path: Path, sqlite_url: str) -> None:
    own = replace(SERVICE, grant_types=("client_credentials", TOKEN_EXCHANGE))
    async with ready(tmp_path, sqlite_url, own) as (region, _, _token):
        answer = await region.ledger.post({"grant_type": "client_credentials"})
        assert await refused(region, answer.json()["access_token"]) == "invalid_request"


@pytest.mark.parametrize("alg", ["none", "HS256"])
async def test_a101_a_subject_token_that_we_did_not_sign_is_refused(
    tmp_path: Path, sqlite_url: str, alg: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        claims, kid = read(token), (await region.shop.keys()).keys[0].kid
        head = {"alg": alg, "typ": "at+jwt", "kid": kid}
        if alg == "none":
            parts = [json.dumps(each).encode() for each in (head, claims)]
            forged = ".".join(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in parts)
            forged += "."
        else:
            public = json.dumps((await region.shop.http.get("/oidc/jwks")).json()).encode()
            forged = jwt.encode(head, claims, OctKey.import_key(public), algorithms=["HS256"])
        assert await refused(region, forged) == "invalid_request"


async def test_what_was_revoked_by_itself_is_not_traded(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        await region.shop.http.post(
            region.shop.metadata["revocation_endpoint"],
            data={"token": token, "client_id": ClientId("shop")},
        )
        assert await refused(region, token) == "invalid_request"
