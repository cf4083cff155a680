"""The token and userinfo endpoints: whose word counts, and when it stops counting."""

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from portvakt.core.events import Event
from portvakt.core.relying_parties import CLIENT_CREDENTIALS, REFRESH_TOKEN
from portvakt.crypto.digests import lookup_hash
from portvakt.crypto.randomness import SystemRandom
from portvakt.journeys.open_app.keys import READ_AGAIN, RETIRED_KEPT, rotate, withdraw
from portvakt.records.unit import Unit
from tests import make
from tests.protocols.relying_party import Client, OAuthAnswerError
from tests.protocols.stage import APP_SERVER, LEDGER, LEDGER_SECRET, Stage, stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, OUTSIDE, Browser

GRANTS = [
    "password",
    "client_credentials",
    "refresh_token",
    "implicit",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "AUTHORIZATION_CODE",
]


@pytest.mark.parametrize("grant_type", GRANTS)
async def test_a073_there_is_no_grant_that_takes_a_password(
    tmp_path: Path, sqlite_url: str, grant_type: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        credentials = {"username": "anna.berg", "password": "Vinterdäck i augusti"}
        for client in (region.shop, region.ledger):
            answer = await client.post({"grant_type": grant_type, **credentials})
            assert answer.status_code == 400
            named = grant_type in (REFRESH_TOKEN, CLIENT_CREDENTIALS)  # known; not for these two
            assert answer.json()["error"] == (
                "unauthorized_client" if named else "unsupported_grant_type"
            )
            assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "kind", "status", "error"),
    [
        (b"grant_type=authorization_code&grant_type=password", None, 400, "invalid_request"),
        (b"", None, 400, "invalid_request"),
        (b'{"grant_type":"authorization_code"}', "application/json", 400, "invalid_request"),
        (b"grant_type=authorization_code", None, 401, "invalid_client"),
        (b"grant_type=authorization_code&client_id=shop", None, 400, "invalid_request"),
        (b"grant_type=authorization_code&client_id=nobody&code=x", None, 401, "invalid_client"),
        (b"grant_type=authorization_code%00&client_id=shop", None, 400, "invalid_request"),
        (b"grant_type=%ff&client_id=shop", None, 400, "invalid_request"),
        (b"a=b&" * 100 + b"grant_type=x", None, 400, "invalid_request"),
    ],
)
async def test_hostile_bodies_get_an_error_of_the_specification(
    tmp_path: Path, sqlite_url: str, body: bytes, kind: str | None, status: int, error: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        answer = await region.shop.http.post(
            region.shop.metadata["token_endpoint"],
            content=body,
            headers={"content-type": kind or "application/x-www-form-urlencoded"},
        )
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert ("www-authenticate" in answer.headers) is (status == 401)


async def test_a_secret_may_come_in_the_header_or_the_body_as_registered(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        await region.tokens(browser, region.ledger)
        region.ledger.secret_in = "post"
        code, attempt = await region.code(browser, region.ledger)
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_client"):
            await region.ledger.exchange(code, attempt)
        region.ledger.secret_in = "basic"
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_request"):
            await region.ledger.exchange(code, attempt, client_secret=LEDGER_SECRET)
        region.ledger.secret = None
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_client"):
            await region.ledger.exchange(code, attempt)


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ====",
        "Basic bGVkZ2Vy",
        "Basic " + base64.b64encode(b"ledger:").decode(),
        "Basic " + base64.b64encode(b":" + LEDGER_SECRET.encode()).decode(),
        "Basic " + base64.b64encode(b"ledger\xff:x").decode(),
        "Basic " + base64.b64encode(b"shop:x").decode(),
        "Bearer abc",
        "Digest ledger",
        "Basic " + "A" * 5000,
    ],
)
async def test_broken_credentials_are_an_invalid_client(
    tmp_path: Path, sqlite_url: str, header: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        answer = await region.shop.http.post(
            region.shop.metadata["token_endpoint"],
            data={"grant_type": "authorization_code", "code": "x", "code_verifier": "y"},
            headers={"authorization": header},
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a106_wrong_secrets_are_refused_and_then_not_listened_to(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        code, attempt = await region.code(browser, region.ledger)
        guesser = Client(**(vars(region.ledger) | {"secret": "wrong"}))
        answers = [await guesser.post({"grant_type": "authorization_code"}) for _ in range(20)]
        assert {each.status_code for each in answers} == {401}
        assert {each.json()["error"] for each in answers} == {"invalid_client"}
        assert [("retry-after" in each.headers) for each in answers] == [False] * 10 + [True] * 10
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_client"):
            await region.ledger.exchange(code, attempt)  # right, and from the stopped address
        region.ledger.http.headers["x-forwarded-for"] = "198.51.100.99"
        assert await region.ledger.exchange(code, attempt), "the app itself is not locked out"
        region.ledger.http.headers["x-forwarded-for"] = APP_SERVER
        region.world.clock.move(minutes=5)
        await region.tokens(browser, region.ledger)
        assert len(await region.events("app.secret_wrong")) == 10


async def sign_out(_region: Stage, browser: Browser) -> None:
    await browser.get("/apps")
    await browser.post("/sign-out", {})
    assert browser.page.title == "Du är utloggad"


async def lose_group(region: Stage, _browser: Browser) -> None:
    board = make.app(groups=frozenset({"styrelsen"}))
    await region.world.configure(
        rules=[make.rule(networks_not={make.LAN})], networks=[make.network()], apps=[board, LEDGER]
    )


async def disable(region: Stage, _browser: Browser) -> None:
    async def act(unit: Unit) -> None:
        await unit.people.disable_many([region.anna.id], region.world.clock())

    await region.world.house.records.write(act)


@pytest.mark.parametrize("end", [sign_out, lose_group, disable])
async def test_what_ends_after_the_browser_was_here_ends_code_and_tokens(
    tmp_path: Path, database_url: str, end: Callable[[Stage, Browser], Awaitable[None]]
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        tokens, _ = await region.tokens(browser, region.shop)
        code, attempt = await region.code(browser, region.shop)
        await end(region, browser)
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await region.shop.exchange(code, attempt)
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
            await region.shop.userinfo(tokens["access_token"])


async def test_an_access_token_lives_five_minutes(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        tokens, _ = await region.tokens(browser, region.shop)
        region.world.clock.move(seconds=299)
        assert await region.shop.userinfo(tokens["access_token"])
        region.world.clock.move(seconds=1)
        with pytest.raises(OAuthAnswerError, match="invalid_token"):
            await region.shop.userinfo(tokens["access_token"])


def unsigned(head: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(head).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


async def test_a101_no_token_but_our_own_access_token_is_believed(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        tokens, _ = await region.tokens(browser, region.shop)
        good: str = tokens["access_token"]
        head, body, signature = good.split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        header = json.loads(base64.urlsafe_b64decode(head + "=="))
        public = (await region.shop.keys()).as_dict()["keys"][0]
        known = json.dumps(public).encode()
        mac = hmac.digest(known, f"{head}.{body}".encode(), "sha256")
        stranger = ECKey.generate_key("P-256")
        own = header | {"kid": "x", "jwk": stranger.as_dict(private=False)}
        forged = [
            tokens["id_token"],
            unsigned({"alg": "none", "typ": "at+jwt"}, claims),
            unsigned(header | {"alg": "none"}, claims),
            unsigned(header | {"alg": "HS256"}, claims, mac),
            jwt.encode(header | {"alg": "HS256"}, claims, OctKey.import_key(known)),
            jwt.encode(own, claims, stranger),
            jwt.encode(header, claims, stranger),
            f"{head}.{body}.",
            f"{head}.{body}",
            f"{head}.{body}.{signature}=",
            f"{head}.{body}.{signature[:-4]}AAAA",
            f"{unsigned(header, claims | {'scope': 'openid email groups'})}{signature}",
            good + "x" * 5000,
            hashlib.sha256(good.encode()).hexdigest(),
            "",
        ]
        for token in forged:
            with pytest.raises((OAuthAnswerError, json.JSONDecodeError)):
                await region.shop.userinfo(token)
        assert await region.shop.userinfo(good)


async def test_an_access_token_counts_in_the_header_only(tmp_path: Path, sqlite_url: str) -> None:
    async with stage(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        tokens, _ = await region.tokens(browser, region.shop)
        token, endpoint = tokens["access_token"], region.shop.metadata["userinfo_endpoint"]
        http = region.shop.http
        posted = await http.post(endpoint, headers={"authorization": f"Bearer {token}"})
        assert posted.json()["name"] == "Anna Berg"
        for answer in (
            await http.get(endpoint),
            await http.get(f"{endpoint}?access_token={token}"),
            await http.post(endpoint, data={"access_token": token}),
            await http.get(endpoint, headers=[("authorization", f"Bearer {token}")] * 2),
            await http.get(endpoint, headers={"authorization": f"Basic {token}"}),
        ):
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "Anna" not in (await browser.get("/oidc/userinfo")).html, "a cookie is not a token"


async def test_a134_rotation_publishes_before_it_signs_and_keeps_what_has_signed(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        tokens, _ = await region.tokens(browser, region.shop)
        before = {key["kid"] for key in (await region.shop.keys()).as_dict()["keys"]}
        house, clock = region.world.house, region.world.clock
        random = SystemRandom()
        events = await rotate(house.records, house.sealer, random, clock(), actor="cli:test")
        assert len(events) == 4, "one made and one retired, for each algorithm"
        clock.move(seconds=READ_AGAIN.total_seconds())
        after = {key["kid"] for key in (await region.shop.keys()).as_dict()["keys"]}
        assert before < after
        assert await region.shop.userinfo(tokens["access_token"]), "old tokens go on"
        fresh, _ = await region.tokens(browser, region.shop)
        old, new = (kid_of(each["id_token"]) for each in (tokens, fresh))
        assert old != new
        assert new in before, "the key was published before it signed"
        clock.move(seconds=RETIRED_KEPT.total_seconds() + 1)
        await rotate(house.records, house.sealer, random, clock(), actor="cli:test")
        clock.move(seconds=READ_AGAIN.total_seconds())
        last = {key["kid"] for key in (await region.shop.keys()).as_dict()["keys"]}
        assert old not in last
        assert new in last
        assert len(await region.events("key.retired")) == 4


async def test_f52_what_a_leaked_key_signed_counts_no_more(
    tmp_path: Path, database_url: str
) -> None:
    async with stage(tmp_path, database_url) as region, region.world.browser(INSIDE) as browser:
        await signed_in(region, browser)
        house, clock = region.world.house, region.world.clock

        async def published() -> set[str]:
            return {str(key["kid"]) for key in (await region.shop.keys()).as_dict()["keys"]}

        async def leaked(kid: str) -> tuple[Event, ...]:
            found = await withdraw(
                house.records, house.sealer, SystemRandom(), clock(), kid, actor="cli:test"
            )
            clock.move(seconds=READ_AGAIN.total_seconds())
            return found

        tokens, _ = await region.tokens(browser, region.shop)
        current, before = kid_of(tokens["id_token"]), await published()
        assert await leaked(current)
        assert await published() > before - {current}
        assert current not in await published()
        with pytest.raises(OAuthAnswerError):
            await region.shop.userinfo(tokens["access_token"])

        fresh, _ = await region.tokens(browser, region.shop)
        assert kid_of(fresh["id_token"]) in before, "apps know the next key already"
        assert await region.shop.userinfo(fresh["access_token"])

        (waiting,) = await published() - before
        await leaked(waiting)
        assert waiting not in await published()
        assert len(await published()) == len(before)
        assert await region.shop.userinfo(fresh["access_token"]), "nothing else is touched"

        await rotate(house.records, house.sealer, SystemRandom(), clock(), actor="cli:test")
        await leaked(kid_of(fresh["id_token"]))
        with pytest.raises(OAuthAnswerError):
            await region.shop.userinfo(fresh["access_token"])
        assert await leaked("nobody's") == ()
        assert len(await region.events("key.withdrawn")) == 3


def kid_of(token: str) -> str:
    head = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    assert set(head) == {"alg", "kid", "typ"}
    return str(head["kid"])


async def test_the_first_keys_are_made_by_themselves_and_stored_sealed(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        stored = await region.world.house.records.read(lambda unit: unit.signing_keys.all())
        for key in stored:
            for word in (b'"d"', b"kty", key.kid.encode()):
                assert word not in key.sealed


async def test_another_session_of_the_same_person_does_not_keep_tokens_alive(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with (
        stage(tmp_path, sqlite_url) as region,
        region.world.browser(INSIDE) as one,
        region.world.browser(OUTSIDE) as other,
    ):
        await signed_in(region, one)
        await signed_in(region, other)
        tokens, _ = await region.tokens(one, region.shop)
        others, _ = await region.tokens(other, region.shop)
        await sign_out(region, one)
        with pytest.raises(OAuthAnswerError, match="invalid_token"):
            await region.shop.userinfo(tokens["access_token"])
        assert await region.shop.userinfo(others["access_token"])


async def test_a_secret_before_the_last_counts_until_its_time_is_over(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with stage(tmp_path, sqlite_url) as region:
        clock = region.world.clock
        new = "another-long-random-secret-of-the-ledger-98765"
        renewed = replace(
            LEDGER,
            secret_hash=lookup_hash(new),
            old_secret_hash=LEDGER.secret_hash,
            old_secret_until=int(clock().timestamp()) + 3600,
        )
        await region.world.configure(apps=[renewed])
        answers: list[str] = []
        for secret in (new, LEDGER_SECRET, "", "x" * 43):
            region.ledger.secret = secret
            answers.append((await region.ledger.post(BAD_CODE)).json()["error"])
        assert answers == ["invalid_grant", "invalid_grant", "invalid_client", "invalid_client"]
        clock.move(hours=1)
        answers = []
        for secret in (new, LEDGER_SECRET):
            region.ledger.secret = secret
            answers.append((await region.ledger.post(BAD_CODE)).json()["error"])
        assert answers == ["invalid_grant", "invalid_client"]


BAD_CODE = {"grant_type": "authorization_code", "code": "c" * 43, "code_verifier": "v" * 43}
