"""Whom an app expects, what it may prompt for, and where a native app comes back."""

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest

from portvakt.core.ids import AccountId
from tests import make
from tests.protocols.relying_party import Client
from tests.protocols.stage import LEDGER, SHOP, Stage, stage
from tests.protocols.test_oidc_authorize import error_of, follow
from tests.protocols.test_oidc_code_flow import signed_in
from tests.protocols.test_oidc_step_up import claims_of
from tests.world import INSIDE, ORIGIN, OUTSIDE, PASSWORD, Browser


async def bo(region: Stage) -> None:
    """Add somebody else who may open the apps."""
    await region.world.person(
        make.account(id=AccountId("bo"), external_id="bo", user_name="bo.ek", email="bo@x.example")
    )


async def hint_of(region: Stage, browser: Browser, client: Client) -> str:
    tokens, _ = await region.tokens(browser, client)
    return str(tokens["id_token"])


async def test_a_hint_of_the_person_who_is_signed_in_changes_nothing(
    tmp_path: Path, database_url: str
) -> None:
    """OpenID Connect Core section 3.1.2.1: an ID token that has expired is as good a hint."""
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        for client in (region.shop, region.ledger):
            hint = await hint_of(region, browser, client)
            region.world.clock.move(minutes=20)
            await region.code(browser, client, id_token_hint=hint, prompt="none")


async def test_a_hint_of_somebody_else_asks_for_them_and_says_so(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        hint = await hint_of(region, browser, region.shop)
        await bo(region)
        async with region.world.browser(INSIDE) as another:
            await another.sign_in("bo.ek", PASSWORD)
            silent = region.shop.begin(id_token_hint=hint, prompt="none")
            response = await region.open(another, silent)
            assert error_of(response, region.shop, silent) == "login_required"
            attempt = region.shop.begin(id_token_hint=hint)
            await region.open(another, attempt)
            assert another.page.title == "Logga in"
            assert "väntar sig någon annan" in another.page.text
            await region.sign_in(another)
            claims = await claims_of(another, region.shop, attempt)
            assert claims["sub"] == _head(hint.split(".")[1])["sub"]


async def test_the_value_of_sub_says_whom_it_must_be(tmp_path: Path, sqlite_url: str) -> None:
    """OpenID Connect Core sections 3.1.2.2 and 5.5.1, for pairwise names as well."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        for client in (region.shop, region.ledger):
            _, claims = await region.tokens(browser, client)
            for part in ("id_token", "userinfo"):
                right = json.dumps({part: {"sub": {"value": claims["sub"]}}})
                await region.code(browser, client, claims=right, prompt="none")
                wrong = json.dumps({part: {"sub": {"value": "somebody-else"}}})
                attempt = client.begin(claims=wrong, prompt="none")
                response = await region.open(browser, attempt)
                assert error_of(response, client, attempt) == "login_required"


async def test_a101_a_hint_that_we_did_not_sign_for_this_app_is_refused(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        hint = await hint_of(region, browser, region.shop)
        head, body, signature = hint.split(".")
        tokens, _ = await region.tokens(browser, region.shop)
        for forged in (
            f"{_part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
            f"{_part(_head(head) | {'alg': 'none'})}.{body}.{signature}",
            _hs256(_head(head), body, (await region.shop.http.get("/oidc/jwks")).content),
            f"{head}.{_part(_head(body) | {'sub': 'x'})}.{signature}",
            await hint_of(region, browser, region.ledger),
            tokens["access_token"],
            "x.y.z",
        ):
            attempt = region.shop.begin(id_token_hint=forged, prompt="none")
            response = await region.open(browser, attempt)
            assert error_of(response, region.shop, attempt) == "invalid_request"


def _part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _head(part: str) -> dict[str, object]:
    read: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return read


def _hs256(head: dict[str, object], body: str, key: bytes) -> str:
    """Sign with our public key as if it were a shared secret."""
    signed = f"{_part(head | {'alg': 'HS256'})}.{body}"
    mac = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


async def test_choosing_an_account_is_signing_in_with_one(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        for prompt in ("select_account", "select_account login", "login consent"):
            region.world.clock.move(minutes=5)
            attempt = region.shop.begin(prompt=prompt)
            await region.open(browser, attempt)
            assert browser.page.title == "Logga in"
            await region.sign_in(browser)
            await claims_of(browser, region.shop, attempt)


@pytest.mark.parametrize("prompt", ["none login", "none consent", "none select_account", "create"])
async def test_prompts_that_contradict_each_other_or_that_nobody_knows_are_refused(
    tmp_path: Path, sqlite_url: str, prompt: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        attempt = region.shop.begin(prompt=prompt)
        response = await region.open(browser, attempt)
        assert error_of(response, region.shop, attempt) == "invalid_request"


async def test_a_full_address_with_marks_of_ours_still_comes_back(
    tmp_path: Path, sqlite_url: str
) -> None:
    """What we add does not count towards what an app may send."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(OUTSIDE) as browser:
        room = 2560 - len(region.shop.begin(prompt="login", acr_values="urn:portvakt:aal2").url)
        room += len(f"{ORIGIN}/oidc/authorize?")
        attempt = region.shop.begin(
            prompt="login", acr_values="urn:portvakt:aal2", nonce=None, extension="x" * room
        )
        await region.open(browser, attempt)
        await region.sign_in(browser)
        response = await follow(browser)
        region.shop.read_answer(response.headers["location"], attempt)


NATIVE = make.app(
    id_token_signed_response_alg="ES256",
    application_type="native",
    redirect_uris=(
        "http://127.0.0.1/cb",
        "http://[::1]:9000/cb",
        "se.region.app:/cb",
        "https://app.region.example/claimed",
    ),
)


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("http://127.0.0.1/cb", True),
        ("http://127.0.0.1:51004/cb", True),
        ("http://[::1]:51004/cb", True),
        ("http://[::1]/cb", True),
        ("se.region.app:/cb", True),
        ("https://app.region.example/claimed", True),
        ("http://localhost:51004/cb", False),
        ("http://127.0.0.1:51004/cb/more", False),
        ("http://127.0.0.1:51004/cb?x=1", False),
        ("http://127.0.0.1:51004@evil.example/cb", False),
        ("http://127.0.0.1.evil.example/cb", False),
        ("http://127.0.0.2:51004/cb", False),
        ("http://127.1:51004/cb", False),
        ("https://127.0.0.1:51004/cb", False),
        ("http://127.0.0.1:0/cb", False),
        ("http://127.0.0.1:65536/cb", False),
        ("http://127.0.0.1:/cb", False),
        ("https://app.region.example:8443/claimed", False),
        ("se.region.app:/cb2", False),
        ("se.region.app://cb", False),
    ],
)
async def test_a_native_app_comes_back_to_its_own_machine_on_any_port_and_nowhere_else(
    tmp_path: Path, sqlite_url: str, address: str, *, fits: bool
) -> None:
    """RFC 8252 sections 7.1 to 7.3 and 8.3."""
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        await region.world.configure(apps=[NATIVE, LEDGER], networks=[make.network()])
        client = Client(ORIGIN, "shop", address, region.shop.http, region.world.clock)
        await client.discover()
        attempt = client.begin()
        response = await region.open(browser, attempt)
        assert (response.status_code == 303) is fits
        if fits:
            answer = client.read_answer(response.headers["location"], attempt)
            await client.exchange(answer["code"], attempt)
        else:
            assert "location" not in response.headers


async def test_an_app_on_the_web_gets_no_port_but_its_own(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        web = make.app(redirect_uris=("http://127.0.0.1/cb",))
        await region.world.configure(apps=[web], networks=[make.network()])
        response = await region.open(browser, region.shop.begin(redirect_uri=LOOPBACK))
        assert response.status_code == 400
        assert SHOP.application_type == "web"


LOOPBACK = "http://127.0.0.1:51004/cb"
