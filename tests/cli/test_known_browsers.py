"""Support sees where somebody is not asked again, and has them asked."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AuthenticatorId, KnownBrowserId
from portvakt.records import Unit
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row
from tests.records.test_known_browsers import FIRST, HOME

ANNA = Row()
BO = Row(number="000018", given="Bo", family="Åström", user="bo.astrom")
FIA = Row(number="000022", given="Fia", family="Skogh", user="fia.skogh", protected="J")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(ANNA, BO, FIA)))
    return box


def put(box: Box, *ids: str, who: str = "000017") -> None:
    account_id = box.person(who).account.id
    method = make.bound(
        AuthenticatorType.TOTP, id=AuthenticatorId(f"totp-{who}"), account_id=account_id
    )

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(method, sealed=b"sealed")
        for each in ids:
            browser = replace(
                HOME,
                id=KnownBrowserId(each),
                account_id=account_id,
                authenticator_id=method.id,
                since=box.now,
                used_at=box.now,
                until=box.now + timedelta(days=14),
            )
            await unit.known_browsers.begin(browser, each.encode(), FIRST)

    box.do(act)


def told(box: Box) -> list[tuple[int, str, bool]]:
    found = [each for each in box.events() if each.name == "known_browser.forgotten"][::-1]
    return [
        (each.detail["browsers"], each.detail["reason"], each.actor.startswith("cli:"))
        for each in found
    ]


def test_browsers_are_listed_and_forgotten_one_by_one_or_all(box: Box) -> None:
    put(box, "aaa", "bbb", "ccc")
    put(box, "ddd", who="000018")
    found = box.good("known-browsers", "list", "anna.berg", "--json").json
    assert {each["id"] for each in found} == {"aaa", "bbb", "ccc"}
    assert found[0]["until"] == f"{box.now + timedelta(days=14):%Y-%m-%d %H:%M:%S}Z"
    assert "203.0.113.7" in box.good("known-browsers", "list", "anna.berg").out
    forget = ("known-browsers", "forget", "anna.berg")
    assert box.good(*forget, "--browser", "aaa").out == "forgotten: 1\n"
    assert "has no known browser aaa" in box.run(*forget, "--browser", "aaa").err
    assert box.run(*forget, "--browser", "ddd").status == 1
    assert box.good(*forget, "--json").json == {"forgotten": 2}
    assert box.good(*forget).out == "forgotten: 0\n"
    assert told(box) == [(1, "operator", True), (2, "operator", True)]
    assert len(box.good("known-browsers", "list", "bo.astrom", "--json").json) == 1


def test_only_forgetting_takes_the_name_of_one(box: Box) -> None:
    assert box.run("known-browsers", "list", "anna.berg", "--browser", "x").status == 2


def test_a132_protected_identity_takes_its_flag(box: Box) -> None:
    put(box, "fff", who="000022")
    assert box.run("known-browsers", "list", "fia.skogh").status == 1
    found = box.good("known-browsers", "list", "fia.skogh", "--include-protected", "--json").json
    assert [each["id"] for each in found] == ["fff"]
    assert "people.protected_seen" in {each.name for each in box.events()}


def test_signing_somebody_or_everybody_out_forgets_their_browsers(box: Box) -> None:
    put(box, "aaa")
    put(box, "ddd", who="000018")
    box.good("sessions", "end", "anna.berg")
    assert box.good("known-browsers", "list", "anna.berg", "--json").json == []
    assert len(box.good("known-browsers", "list", "bo.astrom", "--json").json) == 1
    box.good("sessions", "end", "--everybody", "--yes")
    assert box.good("known-browsers", "list", "bo.astrom", "--json").json == []
