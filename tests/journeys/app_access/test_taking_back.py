"""“Which apps know who I am, and how do I take that back?” An app tries afterwards."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.ids import ClientId
from portvakt.core.sessions import SessionKind
from portvakt.journeys.app_access.flow import SCOPE_OF, Access, accesses
from portvakt.journeys.app_access.words import IN_WORDS
from portvakt.journeys.open_app.oidc.scopes import SCOPE_CLAIMS
from portvakt.records.consents import Consent
from portvakt.records.grants import Held
from tests import make
from tests.protocols.refreshing import REFRESHING_LEDGER, opened
from tests.protocols.relying_party import OAuthAnswerError
from tests.protocols.stage import SHOP
from tests.world import INSIDE, Browser, Page

HERE = "/app-access"
OFFLINE = "openid profile email groups offline_access"


def apps(page: Page) -> list[str]:
    """Each app of the list, in words."""
    rows = re.findall(r'<li class="item">(.*?)</li>', page.html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


async def take_back(browser: Browser, app: str) -> Page:
    await browser.get(HERE)
    action, fields = next(form for form in browser.page.forms() if form[1].get("app") == app)
    return await browser.post(action or HERE, fields)


async def test_it_tells_which_apps_know_what_and_until_when(
    tmp_path: Path, database_url: str
) -> None:
    apart = opened(tmp_path, database_url, SHOP, REFRESHING_LEDGER)
    async with apart as (region, browser):
        assert (await browser.get(HERE)).title == "Appar som vet vem du är"
        assert "Ingen app får veta något om dig just nu." in browser.page.text
        await region.tokens(browser, region.shop)
        await region.tokens(browser, region.ledger, scope=OFFLINE)
        shop, ledger = apps(await browser.get(HERE))
        assert "Demobutiken Får veta: vem du är, ditt namn, användarnamn och språk" in shop
        assert "Gäller också när du inte är inloggad." not in shop
        assert "Ekonomi" in ledger
        assert "Gäller också när du inte är inloggad." in ledger
        assert "22 november 2026 kl. 13:00" in ledger, "local time"
        region.world.clock.move(minutes=11)
        [ledger] = apps(await browser.get(HERE))
        assert "Ekonomi" in ledger, "what the other held has ended by itself"


async def test_an_app_whose_access_is_taken_back_gets_nothing_more_at_once(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        mine, _ = await region.tokens(browser, region.ledger, scope=OFFLINE)
        shops, _ = await region.tokens(browser, region.shop)
        mine = await region.ledger.refresh(mine["refresh_token"])
        page = await take_back(browser, "ledger")
        assert page.path == f"{HERE}?done=taken"
        assert "Klart. Appen får inte veta mer om dig." in page.text
        assert [row[:11] for row in apps(page)] == ["Demobutiken"]
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await region.ledger.refresh(mine["refresh_token"])
        with pytest.raises(OAuthAnswerError, match=r"401.*invalid_token"):
            await region.ledger.userinfo(mine["access_token"])
        assert await region.shop.userinfo(shops["access_token"]), "the other app goes on"
        [told] = await region.events("app.access_taken_back")
        assert told.account_id == region.anna.id
        assert (told.detail, told.address) == (
            {"app": "ledger", "grants": 1, "consent": False},
            INSIDE,
        )
        again, _ = await region.tokens(browser, region.ledger, scope=OFFLINE)
        assert await region.ledger.refresh(again["refresh_token"]), "opened anew, it is anew"


async def test_the_app_is_told_and_no_other(tmp_path: Path, sqlite_url: str) -> None:
    ledger = replace(REFRESHING_LEDGER, backchannel_logout_uri="https://ledger.example/out")
    shop = replace(SHOP, backchannel_logout_uri="https://shop.example/out")
    async with opened(tmp_path, sqlite_url, shop, ledger) as (region, browser):
        await region.tokens(browser, region.ledger)
        await region.tokens(browser, region.shop)
        await take_back(browser, "ledger")
        now = region.world.clock.at
        waiting = await region.world.house.records.write(
            lambda unit: unit.outbox.claim("sign_out", now, 10, timedelta(minutes=1))
        )
        assert [each.to for each in waiting] == ["ledger"]


async def test_a_code_on_its_way_is_taken_back_with_the_rest(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        code, attempt = await region.code(browser, region.ledger)
        await take_back(browser, "ledger")
        with pytest.raises(OAuthAnswerError, match=r"400.*invalid_grant"):
            await region.ledger.exchange(code, attempt)


async def test_what_somebody_said_yes_to_is_shown_and_forgotten(
    tmp_path: Path, database_url: str
) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        records, anna, now = region.world.house.records, region.anna.id, region.world.clock.at
        said = ("openid", "email", "tider")
        for app in (SHOP.client_id, ClientId("gone")):
            await records.write(lambda unit, a=app: unit.consents.give(anna, a, said, now))
        shop, gone = apps(await browser.get(HERE))
        assert "vem du är, din e-postadress, ”tider” Appen frågar inte just nu. Du sa ja" in shop
        assert gone.startswith("gone "), "an app that is gone has its id, and can be taken back"
        await take_back(browser, "gone")
        await take_back(browser, "shop")
        assert await records.read(lambda unit: unit.consents.of(anna)) == ()
        assert [each.detail["consent"] for each in await region.events("app.access_taken_back")]


async def test_taking_back_what_is_not_there_says_so_and_writes_nothing(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        await browser.get("/apps")
        page = await browser.post(HERE, {"app": "ledger"})
        assert "Appen hade inget kvar att ta tillbaka." in page.text
        assert await region.events("app.access_taken_back") == []


async def test_nobody_takes_back_or_sees_what_somebody_else_gave(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with (
        opened(tmp_path, sqlite_url) as (region, browser),
        region.world.browser(INSIDE) as other,
    ):
        mine, _ = await region.tokens(browser, region.ledger, scope=OFFLINE)
        bo = make.account(id="bo", external_id="000018", user_name="bo.ek", given_name="Bo")
        await region.world.person(bo)
        await other.sign_in(name="bo.ek", to=HERE)
        assert apps(other.page) == []
        await other.post(HERE, {"app": "ledger"})
        assert await region.ledger.refresh(mine["refresh_token"])


async def test_it_is_for_whoever_is_signed_in_and_not_for_one_who_only_registers(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with opened(tmp_path, sqlite_url) as (region, browser):
        mine, _ = await region.tokens(browser, region.ledger, scope=OFFLINE)
        await browser.get(HERE)
        records = region.world.house.records
        [session] = await region.world.sessions(region.anna)
        half = replace(session, kind=SessionKind.REGISTRATION)
        assert await records.write(lambda u: u.sessions.update(half, None, session.version))
        page = await browser.post(HERE, {"app": "ledger"})
        assert page.title == "Logga in"
        assert (await browser.get(HERE)).title == "Logga in"
        assert await region.ledger.refresh(mine["refresh_token"])


async def test_the_list_costs_three_statements(tmp_path: Path, database_url: str) -> None:
    async with opened(tmp_path, database_url) as (region, browser):
        for _ in range(5):
            await region.tokens(browser, region.ledger, scope=OFFLINE)
        await browser.get(HERE)
        records = region.world.house.records
        before = records.counted
        await browser.get(HERE)
        assert records.counted == before + 3, "the session, what is held, what was said yes to"


NOW = make.NOW
HOUR = timedelta(hours=1)


def held(since: int, until: int, *scope: str, offline: bool = False, **more: Any) -> Held:
    return Held(
        client_id=make.SHOP,
        scope=scope,
        claims=more.get("claims"),
        resources=more.get("resources", ()),
        since=NOW + since * HOUR,
        until=NOW + until * HOUR,
        offline=offline,
    )


def test_what_an_app_holds_twice_is_told_as_one() -> None:
    more = held(0, 2, "openid", "email", offline=True)
    found = accesses(
        [held(-2, 1, "openid", "profile"), more],
        [
            Consent(ClientId("a"), ("openid",), NOW),
            Consent(make.SHOP, ("openid", "groups"), NOW - HOUR),
        ],
    )
    assert found == (
        Access(client_id=ClientId("a"), scope=("openid",), agreed_at=NOW),
        Access(
            client_id=make.SHOP,
            scope=("openid", "profile", "email", "groups"),
            since=NOW - 2 * HOUR,
            until=NOW + 2 * HOUR,
            offline=True,
            agreed_at=NOW - HOUR,
        ),
    )


def test_what_was_asked_for_by_name_is_told_with_its_scope() -> None:
    asked = '{"id_token":{"acr":{"values":["a"]},"email":{}},"userinfo":{"given_name":null}}'
    [access] = accesses([held(0, 1, "openid", claims=asked)], [])
    assert access.scope == ("openid", "profile", "email")


def test_an_app_behind_its_proxy_is_told_all_that_its_headers_hold() -> None:
    [access] = accesses([held(0, 1)], [])
    assert access.scope == ("openid", "profile", "email", "groups")


def test_services_that_an_app_may_use_are_told() -> None:
    found = [held(0, 1, "openid", resources=("a", "b")), held(0, 1, "openid", resources=("b", "c"))]
    [access] = accesses(found, [])
    assert access.services == ("a", "b", "c")


def test_every_scope_that_tells_of_a_person_has_words_and_every_claim_a_scope() -> None:
    assert set(SCOPE_CLAIMS) | {"openid"} == set(IN_WORDS)
    for scope, claims in SCOPE_OF.items():
        assert claims == set(SCOPE_CLAIMS[scope])
    assert set().union(*SCOPE_OF.values()) == set().union(*SCOPE_CLAIMS.values())
