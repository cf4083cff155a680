"""Forward-auth: a browser is let in at an app's host, and each request is judged anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from portvakt.core.ids import GroupId
from portvakt.core.people import Account
from portvakt.core.policy import Require
from portvakt.records.unit import Unit
from tests import make
from tests.protocols.guarded import (
    BINDING,
    BOARD,
    DATA,
    GUARDED,
    PAGE,
    PLANS,
    WIKI,
    AtHost,
    assertion,
    guarded,
    guarded_app,
    signs_in,
)
from tests.protocols.stage import Stage
from tests.protocols.test_oidc_code_flow import signed_in
from tests.world import INSIDE, ORIGIN, OUTSIDE, Browser

LETS_IN, STOPS = 200, 401


async def let_in(region: Stage, browser: Browser, host: str = WIKI) -> AtHost:
    """Sign Anna in, and open the app."""
    at = AtHost(region.world, host, browser.address)
    await signed_in(region, browser)
    assert await at.enter(browser) == f"https://{host}/"
    assert (await at.check()).status_code == LETS_IN
    return at


async def test_a_stranger_is_led_to_sign_in_and_back_to_the_page(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = AtHost(region.world)
        home = await at.begin("/pages/V%C3%A5rd?q=a%20b&x[]=1")
        assert set(at.cookies) == {BINDING}
        page = await browser.get(home.removeprefix(ORIGIN))
        assert page.path.startswith("/sign-in?to=")
        ticket = await signs_in(region, browser)
        assert ticket.startswith(f"https://{WIKI}/.portvakt/ticket?ticket=")
        traded = await at.passed_on(ticket)
        assert traded.headers["location"] == f"https://{WIKI}/pages/V%C3%A5rd?q=a%20b&x[]=1"
        assert set(at.cookies) == {BINDING, GUARDED}
        assert (await at.check("/pages/V%C3%A5rd")).status_code == LETS_IN
        assert [each.detail["app"] for each in await region.events("app.opened")] == ["wiki"]


async def test_the_app_is_told_who_it_is_in_headers_and_in_a_signed_assertion(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        answer = await at.check()
        told = {name: value for name, value in answer.headers.items() if "remote-" in name}
        assert told.pop("remote-assertion").count(".") == 2
        assert told == {
            "remote-user": "anna.berg",
            "remote-name": "Anna Berg",
            "remote-email": "anna.berg@region.example",
            "remote-groups": "alla",
        }
        assert answer.headers["cache-control"] == "no-store"
        claims = await assertion(region, answer, WIKI)
        assert claims["exp"] - claims["iat"] == 60
        assert claims["iat"] == int(region.world.clock().timestamp())
        assert (claims["name"], claims["groups"]) == ("Anna Berg", ["alla"])
        assert claims["acr"] == "urn:portvakt:aal2"
        assert {"pwd", "otp", "mfa"} <= set(claims["amr"])
        assert region.anna.id not in (claims["sub"], claims["sid"])
        with pytest.raises(Exception, match="aud"):
            await assertion(region, answer, PLANS)


async def test_what_is_told_is_signed_once_in_five_seconds_and_again_when_it_changes(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)

        async def told() -> tuple[str, str]:
            answer = await at.check(browser=DATA)
            claims = await assertion(region, answer, WIKI)
            return answer.headers["remote-assertion"], claims["name"]

        first = await told()
        region.world.clock.move(seconds=4.9)
        assert await told() == first
        region.world.clock.move(seconds=0.1)
        second = await told()
        assert second[0] != first[0]
        married = make.account(id=region.anna.id, family_name="Ek")
        await region.world.person(married, password=None)
        assert (await told())[1] == "Anna Ek"


async def test_values_that_servers_read_in_different_ways_are_encoded(
    tmp_path: Path, sqlite_url: str
) -> None:
    person = make.account(
        given_name="Åsa\r\nRemote-User: root",
        family_name="100% Öberg",
        groups=frozenset({make.STAFF}),
    )
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await region.world.person(replace(person, id=region.anna.id), password=None)
        at = await let_in(region, browser)
        answer = await at.check()
        name = answer.headers["remote-name"]
        assert name == "%C3%85sa%0D%0ARemote-User: root 100%25 %C3%96berg"
        claims = await assertion(region, answer, WIKI)
        assert claims["name"] == "Åsa\r\nRemote-User: root 100% Öberg"


async def test_an_app_is_told_of_its_groups_alone_and_a_comma_parts_no_name(
    tmp_path: Path, sqlite_url: str
) -> None:
    groups = frozenset({make.STAFF, GroupId("wiki:a,b"), GroupId("wiki:läsare"), GroupId("hr")})
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await region.world.configure(apps=[guarded_app(WIKI, told_groups=("wiki:*",))])
        await in_groups(region, region.anna, groups)
        at = await let_in(region, browser)
        answer = await at.check()
        assert answer.headers["remote-groups"] == "wiki:a%2Cb,wiki:l%C3%A4sare"
        claims = await assertion(region, answer, WIKI)
        assert claims["groups"] == ["wiki:a,b", "wiki:läsare"]


async def in_groups(region: Stage, who: Account, groups: frozenset[GroupId]) -> None:
    async def act(unit: Unit) -> None:
        await unit.configuration.put_groups(groups, "apply")
        await unit.people.set_groups_many({who.id: groups}, who.source)

    await region.world.house.records.write(act)


NO_MOVES = {
    "post": ("POST", PAGE),
    "put": ("PUT", PAGE),
    "delete": ("DELETE", PAGE),
    "head": ("HEAD", PAGE),
    "options": ("OPTIONS", PAGE),
    "no-method": ("", PAGE),
    "small-letters": ("get", PAGE),
    "data": ("GET", DATA),
    "frame": ("GET", PAGE | {"sec-fetch-dest": "iframe"}),
    "picture": ("GET", {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}),
    "web-socket": ("GET", {"sec-fetch-mode": "websocket", "upgrade": "websocket"}),
    "web-socket-as-page": ("GET", PAGE | {"upgrade": "websocket"}),
    "old-browser-data": ("GET", {"accept": "application/json"}),
    "old-script": ("GET", {"accept": "text/html", "x-requested-with": "XMLHttpRequest"}),
    "nothing-said": ("GET", {"accept": "*/*"}),
}


async def test_only_somebody_who_moves_to_a_page_is_led_anywhere(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region:
        at = AtHost(region.world)
        for name, (method, headers) in NO_MOVES.items():
            for asked in ("check", "auth_request"):
                answer = await at.check("/x", method, at=asked, browser=headers)
                assert answer.status_code == STOPS, name
                assert "location" not in answer.headers, name
                assert answer.headers["www-authenticate"] == "Portvakt", name
        for headers in (PAGE, {"accept": "text/html"}):
            answer = await at.check("/x", browser=headers)
            assert answer.status_code == 302
            assert answer.headers["location"] == f"https://{WIKI}/.portvakt/start?to=%2Fx"
            for_nginx = await at.check("/x", at="auth_request", browser=headers)
            assert for_nginx.status_code == STOPS
            assert for_nginx.headers["location"] == answer.headers["location"]


async def test_a_second_app_opens_without_asking_again(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await let_in(region, browser)
        second = AtHost(region.world, PLANS)
        assert await second.enter(browser) == f"https://{PLANS}/"
        answer = await second.check(browser=DATA)
        assert answer.status_code == LETS_IN
        assert (await assertion(region, answer, PLANS))["preferred_username"] == "anna.berg"


async def test_inside_a_password_is_enough_and_outside_the_same_browser_is_asked_for_more(
    tmp_path: Path, sqlite_url: str
) -> None:
    """A070: rules are held against where each request comes from, not where the sign-in was."""
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser(INSIDE) as browser:
        at = await let_in(region, browser)
        at.address = OUTSIDE
        assert (await at.check(browser=DATA)).status_code == STOPS
        browser.address = OUTSIDE
        page = await browser.get((await at.begin()).removeprefix(ORIGIN))
        assert page.path.startswith("/sign-in?")
        traded = await at.passed_on(await signs_in(region, browser))
        assert traded.headers["location"] == f"https://{WIKI}/"
        assert (await at.check(browser=DATA)).status_code == LETS_IN


async def test_a_rule_for_one_app_is_asked_for_on_the_way_to_that_app(
    tmp_path: Path, sqlite_url: str
) -> None:
    rule = make.rule(apps={"plans"})
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await region.world.configure(rules=[rule])
        await browser.get("/sign-in?to=/apps")
        await region.sign_in(browser, code=False)
        assert browser.page.title == "Dina appar"
        assert await AtHost(region.world).enter(browser) == f"https://{WIKI}/"
        plans = AtHost(region.world, PLANS)
        page = await browser.get((await plans.begin()).removeprefix(ORIGIN))
        assert page.path.startswith("/sign-in?")
        await plans.passed_on(await signs_in(region, browser))
        assert (await plans.check()).status_code == LETS_IN


async def test_who_is_signed_out_is_stopped_at_every_host_by_the_next_request(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        first = await let_in(region, browser)
        second = AtHost(region.world, PLANS)
        await second.enter(browser)
        away = await first.passed_on(f"https://{WIKI}/.portvakt/sign-out")
        assert away.headers["location"] == f"{ORIGIN}/forward-auth/sign-out?host={WIKI}"
        assert first.cookies == {}
        page = await browser.get(away.headers["location"].removeprefix(ORIGIN))
        assert page.title == "Vill du logga ut?"
        assert f'href="https://{WIKI}/"' in page.html
        assert (await second.check()).status_code == LETS_IN  # nothing is ended by a link alone
        page = await browser.submit({})
        assert page.title == "Du är utloggad"
        assert (await second.check(browser=DATA)).status_code == STOPS
        assert (await second.check()).status_code == 302


async def test_a_disabled_account_is_stopped_by_the_next_request(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)

        async def act(unit: Unit) -> None:
            await unit.people.disable_many([region.anna.id], region.world.clock())

        await region.world.house.records.write(act)
        assert (await at.check(browser=DATA)).status_code == STOPS
        assert (await at.check()).status_code == 302
        page = await browser.get((await at.begin()).removeprefix(ORIGIN))
        assert page.path.startswith("/sign-in?")


async def test_a_lost_group_is_missed_by_the_next_request(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        await in_groups(region, region.anna, frozenset({GroupId("andra")}))
        assert (await at.check(browser=DATA)).status_code == STOPS
        page = await browser.get((await at.begin()).removeprefix(ORIGIN))
        assert (page.status, page.title) == (403, "Du har inte tillgång till Wiki")
        refused = await region.events("app.refused")
        assert refused[0].detail["why"] == "not_in_groups"


async def test_a_new_rule_stops_who_was_let_in_before_it(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        no = replace(
            make.rule(networks_not={make.LAN}), require=Require.BLOCK, reason={"sv": "Stängt."}
        )
        await region.world.configure(rules=[no], networks=[make.network()])
        assert (await at.check(browser=DATA)).status_code == STOPS
        page = await browser.get((await at.begin()).removeprefix(ORIGIN))
        assert (page.status, page.title) == (403, "Du kan inte öppna Wiki just nu")
        assert "Stängt." in page.text
        [refused], [opened] = await region.events("app.refused"), await region.events("app.opened")
        assert (refused.detail["asked"], opened.detail["asked"]) == (["block"], ["multifactor"])
        assert opened.detail["methods"] == ["password", "totp"]
        for event in (refused, opened):
            assert "client_kind proxy" in event.detail["facts"]


async def test_a_person_sees_what_the_app_is_told_and_takes_it_back(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        page = await browser.get("/app-access")
        assert "Wiki" in page.text
        assert "e-postadress" in page.text
        await browser.submit({})
        assert (await at.check(browser=DATA)).status_code == STOPS
        await at.enter(browser)  # the session stands, and the person may open it again
        assert (await at.check(browser=DATA)).status_code == LETS_IN


async def test_an_app_whose_host_went_to_another_app_lets_nobody_in_by_the_old_cookie(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        moved = [guarded_app(WIKI, forward_auth_hosts=()), guarded_app(PLANS)]
        moved[1] = replace(moved[1], forward_auth_hosts=(PLANS, WIKI))
        await region.world.configure(apps=moved)
        assert (await at.check(browser=DATA)).status_code == STOPS


async def test_a058_a_session_lives_by_what_people_do_and_not_by_what_pages_ask(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        for _ in range(3):
            region.world.clock.move(minutes=50)
            assert (await at.check()).status_code == LETS_IN
        for _ in range(2):
            region.world.clock.move(minutes=29)
            assert (await at.check(browser=DATA)).status_code == LETS_IN
        region.world.clock.move(minutes=3)
        assert (await at.check(browser=DATA)).status_code == STOPS


async def test_a059_a_session_ends_after_its_longest_time_however_busy(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        began = region.world.clock()
        while (await at.check()).status_code == LETS_IN:
            region.world.clock.move(minutes=30)
        assert 11.5 <= (region.world.clock() - began).total_seconds() / 3600 <= 12


async def test_somebody_who_may_not_is_told_so_and_gets_no_ticket(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        page = await browser.get((await AtHost(region.world, BOARD).begin()).removeprefix(ORIGIN))
        assert (page.status, page.title) == (403, "Du har inte tillgång till Board")
        assert await region.events("app.opened") == []


async def test_two_tabs_that_begin_at_once_both_get_in(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        at = AtHost(region.world)
        one, other = await at.ticket(browser, "/one"), await at.ticket(browser, "/other")
        for ticket, page in ((other, "/other"), (one, "/one")):
            traded = await at.passed_on(ticket)
            assert traded.headers["location"] == f"https://{WIKI}{page}"
            assert (await at.check(browser=DATA)).status_code == LETS_IN


async def test_a_check_is_one_statement_and_a_persons_click_one_more_a_minute(
    tmp_path: Path, database_url: str
) -> None:
    async with guarded(tmp_path, database_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        records = region.world.house.records
        before = records.counted
        for _ in range(3):
            assert (await at.check(browser=DATA)).status_code == LETS_IN
            assert (await at.check()).status_code == LETS_IN
        assert records.counted - before == 6
        before = records.counted
        assert (await AtHost(region.world).check()).status_code == 302
        assert records.counted == before, "a stranger without a cookie costs the database nothing"


async def test_the_portal_leads_to_a_guarded_app(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        await signed_in(region, browser)
        assert f'href="https://{WIKI}/"' in browser.page.html
        assert BOARD not in browser.page.html


async def test_signing_out_where_nobody_is_signed_in_says_that_it_is_done(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        page = await browser.get(f"/forward-auth/sign-out?host={WIKI}")
        assert page.title == "Du är utloggad"
        for host in ("", "evil.example", f"{WIKI}&host={PLANS}"):
            assert (await browser.get(f"/forward-auth/sign-out?host={host}")).path == "/signed-out"
