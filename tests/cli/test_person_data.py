"""What somebody may ask for: everything that is stored about them, and that it goes."""

import json
from pathlib import Path
from typing import Any

import pytest

from portvakt.background_audit import chain_keys
from portvakt.core.events import NameClash, PersonExported, SessionsEnded
from portvakt.crypto.sealing import read_master_keys
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
    anna, bo = (box.person(number).account.id for number in ("000017", "000018"))

    async def act(unit: Unit) -> None:
        told = {"at": box.now, "sessions": 2, "reason": "operator"}
        await unit.audit.write(SessionsEnded(account_id=anna, **told))  # type: ignore[arg-type]
        await unit.audit.write(
            SessionsEnded(account_id=bo, actor=f"account:{anna}", **told)  # type: ignore[arg-type]
        )
        await unit.audit.write(NameClash(at=box.now, account_id=bo, other=anna))

    box.do(act)
    return box


def seal(box: Box) -> None:
    keys = chain_keys(read_master_keys(box.key))

    async def act(unit: Unit) -> None:
        await unit.audit_chain.seal(keys, box.now, 1_000)

    box.do(act)


def leave(box: Box) -> None:
    """Anna is no more in the HR system's export."""
    box.good("import-staff", box.write("staff.csv", staff.export(BO, FIA)), "--override-brake")


def exported(box: Box, *words: object) -> dict[str, Any]:
    found: dict[str, Any] = box.good("person", "export", *words).json
    return found


def test_everything_about_a_person_is_told_to_them_and_no_secret(box: Box) -> None:
    found = exported(box, "anna.berg")
    (account,) = found["accounts"]
    assert (account["external_id"], account["work_phone"]) == ("000017", "+46701740605")
    assert account["created_at"] == "2026-11-22T12:00:00+00:00"
    assert [each["detail"] for each in found["authenticators"]] == ["+46701740605"]
    assert "session.ended" in {each["name"] for each in found["events"]}
    about = {each["name"]: each for each in found["events_about_others"]}
    assert set(about) == {"session.ended", "person.name_clash"}
    assert about["session.ended"]["actor"] == f"account:{account['id']}"
    last = box.events()[0]
    assert (last.name, last.account_id) == (PersonExported.name, account["id"])
    assert last.actor.startswith("cli:")


def test_a_copy_for_a_person_goes_to_a_new_file(box: Box) -> None:
    file = box.folder / "anna.json"
    assert box.good("person", "export", "anna.berg", "--out", file).out == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text())["accounts"][0]["given_name"] == "Anna"
    assert box.run("person", "export", "anna.berg", "--out", file).status == 1


def test_a132_somebody_with_protected_identity_is_not_copied_unasked(box: Box) -> None:
    assert box.run("person", "export", "fia.skogh").status == 1
    assert exported(box, "fia.skogh", "--include-protected")["accounts"]


def test_somebody_whom_hr_still_has_is_not_erased(box: Box) -> None:
    answer = box.run("person", "erase", "anna.berg", "--yes")
    assert answer.status == 1
    assert answer.err == (
        "portvakt person: anna.berg is still active in hr: first take them out of the HR system's "
        "export and run `portvakt import-staff`\n"
    )
    assert box.person("000017").account.user_name == "anna.berg"


def test_nobody_is_erased_by_a_slip(box: Box) -> None:
    leave(box)
    answer = box.run("person", "erase", "anna.berg")
    assert answer.status == 1
    assert "--yes does it" in answer.err
    assert box.person("000017").account.user_name == "anna.berg"


def test_who_has_left_is_erased_and_the_trail_still_verifies(box: Box) -> None:
    anna, bo = (box.person(number).account.id for number in ("000017", "000018"))
    leave(box)
    seal(box)
    head = box.write("heads", box.good("audit", "head").out)
    before = len(box.events(anna))
    others = box.events(bo)
    told = box.good("person", "erase", "anna.berg", "--yes", "--json").json
    assert told == {"erased": True, "events": before}
    assert box.run("person", "show", "anna.berg").status == 1
    assert box.run("person", "show", "000017").status == 1
    assert box.events(anna) == []
    assert box.events(bo) == others
    last = box.events()[0]
    assert (last.name, last.account_id) == ("person.erased", None)
    assert last.detail == {"source": "hr", "events": before}
    seal(box)
    box.good("audit", "verify", "--heads", head)
    raw = box.good("audit", "export").out
    assert sum(json.loads(line)["erased"] for line in raw.splitlines()) == before
    assert "anna.berg" not in raw


def test_what_is_erased_is_not_in_what_people_are_listed_by(box: Box) -> None:
    leave(box)
    box.good("person", "erase", "000017", "--yes")
    assert {each["user_name"] for each in box.good("people", "--json").json} == {"bo.astrom"}
