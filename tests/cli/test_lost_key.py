"""Support sees what keys somebody has, and takes a lost one away."""

from pathlib import Path

import pytest

from portvakt.records import Unit
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row
from tests.records import a_key


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(Row())))
    account = box.person("000017").account.id

    async def act(unit: Unit) -> None:
        bound = make.bound(make.PASSKEY, id=a_key.ID, account_id=account, label="Kortet")
        await unit.authenticators.bind(bound)
        await a_key.add(unit, account)

    box.do(act)
    return box


def test_a_key_is_shown_with_what_it_says_of_itself(box: Box) -> None:
    (found,) = [
        each
        for each in box.good("person", "show", "anna.berg", "--json").json["methods"]
        if each["type"] == "passkey"
    ]
    assert (found["id"], found["label"]) == (a_key.ID, "Kortet")
    assert found["key"] == {
        "verifies": True,
        "device_bound": True,
        "backed_up": False,
        "aaguid": "00000000-0000-0000-0000-000000000000",
        "transports": ["nfc", "usb"],
        "sign_count": 9,
    }
    said = box.good("person", "show", "anna.berg").out
    assert "passkey Kortet (active, from self, alone, device-bound)" in said
    assert "cose" not in said


def test_a_lost_key_is_taken_away_and_its_owner_told(box: Box) -> None:
    answer = box.good("person", "remove-method", "anna.berg", "--method", a_key.ID)
    assert answer.out.strip() == "removed: passkey Kortet"

    async def left(unit: Unit) -> bool:
        return await unit.keys.any()

    assert not box.do(left)
