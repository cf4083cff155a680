"""Keys that apps publish at an address of their own (OpenID Connect Core section 10.1.1)."""

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import CLIENT_CREDENTIALS, RelyingParty
from portvakt.journeys.open_app.oidc.callers.app_keys import (
    AFTER_FAILURE,
    AGAIN,
    FRESH,
    LEAST_FRESH,
    MOST_FRESH,
    STALE,
    AppKeys,
    fresh_for,
)
from portvakt.wire.outward import Outward
from tests import make
from tests.conformance.operator import Operator, Request, answers, hangs, operator
from tests.protocols.stage import Stage, stage
from tests.world import LOOPBACK, Clock


@dataclass
class App:
    """An app with keys at an address: those that it publishes, and what it is to us."""

    there: Operator
    client_id: str = "robot"
    headers: tuple[str, ...] = ()
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "one"}))

    def __post_init__(self) -> None:
        self.publish(self.key)

    @property
    def entry(self) -> RelyingParty:
        return RelyingParty(
            client_id=ClientId(self.client_id),
            client_name="Robot",
            redirect_uris=(),
            grant_types=(CLIENT_CREDENTIALS,),
            token_endpoint_auth_method="private_key_jwt",
            jwks_uri=f"http://127.0.0.1:{self.there.port}/{self.client_id}/keys",
        )

    def publish(self, *keys: ECKey) -> None:
        document = {"keys": [each.as_dict(private=False) for each in keys]}
        self.there.behave = answers(200, orjson.dumps(document), *self.headers)

    def turn(self) -> None:
        """Publish another key alone, and sign with it from now on."""
        self.key = ECKey.generate_key("P-256", {"kid": f"{id(self.key)}"})
        self.publish(self.key)

    def signs(self, key: ECKey | None = None, **claims: Any) -> str:
        signer = key or self.key
        header = {"alg": "ES256", "kid": signer.kid}
        return jwt.encode(header, {"iss": self.client_id} | claims, signer, algorithms=["ES256"])


def written(part: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=")


@asynccontextmanager
async def an_app(*headers: str) -> AsyncIterator[tuple[App, AppKeys, Clock]]:
    async with operator(answers(404)) as there:
        clock = Clock()
        outward = Outward(LOOPBACK.networks, clock=clock, time_out=0.5)
        yield App(there, headers=headers), AppKeys(outward, clock), clock
        outward.close()


async def test_keys_are_fetched_once_and_count_until_they_are_old() -> None:
    async with an_app() as (app, keys, clock):
        for _ in range(3):
            assert await keys.signed(app.entry, app.signs()) == {"iss": "robot"}
        assert len(app.there.requests) == 1
        assert "application/jwk-set+json" in app.there.requests[0].headers["accept"]
        clock.at += FRESH
        assert await keys.signed(app.entry, app.signs()) is not None
        assert len(app.there.requests) == 2


@pytest.mark.parametrize(
    ("said", "fresh"),
    [
        ("", FRESH),
        ("public", FRESH),
        ("max-age=600", timedelta(minutes=10)),
        ("public, MAX-AGE=120", timedelta(minutes=2)),
        ("max-age=0", LEAST_FRESH),
        ("max-age=5", LEAST_FRESH),
        ("max-age=31536000", MOST_FRESH),
        ("no-store", LEAST_FRESH),
        ("no-cache, max-age=3600", LEAST_FRESH),
        ("max-age=-1", FRESH),
        ("max-age=soon", FRESH),
        ("s-maxage=60", FRESH),
    ],
)
def test_what_a_server_says_of_age_counts_within_bounds(said: str, fresh: timedelta) -> None:
    assert fresh_for(said) == fresh


async def test_keys_count_for_as_long_as_the_apps_server_says() -> None:
    async with an_app("Cache-Control: max-age=120") as (app, keys, clock):
        await keys.of(app.entry)
        clock.move(seconds=119)
        await keys.of(app.entry)
        assert len(app.there.requests) == 1
        clock.move(seconds=1)
        await keys.of(app.entry)
        assert len(app.there.requests) == 2


async def test_a_key_that_is_new_is_found_and_nobody_makes_us_ask_again_and_again() -> None:
    async with an_app() as (app, keys, clock):
        old = app.signs()
        assert await keys.signed(app.entry, old) is not None
        app.turn()
        assert await keys.signed(app.entry, app.signs()) is None  # fetched a moment ago
        clock.at += AGAIN
        assert await keys.signed(app.entry, app.signs()) is not None
        assert await keys.signed(app.entry, old) is None
        strange = ECKey.generate_key("P-256", {"kid": "strange"})
        for _ in range(20):
            assert await keys.signed(app.entry, app.signs(strange)) is None
        assert len(app.there.requests) == 2


async def test_many_who_come_at_once_have_the_keys_fetched_once() -> None:
    async with an_app() as (app, keys, _):
        found = await asyncio.gather(*(keys.signed(app.entry, app.signs()) for _ in range(20)))
        assert None not in found
        assert len(app.there.requests) == 1


async def test_keys_count_for_some_hours_where_the_apps_server_does_not_answer() -> None:
    async with an_app() as (app, keys, clock):
        assert await keys.signed(app.entry, app.signs()) is not None
        app.there.behave = answers(503)
        clock.at += FRESH
        asked = len(app.there.requests)
        for _ in range(5):
            assert await keys.signed(app.entry, app.signs()) is not None
        assert len(app.there.requests) == asked + 1
        clock.at += STALE - timedelta(seconds=1)
        assert await keys.signed(app.entry, app.signs()) is not None
        clock.move(seconds=1)
        assert await keys.signed(app.entry, app.signs()) is None
        app.publish(app.key)
        clock.at += timedelta(minutes=1)
        assert await keys.signed(app.entry, app.signs()) is not None


async def test_an_app_whose_server_never_answered_is_asked_again_soon_and_not_at_once() -> None:
    async with an_app() as (app, keys, clock):
        app.there.behave = answers(500)
        for _ in range(5):
            assert await keys.of(app.entry) is None
        assert len(app.there.requests) == 1
        clock.at += AFTER_FAILURE
        app.publish(app.key)
        assert await keys.signed(app.entry, app.signs()) is not None


async def test_an_app_whose_server_hangs_holds_up_no_other() -> None:
    async with an_app() as (app, keys, _), operator(answers(404)) as elsewhere:
        other = App(elsewhere, client_id="other")
        app.there.behave = hangs
        waiting = asyncio.create_task(keys.of(app.entry))
        assert await keys.signed(other.entry, other.signs()) is not None
        assert not waiting.done()
        assert await waiting is None


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys": []}',
        b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
        b'{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}',
        b'{"keys": "' + b"x" * 70_000 + b'"}',
    ],
)
async def test_what_is_no_set_of_public_keys_is_none(document: bytes) -> None:
    async with an_app() as (app, keys, _):
        app.there.behave = answers(200, document)
        assert await keys.of(app.entry) is None


async def test_a_set_that_holds_a_private_key_is_not_used() -> None:
    async with an_app() as (app, keys, _):
        leaked = orjson.dumps({"keys": [app.key.as_dict(private=True)]})
        app.there.behave = answers(200, leaked)
        assert await keys.signed(app.entry, app.signs()) is None


async def test_a101_a_published_key_never_serves_as_a_shared_secret() -> None:
    async with an_app() as (app, keys, _):
        body = f"{written({'alg': 'HS256', 'kid': 'one'})}.{written({'iss': 'robot'})}"
        mac = hmac.digest(app.key.as_pem(private=False), body.encode(), "sha256")
        forged = f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"
        assert await keys.signed(app.entry, forged) is None


async def test_an_app_that_moved_is_asked_at_its_new_address() -> None:
    async with an_app() as (app, keys, _), operator(answers(404)) as elsewhere:
        assert await keys.signed(app.entry, app.signs()) is not None
        moved = App(elsewhere, key=ECKey.generate_key("P-256", {"kid": "new"}))
        assert await keys.signed(moved.entry, moved.signs()) is not None
        assert await keys.signed(moved.entry, app.signs()) is None


async def test_keys_in_the_entry_are_never_fetched() -> None:
    async with an_app() as (app, keys, _):
        given = orjson.dumps({"keys": [app.key.as_dict(private=False)]}).decode()
        entry = replace(app.entry, jwks=given, jwks_uri=None)
        assert await keys.signed(entry, app.signs()) is not None
        strange = ECKey.generate_key("P-256", {"kid": "strange"})
        assert await keys.signed(entry, app.signs(strange)) is None
        assert await keys.of(replace(entry, jwks=None)) is None
        assert app.there.requests == []


async def test_a035_keys_inside_are_not_fetched_where_no_setting_allows_it() -> None:
    async with operator(answers(404)) as there:
        app, clock = App(there), Clock()
        keys = AppKeys(Outward(clock=clock), clock)
        assert await keys.of(app.entry) is None
        inside = replace(app.entry, jwks_uri=f"https://localhost:{there.port}/keys")
        assert await keys.of(inside) is None
        assert there.requests == []


async def test_many_apps_keep_their_keys_apart() -> None:
    async with operator(answers(404)) as there:
        pairs = [App(there, client_id=f"app-{number}") for number in range(200)]
        by_path = {f"/{each.client_id}/keys": each for each in pairs}

        async def behave(request: Request, out: asyncio.StreamWriter) -> None:
            own = by_path[request.target].key.as_dict(private=False)
            await answers(200, orjson.dumps({"keys": [own]}))(request, out)

        there.behave = behave
        clock = Clock()
        keys = AppKeys(Outward(LOOPBACK.networks, clock=clock), clock)
        for each in pairs:
            assert await keys.signed(each.entry, each.signs()) == {"iss": each.client_id}
        assert await keys.signed(pairs[0].entry, pairs[1].signs()) is None
        assert len(there.requests) == len(pairs)


async def ask(region: Stage, app: App, jti: str) -> Any:
    """Ask for a token in the app's own name, shown by what it signs."""
    now = int(region.world.clock().timestamp())
    assertion = app.signs(
        sub=app.client_id,
        aud=region.shop.issuer,
        jti=jti,
        iat=now,
        exp=now + 60,
    )
    return await region.shop.http.post(
        region.shop.metadata["token_endpoint"],
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        },
    )


async def test_an_app_with_keys_at_an_address_gets_its_token(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with operator(answers(404)) as there, stage(tmp_path, sqlite_url, LOOPBACK) as region:
        app = App(there)
        await region.world.configure(apps=[make.app(), app.entry])
        answer = await ask(region, app, "1")
        assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
        app.turn()
        region.world.clock.move(minutes=2)
        assert (await ask(region, app, "2")).status_code == 200


async def test_an_app_with_keys_inside_gets_no_token_and_no_call(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with operator(answers(404)) as there, stage(tmp_path, sqlite_url) as region:
        app = App(there)
        await region.world.configure(apps=[make.app(), app.entry])
        answer = await ask(region, app, "1")
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert there.requests == []
