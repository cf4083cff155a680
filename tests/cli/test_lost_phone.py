"""Support takes a lost phone away, and the person goes on with what is left."""

from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AccountId, ApprovalId, AuthenticatorId
from portvakt.core.push_approval import ApprovalState
from portvakt.records import Unit
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row
from tests.records.a_phone import approval, parts, phone

ANNA = Row(mobile="070-174 06 05")
PHONE = AuthenticatorId("pixel")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(ANNA)))
    account = box.person("000017").account.id

    async def act(unit: Unit) -> None:
        seen = box.now - timedelta(hours=2)
        await unit.phones.add(phone(id=PHONE, account_id=account, seen_at=seen), None)
        for each in parts(PHONE, account_id=account):
            await unit.authenticators.bind(each)

    box.do(act)
    return box


def kinds(box: Box) -> list[str]:
    return sorted(each.type for each in box.person("000017").authenticators)


def is_there(box: Box) -> bool:
    async def act(unit: Unit) -> bool:
        return await unit.phones.load(PHONE, box.now) is not None

    return box.do(act)


def request(box: Box, account: AccountId) -> ApprovalId:
    waiting = approval(account_id=account, created_at=box.now)

    async def act(unit: Unit) -> None:
        await unit.approvals.start(waiting)

    box.do(act)
    return waiting.id


def test_a_phone_is_shown_as_one_method(box: Box) -> None:
    found = box.good("person", "show", "anna.berg", "--json").json["methods"]
    assert [each["type"] for each in found] == ["push", "sms_code"]
    [shown] = [each for each in found if each["type"] == "push"]
    assert shown["id"] == PHONE
    assert shown["label"] == "Annas Pixel"
    assert shown["phone_sign_in"] is True
    assert shown["seen_at"] == "2026-11-22T10:00:00+00:00"
    out = box.good("person", "show", "anna.berg").out
    assert "push Annas Pixel (active, from self, phone sign-in on, seen 2026-11-22 10:00Z)" in out
    assert f"id {PHONE}" in out


def test_a034_a_lost_phone_is_dead_at_once_and_the_person_is_told(box: Box) -> None:
    account = box.person("000017").account.id
    waiting = request(box, account)
    out = box.good("person", "remove-method", "anna.berg", "--method", PHONE).out
    assert out == "removed: push Annas Pixel\n"
    assert kinds(box) == ["sms_code"], "its codes and its sign-in went with it"
    assert not is_there(box)

    async def state(unit: Unit) -> ApprovalState | None:
        found = await unit.approvals.load(waiting)
        return None if found is None else found.state

    assert box.do(state) is ApprovalState.CLOSED
    told = box.events()[0]
    assert told.name == "method.removed"
    assert told.actor.startswith("cli:")
    assert told.detail["type"] == "push"
    assert told.account_id == account


def test_what_is_not_theirs_to_lose_stays(box: Box) -> None:
    account = box.person("000017").account.id
    password = make.bound(
        AuthenticatorType.PASSWORD, id=AuthenticatorId("password"), account_id=account
    )

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(password, verifier="x")

    box.do(act)
    numbers = [
        each.id
        for each in box.person("000017").authenticators
        if each.type is AuthenticatorType.SMS_CODE
    ]
    before = kinds(box)
    for method, why in (
        ("nothing", "anna.berg has no method nothing"),
        (f"{PHONE}-totp", "anna.berg has no method pixel-totp"),
        ("password", "a password is not removed"),
        (numbers[0], "the number comes from hr"),
    ):
        answer = box.run("person", "remove-method", "anna.berg", "--method", method)
        assert answer.status == 1, method
        assert why in answer.err, method
    answer = box.run("person", "remove-method", "anna.berg")
    assert answer.status == 1
    assert "which one?" in answer.err
    assert kinds(box) == before


def test_a_start_code_that_replaces_puts_the_phone_aside(box: Box) -> None:
    box.good("start-code", "anna.berg", "--replace")
    states = {
        each.type: each.state
        for each in box.person("000017").authenticators
        if each.type is not AuthenticatorType.START_CODE
    }
    assert set(states.values()) == {AuthenticatorState.SUSPENDED}
    assert AuthenticatorType.PUSH in states
    assert not is_there(box), "a phone that is put aside is none"


def test_somebody_with_a_phone_needs_replace_for_a_start_code(box: Box) -> None:
    answer = box.run("start-code", "anna.berg")
    assert answer.status == 1
    assert "push" in answer.err


def test_who_has_left_has_no_phone_and_who_is_back_has_it_again(box: Box) -> None:
    box.good("import-staff", box.write("staff.csv", staff.export(Row(left="2026-11-01"))))
    assert not is_there(box)
    box.good("import-staff", box.write("staff.csv", staff.export(ANNA)))
    assert is_there(box)


def test_an_import_leaves_phones_as_they_are(box: Box) -> None:
    before = kinds(box)
    other = Row(mobile="070-174 06 17")
    box.good("import-staff", box.write("staff.csv", staff.export(other)))
    assert kinds(box) == before
    assert is_there(box)


def test_an_export_says_nothing_of_phones(box: Box) -> None:
    out = box.good("export").out
    assert "Pixel" not in out
    assert PHONE not in out
