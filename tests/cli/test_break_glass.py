"""Break-glass accounts at the shell: the only place where anything of them is changed."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.core.people import AccountState
from portvakt.crypto.digests import lookup_hash
from portvakt.records import Unit
from portvakt.records.keys import Passkey
from tests import make
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.staff import Row

NAMES = ("nodkonto-1", "nodkonto-2")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    return Box.make(tmp_path, database_url)


def add(box: Box, name: str, *more: str) -> str:
    """Add one; return what its link holds."""
    said = box.good("break-glass", "add", name, *more).out
    found = re.search(r"http://localhost:8000/break-glass/new/(\S+)\n$", said)
    assert found is not None, said
    return found[1]


def account_of(box: Box, name: str) -> AccountId:
    return box.person(name, "break_glass").account.id


def give_key(box: Box, name: str, label: str) -> None:
    """What the page of the link stores."""
    account, id_ = account_of(box, name), AuthenticatorId(f"{name}-{label}")

    async def act(unit: Unit) -> None:
        bound = make.bound(
            make.PASSKEY,
            id=id_,
            account_id=account,
            label=label,
            source="break_glass",
            created_at=box.now,
            changed_at=box.now,
            last_used_at=None,
        )
        await unit.authenticators.bind(bound)
        key = Passkey(
            id=id_,
            account_id=account,
            credential_id=id_.encode(),
            public_key=b"k",
            algorithm=-7,
            sign_count=0,
            aaguid="",
            transports=(),
            copied=False,
            backed_up=False,
            verifies=True,
            attestation="none",
            handle=b"h" * 32,
        )
        assert await unit.keys.add(key)
        await unit.break_glass.open(account)

    box.do(act)


def use(box: Box, name: str, label: str) -> None:
    id_, at = AuthenticatorId(f"{name}-{label}"), box.now

    async def act(unit: Unit) -> None:
        assert await unit.keys.used(id_, 0, at, backed_up=False)

    box.do(act)


def ready(box: Box, name: str) -> None:
    add(box, name)
    give_key(box, name, "A")
    give_key(box, name, "B")


def listed(box: Box) -> dict[str, dict[str, object]]:
    found = box.good("break-glass", "list", "--json").json
    return {each["name"]: each for each in found}


def test_an_account_is_made_with_a_link_and_cannot_be_used_yet(box: Box) -> None:
    token = add(box, "nodkonto-1")
    account = box.person("nodkonto-1", "break_glass").account
    assert account.break_glass
    assert not account.usable
    assert (account.email, account.user_name) == ("", "nodkonto-1")

    async def act(unit: Unit) -> tuple[AccountId | None, AccountId | None, object]:
        digest = lookup_hash(token)
        return (
            await unit.break_glass.by_link(digest, box.now + timedelta(minutes=59)),
            await unit.break_glass.by_link(digest, box.now + timedelta(minutes=60)),
            await unit.people.find("nodkonto-1"),
        )

    assert box.do(act) == (account.id, None, None), "no name finds it"
    assert [each.name for each in box.events(account.id)] == ["break_glass.added"]


def test_a_name_is_its_own_and_nobody_elses(box: Box) -> None:
    add(box, "nodkonto-1")
    box.good("import-staff", box.write("staff.csv", staff.export(Row())))
    for name, said in (
        ("nodkonto-1", "already"),
        ("anna.berg", "somebody is called anna.berg"),
        ("Nödkonto", "is no name"),
        ("nod konto", "is no name"),
    ):
        answer = box.run("break-glass", "add", name)
        assert answer.status == 1
        assert said in answer.err
    assert box.run("break-glass", "add").status == 2
    assert box.run("break-glass", "list", "nodkonto-1").status == 2
    assert box.run("break-glass", "tested", "nodkonto-1", "--key", "x").status == 2


def test_it_may_be_in_groups_that_apps_are_for(box: Box) -> None:
    box.good("apply", box.write("state.toml", '[[groups]]\nid = "drift"\n'))
    assert box.run("break-glass", "add", "nodkonto-1", "--group", "gone").status == 1
    add(box, "nodkonto-1", "--group", "drift")
    assert box.person("nodkonto-1", "break_glass").account.groups == {"drift"}


def test_a_list_says_how_each_stands(box: Box) -> None:
    assert listed(box) == {}
    add(box, NAMES[0])
    ready(box, NAMES[1])
    box.move(days=91)
    found = listed(box)
    assert [(each["state"], each["overdue"]) for each in found.values()] == [
        ("not_ready", True),
        ("ready", True),
    ]
    out = box.good("break-glass", "list").out
    assert "nodkonto-2" in out
    assert "91 days" in out
    assert "never" in out


def test_it_is_tested_when_both_keys_were_used_within_a_day(box: Box) -> None:
    ready(box, NAMES[0])
    box.move(days=90)
    assert box.run("break-glass", "tested", NAMES[0]).status == 1
    use(box, NAMES[0], "A")
    answer = box.run("break-glass", "tested", NAMES[0])
    assert answer.status == 1
    assert "sign in with each of its 2 keys" in answer.err
    box.move(hours=25)
    use(box, NAMES[0], "B")
    assert box.run("break-glass", "tested", NAMES[0]).status == 1
    use(box, NAMES[0], "A")
    assert "test it again before 2027-05-" in box.good("break-glass", "tested", NAMES[0]).out
    found = listed(box)[NAMES[0]]
    assert (found["untested_days"], found["overdue"]) == (0, False)
    assert "break_glass.tested" in [each.name for each in box.events()]


def test_a_lost_key_is_removed_and_another_made(box: Box) -> None:
    ready(box, NAMES[0])
    assert box.run("break-glass", "link", NAMES[0]).status == 1, "nothing is missing"
    assert box.run("break-glass", "drop-key", NAMES[0], "--key", "gone").status == 1
    box.good("break-glass", "drop-key", NAMES[0], "--key", f"{NAMES[0]}-A")
    found = listed(box)[NAMES[0]]
    assert found["state"] == "key_missing"
    assert box.person(NAMES[0], "break_glass").account.usable, "the other key opens it still"
    link = box.good("break-glass", "link", NAMES[0], "--json").json
    assert (link["name"], link["minutes"]) == (NAMES[0], 60)
    give_key(box, NAMES[0], "C")
    assert listed(box)[NAMES[0]]["state"] == "ready"


def test_the_last_two_stay(box: Box) -> None:
    for name in NAMES:
        ready(box, name)
    answer = box.run("break-glass", "remove", NAMES[0])
    assert answer.status == 1
    assert "is one of the last 2: first add another, with its keys" in answer.err
    add(box, "nodkonto-3")
    assert box.run("break-glass", "remove", NAMES[0]).status == 1, "the third has no keys yet"
    give_key(box, "nodkonto-3", "A")
    give_key(box, "nodkonto-3", "B")
    box.good("break-glass", "remove", NAMES[0])
    assert set(listed(box)) == {NAMES[1], "nodkonto-3"}
    add(box, "nodkonto-4")
    box.good("break-glass", "remove", "nodkonto-4")
    assert box.run("break-glass", "remove", "nobody").status == 1


@pytest.mark.parametrize(
    "words",
    [
        ("start-code", "NAME"),
        ("invite", "NAME"),
        ("grant-role", "NAME", "administrator"),
        ("grant-role", "NAME", "administrator", "--revoke"),
        ("person", "show", "NAME"),
        ("person", "export", "NAME"),
        ("person", "erase", "NAME", "--yes"),
        ("tokens", "keep", "NAME", "--serial", "1"),
    ],
)
def test_no_other_command_touches_it(box: Box, words: tuple[str, ...]) -> None:
    ready(box, NAMES[0])
    before = box.person(NAMES[0], "break_glass")
    answer = box.run(*(NAMES[0] if each == "NAME" else each for each in words))
    assert answer.status != 0
    assert box.person(NAMES[0], "break_glass") == before


def test_break_glass_is_a_role_that_nobody_is_given(box: Box) -> None:
    box.good("import-staff", box.write("staff.csv", staff.export(Row())))
    assert box.run("grant-role", "anna.berg", "break_glass").status == 2


def test_a087_it_does_not_count_as_an_administrator(box: Box) -> None:
    ready(box, NAMES[0])
    ready(box, NAMES[1])
    box.good("import-staff", box.write("staff.csv", staff.export(Row())))
    box.good("grant-role", "anna.berg", "administrator")
    assert box.run("grant-role", "anna.berg", "administrator", "--revoke").status == 1


def test_its_sessions_can_be_ended_by_name(box: Box) -> None:
    ready(box, NAMES[0])
    session = make.session(account_id=account_of(box, NAMES[0]), created_at=box.now)

    async def act(unit: Unit) -> None:
        await unit.sessions.open(session, b"s" * 32)

    box.do(act)
    assert box.good("sessions", "end", NAMES[0]).out == "ended: 1\n"


def test_no_import_file_or_restore_touches_it(box: Box) -> None:
    ready(box, NAMES[0])
    late = add(box, NAMES[1])
    before = box.person(NAMES[0], "break_glass")
    files = [
        staff.export(Row(number=NAMES[0], user=NAMES[0], mail="x@region.example")),
        staff.export(Row(number="7", user="bo.ek")),
    ]
    for file in files:
        box.good("import-staff", box.write("staff.csv", file), "--override-brake")
        assert box.person(NAMES[0], "break_glass") == before
    state = (
        f'[[people]]\nid = "{NAMES[0]}"\nuser_name = "a.a"\nemail = "a@region.example"\n'
        'state = "disabled"\n'
    )
    box.good("apply", box.write("state.toml", state), "--prune", "--override-brake")
    assert box.person(NAMES[0], "break_glass") == before
    saved = box.folder / "saved.backup"
    box.good("backup", saved)
    box.good("restore", saved, "--replace")

    async def act(unit: Unit) -> AccountId | None:
        return await unit.break_glass.by_link(lookup_hash(late), box.now)

    after = box.person(NAMES[0], "break_glass")
    assert after.account.state is AccountState.ACTIVE
    assert [each.state for each in after.authenticators] == [AuthenticatorState.ACTIVE] * 2
    assert box.do(act) is None, "a link may have been used since"


def said(box: Box) -> list[tuple[str, str]]:
    lines = box.run("doctor", "--json").json["checks"]
    return [(each["level"], each["said"]) for each in lines if each["check"] == "break-glass"]


def test_the_doctor_says_what_is_missing_and_what_is_untested(box: Box) -> None:
    box.good("migrate")
    have = "accounts are ready for the day on which nobody else gets in: have 2"
    assert said(box) == [("warn", f"0 {have}")]
    ready(box, NAMES[0])
    add(box, NAMES[1])
    assert said(box) == [
        ("warn", f"1 {have}"),
        ("warn", f"{NAMES[1]} has 0 of its 2 keys"),
    ]
    give_key(box, NAMES[1], "A")
    give_key(box, NAMES[1], "B")
    assert said(box) == [("ok", "2 accounts are ready, and tested")]
    box.move(days=90)
    use(box, NAMES[1], "A")
    use(box, NAMES[1], "B")
    box.good("break-glass", "tested", NAMES[1])
    assert said(box) == [
        ("warn", f"nobody has tested {NAMES[0]} for 90 days; 90 is the most"),
    ]
