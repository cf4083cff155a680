"""Apps that show a certificate to the proxy, and tokens that are bound to it (RFC 8705)."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from portvakt.core.ids import ClientId
from portvakt.core.relying_parties import CLIENT_CREDENTIALS, RelyingParty
from tests.protocols.assertions import jwks
from tests.protocols.certificates import (
    APP_KEY,
    OTHER_KEY,
    SUBJECT,
    authority,
    certificate,
    header,
)
from tests.protocols.proofs import Prover
from tests.protocols.refreshing import REFRESHING_LEDGER, REFRESHING_SHOP, opened, put
from tests.protocols.stage import APP_SERVER, Stage
from tests.world import AUTHORITIES, ORIGIN, Browser

OWN = {"grant_type": CLIENT_CREDENTIALS}
ROBOT = RelyingParty(
    client_id=ClientId("robot"),
    client_name="Roboten",
    redirect_uris=(),
    token_endpoint_auth_method="tls_client_auth",
    tls_client_auth_subject_dn=SUBJECT,
    tls_client_certificate_bound_access_tokens=True,
    grant_types=(CLIENT_CREDENTIALS,),
    scope=("invoices:read",),
)
SIGNING_ITSELF = replace(
    ROBOT,
    token_endpoint_auth_method="self_signed_tls_client_auth",
    tls_client_auth_subject_dn=None,
    jwks=jwks(ECKey.import_key(APP_KEY.public_key())),
)


@asynccontextmanager
async def showing(
    folder: Path, url: str, *apps: RelyingParty
) -> AsyncIterator[tuple[Stage, Browser]]:
    (folder / AUTHORITIES).write_bytes(authority())
    async with opened(folder, url, *(apps or (ROBOT, REFRESHING_LEDGER))) as found:
        yield found


async def ask(region: Stage, shown: Mapping[str, str], **more: str) -> httpx.Response:
    sent = OWN | {"client_id": "robot"} | more
    where = region.shop.metadata["token_endpoint"]
    return await region.shop.http.post(where, data=sent, headers=dict(shown))


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def x5t(der: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


REFUSED = (401, "invalid_client")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("subject_dn", SUBJECT),
        ("san_dns", "robot.region.example"),
        ("san_uri", "https://robot.region.example/x"),
        ("san_ip", "10.1.2.3"),
        ("san_email", "robot@region.example"),
    ],
)
async def test_an_app_is_known_by_the_one_name_that_its_entry_gives(
    tmp_path: Path, sqlite_url: str, kind: str, name: str
) -> None:
    """RFC 8705 section 2.1."""
    app = replace(ROBOT, tls_client_auth_subject_dn=None) if kind != "subject_dn" else ROBOT
    named: dict[str, Any] = {f"tls_client_auth_{kind}": name}
    app = replace(app, **named)
    async with showing(tmp_path, sqlite_url, app) as (region, _):
        der = certificate()
        answer = await ask(region, header(der))
        assert answer.status_code == 200, answer.text
        assert answer.json()["token_type"] == "Bearer"
        assert claims_of(answer.json()["access_token"])["cnf"] == {"x5t#S256": x5t(der)}
        other = {"san_ip": "10.1.2.4", "subject_dn": "CN=another,O=Region Exempel"}
        wrong: dict[str, Any] = {f"tls_client_auth_{kind}": other.get(kind, "another." + name)}
        await put(region, replace(app, **wrong))
        assert said(await ask(region, header(der))) == REFUSED


async def test_no_other_certificate_and_nothing_else_is_taken_for_it(
    tmp_path: Path, database_url: str
) -> None:
    async with showing(tmp_path, database_url) as (region, _):
        good = header(certificate())
        wrong = {
            "none": {},
            "another name": header(certificate("CN=another,OU=Drift,O=Region Exempel")),
            "its own word": header(certificate(signer=None)),
            "another issuer": header(certificate(signer=OTHER_KEY)),
            "an issuer's name": header(certificate(signer=OTHER_KEY, alternative=False)),
            "no certificate": {"client-cert": ":AAAA:"},
            "not the header of RFC 9440": {"x-client-cert": good["client-cert"]},
            "as PEM": {"client-cert": "-----BEGIN CERTIFICATE-----"},
        }
        for why, shown in wrong.items():
            assert said(await ask(region, shown)) == REFUSED, why
        with_secret = await ask(region, good, client_secret="x")
        assert said(with_secret) == REFUSED
        both = base64.b64encode(b"robot:x").decode()
        basic = await ask(region, good | {"authorization": f"Basic {both}"})
        assert said(basic) == REFUSED
        assert said(await ask(region, good, client_id="ledger")) == REFUSED
        assert (await ask(region, good)).status_code == 200
        await put(region, replace(ROBOT, tls_client_auth_san_dns="robot.region.example"))
        assert said(await ask(region, good)) == REFUSED, "two names are no entry (section 2.1.2)"
        region.world.clock.move(days=30)
        await put(region, ROBOT)
        assert said(await ask(region, good)) == REFUSED, "over"


async def test_without_known_issuers_nobody_is_known_by_a_name(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url, ROBOT) as (region, _):
        assert said(await ask(region, header(certificate()))) == REFUSED


async def test_a_certificate_of_a_key_in_the_entry_needs_no_issuer(
    tmp_path: Path, database_url: str
) -> None:
    """RFC 8705 section 2.2."""
    async with opened(tmp_path, database_url, SIGNING_ITSELF) as (region, _):
        mine = certificate("CN=whatever", signer=None)
        assert (await ask(region, header(mine))).status_code == 200
        another = certificate("CN=whatever", key=OTHER_KEY, signer=None)
        assert said(await ask(region, header(another))) == REFUSED
        assert said(await ask(region, {})) == REFUSED
        await put(region, replace(SIGNING_ITSELF, jwks=None))
        assert said(await ask(region, header(mine))) == REFUSED


async def test_a_certificate_counts_from_the_proxy_alone(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 9440 section 4: the header that a stranger writes is nothing."""
    async with showing(tmp_path, sqlite_url) as (region, _):
        shown = header(certificate())
        where = region.shop.metadata["token_endpoint"]
        sent = OWN | {"client_id": "robot"}
        for peer in (APP_SERVER, "127.0.0.1"):
            transport = httpx.ASGITransport(app=region.world.house.asgi, client=(peer, 5000))
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as stranger:
                assert said(await stranger.post(where, data=sent, headers=shown)) == REFUSED
        twice = [("client-cert", shown["client-cert"])] * 2
        answer = await region.shop.http.post(where, data=sent, headers=twice)
        assert said(answer) == REFUSED, "one from the client, and one from the proxy"
        assert (await ask(region, shown)).status_code == 200


async def test_a_bound_token_counts_with_its_certificate_alone(
    tmp_path: Path, database_url: str
) -> None:
    """RFC 8705 section 3, for an app that shows in another way that it is itself."""
    app = replace(REFRESHING_LEDGER, tls_client_certificate_bound_access_tokens=True)
    async with showing(tmp_path, database_url, app) as (region, browser):
        mine, other = certificate(), certificate()
        code, attempt = await region.code(browser, region.ledger)
        trade = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": region.ledger.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        assert said(await region.ledger.post(trade)) == (400, "invalid_request")
        answer = await region.ledger.post(trade, headers=header(mine))
        held = answer.json()
        token, where = held["access_token"], region.ledger.metadata["userinfo_endpoint"]
        bearer = {"authorization": f"Bearer {token}"}
        http = region.ledger.http
        assert (await http.get(where, headers=bearer | header(mine))).json()["name"] == "Anna Berg"
        for shown in ({}, header(other), {"client-cert": "x"}):
            refused = await http.get(where, headers=bearer | shown)
            assert said(refused) == (401, "invalid_token")
            assert refused.headers["www-authenticate"].startswith("Bearer")
        told = await region.ledger.introspect(token)
        assert (told["cnf"], told["token_type"]) == ({"x5t#S256": x5t(mine)}, "Bearer")
        refresh = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
        assert said(await region.ledger.post(refresh)) == (400, "invalid_request")
        renewed = await region.ledger.post(refresh, headers=header(other))
        assert claims_of(renewed.json()["access_token"])["cnf"] == {"x5t#S256": x5t(other)}, (
            "its certificate may be renewed; its secret says that it is itself"
        )


async def test_a_public_apps_refresh_token_is_bound_to_its_certificate(
    tmp_path: Path, sqlite_url: str
) -> None:
    """RFC 8705 section 4."""
    app = replace(REFRESHING_SHOP, tls_client_certificate_bound_access_tokens=True)
    async with showing(tmp_path, sqlite_url, app) as (region, browser):
        mine, other = certificate(), certificate()
        code, attempt = await region.code(browser, region.shop)
        trade = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": region.shop.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        held = (await region.shop.post(trade, headers=header(mine))).json()
        refresh = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
        refused = await region.shop.post(refresh, headers=header(other))
        assert said(refused) == (400, "invalid_grant")
        assert (await region.shop.post(refresh, headers=header(mine))).status_code == 200


async def test_a_token_may_be_bound_to_a_certificate_and_a_key(
    tmp_path: Path, sqlite_url: str
) -> None:
    app = replace(
        REFRESHING_LEDGER, tls_client_certificate_bound_access_tokens=True, scope=("invoices:read",)
    )
    async with showing(tmp_path, sqlite_url, app) as (region, _):
        prover, mine = Prover(region.ledger), certificate()
        proof = prover.proof("POST", region.ledger.metadata["token_endpoint"])
        answer = await region.ledger.post(OWN, headers=header(mine) | {"dpop": proof})
        assert answer.json()["token_type"] == "DPoP"
        assert claims_of(answer.json()["access_token"])["cnf"] == {
            "jkt": prover.jkt,
            "x5t#S256": x5t(mine),
        }


async def test_it_is_told_that_certificates_are_taken(tmp_path: Path, sqlite_url: str) -> None:
    """RFC 8705 sections 2.1.1, 2.2.1 and 3.3."""
    async with showing(tmp_path, sqlite_url) as (region, _):
        found = region.shop.metadata
        assert found["tls_client_certificate_bound_access_tokens"] is True
        ways = {"tls_client_auth", "self_signed_tls_client_auth"}
        for endpoint in ("token", "introspection", "revocation"):
            assert ways <= set(found[f"{endpoint}_endpoint_auth_methods_supported"])
