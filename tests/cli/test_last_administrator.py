"""Somebody always administers: no command, import or file takes the last one away (A087)."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from portvakt.core.ids import AccountId
from portvakt.core.people import AccountState
from portvakt.core.roles import Role
from portvakt.records import Records, Unit, open_records
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row
from tests.records.stored import person, somebody

ANNA = Row()
BO = Row(number="000018", given="Bo", family="Åström", user="bo.astrom")
CLEO = Row(number="000019", given="Cleo", family="Ek", user="cleo.ek")
_BO = AccountId("bo")
ALARM = "alarm.last_administrator"
PERSON = """
[[people]]
id = "{id}"
user_name = "{id}.son"
email = "{id}@region.example"
state = "{state}"
"""


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    """A box in which Anna administers alone."""
    box = Box.make(tmp_path, database_url)
    take(box, ANNA, BO, CLEO)
    box.good("grant-role", "anna.berg", "administrator")
    return box


def take(box: Box, *rows: Row) -> dict[str, int]:
    """Import these, whoever goes by that."""
    file = box.write("staff.csv", staff.export(*rows))
    found: dict[str, int] = box.good("import-staff", file, "--json", "--override-brake").json
    return found


def states(box: Box) -> dict[str, AccountState]:
    numbers = {"anna": "000017", "bo": "000018", "cleo": "000019"}
    return {name: box.person(number).account.state for name, number in numbers.items()}


def test_a087_the_last_administrator_keeps_the_role(box: Box) -> None:
    answer = box.run("grant-role", "anna.berg", "administrator", "--revoke")
    assert answer.status == 1
    assert "anna.berg is the last administrator: first make somebody else one" in answer.err
    assert box.person("000017").account.roles == {Role.ADMINISTRATOR}
    box.good("grant-role", "anna.berg", "support")
    box.good("grant-role", "anna.berg", "support", "--revoke")
    box.good("grant-role", "bo.astrom", "administrator")
    box.good("grant-role", "anna.berg", "administrator", "--revoke")


def test_a087_somebody_whose_account_is_disabled_is_nobody_else(box: Box) -> None:
    box.good("grant-role", "bo.astrom", "administrator")
    take(box, ANNA, CLEO)
    assert states(box)["bo"] is AccountState.DISABLED
    assert box.run("grant-role", "anna.berg", "administrator", "--revoke").status == 1


@pytest.mark.parametrize("rows", [(BO, CLEO), (replace(ANNA, left="2026-11-01"), BO, CLEO)])
def test_a087_the_last_administrator_stays_whatever_hr_says(
    box: Box, rows: tuple[Row, ...]
) -> None:
    """Left out of the export, or said to have left: everybody else is as it says."""
    report = take(box, *rows)
    assert (report["last_administrator"], report["disabled"]) == (1, 0)
    assert states(box)["anna"] is AccountState.ACTIVE
    (alarm,) = [each for each in box.events() if each.name == ALARM]
    assert alarm.account_id == box.person("000017").account.id
    assert alarm.detail == {"source": "hr"}
    box.good("grant-role", "bo.astrom", "administrator")
    report = take(box, *rows)
    assert (report["last_administrator"], report["disabled"]) == (0, 1)
    assert states(box)["anna"] is AccountState.DISABLED


def test_a087_of_all_administrators_none_goes_and_the_others_do(box: Box) -> None:
    box.good("grant-role", "bo.astrom", "administrator")
    dan = Row(number="000020", given="Dan", family="Ek", user="dan.ek")
    report = take(box, dan)
    assert (report["last_administrator"], report["disabled"]) == (2, 1)
    assert states(box) == {
        "anna": AccountState.ACTIVE,
        "bo": AccountState.ACTIVE,
        "cleo": AccountState.DISABLED,
    }


def test_a087_a_dry_run_says_so_and_is_no_alarm(box: Box) -> None:
    gone = staff.export(replace(ANNA, left="2026-11-01"), BO, CLEO)
    file = box.write("staff.csv", gone)
    assert box.good("import-staff", file, "--json", "--dry-run").json["last_administrator"] == 1
    assert not [each for each in box.events() if each.name == ALARM]


def test_a087_a_file_without_the_last_administrator_is_refused_whole(
    tmp_path: Path, database_url: str
) -> None:
    box = Box.make(tmp_path, database_url)
    active = [PERSON.format(id=each, state="active") for each in ("anna", "bo")]
    box.good("apply", box.write("state.toml", "".join(active)))
    box.good("grant-role", "anna.son", "administrator")
    gone = PERSON.format(id="anna", state="disabled")
    for file, more in ((gone + active[1], ()), (active[1], ("--prune", "--override-brake"))):
        answer = box.run("apply", box.write("state.toml", file), *more)
        assert answer.status == 1
        assert "anna is the last administrator: first make somebody else one" in answer.err
        assert box.person("anna", "apply").account.usable
    box.good("grant-role", "bo.son", "administrator")
    box.good("apply", box.write("state.toml", gone + active[1]))
    assert not box.person("anna", "apply").account.usable


async def test_a087_of_two_who_take_each_other_away_one_stays(database_url: str) -> None:
    records = await open_records(database_url, clock=lambda: make.NOW)
    try:
        await records.write(_two_administrators)
        gone = await asyncio.gather(*(_take_away(records, each) for each in (make.ANNA, _BO)))
    finally:
        await records.close()
    assert sorted(gone) == [False, True]


async def _two_administrators(unit: Unit) -> None:
    await unit.people.upsert_many([person(), somebody(18, id=_BO)])
    for each in (make.ANNA, _BO):
        await unit.people.grant_role(each, Role.ADMINISTRATOR, make.NOW, "test")


async def _take_away(records: Records, account: AccountId) -> bool:
    async def act(unit: Unit) -> bool:
        if await unit.administrators.last_among([account]):
            return False
        return await unit.people.revoke_role(account, Role.ADMINISTRATOR)

    return await records.write(act)
