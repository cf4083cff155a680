"""Requests that apps push (RFC 9126) and sign (RFC 9101)."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from portvakt.core.assurance import AAL2
from portvakt.core.relying_parties import RelyingParty
from portvakt.journeys.open_app.oidc.authorize.handles import FIRST_USE
from portvakt.journeys.open_app.oidc.authorize.posted import FROM_ONE_ADDRESS
from tests import make
from tests.protocols.assertions import EC, STRANGE, jwks, signed
from tests.protocols.relying_party import Attempt, Client
from tests.protocols.stage import LEDGER, LEDGER_SECRET, SECRETS, SHOP, Stage, stage
from tests.protocols.test_oidc_authorize import error_of, follow
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, ORIGIN, OUTSIDE, Browser

BASIC = base64.b64encode(f"ledger:{LEDGER_SECRET}".encode()).decode()
JWKS = jwks(EC)


def parameters(attempt: Attempt) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(attempt.url).query))


async def push(client: Client, sent: dict[str, str]) -> httpx.Response:
    headers = {} if client.secret is None else {"authorization": f"Basic {BASIC}"}
    return await client.http.post("/oidc/par", data=sent, headers=headers)


async def push_pairs(client: Client, pairs: list[tuple[str, str]]) -> httpx.Response:
    """Push parameters of which some come twice."""
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return await client.http.post("/oidc/par", content=urlencode(pairs), headers=kind)


def claims_in(token: str) -> dict[str, Any]:
    """Read what an access token says."""
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


async def pushed(client: Client, attempt: Attempt) -> str:
    """Push a request, and return where its browser is to go."""
    answer = await push(client, parameters(attempt))
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told.keys() == {"request_uri", "expires_in"}
    named = {"client_id": client.client_id, "request_uri": told["request_uri"]}
    return f"/oidc/authorize?{urlencode(named)}"


@asynccontextmanager
async def with_apps(
    folder: Path, url: str, address: str, *apps: RelyingParty
) -> AsyncIterator[tuple[Stage, Browser]]:
    """Set the stage with these apps in the place of the usual ones, and a browser signed in."""
    async with stage(folder, url) as region, region.world.browser(address) as browser:
        await signed_in(region, browser)
        named = {app.client_id for app in apps}
        rest = [each for each in (SHOP, LEDGER, SECRETS) if each.client_id not in named]
        await region.world.configure(
            rules=[make.rule(networks_not={make.LAN})],
            networks=[make.network()],
            apps=[*apps, *rest],
        )
        yield region, browser


async def test_a_pushed_request_gives_a_code_once(tmp_path: Path, database_url: str) -> None:
    async with with_apps(tmp_path, database_url, INSIDE) as (region, browser):
        for client in (region.shop, region.ledger):
            attempt = client.begin()
            address = await pushed(client, attempt)
            response = (await browser.get(address)).response
            answer = client.read_answer(response.headers["location"], attempt)
            tokens = await client.exchange(answer["code"], attempt)
            await client.believe(tokens["id_token"], attempt)
            assert (await browser.get(address)).status == 400


async def test_a_pushed_request_may_name_several_services(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 8707 section 2: `resource` may come more than once, and nothing else."""
    services = ("https://care.example/api", "https://pay.example/")
    asking = replace(SHOP, resources=services)
    async with with_apps(tmp_path, sqlite_url, INSIDE, asking) as (region, browser):
        attempt = region.shop.begin()
        pairs = [*parameters(attempt).items(), *(("resource", each) for each in services)]
        told = (await push_pairs(region.shop, pairs)).json()
        named = {"client_id": "shop", "request_uri": told["request_uri"]}
        response = (await browser.get(f"/oidc/authorize?{urlencode(named)}")).response
        answer = region.shop.read_answer(response.headers["location"], attempt)
        tokens = await region.shop.exchange(answer["code"], attempt)
        assert claims_in(tokens["access_token"])["aud"] == list(services)
        for repeated in ("scope", "audience"):
            wrong = await push_pairs(region.shop, [*pairs, (repeated, "a"), (repeated, "b")])
            assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_request")
        other = await push_pairs(region.shop, [*pairs, ("resource", "https://other.example/")])
        assert (other.status_code, other.json()["error"]) == (400, "invalid_target")


async def test_of_two_that_come_at_once_with_one_pushed_request_one_gets_a_code(
    tmp_path: Path, database_url: str
) -> None:
    async with with_apps(tmp_path, database_url, INSIDE) as (region, browser):
        address = await pushed(region.ledger, region.ledger.begin())
        both = await asyncio.gather(
            *(browser.client.get(address, headers={"x-forwarded-for": INSIDE}) for _ in range(4))
        )
        assert sorted(each.status_code for each in both) == [303, 400, 400, 400]
        assert len(await region.events("app.opened")) == 1


async def test_a_pushed_request_waits_through_a_sign_in(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        attempt = region.ledger.begin(prompt="login", acr_values=AAL2, login_hint="anna.berg")
        address = await pushed(region.ledger, attempt)
        await browser.get(address)
        assert 'value="anna.berg"' in browser.page.html
        region.world.clock.move(minutes=5)
        await region.sign_in(browser)
        response = await follow(browser)
        answer = region.ledger.read_answer(response.headers["location"], attempt)
        tokens = await region.ledger.exchange(answer["code"], attempt)
        claims = await region.ledger.believe(tokens["id_token"], attempt)
        assert claims["acr"] == AAL2


async def test_what_stands_beside_a_handle_is_ignored(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 9126 section 4: nobody on the way adds to what the app pushed."""
    async with with_apps(tmp_path, sqlite_url, INSIDE) as (region, browser):
        attempt = region.ledger.begin()
        address = await pushed(region.ledger, attempt)
        beside = "&redirect_uri=https://evil.example/&state=evil&scope=openid&prompt=none"
        response = (await browser.get(address + beside)).response
        region.ledger.read_answer(response.headers["location"], attempt)


async def test_a_pushed_request_must_come_in_time(tmp_path: Path, sqlite_url: str) -> None:
    async with with_apps(tmp_path, sqlite_url, INSIDE) as (region, browser):
        answer = await push(region.ledger, parameters(region.ledger.begin()))
        assert answer.json()["expires_in"] == FIRST_USE.total_seconds() <= 90
        named = {"client_id": "ledger", "request_uri": answer.json()["request_uri"]}
        region.world.clock.move(seconds=int(FIRST_USE.total_seconds()))
        assert (await browser.get(f"/oidc/authorize?{urlencode(named)}")).status == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"request": "e30.e30."}, "invalid_request_object"),
    ],
)
async def test_a_push_is_judged_like_a_request(
    tmp_path: Path, sqlite_url: str, change: dict[str, str | None], error: str
) -> None:
    """RFC 9126 section 2.3: the error is the answer, and says which number explains it."""
    async with stage(tmp_path, sqlite_url) as region:
        answer = await push(region.ledger, parameters(region.ledger.begin(**change)))
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert answer.headers["cache-control"] == "no-store"


async def test_only_the_app_itself_pushes(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        sent = parameters(region.ledger.begin())
        wrong = base64.b64encode(b"ledger:wrong").decode()
        answers = [
            await region.shop.http.post("/oidc/par", data=sent),
            await region.shop.http.post(
                "/oidc/par", data=sent, headers={"authorization": f"Basic {wrong}"}
            ),
            await push(region.ledger, sent | {"client_id": "shop"}),
        ]
        assert {(each.status_code, each.json()["error"]) for each in answers} == {
            (401, "invalid_client")
        }
        assert (await region.shop.http.get("/oidc/par")).status_code == 405


async def test_what_an_app_without_a_secret_pushes_is_bounded(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        sent = parameters(region.shop.begin())
        for _ in range(FROM_ONE_ADDRESS):
            assert (await push(region.shop, sent)).status_code == 201
        answer = await push(region.shop, sent)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
        assert (await push(region.ledger, parameters(region.ledger.begin()))).is_success


async def test_an_app_whose_entry_says_so_must_push(tmp_path: Path, sqlite_url: str) -> None:
    strict = replace(LEDGER, require_pushed_authorization_requests=True)
    async with with_apps(tmp_path, sqlite_url, INSIDE, strict) as (region, browser):
        attempt = region.ledger.begin()
        response = await region.open(browser, attempt)
        assert error_of(response, region.ledger, attempt) == "invalid_request"
        kept = await region.shop.http.post("/oidc/authorize", data=parameters(attempt))
        response = (await browser.get(kept.headers["location"])).response
        assert error_of(response, region.ledger, attempt) == "invalid_request", "a form is no push"
        address = await pushed(region.ledger, attempt)
        response = (await browser.get(address)).response
        region.ledger.read_answer(response.headers["location"], attempt)


# RFC 9101


SIGNS = replace(LEDGER, jwks=JWKS, require_signed_request_object=True)


def in_object(attempt: Attempt, **change: Any) -> str:
    """Sign a request as the ledger would."""
    claims = {"iss": "ledger", "aud": ORIGIN, **parameters(attempt)} | change
    return signed({name: value for name, value in claims.items() if value is not None})


async def test_a_signed_request_counts_and_nothing_beside_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 9101 section 6.3; `max_age` as a number and `claims` as an object (section 4)."""
    async with with_apps(tmp_path, sqlite_url, INSIDE, SIGNS) as (region, browser):
        attempt = region.ledger.begin()
        token = in_object(attempt, max_age=3600, claims={"id_token": {"preferred_username": None}})
        beside = {"scope": "openid", "redirect_uri": "https://evil.example/", "state": "evil"}
        query = urlencode({"client_id": "ledger", "request": token} | beside)
        response = (await browser.get(f"/oidc/authorize?{query}")).response
        answer = region.ledger.read_answer(response.headers["location"], attempt)
        tokens = await region.ledger.exchange(answer["code"], attempt)
        claims = await region.ledger.believe(tokens["id_token"], attempt)
        assert claims["preferred_username"] == "anna.berg"


async def test_a_signed_request_outlives_its_end_in_a_sign_in(
    tmp_path: Path, sqlite_url: str
) -> None:
    """It was good when it came; what is kept for the browser is not judged by its clock again."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        await region.world.configure(apps=[SIGNS], networks=[make.network()])
        attempt = region.ledger.begin(prompt="login", login_hint="anna.berg")
        ends = int(region.world.clock().timestamp()) + 60
        query = urlencode({"client_id": "ledger", "request": in_object(attempt, exp=ends)})
        await browser.get(f"/oidc/authorize?{query}")
        assert 'value="anna.berg"' in browser.page.html
        region.world.clock.move(minutes=5)
        await region.sign_in(browser)
        response = await follow(browser)
        region.ledger.read_answer(response.headers["location"], attempt)
        assert (await browser.get(f"/oidc/authorize?{query}")).status == 400


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "shop"},
        {"client_id": None},
        {"iss": "shop"},
        {"sub": "ledger"},
        {"aud": "https://elsewhere.example"},
        {"exp": 1},
        {"exp": "soon"},
        {"nbf": 99_999_999_999},
        {"request_uri": "https://ledger.example/r"},
        {"request": "e30.e30.e30"},
        {"nonce": True},
        {"scope": ["openid"]},
        {"state": "a\nb"},
    ],
)
async def test_a_signed_request_that_says_something_wrong_is_refused(
    tmp_path: Path, sqlite_url: str, change: dict[str, Any]
) -> None:
    async with with_apps(tmp_path, sqlite_url, INSIDE, SIGNS) as (region, browser):
        attempt = region.ledger.begin()
        sent = parameters(attempt) | {"request": in_object(attempt, **change)}
        response = (await browser.get(f"/oidc/authorize?{urlencode(sent)}")).response
        assert error_of(response, region.ledger, attempt) == "invalid_request_object"


async def test_a101_only_what_the_app_signed_is_a_signed_request(
    tmp_path: Path, sqlite_url: str
) -> None:
    """`alg: none`, our secret as a key, another key, a changed letter; A101."""
    async with with_apps(tmp_path, sqlite_url, INSIDE, SIGNS) as (region, browser):
        attempt = region.ledger.begin()
        good = in_object(attempt)
        head, body, signature = good.split(".")
        none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        forged = [
            f"{none}.{body}.",
            f"{none}.{body}.{signature}",
            f"{head}.{body}.",
            f"{head}.{body[:-2]}AA.{signature}",
            signed({"client_id": "ledger", **parameters(attempt)}, STRANGE),
        ]
        for token in forged:
            query = urlencode({"client_id": "ledger", "request": token})
            page = await browser.get(f"/oidc/authorize?{query}")
            assert page.status == 400
            assert "location" not in page.response.headers, "no address in it is believed"


async def test_an_app_whose_entry_says_so_must_sign(tmp_path: Path, sqlite_url: str) -> None:
    async with with_apps(tmp_path, sqlite_url, INSIDE, SIGNS) as (region, browser):
        attempt = region.ledger.begin()
        response = await region.open(browser, attempt)
        assert error_of(response, region.ledger, attempt) == "invalid_request"
        answer = await push(region.ledger, parameters(attempt))
        assert answer.json()["error"] == "invalid_request"
        token = in_object(attempt)
        answer = await push(region.ledger, {"client_id": "ledger", "request": token})
        assert answer.status_code == 201
        named = {"client_id": "ledger", "request_uri": answer.json()["request_uri"]}
        response = (await browser.get(f"/oidc/authorize?{urlencode(named)}")).response
        region.ledger.read_answer(response.headers["location"], attempt)


async def test_a_request_object_elsewhere_is_never_fetched(tmp_path: Path, sqlite_url: str) -> None:
    async with with_apps(tmp_path, sqlite_url, INSIDE, SIGNS) as (region, browser):
        both = region.ledger.begin(request="e30.e30.e30", request_uri="https://a.example/r")
        response = await region.open(browser, both)
        assert error_of(response, region.ledger, both) == "invalid_request"
        attempt = region.shop.begin(request_uri="https://a.example/r")
        response = await region.open(browser, attempt)
        assert error_of(response, region.shop, attempt) == "request_uri_not_supported"


async def test_discovery_tells_of_pushed_and_signed_requests(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 9126 section 5, RFC 9101 section 10.5, OpenID Connect Discovery section 3."""
    async with stage(tmp_path, sqlite_url) as region:
        found = await region.shop.discover()
        assert found["pushed_authorization_request_endpoint"] == f"{ORIGIN}/oidc/par"
        assert found["request_parameter_supported"] is True
        assert found["request_uri_parameter_supported"] is False
        assert "none" not in found["request_object_signing_alg_values_supported"]
        assert found["response_modes_supported"] == ["query", "form_post"]
        assert found["claims_parameter_supported"] is True
