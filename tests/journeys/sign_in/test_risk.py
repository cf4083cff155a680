"""What is amiss about a sign-in asks for more, is told, and can be switched off."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from portvakt.common_passwords.blocklist import write
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import PhoneRequestDenied, RiskSeen, SignInSucceeded
from portvakt.core.explaining import explain
from portvakt.core.ids import AccountId, ApprovalId, AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.policy import Outcome, Require
from portvakt.core.signals import Risk
from portvakt.records.audit import StoredEvent
from portvakt.records.unit import Unit
from portvakt.settings.structs import Locations, PasswordRules
from portvakt.settings.structs import Risk as RiskSettings
from tests import make
from tests.journeys.conftest import Open
from tests.journeys.sign_in.region import SECRET, app_code, failures
from tests.world import INSIDE, OUTSIDE, PASSWORD, World

ABROAD, SYDNEY = "198.51.100.7", "192.0.2.77"
ROWS: Mapping[str, Mapping[str, Any]] = {
    "203.0.113.0/24": {
        "country": {"iso_code": "SE"},
        "location": {"latitude": 59.33, "longitude": 18.06, "accuracy_radius": 20},
    },
    "198.51.100.0/24": {"country": {"iso_code": "NO"}},
    "192.0.2.0/24": {
        "country": {"iso_code": "AU"},
        "location": {"latitude": -33.87, "longitude": 151.21, "accuracy_radius": 50},
    },
}
MORE = "Vilken kod visar"


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    """A database such as those that are sold, small."""
    file, writer = tmp_path / "cities.mmdb", MMDBWriter(6, "GeoLite2-City", ipv4_compatible=True)
    for block, row in ROWS.items():
        writer.insert_network(IPSet([block]), dict(row))
    writer.to_db_file(str(file))
    return Locations(database=str(file))


async def at_risk(world: World, account: Account) -> list[StoredEvent]:
    names = (RiskSeen.name,)
    found = await world.house.records.read(lambda unit: unit.audit.of_kind(account.id, names, 10))
    return list(found)


async def told(world: World, account: Account) -> list[tuple[list[str], str]]:
    return [(each.detail["risks"], each.detail["level"]) for each in await at_risk(world, account)]


async def inside(world: World) -> None:
    """A network of the region's own, and no rule that asks for anything."""
    await world.configure(rules=[], networks=[make.network()])


async def test_many_wrong_passwords_ask_for_a_second_factor_where_no_rule_does(
    open_world: Open,
) -> None:
    async with (
        open_world() as world,
        world.browser(ABROAD) as stranger,
        world.browser(INSIDE) as own,
    ):
        await inside(world)
        account = await world.person(totp=SECRET)
        page = await own.sign_in()
        assert page.path == "/apps"
        own.client.cookies.delete("__Host-session")
        world.clock.move(seconds=1)
        await failures(stranger, 10)
        page = await own.sign_in()
        assert MORE in page.title
        assert "skrivit fel lösenord till ditt konto många gånger" in page.text
        page = await own.submit({"code": app_code(world)})
        assert page.path == "/apps"
        [event] = await at_risk(world, account)
        assert event.detail["risks"] == ["guessing"]
        assert event.detail["level"] == "elevated"
        said = explain(event.name, event.detail, event.trace)
        assert said.asked == "two factors"
        assert said.rules == (
            "risk guessing counted: multifactor; 10 wrong passwords within 24 hours (from 10 on)",
        )
        page = await own.get("/my-sign-ins")
        assert "Rätt svar, men något var ovanligt" in page.text
        assert "fel lösenord många gånger innan" in page.text
        own.client.cookies.delete("__Host-session")
        assert (await own.sign_in()).path == "/apps"  # what came before the last one is over


@pytest.mark.parametrize(("state", "seen"), [("off", 0), ("report_only", 1)])
async def test_each_is_switched_off_or_only_told(open_world: Open, state: str, seen: int) -> None:
    settings = RiskSettings(guessing=state)  # type: ignore[arg-type]  # one of its words
    async with (
        open_world(risk=settings) as world,
        world.browser(ABROAD) as stranger,
        world.browser(INSIDE) as own,
    ):
        await inside(world)
        account = await world.person(totp=SECRET)
        await failures(stranger, 10)
        assert (await own.sign_in()).path == "/apps"
        events = await at_risk(world, account)
        assert len(events) == seen
        for each in events:
            assert each.detail["level"] == "low"
            assert each.trace is not None
            assert [line.outcome for line in each.trace] == [Outcome.REPORT_ONLY]


async def test_a_rule_names_what_was_seen_also_where_it_only_reports(open_world: Open) -> None:
    settings = RiskSettings(guessing="report_only")
    async with open_world(risk=settings) as world, world.browser() as browser:
        await world.configure(rules=[make.rule(risks={Risk.GUESSING}, id="guessed")])
        account = await world.person(totp=SECRET)
        assert (await browser.sign_in()).path == "/apps"
        browser.client.cookies.delete("__Host-session")
        world.clock.move(seconds=1)
        async with world.browser(ABROAD) as stranger:
            await failures(stranger, 10)
        assert MORE in (await browser.sign_in()).title
        await browser.submit({"code": app_code(world)})
        [newest, _] = await world.house.records.read(
            lambda unit: unit.audit.of_kind(account.id, (SignInSucceeded.name,), 5)
        )
        assert "risk guessing" in newest.detail["facts"]
        [session] = [each for each in await world.sessions(account) if each.risk]
        assert [each.risk for each in session.risk] == [Risk.GUESSING]


async def test_whoever_has_no_second_factor_is_let_in_and_told(open_world: Open) -> None:
    async with (
        open_world() as world,
        world.browser(ABROAD) as stranger,
        world.browser(INSIDE) as own,
    ):
        await inside(world)
        account = await world.person()
        await failures(stranger, 10)
        assert (await own.sign_in()).path == "/apps"
        assert await told(world, account) == [(["guessing"], "elevated")]


async def spray(world: World, people: int) -> None:
    """Somebody outside tries one password at many names, one of them nobody's."""
    async with world.browser() as stranger:
        for number in range(people):
            if number:
                who = make.account(
                    id=AccountId(f"p{number}"), external_id=f"1{number}", user_name=f"p.{number}"
                )
                await world.person(who, password=None)
            await stranger.sign_in(f"p.{number}", "Sommar2026!")


async def test_a_right_password_from_where_many_were_wrong_asks_for_more(
    open_world: Open,
) -> None:
    settings = RiskSettings(spray_people=4)
    async with open_world(risk=settings) as world, world.browser() as same:
        account = await world.person(totp=SECRET)
        await spray(world, 3)
        assert (await same.sign_in()).path == "/apps"
        same.client.cookies.delete("__Host-session")
        await spray(world, 4)
        page = await same.sign_in()
        assert MORE in page.title
        assert "många personers lösenord från samma plats" in page.text
        async with world.browser("203.0.113.200") as elsewhere:
            assert (await elsewhere.sign_in()).path == "/apps"
        world.clock.move(minutes=61)
        async with world.browser() as later:
            assert (await later.sign_in()).path == "/apps"
        assert await told(world, account) == [(["spray"], "elevated")]


async def test_a_network_of_the_organisation_is_judged_by_a_number_of_its_own(
    open_world: Open,
) -> None:
    settings = RiskSettings(spray_people=2, spray_people_inside=5)
    async with open_world(risk=settings) as world, world.browser() as same:
        await world.configure(networks=[make.network(addresses=(f"{OUTSIDE}/32",))])
        account = await world.person(totp=SECRET)
        await spray(world, 4)
        assert (await same.sign_in()).path == "/apps"
        assert await told(world, account) == []


async def test_a_phone_that_says_no_again_and_again_asks_for_more(open_world: Open) -> None:
    async with open_world() as world, world.browser(INSIDE) as own:
        await inside(world)
        account = await world.person(totp=SECRET)

        async def no(unit: Unit) -> None:
            for number in range(3):
                event = PhoneRequestDenied(
                    at=world.clock.at,
                    account_id=account.id,
                    authenticator_id=AuthenticatorId("phone"),
                    request=ApprovalId(f"r{number}"),
                    purpose="sign_in",
                    app="",
                )
                await unit.audit.write(event)

        await world.house.records.write(no)
        page = await own.sign_in()
        assert MORE in page.title
        assert "Din telefon har sagt nej flera gånger" in page.text
        assert await told(world, account) == [(["refused_on_phone"], "elevated")]
        own.client.cookies.clear()
        world.clock.move(hours=25)
        assert (await own.sign_in()).path == "/apps"


async def test_a_new_country_asks_for_more_and_is_new_once(
    open_world: Open, places: Locations
) -> None:
    async with open_world(locations=places) as world, world.browser(ABROAD) as browser:
        account = await world.person(totp=SECRET)
        page = await browser.sign_in()
        assert MORE in page.title
        assert "i ett land där du inte har loggat in förut" in page.text
        await browser.submit({"code": app_code(world)})
        browser.client.cookies.delete("__Host-session")
        world.clock.move(hours=10)
        assert (await browser.sign_in()).path == "/apps"
        assert await told(world, account) == [(["new_country"], "elevated")]


async def test_a_travel_that_nobody_makes_asks_for_more_and_writes_a_mail(
    open_world: Open, places: Locations
) -> None:
    async with open_world(locations=places) as world, world.browser() as browser:
        account = await world.person(totp=SECRET)
        await browser.sign_in()
        await world.outbox("mail")
        world.clock.move(hours=3)
        async with world.browser(SYDNEY) as other:
            page = await other.sign_in()
            assert MORE in page.title
            assert "Du loggade nyss in långt härifrån" in page.text
        assert await told(world, account) == [(["new_country", "impossible_travel"], "high")]
        [(_, mail)] = await world.outbox("mail")
        assert mail.startswith("Ovanlig inloggning på ditt konto")
        [event] = await at_risk(world, account)
        said = explain(event.name, event.detail, event.trace)
        assert "km in 180 minutes, from SE to AU" in said.rules[1]


@pytest.fixture
def leaked(tmp_path: Path) -> PasswordRules:
    """Anna's password is in the list."""
    file = tmp_path / "leaked.pvbl"
    hashes = sorted(
        hashlib.sha1(each.encode(), usedforsecurity=False).digest()
        for each in (PASSWORD, "Sommar2026!")
    )
    write(file, hashes)
    return PasswordRules(breached_file=str(file))


NEW = "Kantareller under granen"


async def test_a_leaked_password_takes_a_second_factor_and_then_a_new_one(
    open_world: Open, leaked: PasswordRules
) -> None:
    async with open_world(password_rules=leaked) as world, world.browser(INSIDE) as browser:
        await inside(world)
        account = await world.person(totp=SECRET)
        page = await browser.sign_in()
        assert MORE in page.title
        assert "på en lista över läckta lösenord" in page.text
        page = await browser.submit({"code": app_code(world)})
        assert page.title == "Byt lösenord först"
        assert "på en lista över läckta lösenord" in page.text
        assert await world.sessions(account) == []
        page = await browser.submit({"current": PASSWORD, "new": "Sommar2026!"})
        assert await world.sessions(account) == []
        page = await browser.submit({"current": PASSWORD, "new": NEW})
        assert page.path == "/apps"
        browser.client.cookies.delete("__Host-session")
        assert (await browser.sign_in(password=NEW)).path == "/apps"
        assert await told(world, account) == [(["leaked_password"], "elevated")]


async def test_whoever_has_nothing_but_a_leaked_password_is_told_and_chooses_none(
    open_world: Open, leaked: PasswordRules
) -> None:
    async with open_world(password_rules=leaked) as world, world.browser(INSIDE) as browser:
        await inside(world)
        account = await world.person()
        assert (await browser.sign_in()).path == "/apps"
        assert await told(world, account) == [(["leaked_password"], "elevated")]
        [(_, mail)] = await world.outbox("mail")
        assert mail.startswith("Byt ditt lösenord")


async def test_a_leaked_password_that_only_reports_opens_as_before(
    open_world: Open, leaked: PasswordRules
) -> None:
    settings = RiskSettings(leaked_password="report_only")  # a word
    async with (
        open_world(password_rules=leaked, risk=settings) as world,
        world.browser(INSIDE) as browser,
    ):
        await inside(world)
        account = await world.person(totp=SECRET)
        assert (await browser.sign_in()).path == "/apps"
        assert await told(world, account) == [(["leaked_password"], "low")]
        assert await world.outbox("mail") == []


async def test_a_known_browser_stands_for_nothing_when_something_is_amiss(
    open_world: Open, places: Locations
) -> None:
    """High asks for the phone or a key of whoever has one; a code is not enough then."""
    async with open_world(locations=places) as world, world.browser() as browser:
        phone = make.bound(AuthenticatorType.PUSH, id=AuthenticatorId("phone"))
        await world.person(totp=SECRET, bound=[phone])
        await browser.sign_in()
        world.clock.move(hours=3)
        browser.client.cookies.delete("__Host-session")
        browser.address = SYDNEY
        page = await browser.sign_in()
        assert page.path.startswith("/sign-in/")
        assert MORE not in page.title
        page = await browser.get(f"{page.path}/ways")
        assert "engångskod" not in page.text.lower()


PLAIN = 10
"""Statements of a sign-in inside with the password alone, the portal included."""
ALL_OFF = RiskSettings(
    spray="off",
    guessing="off",
    refused_on_phone="off",
    leaked_password="off",  # a word
    new_country="off",
    impossible_travel="off",
)


@pytest.mark.parametrize(("settings", "more"), [(RiskSettings(), 1), (ALL_OFF, 0)])
async def test_where_all_is_off_nothing_is_asked_of_the_records(
    open_world: Open, settings: RiskSettings, more: int
) -> None:
    async with open_world(risk=settings) as world, world.browser(INSIDE) as browser:
        await inside(world)
        await world.person()
        await browser.sign_in()
        browser.client.cookies.delete("__Host-session")
        await browser.get("/sign-in?to=/apps")
        before = world.house.records.counted
        page = await browser.submit({"name": "anna.berg", "password": PASSWORD})
        assert page.path == "/apps"
        assert world.house.records.counted - before == PLAIN + more


async def test_what_was_found_counts_for_rules_as_long_as_the_session_lasts(
    open_world: Open, places: Locations
) -> None:
    """A rule about one app: the portal opens, that app does not, nor from a page of its own."""
    async with open_world(locations=places) as world, world.browser(ABROAD) as browser:
        seen, shop = {Risk.NEW_COUNTRY}, make.app()
        blocked = make.rule(Require.BLOCK, id="not-there", apps={make.SHOP}, risks=seen)
        await world.configure(rules=[blocked], apps=[shop])
        account = await world.person(totp=SECRET)
        await browser.sign_in()
        page = await browser.submit({"code": app_code(world)})
        assert page.path == "/apps"
        assert shop.client_name not in page.text
        browser.address = OUTSIDE
        assert shop.client_name not in (await browser.get("/apps")).text
        browser.client.cookies.delete("__Host-session")
        world.clock.move(hours=12)
        await browser.sign_in()
        assert shop.client_name in (await browser.get("/apps")).text
        assert len(await at_risk(world, account)) == 1
