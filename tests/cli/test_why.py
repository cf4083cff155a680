"""Why somebody was let in, or was not, by the number of a page or by person."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.events import AppRefused, PersonInvited, SignInLocked, SignInRefused
from portvakt.core.ids import ClientId, RuleId
from portvakt.core.policy import Outcome, Require, TraceLine
from portvakt.core.throttle import LIMITS, Familiarity, Kind
from portvakt.records import Unit
from portvakt.records import audit as trail
from tests import make
from tests.cli import staff
from tests.cli.box import Answer, Box
from tests.cli.staff import Row
from tests.journeys.sign_in.phones import anna, by_phone, waiting
from tests.journeys.sign_in.phones import answer as phone_answer
from tests.world import INSIDE, OUTSIDE, Browser, world

NUMBER = "7K3M-9XQP-2HD4"
FIA = Row(number="000022", given="Fia", family="Skogh", user="fia.skogh", protected="J")
TRACE = (
    TraceLine(RuleId("no-night"), Outcome.APPLIED, "block"),
    TraceLine(RuleId("outside"), Outcome.NOT_MATCHED, "on lan"),
)


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(Row(), FIA)))
    return box


def refuse(box: Box, number: str = NUMBER, who: str = "000017") -> None:
    """Store a refusal as a sign-in does."""
    account_id = box.person(who).account.id
    event = SignInRefused(
        at=box.now,
        account_id=account_id,
        request_id=number,
        address="203.0.113.7",
        why="sign_in.refused_rule",
        app=ClientId("shop"),
        rules=(RuleId("no-night"),),
    )

    async def act(unit: Unit) -> None:
        await unit.audit.write(event, TRACE)

    box.do(act)


@pytest.mark.parametrize("typed", [NUMBER, "7k3m9xqp2hd4", "7k3m 9xqp 2hd4"])
def test_a_number_is_explained_with_every_rule(box: Box, typed: str) -> None:
    refuse(box)
    out = box.good("why", typed).out
    assert box.good("why", *typed.split()).out == out
    assert "about Anna Berg (anna.berg)" in out
    assert "refused: The answers were right and the rules said no." in out
    assert "asked     nothing would do: a rule blocks" in out
    assert "rule      no-night counted: block" in out
    assert "rule      outside did not count: on lan" in out
    assert "stored    app: shop" in out
    assert "from      203.0.113.7" in out
    found = box.good("why", typed, "--json").json
    assert found["number"] == NUMBER
    assert found["person"] == "anna.berg"
    [event] = found["events"]
    assert event["verdict"] == "refused"
    assert event["rules"][1] == {"rule": "outside", "outcome": "not_matched", "detail": "on lan"}


def test_what_led_to_it_is_told_in_short(box: Box) -> None:
    account_id = box.person("000017").account.id
    locked = SignInLocked(
        at=box.now,
        account_id=account_id,
        method=AuthenticatorType.TOTP,
        familiarity="any",
        until=box.now + timedelta(minutes=15),
    )

    async def act(unit: Unit) -> None:
        await unit.audit.write(locked)

    box.do(act)
    refuse(box)
    out = box.good("why", NUMBER).out
    assert "right before that:" in out
    assert "authentication.locked" in out
    assert "soon after" not in out
    box.move(minutes=9)
    box.do(lambda unit: unit.audit.write(replace(locked, at=box.now)))
    box.move(minutes=9)
    box.do(lambda unit: unit.audit.write(replace(locked, at=box.now)))
    found = box.good("why", NUMBER, "--json").json
    assert [each["name"] for each in found["after"]] == ["authentication.locked"]
    assert "soon after:" in box.good("why", NUMBER).out


def test_a_person_is_told_by_the_latest_sign_ins_and_refusals(box: Box) -> None:
    invited = PersonInvited(at=box.now, account_id=box.person("000017").account.id)

    async def act(unit: Unit) -> None:
        await unit.audit.write(invited)

    for number in ("AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB", "CCCC-CCCC-CCCC"):
        refuse(box, number)
        box.do(act)
    found = box.good("why", "anna.berg", "--json", "--last", "2").json
    assert [each["number"] for each in found["events"]] == ["CCCC-CCCC-CCCC", "BBBB-BBBB-BBBB"]
    assert box.good("why", "000017", "--json").json["events"][2]["number"] == "AAAA-AAAA-AAAA"


def test_limits_that_hold_are_told(box: Box) -> None:
    account_id = box.person("000017").account.id

    async def act(unit: Unit) -> None:
        for _ in range(10):
            await unit.attempts.count(
                account_id, Kind.TOTP, Familiarity.ANY, LIMITS[Kind.TOTP], box.now
            )

    box.do(act)
    out = box.good("why", "anna.berg").out
    assert "totp from everywhere: until 2026-11-22 12:15:00Z" in out
    assert box.good("why", "anna.berg", "--json").json["limits"][0]["kind"] == "totp"
    box.move(minutes=15)
    assert "limits" not in box.good("why", "anna.berg").out


def test_what_nobody_has_stored_says_where_else_to_look(box: Box) -> None:
    answer = box.run("why", "zzzz zzzz zzzz")
    assert answer.status == 1
    assert answer.err.startswith("portvakt why: nothing is stored under ZZZZ-ZZZZ-ZZZZ; ")
    assert box.run("why", "nobody.here").err == (
        "portvakt why: there is nobody called 'nobody.here', or there are two\n"
    )
    assert "no sign-in and no refusal is stored" in box.good("why", "anna.berg").out
    assert box.run("why", "anna.berg", "--last", "0").status == 1


def test_a132_somebody_with_protected_identity_is_not_named(box: Box) -> None:
    refuse(box, who="000022")
    answer = box.good("why", NUMBER)
    assert answer.out.startswith("about somebody with protected identity\n")
    assert "rule      no-night counted: block" in answer.out
    for told in (answer.out, box.good("why", NUMBER, "--json").out):
        assert not re.search(r"fia|skogh|203\.0\.113", told, re.IGNORECASE)
    assert box.run("why", "fia.skogh").status == 1
    assert not [each for each in box.events() if each.name == "people.protected_seen"]
    assert "Fia Skogh" in box.good("why", NUMBER, "--include-protected").out
    [seen] = [each for each in box.events() if each.name == "people.protected_seen"]
    assert seen.detail["command"] == "why"


def test_a_long_trail_is_read_in_stretches(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(box)
    invited = [PersonInvited(at=box.now) for _ in range(40)]

    async def act(unit: Unit) -> None:
        await unit.audit.write_many(invited)

    box.do(act)
    for length in (1, 7, 1000):
        monkeypatch.setattr(trail, "STRETCH", length)
        monkeypatch.setattr("portvakt.commands.why.STRETCH", length)
        assert len(box.good("why", NUMBER, "--json").json["events"]) == 1


def test_an_event_about_nobody_is_told_without_a_person(box: Box) -> None:
    event = AppRefused(at=box.now, request_id=NUMBER, app=ClientId("shop"), why="blocked")

    async def act(unit: Unit) -> None:
        await unit.audit.write(event)

    box.do(act)
    assert "about nobody that is known" in box.good("why", NUMBER).out


NIGHT = make.rule(Require.BLOCK, id="no-night", apps={"portvakt"})


async def explained(folder: Path, url: str, browser: Browser) -> Answer:
    """Read the number on the page that is shown, and ask the command about it."""
    found = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", browser.page.text)
    assert found is not None, browser.page.text
    other = folder / "cli"
    other.mkdir(exist_ok=True)
    box = Box.make(other, url) if not (other / "master.key").exists() else Box(other, url)
    return await asyncio.to_thread(box.run, "why", found[0].lower())


async def test_the_number_on_a_refusal_leads_to_its_reason(tmp_path: Path, sqlite_url: str) -> None:
    """The page comes after a redirect, so it is not the request that wrote the event."""
    async with world(tmp_path, sqlite_url) as found, found.browser(INSIDE) as browser:
        await found.person(totp=b"0123456789abcdefghij")
        await found.configure(rules=[NIGHT], networks=[make.network()])
        await browser.sign_in()
        assert browser.page.title == "Du kommer inte in härifrån"
        for _ in range(2):  # and it stays the same when the page is loaded again
            answer = await explained(tmp_path, sqlite_url, browser)
            assert "rule      no-night counted: block" in answer.out
            await browser.get(browser.page.path)
        assert (await found.events()).count("authentication.refused") == 1


async def test_a_refusal_that_is_found_while_looking_is_stored_then(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(OUTSIDE) as browser:
        await found.person(totp=b"0123456789abcdefghij")
        await found.configure(rules=[make.rule(networks_not={make.LAN})], networks=[make.network()])
        await browser.sign_in()
        await found.configure(rules=[NIGHT])
        await browser.get(browser.page.path)
        assert browser.page.title == "Du kommer inte in härifrån"
        assert "no-night counted: block" in (await explained(tmp_path, sqlite_url, browser)).out


async def test_the_number_where_a_first_method_is_refused_leads_to_its_reason(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(OUTSIDE) as browser:
        await found.person()
        await found.configure(rules=[make.rule(networks_not={make.LAN})], networks=[make.network()])
        await browser.sign_in()
        answer = await explained(tmp_path, sqlite_url, browser)
        assert "registration.refused" in answer.out or "a second proof" in answer.out
        assert "second-factor-outside counted: multifactor" in answer.out


async def test_an_answer_that_a_limit_holds_back_has_a_number_and_an_event(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(OUTSIDE) as browser:
        await found.person(totp=b"0123456789abcdefghij")
        await found.configure(rules=[make.rule(networks_not={make.LAN})], networks=[make.network()])
        await browser.sign_in()
        for _ in range(11):
            await browser.submit({"code": "000000"})
        assert browser.page.status == 429
        answer = await explained(tmp_path, sqlite_url, browser)
        assert "held by a limit: An answer came while a limit held" in answer.out
        assert "totp from everywhere: until" in answer.out


async def test_the_number_where_a_phone_said_no_leads_to_what_it_was_asked(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found, found.browser(OUTSIDE) as browser:
        account = await anna(found)
        await browser.sign_in()
        [asked] = await waiting(found, account)
        await phone_answer(found, asked, approve=False)
        await browser.get(browser.page.path)
        answer = await explained(tmp_path, sqlite_url, browser)
        assert "A phone is asked to approve something" in answer.out
        number = re.search(r"\w{4}-\w{4}-\w{4}", browser.page.text)
        await browser.get(browser.page.path)
        assert number is not None
        assert number[0] in browser.page.text


async def test_a_phone_that_is_asked_in_place_of_the_password_has_no_number_to_tell_names_by(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with world(tmp_path, sqlite_url) as found:
        await anna(found, sign_in=True)
        for name in ("anna.berg", "finns.inte"):
            async with found.browser(OUTSIDE) as browser:
                await by_phone(browser, name)
                found.clock.move(minutes=3)
                await browser.get(browser.page.path)
                assert not re.search(r"\b\w{4}-\w{4}-\w{4}\b", browser.page.text), name
