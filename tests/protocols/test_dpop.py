"""Tokens that are bound to a key of the app's (RFC 9449)."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from portvakt.core.relying_parties import CLIENT_CREDENTIALS, RelyingParty
from portvakt.journeys.open_app.oidc.callers.dpop import AHEAD, LIVES, NONCE_LIVES
from tests.protocols.proofs import KEY, OTHER, Prover, encoded
from tests.protocols.refreshing import (
    REFRESHING_LEDGER,
    REFRESHING_SHOP,
    opened,
    put,
)
from tests.protocols.relying_party import Attempt, OAuthAnswerError
from tests.protocols.stage import Stage
from tests.world import ORIGIN, Browser

TOKEN, USERINFO = f"{ORIGIN}/oidc/token", f"{ORIGIN}/oidc/userinfo"
OWN = {"grant_type": CLIENT_CREDENTIALS}
ROBOT = replace(REFRESHING_LEDGER, scope=(*REFRESHING_LEDGER.scope, "invoices:read"))


@asynccontextmanager
async def proving(
    folder: Path, url: str, *apps: RelyingParty
) -> AsyncIterator[tuple[Stage, Browser, Prover]]:
    """Set the stage, with the shop as an app that has a key."""
    async with opened(folder, url, *(apps or (REFRESHING_SHOP, ROBOT))) as (region, browser):
        yield region, browser, Prover(region.shop)


def trade(code: str, attempt: Attempt, prover: Prover) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": prover.client.redirect_uri,
        "code_verifier": attempt.verifier,
    }


async def held_by(region: Stage, browser: Browser, prover: Prover, **more: str) -> dict[str, Any]:
    """Open the app, and trade the code with a proof."""
    code, attempt = await region.code(browser, prover.client, **more)
    return await prover.ask(trade(code, attempt, prover))


def refreshed(token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token}


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


KEYS: Mapping[str, Key] = {
    "ES256": KEY,
    "ES384": ECKey.generate_key("P-384"),
    "ES512": ECKey.generate_key("P-521"),
    "RS512": RSAKey.generate_key(2048),
    "RS256": RSAKey.generate_key(2048),
    "PS256": RSAKey.generate_key(2048),
    "Ed25519": OKPKey.generate_key("Ed25519"),
}


@pytest.mark.parametrize("alg", KEYS)
async def test_a_token_is_bound_to_the_key_that_was_shown_for_it(
    tmp_path: Path, database_url: str, alg: str
) -> None:
    """RFC 9449 sections 5, 6.1 and 7.1."""
    async with proving(tmp_path, database_url) as (region, browser, prover):
        prover.key, prover.alg = KEYS[alg], alg
        held = await held_by(region, browser, prover)
        assert held["token_type"] == "DPoP"
        claims = json.loads(base64.urlsafe_b64decode(held["access_token"].split(".")[1] + "=="))
        assert claims["cnf"] == {"jkt": prover.jkt}
        answer = await prover.userinfo(held["access_token"])
        assert (answer.status_code, answer.json()["name"]) == (200, "Anna Berg")
        again = await prover.ask(refreshed(held["refresh_token"]))
        assert (await prover.userinfo(again["access_token"])).status_code == 200


async def test_without_its_key_a_bound_token_is_worth_nothing(
    tmp_path: Path, database_url: str
) -> None:
    """RFC 9449 section 7.2: neither as a bearer token, nor with another key, nor with no proof."""
    async with proving(tmp_path, database_url) as (region, browser, prover):
        held = await held_by(region, browser, prover)
        token = held["access_token"]
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
            await region.shop.userinfo(token)
        as_bearer = await prover.userinfo(token, scheme="Bearer")
        assert said(as_bearer) == (401, "invalid_token")
        thief = Prover(region.shop, OTHER, nonce=prover.nonce)
        answer = await thief.userinfo(token)
        assert said(answer) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].startswith("DPoP algs=")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        bare = await region.shop.http.get(USERINFO, headers={"authorization": f"DPoP {token}"})
        assert said(bare) == (401, "invalid_token")
        assert (await prover.userinfo(token)).status_code == 200
        plain, _ = await region.tokens(browser, region.shop)
        assert said(await prover.userinfo(plain["access_token"])) == (401, "invalid_token")


async def test_a_public_apps_refresh_token_counts_with_its_key_alone(
    tmp_path: Path, database_url: str
) -> None:
    """RFC 9449 section 5: whoever has the token without the key has nothing, and ends nothing."""
    async with proving(tmp_path, database_url) as (region, browser, prover):
        held = await held_by(region, browser, prover)
        thief = Prover(region.shop, OTHER, nonce=prover.nonce)
        assert said(await thief.post(refreshed(held["refresh_token"]))) == (400, "invalid_grant")
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await region.shop.refresh(held["refresh_token"])
        assert not await region.events("app.refresh_reused")
        again = await prover.ask(refreshed(held["refresh_token"]))
        assert again["token_type"] == "DPoP"
        assert said(await prover.post(refreshed(held["refresh_token"]))) == (400, "invalid_grant")
        assert len(await region.events("app.refresh_reused")) == 1, "the key gives no grace"
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await prover.ask(refreshed(again["refresh_token"]))


async def test_an_app_with_a_secret_may_change_its_key(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 9449 section 5: its refresh token is bound to the app by its secret."""
    async with proving(tmp_path, sqlite_url) as (region, browser, _):
        prover = Prover(region.ledger)
        held = await held_by(region, browser, prover)
        other = Prover(region.ledger, OTHER)
        again = await other.ask(refreshed(held["refresh_token"]))
        assert (await other.userinfo(again["access_token"])).status_code == 200
        assert said(await prover.userinfo(again["access_token"])) == (401, "invalid_token")
        plain = await region.ledger.refresh(again["refresh_token"])
        assert plain["token_type"] == "Bearer"


async def test_a_code_that_was_asked_for_with_a_key_is_traded_with_it(
    tmp_path: Path, database_url: str
) -> None:
    """RFC 9449 section 10."""
    async with proving(tmp_path, database_url) as (region, browser, prover):
        assert (await held_by(region, browser, prover, dpop_jkt=prover.jkt))["access_token"]
        code, attempt = await region.code(browser, region.shop, dpop_jkt=prover.jkt)
        thief = Prover(region.shop, OTHER, nonce=prover.nonce)
        assert said(await thief.post(trade(code, attempt, thief))) == (400, "invalid_grant")
        code, attempt = await region.code(browser, region.shop, dpop_jkt=prover.jkt)
        with pytest.raises(OAuthAnswerError, match="invalid_grant"):
            await region.shop.exchange(code, attempt)
        for wrong in ("x", prover.jkt + "A", "å" * 43):
            attempt = region.shop.begin(dpop_jkt=wrong)
            response = await region.open(browser, attempt)
            answer = region.shop.read_answer(response.headers["location"], attempt)
            assert answer["error"] == "invalid_request"


async def test_a_public_app_needs_a_number_of_ours_that_is_young(
    tmp_path: Path, database_url: str
) -> None:
    """RFC 9449 sections 8 and 9."""
    async with proving(tmp_path, database_url) as (region, browser, prover):
        code, attempt = await region.code(browser, region.shop)
        first = await prover.post(trade(code, attempt, prover))
        assert said(first) == (400, "use_dpop_nonce")
        assert first.headers["cache-control"] == "no-store"
        assert prover.nonce
        held = await prover.ask(trade(code, attempt, prover))
        given = prover.nonce
        region.world.clock.move(seconds=NONCE_LIVES.total_seconds())
        assert (await prover.userinfo(held["access_token"])).status_code == 200
        assert prover.nonce != given, "a newer one comes with each answer"
        prover.nonce = given
        region.world.clock.move(seconds=NONCE_LIVES.total_seconds())
        answer = await prover.userinfo(held["access_token"])
        assert said(answer) == (401, "use_dpop_nonce")
        assert 'error="use_dpop_nonce"' in answer.headers["www-authenticate"]
        fresh = prover.nonce
        for wrong in (None, "", "x", fresh + "A", fresh[:-1], 7):
            proof = prover.proof("GET", USERINFO, held["access_token"], nonce=wrong)
            assert said(await prover.userinfo(held["access_token"], proof)) == (
                401,
                "use_dpop_nonce",
            )


async def test_an_app_with_a_secret_needs_no_number_and_brings_no_wrong_one(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with proving(tmp_path, sqlite_url) as (region, _, __):
        prover = Prover(region.ledger)
        answer = await prover.post(OWN)
        assert (answer.status_code, answer.json()["token_type"]) == (200, "DPoP")
        assert (await prover.post(OWN)).status_code == 200
        prover.nonce = "x"
        assert said(await prover.post(OWN)) == (400, "use_dpop_nonce")


async def test_a_proof_counts_once(tmp_path: Path, database_url: str) -> None:
    """RFC 9449 section 11.1; of eight at once one wins."""
    async with proving(tmp_path, database_url) as (region, _, __):
        prover = Prover(region.ledger)
        once = prover.proof("POST", TOKEN)
        answers = await asyncio.gather(*(prover.post(OWN, once) for _ in range(8)))
        assert sorted(said(each) for each in answers) == [
            (200, ""),
            *[(400, "invalid_dpop_proof")] * 7,
        ]
        jti = json.loads(base64.urlsafe_b64decode(once.split(".")[1] + "=="))["jti"]
        same = prover.proof("POST", TOKEN, jti=jti)
        assert said(await prover.post(OWN, same)) == (400, "invalid_dpop_proof")
        other = Prover(region.ledger, OTHER)
        assert (await other.post(OWN, other.proof("POST", TOKEN, jti=jti))).status_code == 200
        early = prover.proof("POST", TOKEN, iat=seconds(region) + int(AHEAD.total_seconds()))
        assert (await prover.post(OWN, early)).status_code == 200
        for _ in range(2):
            region.world.clock.move(seconds=(LIVES + AHEAD).total_seconds() / 2)
            await region.world.house.records.write(
                lambda unit: unit.expired.sweep(region.world.clock())
            )
            assert said(await prover.post(OWN, early)) == (400, "invalid_dpop_proof"), (
                "as long as it would count it is remembered"
            )


def seconds(region: Stage) -> int:
    return int(region.world.clock().timestamp())


async def test_a_proof_is_for_one_method_one_address_one_moment(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 9449 section 4.3, each clause."""
    async with proving(tmp_path, sqlite_url) as (region, _, __):
        prover = Prover(region.ledger)
        now = seconds(region)
        wrong: Mapping[str, Mapping[str, Any]] = {
            "another method": {"htm": "GET"},
            "no method": {"htm": None},
            "another address": {"htu": USERINFO},
            "another host": {"htu": "https://evil.example/oidc/token"},
            "another scheme": {"htu": TOKEN.replace("https", "http")},
            "another port": {"htu": TOKEN.replace("example/", "example:8443/")},
            "no address": {"htu": None},
            "an address that is none": {"htu": "https://["},
            "an address that is no text": {"htu": 7},
            "old": {"iat": now - int(LIVES.total_seconds()) - 1},
            "far ahead": {"iat": now + int(AHEAD.total_seconds()) + 1},
            "no time": {"iat": None},
            "a time that is no number": {"iat": "now"},
            "a time beyond all calendars": {"iat": 10**20},
            "no id": {"jti": None},
            "an empty id": {"jti": ""},
            "an id that is no text": {"jti": 7},
            "an id without end": {"jti": "x" * 300},
        }
        for why, different in wrong.items():
            proof = prover.proof("POST", TOKEN, **different)
            assert said(await prover.post(OWN, proof)) == (400, "invalid_dpop_proof"), why
        for right in (
            {"htu": TOKEN + "?a=b#c"},
            {"htu": TOKEN.replace("https://portvakt", "HTTPS://PORTVAKT")},
            {"htu": TOKEN.replace("example/", "example:443/")},
            {"iat": now - int(LIVES.total_seconds())},
            {"iat": now + int(AHEAD.total_seconds())},
        ):
            answer = await prover.post(OWN, prover.proof("POST", TOKEN, **right))
            assert answer.status_code == 200, right
        forged = {"host": "evil.example", "x-forwarded-host": "evil.example"}
        proof = prover.proof("POST", "https://evil.example/oidc/token")
        answer = await region.ledger.post(OWN, headers=forged | {"dpop": proof})
        assert answer.status_code != 200, "what headers say of the address counts for nothing"


async def test_a101_a_proof_that_its_key_did_not_sign_is_none(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with proving(tmp_path, sqlite_url) as (region, _, __):
        prover = Prover(region.ledger)
        good = prover.proof("POST", TOKEN)
        head, body, signature = good.split(".")
        public = KEY.as_dict(private=False)

        def headed(**members: Any) -> str:
            given = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public} | members
            return encoded(json.dumps({k: v for k, v in given.items() if v is not None}).encode())

        def sealed(secret: bytes, **members: Any) -> str:
            start = f"{headed(alg='HS256', **members)}.{body}"
            return f"{start}.{encoded(hmac.digest(secret, start.encode(), 'sha256'))}"

        bad = {
            "no signature": f"{headed(alg='none')}.{body}.",
            "a public key as a secret": sealed(json.dumps(public).encode()),
            "a secret": sealed(b"x" * 32, jwk={"kty": "oct", "k": encoded(b"x" * 32)}),
            "another key": f"{headed(jwk=OTHER.as_dict(private=False))}.{body}.{signature}",
            "a private key": prover.proof("POST", TOKEN, head={"jwk": KEY.as_dict(private=True)}),
            "no key": prover.proof("POST", TOKEN, head={"jwk": None}),
            "a key of another kind": f"{headed(alg='RS256')}.{body}.{signature}",
            "a curve that we do not know": Prover(
                region.ledger, ECKey.generate_key("secp256k1"), "ES256K"
            ).proof("POST", TOKEN),
            "another type": prover.proof("POST", TOKEN, head={"typ": "JWT"}),
            "no type": prover.proof("POST", TOKEN, head={"typ": None}),
            "something that must be understood": f"{headed(crit=['x'], x=1)}.{body}.{signature}",
            "other claims": f"{head}.{encoded(b'{}')}.{signature}",
            "claims that are none": f"{head}.{encoded(b'[]')}.{signature}",
            "half of it": f"{head}.{body}",
            "nothing": "x",
            "a header that is none": f"{encoded(b'[]')}.{body}.{signature}",
            "too much": good + "A" * 5000,
        }
        for why, proof in bad.items():
            assert said(await prover.post(OWN, proof)) == (400, "invalid_dpop_proof"), why
        assert said(await prover.post(OWN, good, prover.proof("POST", TOKEN))) == (
            400,
            "invalid_dpop_proof",
        ), "two proofs (section 4.3, 1)"
        assert (await prover.post(OWN, good)).status_code == 200, "nothing of that used it up"


async def test_a_proof_for_a_token_names_it(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 9449 sections 4.3 and 7: the hash of the token, and the method and address as well."""
    async with proving(tmp_path, sqlite_url) as (region, browser, prover):
        held = await held_by(region, browser, prover)
        other = await held_by(region, browser, prover)
        token = held["access_token"]
        for proof in (
            prover.proof("GET", USERINFO),
            prover.proof("GET", USERINFO, other["access_token"]),
            prover.proof("GET", USERINFO, token, ath=7),
            prover.proof("POST", USERINFO, token),
            prover.proof("GET", TOKEN, token),
        ):
            assert said(await prover.userinfo(token, proof)) == (401, "invalid_dpop_proof")
        once = prover.proof("GET", USERINFO, token)
        assert (await prover.userinfo(token, once)).status_code == 200
        assert said(await prover.userinfo(token, once)) == (401, "invalid_dpop_proof")


async def test_an_app_whose_entry_demands_it_gets_nothing_without_a_proof(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 9449 section 5.2."""
    demanding = replace(REFRESHING_SHOP, dpop_bound_access_tokens=True)
    async with proving(tmp_path, sqlite_url, demanding) as (region, browser, prover):
        code, attempt = await region.code(browser, region.shop)
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_dpop_proof"):
            await region.shop.exchange(code, attempt)
        held = await prover.ask(trade(code, attempt, prover))
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_dpop_proof"):
            await region.shop.refresh(held["refresh_token"])
        assert await prover.ask(refreshed(held["refresh_token"]))


@pytest.mark.parametrize("form", ["jwt", "opaque"])
async def test_whoever_asks_about_a_bound_token_is_told_of_its_key(
    tmp_path: Path, sqlite_url: str, form: str
) -> None:
    """RFC 9449 section 6.2."""
    app = replace(ROBOT, access_token=form)
    async with proving(tmp_path, sqlite_url, app, REFRESHING_SHOP) as (region, browser, _):
        prover = Prover(region.ledger)
        for held in (await prover.ask(OWN), await held_by(region, browser, prover)):
            found = await region.ledger.introspect(held["access_token"])
            assert (found["token_type"], found["cnf"]) == ("DPoP", {"jkt": prover.jkt})
        await put(region, replace(app, dpop_bound_access_tokens=True), REFRESHING_SHOP)
        assert await region.ledger.introspect(held["access_token"]), "to ask takes no proof"


async def test_both_ways_of_bringing_a_token_are_named_where_none_is(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with proving(tmp_path, sqlite_url) as (region, _, __):
        answer = await region.shop.http.get(USERINFO)
        assert answer.status_code == 401
        named = answer.headers["www-authenticate"]
        assert named.startswith("Bearer realm=")
        assert 'DPoP algs="' in named
        assert "error" not in named
        algorithms = region.shop.metadata["dpop_signing_alg_values_supported"]
        assert f'algs="{" ".join(algorithms)}"' in named
        assert not {"none", "HS256"} & set(algorithms)
