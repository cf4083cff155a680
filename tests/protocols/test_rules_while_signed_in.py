"""Rules hold while somebody is signed in: at our own pages, and whenever an app refreshes."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.asking import AnyOf, Require
from portvakt.core.policy import Network, Outcome, Rule
from tests import make
from tests.protocols.refreshing import OUTSIDE_TWO, opened, put, tokens
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.stage import APP_SERVER, Stage
from tests.world import INSIDE, OUTSIDE

NO = r"400.*invalid_grant"
SERVERS = make.network(id="servers", name="Servrar", addresses=(f"{APP_SERVER}/32",))
APPS_ARE_INSIDE = make.network(addresses=("10.20.0.0/16", f"{APP_SERVER}/32"))


async def refused(region: Stage, token: str) -> None:
    with pytest.raises(OAuthAnswerError, match=NO):
        await region.shop.refresh(token)


@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
async def test_what_was_enough_only_inside_is_refreshed_for_an_hour_at_most(
    tmp_path: Path, database_url: str, scope: str
) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        held = await tokens(region, browser, region.shop, scope=scope)
        region.world.clock.move(minutes=59)
        held = await region.shop.refresh(held["refresh_token"])
        region.world.clock.move(minutes=1)
        await refused(region, held["refresh_token"])


async def test_what_is_enough_anywhere_is_refreshed_as_long_as_any(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Two factors were shown, so it does not matter where that was."""
    async with opened(tmp_path, sqlite_url, address=OUTSIDE) as (region, browser):
        held = await tokens(region, browser, region.shop)
        region.world.clock.move(hours=11)
        assert await region.shop.refresh(held["refresh_token"])


@pytest.mark.parametrize(
    ("address", "rules", "network", "goes_on"),
    [
        # the app runs inside, the person is outside
        (OUTSIDE, OUTSIDE_TWO, APPS_ARE_INSIDE, False),
        # the app runs where everybody is blocked, the person does not
        (INSIDE, [make.rule(Require.BLOCK, networks={"servers"})], SERVERS, True),
        # the person is where everybody is blocked, the app is not
        (INSIDE, [make.rule(Require.BLOCK, networks={make.LAN})], SERVERS, False),
    ],
)
async def test_the_address_of_a_call_is_never_that_of_the_person(
    tmp_path: Path,
    sqlite_url: str,
    address: str,
    rules: Sequence[Rule],
    network: Network,
    *,
    goes_on: bool,
) -> None:
    """The session began under no rule; each refresh is judged by where the person was."""
    async with opened(tmp_path, sqlite_url, address=address, rules=()) as (region, browser):
        held = await tokens(region, browser, region.shop)
        others = [] if network.id == make.LAN else [network]
        await put(region, rules=rules, networks=others)
        if network.id == make.LAN:
            await region.world.configure(networks=[network])
        if goes_on:
            assert await region.shop.refresh(held["refresh_token"])
        else:
            await refused(region, held["refresh_token"])


async def test_a_new_rule_counts_at_the_next_refresh_and_says_why(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url, rules=()) as (region, browser):
        held = await tokens(region, browser, region.shop)
        held = await region.shop.refresh(held["refresh_token"])
        await put(region, rules=[make.rule(id="two-everywhere")])
        await refused(region, held["refresh_token"])
        [event] = await region.events("app.refused")
        assert (event.detail["app"], event.detail["why"]) == ("shop", "asks_more")
        assert event.actor == "app:shop"
        assert event.trace is not None
        assert [(line.rule, line.outcome) for line in event.trace] == [
            ("two-everywhere", Outcome.APPLIED)
        ]
        await put(region, rules=())
        await refused(region, held["refresh_token"])  # what has ended does not come back


async def test_a_sign_in_that_is_too_old_for_a_rule_is_not_refreshed(
    tmp_path: Path, sqlite_url: str
) -> None:
    often = make.rule(Require.PASSWORD, sign_in_every=timedelta(hours=2))
    async with opened(tmp_path, sqlite_url, rules=[often]) as (region, browser):
        held = await tokens(region, browser, region.shop)
        region.world.clock.move(minutes=119)
        held = await region.shop.refresh(held["refresh_token"])
        region.world.clock.move(minutes=2)
        await refused(region, held["refresh_token"])


async def test_a_session_lasts_no_longer_than_a_rule_lets_it(
    tmp_path: Path, sqlite_url: str
) -> None:
    """However busy somebody is, at our own pages and in apps; then they sign in anew."""
    short = make.rule(Require.PASSWORD, session_at_most=timedelta(hours=2))
    async with opened(tmp_path, sqlite_url, rules=[short]) as (region, browser):
        held = await tokens(region, browser, region.shop)
        for _ in range(3):
            region.world.clock.move(minutes=39)
            assert (await browser.get("/apps")).title == "Dina appar"
        held = await region.shop.refresh(held["refresh_token"])
        region.world.clock.move(minutes=4)
        assert (await browser.get("/apps")).title == "Logga in"
        await refused(region, held["refresh_token"])
        await region.sign_in(browser)
        assert browser.page.title == "Dina appar"
        assert await tokens(region, browser, region.shop)


async def test_an_older_rule_does_not_end_what_a_newer_way_of_asking_would_let_on(
    tmp_path: Path, sqlite_url: str
) -> None:
    """An alternative holds at a refresh as it did when the app was opened."""
    either = make.rule(AnyOf((Require.OUR_DEVICE, Require.MULTIFACTOR)))
    async with opened(tmp_path, sqlite_url, address=OUTSIDE) as (region, browser):
        held = await tokens(region, browser, region.shop)
        await put(region, rules=[either])
        held = await region.shop.refresh(held["refresh_token"])
        await put(region, rules=[make.rule(Require.OUR_DEVICE)])
        await refused(region, held["refresh_token"])


async def test_a_change_of_networks_bites_in_the_portal_within_a_minute(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        assert (await browser.get("/apps")).title == "Dina appar"
        moved = make.network(addresses=("192.0.2.0/24",))
        await region.world.configure(networks=[moved])
        region.world.clock.move(minutes=1)
        assert (await browser.get("/apps")).title != "Dina appar"
