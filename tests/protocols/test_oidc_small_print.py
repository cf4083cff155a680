"""Clauses of the specifications that no other test has for its own."""

import base64
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote_plus, urlsplit

import httpx
import pytest

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import CLIENT_CREDENTIALS
from portvakt.crypto.digests import lookup_hash
from portvakt.journeys.open_app.oidc.authorize.checks import first_objection
from portvakt.journeys.open_app.oidc.errors import ErrorCode
from tests.protocols.refreshing import put
from tests.protocols.stage import LEDGER, SHOP, Stage, stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.protocols.test_oidc_requests import GOOD, parsed
from tests.world import INSIDE, ORIGIN

ODD_ID, ODD_SECRET = "robot one:%41", "a+b c:%41/å&=" * 4


async def by_basic(region: Stage, client_id: str, secret: str) -> httpx.Response:
    both = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return await region.shop.http.post(
        region.shop.metadata["token_endpoint"],
        data={"grant_type": CLIENT_CREDENTIALS},
        headers={"authorization": f"Basic {both}"},
    )


async def test_both_halves_of_basic_are_form_encoded(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 6749 section 2.3.1: else a colon or a plus in either would be read as something else."""
    robot = replace(
        LEDGER,
        client_id=ClientId(ODD_ID),
        secret_hash=lookup_hash(ODD_SECRET),
        grant_types=(CLIENT_CREDENTIALS,),
        scope=("pay:read",),
    )
    async with stage(tmp_path, sqlite_url) as region:
        await put(region, robot)
        answer = await by_basic(region, quote_plus(ODD_ID), quote_plus(ODD_SECRET))
        assert answer.status_code == 200, answer.text
        for client_id, secret in (
            (ODD_ID, ODD_SECRET),
            (quote_plus(ODD_ID), ODD_SECRET),
            (quote_plus(quote_plus(ODD_ID)), quote_plus(ODD_SECRET)),
        ):
            wrong = await by_basic(region, client_id, secret)
            assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("name", ["nonce", "prompt", "max_age", "claims", "login_hint", "resource"])
def test_a_parameter_without_a_value_counts_as_left_out(name: str) -> None:
    """RFC 6749 section 3.1."""
    query = "&".join(f"{key}={quote_plus(value)}" for key, value in GOOD.items() if key != name)
    request = parsed(f"{query}&{name}=")
    assert first_objection(request, SHOP) is None
    assert request.get(name) is None


def test_a_response_type_without_a_value_is_missing() -> None:
    """RFC 6749 section 3.1.1: `response_type` is required."""
    query = "&".join(f"{k}={quote_plus(v)}" for k, v in GOOD.items() if k != "response_type")
    for written in (query, f"{query}&response_type="):
        found = first_objection(parsed(written), SHOP)
        assert found is not None
        assert found[1].code is ErrorCode.INVALID_REQUEST


async def test_the_challenge_is_in_no_answer(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 7636 section 4.4: nobody on the way learns it, and the proof still fits it."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        attempt = region.shop.begin()
        [challenge] = parse_qs(urlsplit(attempt.url).query)["code_challenge"]
        response = await region.open(browser, attempt)
        assert challenge not in response.headers["location"]
        answer = region.shop.read_answer(response.headers["location"], attempt)
        tokens = await region.shop.exchange(answer["code"], attempt)
        assert challenge not in str(tokens)


async def test_a_token_for_another_service_is_nothing_to_userinfo(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 6750 section 5.2, RFC 9068 section 4: the audience is looked at."""
    care = "https://care.example/api"
    asking = replace(SHOP, resources=(care,))
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        await put(region, asking)
        for resource, status in ((care, 401), (None, 200)):
            more = {} if resource is None else {"resource": resource}
            code, attempt = await region.code(browser, region.shop, **more)
            tokens = await region.shop.exchange(code, attempt)
            answer = await region.shop.http.get(
                region.shop.metadata["userinfo_endpoint"],
                headers={"authorization": f"Bearer {tokens['access_token']}"},
            )
            assert answer.status_code == status
            assert ("invalid_token" in answer.headers.get("www-authenticate", "")) is (
                status == 401
            )


async def test_discovery_has_every_required_member_and_its_own_address(
    tmp_path: Path, sqlite_url: str
) -> None:
    """OpenID Connect Discovery 1.0 sections 3 and 4.3, RFC 8414 sections 2 and 3.3."""
    async with stage(tmp_path, sqlite_url) as region:
        answer = await region.shop.http.get(f"{ORIGIN}/.well-known/openid-configuration")
        assert answer.status_code == 200
        found = answer.json()
        assert found["issuer"] == ORIGIN
        required = {
            *("authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"),
            *("subject_types_supported", "id_token_signing_alg_values_supported"),
        }
        assert required <= {name for name, value in found.items() if value}
        assert "RS256" in found["id_token_signing_alg_values_supported"]
        assert not [name for name, value in found.items() if value == []]


async def test_a_device_sends_each_parameter_once(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 8628 section 3.1, RFC 7009 and RFC 7662 section 2.1: as at the token endpoint."""
    async with stage(tmp_path, sqlite_url) as region:
        for name in ("device_authorization", "revocation", "introspection"):
            answer = await region.shop.http.post(
                region.shop.metadata[f"{name}_endpoint"],
                content="client_id=shop&scope=openid&scope=email&token=x",
                headers={"content-type": "application/x-www-form-urlencoded"},
            )
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), name
