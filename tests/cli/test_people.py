"""Looking at people, and the small acts on one of them."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from portvakt.core.ids import SessionId
from portvakt.core.roles import Role
from portvakt.core.sessions import Session, SessionKind
from portvakt.crypto.digests import lookup_hash
from portvakt.records import Unit
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row

ANNA = Row(mobile="070-174 06 05")
BO = Row(number="000018", given="Bo", family="Åström", user="bo.astrom")
FIA = Row(number="000022", given="Fia", family="Skogh", user="fia.skogh", protected="J")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(ANNA, BO, FIA)))
    return box


def names(box: Box, *words: str) -> set[str]:
    return {each["user_name"] for each in box.good("people", "--json", *words).json}


def session(box: Box, secret: str) -> SessionId:
    found = Session(
        id=SessionId(secret * 13),
        account_id=box.person("000017").account.id,
        kind=SessionKind.FULL,
        evidence=(),
        created_at=box.now,
        seen_at=box.now,
        address="10.20.1.1",
        user_agent="Firefox",
    )

    async def act(unit: Unit) -> None:
        await unit.sessions.open(found, lookup_hash(secret))

    box.do(act)
    return found.id


def test_people_are_listed_by_name(box: Box) -> None:
    out = box.good("people").out.splitlines()
    assert out[0].split()[:2] == ["id", "source"]
    assert [line.split()[0] for line in out[1:]] == ["000017", "000018"]


def test_a132_people_with_protected_identity_are_absent_without_the_flag(box: Box) -> None:
    assert names(box) == {"anna.berg", "bo.astrom"}
    assert "fia" not in box.good("people").out
    answer = box.run("person", "show", "fia.skogh")
    assert answer.status == 1
    assert answer.err == "portvakt person: there is nobody called 'fia.skogh', or there are two\n"
    assert not [each for each in box.events() if each.name == "people.protected_seen"]


def test_a132_looking_at_them_is_an_event(box: Box) -> None:
    assert names(box, "--include-protected") == {"anna.berg", "bo.astrom", "fia.skogh"}
    box.good("person", "show", "fia.skogh", "--include-protected")
    shown, listed = [each for each in box.events() if each.name == "people.protected_seen"]
    assert listed.detail == {"command": "people", "people": 1}
    assert listed.account_id is None
    assert shown.detail["command"] == "person"
    assert shown.account_id == box.person("000022").account.id
    assert shown.actor.startswith("cli:")


@pytest.mark.parametrize("who", ["anna.berg", "ANNA.BERG", " anna.berg@Region.example ", "000017"])
def test_a_person_is_found_by_any_of_their_names(box: Box, who: str) -> None:
    found = box.good("person", "show", who, "--json").json
    assert found["user_name"] == "anna.berg"
    assert found["source"] == "hr"
    assert found["groups"] == ["alla"]


def test_a_person_is_shown_without_their_whole_number(box: Box) -> None:
    answer = box.good("person", "show", "anna.berg")
    assert "••• 05" in answer.out
    assert "person.created import" in answer.out
    assert "0701740605" not in answer.out.replace("-", "").replace(" ", "")
    assert "46701740605" not in box.good("person", "show", "anna.berg", "--json").out


def test_a096_the_first_administrator_is_made_by_the_command(box: Box) -> None:
    assert not box.person("000017").account.roles
    assert (
        "anna.berg is administrator now" in box.good("grant-role", "anna.berg", "administrator").out
    )
    assert box.person("000017").account.roles == {Role.ADMINISTRATOR}
    assert "already" in box.good("grant-role", "anna.berg", "administrator").out
    box.good("grant-role", "bo.astrom", "administrator")
    box.good("grant-role", "anna.berg", "administrator", "--revoke")
    assert not box.person("000017").account.roles
    box.good("grant-role", "anna.berg", "administrator", "--revoke")
    roles = [each.name for each in box.events() if "role" in each.name]
    assert roles == ["person.role_revoked", "person.role_granted", "person.role_granted"]


def test_a_role_is_given_to_nobody_who_is_disabled(box: Box) -> None:
    gone = staff.export(replace(ANNA, left="2026-11-01"), BO, FIA)
    box.good("import-staff", box.write("staff.csv", gone))
    answer = box.run("grant-role", "anna.berg", "administrator")
    assert (answer.status, answer.err) == (1, "portvakt grant-role: anna.berg is disabled\n")
    assert not box.person("000017").account.roles
    box.good("grant-role", "anna.berg", "administrator", "--revoke")


def test_an_invitation_is_kept_and_told(box: Box) -> None:
    assert "opens no welcome window" in box.good("invite", "anna.berg").out
    assert box.person("000017").account.invited_at == box.now
    box.config.write_text(box.config.read_text() + "[registration]\nfirst='welcome_window'\n")
    assert "can register for 14 days" in box.good("invite", "000018").out
    assert [each.name for each in box.events()][:2] == ["person.invited", "person.invited"]


def test_somebody_who_has_left_is_not_invited(box: Box) -> None:
    left = Row(mobile="070-174 06 05", left=str(date(2026, 11, 1)))
    box.good("import-staff", box.write("staff.csv", staff.export(left, BO, FIA)))
    assert box.run("invite", "anna.berg").status == 1
    assert box.run("start-code", "anna.berg").status == 1
