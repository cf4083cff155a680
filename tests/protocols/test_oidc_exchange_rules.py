"""A token is traded by the rules as they are now, for the person and the service behind."""

from dataclasses import replace
from pathlib import Path

import pytest

from portvakt.core.ids import ClientId, GroupId
from portvakt.core.policy import Require, Rule
from portvakt.core.relying_parties import RelyingParty
from tests import make
from tests.protocols.stage import SECRETS, Stage
from tests.protocols.test_oidc_resources import PAY
from tests.protocols.test_oidc_token_exchange import ASKING, SERVICE, ready, refused, trade
from tests.world import INSIDE

PAYMENTS = RelyingParty(
    client_id=ClientId("payments"),
    client_name="Löner",
    redirect_uris=(),
    token_endpoint_auth_method="private_key_jwt",
    serves=(PAY,),
    groups=frozenset({make.STAFF}),
)
OUTSIDE_RULE = make.rule(networks_not={make.LAN})


async def configure(region: Stage, *rules: Rule, payments: RelyingParty = PAYMENTS) -> None:
    await region.world.configure(
        rules=rules, networks=[make.network()], apps=[ASKING, SERVICE, SECRETS, payments]
    )


async def test_a_trade_is_in_the_audit_trail(tmp_path: Path, database_url: str) -> None:
    async with ready(tmp_path, database_url) as (region, _, token):
        status, _said = await trade(region, token)
        assert status == 200
        [event] = await region.events("app.token_exchanged")
        assert (event.actor, event.address) == ("app:ledger", None), "the person is not there"
        assert event.account_id is not None
        told = {name: event.detail[name] for name in ("app", "opened", "target", "scope", "aal")}
        assert told == {
            "app": "ledger",
            "opened": "shop",
            "target": PAY,
            "scope": ["openid", "email"],
            "aal": 2,
        }
        assert event.trace


async def test_where_the_app_calls_from_is_not_where_the_person_is(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Nobody knows where that is, and unknown is never a way in: a password inside is too little.

    The app's own server stands on the region's network.
    """
    async with ready(tmp_path, sqlite_url, address=INSIDE) as (region, _, token):
        region.ledger.http.headers["x-forwarded-for"] = INSIDE
        status, said = await trade(region, token)
        assert (status, said["error"]) == (400, "invalid_target")
        [event] = await region.events("app.exchange_refused")
        assert (event.detail["why"], event.address) == ("too_weak", None)
        assert event.request_id in said["error_description"]
        assert not await region.events("app.token_exchanged")
        await configure(region, make.rule(apps={ClientId("shop")}))
        assert (await trade(region, token))[0] == 200, "where no rule asks for more it is enough"


@pytest.mark.parametrize("apps", [{ClientId("payments")}, set()], ids=["named", "all"])
async def test_a_rule_that_closes_the_service_behind_closes_it_to_trades(
    tmp_path: Path, sqlite_url: str, apps: set[ClientId]
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        await configure(region, make.rule(require=Require.BLOCK, apps=apps))
        assert await refused(region, token) == "invalid_target"
        [event] = await region.events("app.exchange_refused")
        assert event.detail["why"] == "blocked"
        assert event.trace


async def test_a_rule_about_another_app_closes_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        await configure(region, make.rule(require=Require.BLOCK, apps={ClientId("ledger")}))
        assert (await trade(region, token))[0] == 200


async def test_a_service_of_no_entry_is_judged_as_the_app_that_asks(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        nobody = replace(PAYMENTS, serves=())
        block = make.rule(require=Require.BLOCK, apps={ClientId("ledger")})
        await configure(region, block, payments=nobody)
        assert await refused(region, token) == "invalid_target"


async def test_nobody_is_acted_for_at_a_service_that_is_not_theirs(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        theirs = replace(PAYMENTS, groups=frozenset({GroupId("styrelsen")}))
        await configure(region, OUTSIDE_RULE, payments=theirs)
        assert await refused(region, token) == "invalid_target"
        [event] = await region.events("app.exchange_refused")
        assert event.detail["why"] == "not_in_groups"


async def test_a_service_of_two_entries_is_as_closed_as_the_stricter(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with ready(tmp_path, sqlite_url) as (region, _, token):
        await configure(region, OUTSIDE_RULE)
        assert (await trade(region, token))[0] == 200
        other = replace(
            PAYMENTS, client_id=ClientId("payments-2"), groups=frozenset({GroupId("styrelsen")})
        )
        await region.world.configure(apps=[other])
        assert await refused(region, token) == "invalid_target"
