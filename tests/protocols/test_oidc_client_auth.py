"""Apps that sign in place of a secret (RFC 7521, RFC 7523), and secrets that are guessed."""

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from joserfc.jwk import Key, OctKey

from portvakt.core.relying_parties import RelyingParty
from portvakt.core.throttle import Limit
from tests.protocols.assertions import (
    EC,
    EC_2,
    EC_384,
    EC_521,
    ED,
    ROBOT,
    RSA,
    STRANGE,
    TYPE,
    claims,
    jwks,
    signed,
)
from tests.protocols.refreshing import put
from tests.protocols.stage import APP_SERVER, LEDGER, SHOP, Stage, stage
from tests.world import ORIGIN

TOKEN = f"{ORIGIN}/oidc/token"


@asynccontextmanager
async def with_robot(folder: Path, url: str, app: RelyingParty = ROBOT) -> AsyncIterator[Stage]:
    async with stage(folder, url) as region:
        await put(region, app, LEDGER, SHOP)
        yield region


async def bring(region: Stage, assertion: str, **more: str) -> httpx.Response:
    """Ask for a token with an assertion."""
    sent = {
        "grant_type": "client_credentials",
        "client_assertion_type": TYPE,
        "client_assertion": assertion,
    }
    where = region.shop.metadata["token_endpoint"]
    return await region.shop.http.post(where, data={k: v for k, v in (sent | more).items() if v})


def refused(answer: httpx.Response) -> bool:
    """Whether it was refused in the words of the specification (RFC 6749 section 5.2)."""
    return (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (EC, "ES256"),
        (EC_2, "ES256"),
        (EC_384, "ES384"),
        (EC_521, "ES512"),
        (RSA, "RS256"),
        (RSA, "RS384"),
        (RSA, "RS512"),
        (RSA, "PS256"),
        (ED, "EdDSA"),
    ],
)
async def test_an_app_signs_in_place_of_a_secret_with_any_of_its_keys(
    tmp_path: Path, database_url: str, key: Key, alg: str
) -> None:
    async with with_robot(tmp_path, database_url) as region:
        now = region.world.clock()
        for header in ({}, {"kid": None}, {"typ": "client-authentication+jwt"}):
            answer = await bring(region, signed(claims(now, ORIGIN), key, alg, **header))
            assert answer.status_code == 200, answer.text
        named = await bring(region, signed(claims(now, ORIGIN), key, alg), client_id="robot")
        assert named.status_code == 200


@pytest.mark.parametrize("audience", [ORIGIN, TOKEN, [ORIGIN], [TOKEN]])
async def test_an_assertion_names_us_and_us_alone(
    tmp_path: Path, sqlite_url: str, audience: object
) -> None:
    """RFC 7523 section 3: for another it is refused, and for another beside us too."""
    async with with_robot(tmp_path, sqlite_url) as region:
        now = region.world.clock()
        answer = await bring(region, signed(claims(now, audience)))
        assert answer.status_code == 200
        others: tuple[object, ...] = (
            "https://evil.example",
            [ORIGIN, "https://evil.example"],
            [],
            None,
            ORIGIN + "/",
            {"a": ORIGIN},
            7,
        )
        for other in others:
            assert refused(await bring(region, signed(claims(now, other))))


WRONG: Mapping[str, Mapping[str, Any]] = {
    "another issuer": {"iss": "ledger"},
    "no issuer": {"iss": None},
    "another subject": {"sub": "ledger"},
    "nobody": {"iss": "nobody", "sub": "nobody"},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": 7, "iss": 7},
    "no end": {"exp": None},
    "an end that is no time": {"exp": "soon"},
    "an end beyond all calendars": {"exp": 10**18},
    "no id": {"jti": None},
    "an empty id": {"jti": ""},
    "an id that is no text": {"jti": 7},
    "an id without end": {"jti": "x" * 300},
}
TIMES: Mapping[str, Mapping[str, int]] = {
    "over": {"exp": -31},
    "far ahead": {"exp": 3600},
    "not begun": {"nbf": 60},
    "from the future": {"iat": 60},
}


async def test_an_assertion_says_all_that_it_must(tmp_path: Path, sqlite_url: str) -> None:
    async with with_robot(tmp_path, sqlite_url) as region:
        now = region.world.clock()
        seconds = int(now.timestamp())
        for why, different in WRONG.items():
            assert refused(await bring(region, signed(claims(now, ORIGIN, **different)))), why
        for why, by in TIMES.items():
            times = {name: seconds + span for name, span in by.items()}
            assert refused(await bring(region, signed(claims(now, ORIGIN, **times)))), why
        late = claims(now, ORIGIN, exp=seconds - 10, iat=seconds + 10)
        assert (await bring(region, signed(late))).status_code == 200, "clocks differ a little"


async def test_an_assertion_counts_once(tmp_path: Path, database_url: str) -> None:
    """RFC 7523 section 3 (jti); of eight at once one wins."""
    async with with_robot(tmp_path, database_url) as region:
        now = region.world.clock()
        once = signed(claims(now, ORIGIN))
        answers = await asyncio.gather(*(bring(region, once) for _ in range(8)))
        assert sorted(each.status_code for each in answers) == [200] + [401] * 7
        same = claims(now, TOKEN, jti=claims_in(once)["jti"], exp=int(now.timestamp()) + 200)
        assert refused(await bring(region, signed(same))), "the id, not the text, is used up"
        region.world.clock.move(seconds=85)
        await region.world.house.records.write(
            lambda unit: unit.expired.sweep(region.world.clock())
        )
        assert refused(await bring(region, once)), "as long as it would count it is remembered"


def claims_in(token: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


async def test_a101_no_signature_but_one_of_its_own_keys_is_believed(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with with_robot(tmp_path, sqlite_url) as region:
        now = region.world.clock()
        said = claims(now, ORIGIN)
        good = signed(said)
        head, body, signature = good.split(".")
        public = orjson.loads(jwks(EC))["keys"][0]
        forged = [signed(said, STRANGE), signed(said, STRANGE, jwk=STRANGE.as_dict(private=False))]
        forged += [f"{encoded({'alg': alg})}.{body}." for alg in ("none", "None", "NONE")]
        for material in (EC.as_pem(private=False), orjson.dumps(public), ROBOT.jwks or ""):
            secret = material.encode() if isinstance(material, str) else material
            start = f"{encoded({'alg': 'HS256', 'kid': 'ec-1'})}.{body}"
            mac = hmac.digest(secret, start.encode(), "sha256")
            forged.append(f"{start}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}")
        forged += [
            signed(said, OctKey.import_key("x" * 32), "HS256", kid="ec-1"),
            signed(said, kid="ec-2"),
            f"{encoded({'alg': 'ES256', 'kid': 'ec-1', 'crit': ['x'], 'x': 1})}.{body}.{signature}",
            f"{head}.{body}.",
            f"{head}.{body}",
            f"{head}.{encoded(said | {'jti': 'another'})}.{signature}",
            good + "x" * 5000,
            "x",
        ]
        for each in forged:
            assert refused(await bring(region, each)), each
        assert (await bring(region, good)).status_code == 200, "nothing of that used it up"


async def test_an_assertion_is_the_one_way_of_the_app_that_registered_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 6749 section 2.3, RFC 7521 section 4.2."""
    async with with_robot(tmp_path, sqlite_url) as region:
        now = region.world.clock()

        def fresh(**different: Any) -> str:
            return signed(claims(now, ORIGIN, **different))

        assert refused(await bring(region, fresh(), client_id="ledger"))
        assert refused(await bring(region, fresh(), client_assertion_type="x"))
        assert refused(await bring(region, fresh(), client_assertion_type=""))
        both = await bring(region, fresh(), client_id="robot", client_secret="x")
        assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
        for secret in ({}, {"client_secret": "x"}):
            alone = await bring(region, "", client_assertion_type="", client_id="robot", **secret)
            assert refused(alone)
        assert refused(await bring(region, fresh(iss="ledger", sub="ledger")))
        await put(region, replace(ROBOT, jwks=jwks(EC_2)))
        assert refused(await bring(region, fresh())), "the key was taken out of the entry"
        await put(region, replace(ROBOT, jwks=None))
        assert refused(await bring(region, fresh()))


async def test_asking_about_tokens_takes_an_assertion_too(tmp_path: Path, sqlite_url: str) -> None:
    async with with_robot(tmp_path, sqlite_url) as region:
        now = region.world.clock()
        token = (await bring(region, signed(claims(now, ORIGIN)))).json()["access_token"]
        sent = {"client_assertion_type": TYPE, "token": token}
        for where, wanted in (("introspection_endpoint", True), ("revocation_endpoint", None)):
            proof = {"client_assertion": signed(claims(now, ORIGIN))}
            address = region.shop.metadata[where]
            answer = await region.shop.http.post(address, data=sent | proof)
            assert answer.status_code == 200
            assert wanted is None or answer.json()["active"] is wanted
            again = await region.shop.http.post(address, data=sent | proof)
            assert refused(again), "each counts once, wherever it is brought"


async def test_a106_unknown_apps_and_wrong_secrets_are_told_apart_by_nobody(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with with_robot(tmp_path, sqlite_url) as region:
        where = region.shop.metadata["token_endpoint"]

        async def said(client_id: str, secret: str) -> tuple[int, bytes, str]:
            both = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
            answer = await region.shop.http.post(
                where,
                data={"grant_type": "client_credentials"},
                headers={"authorization": f"Basic {both}"},
            )
            return answer.status_code, answer.content, answer.headers["www-authenticate"]

        assert len({await said(each, "x") for each in ("ledger", "nobody", "shop", "robot")}) == 1


async def test_a106_what_is_wrong_elsewhere_counts_a_second_later_at_the_latest(
    tmp_path: Path, database_url: str
) -> None:
    """An app that calls all the time is not looked up each time, and is stopped all the same."""
    async with with_robot(tmp_path, database_url) as region:
        token = {"token": "x"}

        async def call() -> int:
            return (await region.ledger.post(token, to="introspection_endpoint")).status_code

        assert await call() == 200
        limit = Limit(run=1, stop=timedelta(minutes=5), window=timedelta(minutes=5))
        now = region.world.clock()
        await region.world.house.records.write(  # as another node does
            lambda unit: unit.attempts.count("ledger", "client_secret", APP_SERVER, limit, now)
        )
        region.world.clock.move(seconds=1)
        assert await call() == 401
