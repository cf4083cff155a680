"""«Fråga inte igen på den här datorn»: what it spares, where not, and how a copy is found."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.asking import Require
from portvakt.core.assurance import METHODS
from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AccountId, ClientId
from portvakt.core.policy import Rule
from portvakt.crypto.families import Member
from portvakt.proving.known_browsers import matter
from portvakt.proving.rules import judge
from portvakt.proving.visit import Visit
from portvakt.records.configuration import Configuration
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.knowing import (
    BOX,
    CHROME,
    DAYS,
    NETWORKS,
    WARD,
    again,
    anna,
    answer,
    asks,
    known,
    known_rule,
    leave,
    remembered,
)
from tests.journeys.sign_in.region import SECRET, app_code
from tests.world import INSIDE, PASSWORD


async def test_whoever_asks_for_it_is_not_asked_again_until_the_rules_days_are_over(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        assert asks(page)
        assert "Fråga inte igen på den här datorn på 14 dagar" in page.text
        page = await remembered(world, browser)
        assert page.path == "/apps"
        began = world.clock.at
        secret = browser.cookie("known")
        for _ in range(DAYS - 1):
            assert (await again(world, browser)).path == "/apps"
            assert browser.cookie("known") not in {None, secret}
            secret = browser.cookie("known")
        (mine,) = await known(world, account)
        assert (mine.since, mine.until) == (began, began + timedelta(days=DAYS))
        assert mine.used_at == world.clock.at
        assert asks(await again(world, browser))
        assert (await world.events(account)).count("known_browser.remembered") == 1


async def test_nobody_is_remembered_who_did_not_ask_for_it(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        page = await browser.sign_in()
        assert f'{BOX} value="yes">' in page.html  # and it is not ticked
        await answer(world, browser)
        assert browser.page.path == "/apps"
        assert browser.cookie("known") is None
        assert await known(world, account) == []
        assert asks(await again(world, browser))


async def test_a_box_that_was_ticked_stays_so_after_a_wrong_code(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await browser.sign_in()
        page = await browser.submit({"code": "000000", "remember": "yes"})
        assert page.status == 422
        assert f'{BOX} value="yes" checked' in page.html


@pytest.mark.parametrize(
    ("rule", "address"),
    [
        (make.rule(networks_not={make.LAN}), "203.0.113.7"),
        (replace(known_rule(), remember=None), "203.0.113.7"),
        (known_rule(), WARD),
    ],
    ids=["no rule names it", "no rule says how long", "a computer that many people share"],
)
async def test_it_is_neither_offered_nor_taken_where_it_may_not_be(
    open_world: Open, rule: Rule, address: str
) -> None:
    async with open_world() as world, world.browser(address) as browser:
        await world.configure([rule], NETWORKS)
        account = await world.person(totp=SECRET)
        page = await browser.sign_in()
        assert asks(page)
        assert BOX not in page.html
        await answer(world, browser, tick=True)
        assert browser.page.path == "/apps"
        assert browser.cookie("known") is None
        assert await known(world, account) == []


async def test_on_a_shared_computer_what_a_browser_brings_is_not_looked_at(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await remembered(world, browser)
        (before,) = await known(world, account)
        browser.address = WARD
        assert asks(await again(world, browser))
        assert await known(world, account) == [before]
        browser.address = "203.0.113.7"
        assert (await again(world, browser)).path == "/apps"


@pytest.mark.parametrize(
    "more",
    [Require.MULTIFACTOR, Require.PASSWORDLESS, Require.PHISHING_RESISTANT, Require.BLOCK],
)
async def test_a_rule_that_asks_for_more_is_never_met_by_it(
    open_world: Open, more: Require
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await remembered(world, browser)
        await world.configure([known_rule(), make.rule(more, id="more")], NETWORKS)
        page = await again(world, browser)
        assert page.path != "/apps"
        assert BOX not in page.html


async def test_another_kind_of_browser_is_asked_and_nothing_is_lost(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await remembered(world, browser)
        browser.client.headers["user-agent"] = CHROME.replace("Chrome/131.0", "Firefox/132.0")
        assert asks(await again(world, browser))
        browser.client.headers["user-agent"] = CHROME.replace("131", "132")
        assert (await again(world, browser)).path == "/apps"


async def test_somebody_else_in_the_same_browser_is_asked(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        eva = make.account(
            id=AccountId("eva"), external_id="18", user_name="eva.lind", email="e@r.example"
        )
        await world.person(eva, totp=SECRET)
        await remembered(world, browser)
        leave(browser)
        assert asks(await browser.sign_in("eva.lind"))
        assert (await again(world, browser)).path == "/apps"


async def test_the_password_is_asked_for_all_the_same_and_a_wrong_one_uses_nothing_up(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await remembered(world, browser)
        secret = browser.cookie("known")
        leave(browser)
        page = await browser.sign_in(password="fel")
        assert page.status == 422
        assert browser.cookie("known") == secret
        (mine,) = await known(world, account)
        assert mine.used_at == mine.since


async def test_apps_are_told_what_happened_and_one_that_asks_for_two_factors_gets_them(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await remembered(world, browser)
        await again(world, browser)
        (session, *_) = await world.sessions(account)
        assert [each.type for each in session.evidence] == [AuthenticatorType.PASSWORD]
        shop = make.app(client_id=ClientId("shop"), default_acr_values=("urn:portvakt:aal2",))
        await world.configure([known_rule()], NETWORKS, [shop])
        page = await browser.get(
            "/oidc/authorize?response_type=code&client_id=shop&scope=openid&state=s"
            "&redirect_uri=http://localhost:8003/callback"
            "&code_challenge=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
            "&code_challenge_method=S256"
        )
        page = await browser.submit({})
        assert asks(page)
        assert BOX not in page.html


async def test_ones_own_methods_take_a_second_factor_as_ever(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await remembered(world, browser)
        await again(world, browser)
        await browser.get("/sign-in?to=/security-info&for=methods")
        page = await browser.submit({})
        page = await browser.submit({"code": PASSWORD})
        assert asks(page)
        assert BOX not in page.html


async def test_a_session_that_stands_by_it_ends_to_when_the_rule_says_so(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await remembered(world, browser)
        assert (await again(world, browser, days=13, hours=23)).path == "/apps"
        world.clock.move(minutes=50)
        assert (await browser.get("/apps")).path == "/apps"
        world.clock.move(minutes=11)
        assert (await browser.get("/apps")).path.startswith("/sign-in")


async def test_a_shorter_rule_bites_at_once_and_a_longer_one_gives_no_more_than_was_said(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await remembered(world, browser)
        await world.configure([known_rule(2)], NETWORKS)
        assert (await again(world, browser)).path == "/apps"
        assert asks(await again(world, browser))
        await world.configure([known_rule(60)], NETWORKS)
        assert (await again(world, browser)).path == "/apps"
        assert asks(await again(world, browser, days=DAYS))


async def test_where_no_rule_asks_anything_it_is_not_used_up(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await remembered(world, browser)
        secret, browser.address = browser.cookie("known"), INSIDE
        assert (await again(world, browser)).path == "/apps"
        assert browser.cookie("known") == secret
        (mine,) = await known(world, account)
        assert mine.used_at == mine.since


async def test_a_method_that_is_put_aside_takes_what_it_made_known_along(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await remembered(world, browser)
        (mine,) = await known(world, account)
        for state in (AuthenticatorState.SUSPENDED, AuthenticatorState.ACTIVE):
            await world.house.records.write(
                lambda unit, s=state: unit.authenticators.set_state(
                    mine.authenticator_id, s, world.clock.at
                )
            )
        assert asks(await again(world, browser))


async def test_it_is_offered_beside_a_text_too_and_a_printed_code_makes_nothing_known(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser:
        await world.configure([known_rule()], NETWORKS)
        phone = make.work_phone(detail="+46701740605")
        account = await world.person(bound=[phone])
        page = await browser.sign_in()
        assert BOX in page.html
        await browser.submit({"code": await world.last_code(), "remember": "yes"})
        assert browser.page.path == "/apps"
        assert len(await known(world, account)) == 1
        assert (await again(world, browser)).path == "/apps"


async def test_a_browser_that_is_known_anew_is_one_and_not_two(open_world: Open) -> None:
    async with open_world() as world, world.browser() as browser:
        account = await anna(world)
        await remembered(world, browser)
        (before,) = await known(world, account)
        await world.configure([known_rule(1)], NETWORKS)
        assert asks(await again(world, browser, days=2))
        await answer(world, browser, tick=True)
        (now,) = await known(world, account)
        assert now.id != before.id
        assert now.until == now.since + timedelta(days=1)


@pytest.mark.parametrize(("used", "more"), [(False, 0), (True, 2)])
async def test_it_costs_two_statements_and_none_where_no_rule_names_it(
    open_world: Open, used: bool, more: int
) -> None:
    """One that looks, and one that rotates."""
    async with open_world() as world, world.browser() as browser:
        await anna(world)
        await remembered(world, browser)
        browser.address = "203.0.113.7" if used else INSIDE

        async def cost() -> int:
            await again(world, browser)
            world.clock.move(seconds=31)
            leave(browser)
            await browser.get("/sign-in?to=/apps")
            before = world.house.records.counted
            await browser.submit({"name": "anna.berg", "password": PASSWORD})
            assert browser.page.path == "/apps"
            return world.house.records.counted - before

        with_it = await cost()
        browser.client.cookies.delete("__Host-known")
        browser.address = INSIDE
        assert with_it - await cost() == more


async def test_the_code_of_the_app_is_still_burnt_for_whoever_ticks_the_box(
    open_world: Open,
) -> None:
    async with open_world() as world, world.browser() as browser, world.browser() as other:
        await anna(world)
        await remembered(world, browser)
        await other.sign_in()
        page = await other.submit({"code": app_code(world), "remember": "yes"})
        assert page.status == 422
        assert other.cookie("known") is None


MATTERS = {
    "beside a password": (True, {}),
    "before anything is shown": (False, {"evidence": ()}),
    "beside a password that must be changed": (
        False,
        {"evidence": (replace(make.evidence(AuthenticatorType.PASSWORD), stale=True),)},
    ),
    "beside a start code": (
        False,
        {"evidence": (make.evidence(AuthenticatorType.START_CODE),)},
    ),
    "for one's own methods": (False, {"purpose": METHODS}),
}


@pytest.mark.parametrize(("matters", "given"), MATTERS.values(), ids=MATTERS)
@pytest.mark.parametrize("rule", [known_rule(), make.rule(networks_not={make.LAN})])
def test_what_a_browser_brings_is_looked_at_beside_a_password_where_a_rule_names_it(
    rule: Rule, *, matters: bool, given: dict[str, Any]
) -> None:
    secret = "s" * 86
    visit = Visit(
        now=make.NOW,
        address=None,
        binding=b"",
        browser=b"b",
        language="sv",
        request_id="",
        user_agent=CHROME,
        brought=Member.read(secret),
    )
    password = {"evidence": (make.evidence(AuthenticatorType.PASSWORD),)}
    state = make.sign_in(**(password | given))
    found = Configuration(frozenset(), (make.network(),), (rule,), (), {})
    verdict = judge(found, make.account(), None, "203.0.113.7", make.NOW)
    named = rule.id == "known"
    assert matter(verdict, state, visit) is (matters and named)
    assert not matter(verdict, state, replace(visit, brought=None))
    assert not matter(None, state, visit)
    assert Member.read(secret[1:]) is None
