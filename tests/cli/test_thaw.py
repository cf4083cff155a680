"""Support sets somebody free whose change was disowned, and gives back what was put aside."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.events import AccountFrozen, SignInDisowned
from portvakt.core.freezing import Change, Disowned
from portvakt.core.ids import AuthenticatorId
from portvakt.records import Unit
from portvakt.records.freezes import Link
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row

APP = AuthenticatorId("app")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    """A box in which Anna's new app is put aside, for she said that it was not hers."""
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(Row(mobile="070-174 06 05"))))
    account = box.person("000017").account.id
    made = box.now - timedelta(hours=1)

    async def act(unit: Unit) -> None:
        app = make.bound(
            AuthenticatorType.TOTP,
            id=APP,
            account_id=account,
            state=AuthenticatorState.SUSPENDED,
            label="Ny",
            created_at=made,
            changed_at=box.now,
        )
        await unit.authenticators.bind(app)
        await unit.freezes.freeze(account, Disowned(Change.ADDED, made, box.now))
        await unit.freezes.put_link(b"t" * 32, Link(account, Change.PREFERRED, made))

    box.do(act)
    return box


def states(box: Box) -> dict[str, str]:
    return {each.type: each.state for each in box.person("000017").authenticators}


def is_frozen(box: Box) -> bool:
    account = box.person("000017").account.id

    async def act(unit: Unit) -> bool:
        freezing = await unit.freezes.of(account)
        link = await unit.freezes.look(b"t" * 32, box.now)
        assert (link is None) is (freezing.disowned is None), "older links go with it"
        return freezing.disowned is not None

    return box.do(act)


def test_support_thaws_and_what_was_put_aside_stays_so(box: Box) -> None:
    assert "frozen_since" in box.good("person", "show", "anna.berg").out
    shown = box.good("person", "show", "anna.berg", "--json").json
    assert shown["frozen_since"] == "2026-11-22T11:00:00+00:00"
    assert box.good("person", "thaw", "anna.berg").out == "thawed: anna.berg\n"
    assert states(box) == {"sms_code": "active", "totp": "suspended"}
    assert not is_frozen(box)
    shown = box.good("person", "show", "anna.berg", "--json").json
    assert shown["frozen_since"] is None
    [event] = [each for each in shown["events"] if each["name"] == "account.thawed"]
    assert event["detail"] == {"by": "support", "restored": []}
    assert event["actor"].startswith("cli:")


def test_support_gives_back_what_was_put_aside(box: Box) -> None:
    answer = box.good("person", "thaw", "anna.berg", "--restore", "--json").json
    assert answer == {"thawed": "anna.berg", "restored": [APP]}
    assert states(box) == {"sms_code": "active", "totp": "active"}
    assert not is_frozen(box)


def test_whoever_is_not_frozen_is_not_thawed(box: Box) -> None:
    box.good("person", "thaw", "anna.berg")
    answer = box.run("person", "thaw", "anna.berg")
    assert (answer.status, "anna.berg is not frozen" in answer.err) == (1, True)


@pytest.mark.parametrize("how", [[], ["--replace"]])
def test_m12_a_start_code_waits_until_support_has_thawed(box: Box, how: list[str]) -> None:
    """Else whoever talked support into one code would talk them into the next."""
    refused = box.run("start-code", "anna.berg", *how)
    assert refused.status == 1
    assert "person thaw anna.berg" in refused.err
    assert is_frozen(box)
    box.good("person", "thaw", "anna.berg")
    box.good("start-code", "anna.berg", *how)


def test_a_person_who_is_frozen_is_shown_with_the_number_of_the_case(box: Box) -> None:
    account = box.person("000017").account.id
    said: dict[str, Any] = {"at": box.now, "account_id": account, "request_id": "7K3M-9XQP-2HD4"}
    made = box.now - timedelta(hours=1)

    async def act(unit: Unit) -> None:
        await unit.audit.write(
            SignInDisowned(
                **said,
                event=1,
                happened="authentication.succeeded",
                happened_at=made,
                happened_from="203.0.113.9",
            )
        )
        await unit.audit.write(
            AccountFrozen(**said, change="sign_in", since=made, put_aside=(), sessions=2)
        )

    box.do(act)
    assert box.good("person", "show", "anna.berg", "--json").json["case"] == "7K3M-9XQP-2HD4"
    for about in ("7k3m 9xqp 2hd4", "anna.berg"):
        out = box.good("why", *about.split()).out
        assert "Somebody said of something in their own list that it was not them" in out
        assert "stored    happened: authentication.succeeded" in out
        assert "stored    happened from: 203.0.113.9" in out
        assert "nothing can be changed now" in out
    box.good("person", "thaw", "anna.berg")
    assert box.good("person", "show", "anna.berg", "--json").json["case"] is None
