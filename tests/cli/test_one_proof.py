"""Who is one lost phone away from being locked out."""

from pathlib import Path

import pytest

from portvakt.core.authenticators import SECOND_FACTORS, Authenticator, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.method_rules import MethodEntry
from portvakt.records import Unit
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row

ANNA = Row(mobile="070-174 06 05")
BO = Row(number="000018", given="Bo", family="Åström", user="bo.astrom")
CIA = Row(number="000019", given="Cia", family="Ek", user="cia.ek", mobile="070-174 06 11")
FIA = Row(
    number="000022",
    given="Fia",
    family="Skogh",
    user="fia.skogh",
    protected="J",
    mobile="070-174 06 52",
)


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(ANNA, BO, CIA, FIA)))
    return box


def bind(box: Box, who: str, kind: AuthenticatorType, **more: object) -> Authenticator:
    account_id = box.person(who).account.id
    id_ = AuthenticatorId(f"{kind}-{who}-{len(box.person(who).bound)}")
    found = make.bound(kind, id=id_, account_id=account_id, **more)

    async def act(unit: Unit) -> None:
        await unit.authenticators.bind(found)

    box.do(act)
    return found


def card(box: Box, who: str) -> Authenticator:
    found = bind(box, who, AuthenticatorType.RECOVERY_CODE)

    async def act(unit: Unit) -> None:
        await unit.authenticators.recovery_put(found.id, [(0, "AB", "$hash"), (1, "CD", "$hash")])

    box.do(act)
    return found


def listed(box: Box, *words: str) -> dict[str, tuple[str, bool]]:
    found = box.good("people", "--one-proof", "--json", *words).json
    return {each["user_name"]: (each["hangs_on"], each["sure"]) for each in found["people"]}


def test_a_work_number_alone_is_one_proof_and_nothing_is_none(box: Box) -> None:
    assert listed(box) == {"anna.berg": ("phone", True), "cia.ek": ("phone", True)}
    found = box.good("people", "--one-proof", "--json").json
    assert found["total"] == {
        "people": 3,
        "one_proof": 2,
        "no_second_factor": 1,
        "nothing_allowed": 0,
    }
    assert sum(each["one_proof"] for each in found["units"]) == 2
    [anna] = [each for each in found["people"] if each["user_name"] == "anna.berg"]
    assert "••• 05" in anna["methods"][0]
    assert "070-174" not in str(found)


def test_a_phone_with_our_app_and_a_number_may_be_the_same_phone(box: Box) -> None:
    phone = bind(box, "000017", AuthenticatorType.PUSH, label="Pixel")
    bind(box, "000017", AuthenticatorType.TOTP, detail=phone.id)
    assert listed(box)["anna.berg"] == ("phone", False)
    bind(box, "000017", AuthenticatorType.PUSH, label="Reserv")
    assert "anna.berg" not in listed(box)


def test_a_card_with_codes_left_is_a_second_thing(box: Box) -> None:
    found = card(box, "000017")
    assert listed(box) == {"cia.ek": ("phone", True)}

    async def used(unit: Unit) -> None:
        for hint in ("AB", "CD"):
            [row] = await unit.authenticators.recovery_find(found.account_id, hint)
            assert await unit.authenticators.recovery_burn(row.id, box.now)

    box.do(used)
    assert listed(box)["anna.berg"] == ("phone", True)


def test_the_text_tells_people_then_units(box: Box) -> None:
    lines = box.good("people", "--one-proof").out.splitlines()
    assert any("anna.berg" in line and "one phone: sms_code" in line for line in lines)
    assert "2 of 3 people are one loss away from being locked out" in lines
    assert lines[-1] == "1 have no second factor yet, and are not counted"


def test_a132_people_with_protected_identity_are_left_out_without_the_flag(box: Box) -> None:
    assert "fia.skogh" not in listed(box)
    assert "fia" not in box.good("people", "--one-proof").out
    assert not [each for each in box.events() if each.name == "people.protected_seen"]
    assert "fia.skogh" in listed(box, "--include-protected")
    [seen] = [each for each in box.events() if each.name == "people.protected_seen"]
    assert seen.detail == {"command": "people", "people": 1}


def test_whoever_has_nothing_left_that_their_groups_may_use_is_listed_apart(box: Box) -> None:
    bind(box, "000019", AuthenticatorType.TOTP)
    entry = MethodEntry(id="all", second_factor=SECOND_FACTORS - {AuthenticatorType.SMS_CODE})
    box.do(lambda unit: unit.configuration.put_methods([entry], "apply"))
    assert listed(box) == {"anna.berg": ("nothing", True), "cia.ek": ("phone", True)}
    found = box.good("people", "--one-proof", "--json").json
    assert found["total"]["nothing_allowed"] == 1
    [unit] = found["units"]
    assert (unit["one_proof"], unit["nothing_allowed"]) == (1, 1)
    out = box.good("people", "--one-proof").out
    assert "nothing that may be used: sms_code" in out
    assert "1 have nothing left that their groups may use" in out


def test_whoever_has_left_is_not_listed(box: Box) -> None:
    left = Row(mobile="070-174 06 05", left="2026-11-01")
    box.good("import-staff", box.write("staff.csv", staff.export(left, BO, CIA, FIA)))
    assert listed(box) == {"cia.ek": ("phone", True)}


def test_people_are_read_page_by_page(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = listed(box)
    for length in (1, 2, 3):
        monkeypatch.setattr("portvakt.commands.one_proof._PAGE", length)
        assert listed(box) == whole


def test_nobody_at_all_is_a_document_too(box: Box) -> None:
    card(box, "000017")
    card(box, "000019")
    found = box.good("people", "--one-proof", "--json").json
    assert (found["people"], found["units"]) == ([], [])
