"""Verifying, copying and keeping the audit trail from the command line."""

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from portvakt.background_audit import auditing, chain_keys
from portvakt.core.events import SprayAlarm, TrailExported, TrailKept
from portvakt.crypto.sealing import new_key_line, read_master_keys
from portvakt.records import Unit
from portvakt.settings import load_settings
from tests.audit.trails import TRACE, event
from tests.cli import staff
from tests.cli.box import Box
from tests.cli.copies import live, settle_in
from tests.cli.staff import Row
from tests.world import World

BO = Row(number="000018", given="Bo", family="Åström", user="bo.astrom")


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    """Two people, and a dozen events about others."""
    box = Box.make(tmp_path, database_url)
    box.good("import-staff", box.write("staff.csv", staff.export(Row(), BO)))

    async def act(unit: Unit) -> None:
        for n in range(12):
            await unit.audit.write(event(n), TRACE)

    box.do(act)
    return box


def seal(box: Box) -> None:
    keys = chain_keys(read_master_keys(box.key))

    async def act(unit: Unit) -> None:
        await unit.audit_chain.seal(keys, box.now, 1_000)

    box.do(act)


def tamper(box: Box, statement: str) -> None:
    with closing(sqlite3.connect(box.url.removeprefix("sqlite:///"))) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.fixture
def file_box(tmp_path: Path, sqlite_url: str) -> Box:
    """A sealed trail of twelve events in a file that can be tampered with."""
    box = Box.make(tmp_path, sqlite_url)

    async def act(unit: Unit) -> None:
        await unit.audit.write_many([event(n) for n in range(12)])

    box.do(act)
    seal(box)
    return box


def exported(box: Box, *words: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in box.good("audit", "export", *words).out.splitlines()]


def test_a_trail_that_nobody_touched_is_verified(box: Box) -> None:
    seal(box)
    head = box.write("heads.jsonl", box.good("audit", "head").out)
    assert "no head was given" in box.good("audit", "verify").out
    answer = box.good("audit", "verify", "--heads", head)
    assert re.fullmatch(
        r"\d+ events are what was sealed; 1 head from outside the database: the trail agrees\n",
        answer.out,
    )
    told = box.good("audit", "verify", "--json").json
    assert (told["right"], told["removed"], told["waiting_seconds"]) == (True, 0, 0.0)


def test_the_trail_of_a_whole_sign_in_is_verified(tmp_path: Path, database_url: str) -> None:
    """Anna signs in with a password and a code while the worker seals."""
    box = Box.make(tmp_path, database_url)
    heads = box.folder / "told.jsonl"
    with box.config.open("a") as config:
        config.write(f'[audit]\nhead_file = "{heads}"\n')
    settings = load_settings(box.config, {})

    async def story(here: World) -> None:
        house = here.house
        async with auditing(settings, house.records, house.keys, here.clock) as steps:
            running = [asyncio.ensure_future(step()) for step in steps]
            await settle_in(here)
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    live(box, story)
    assert "from outside the database: the trail agrees" in box.good("audit", "verify").out
    rows = exported(box)
    assert all(each["place"] for each in rows)
    assert [each["name"] for each in rows if each["name"].startswith("authentication.s")] == [
        "authentication.succeeded"
    ]


def test_a091_an_event_that_was_changed_is_pointed_out(file_box: Box) -> None:
    tamper(file_box, "UPDATE events SET actor = 'cli:eve' WHERE id = 7")
    answer = file_box.run("audit", "verify")
    assert answer.status == 1
    assert answer.err == ("portvakt audit: event 7 (place 7, batch 1) is not what was sealed\n")
    told = file_box.run("audit", "verify", "--json")
    assert told.status == 1
    assert told.json["wrong"] == {
        "fault": "changed",
        "batch": 1,
        "place": 7,
        "event": 7,
        "said": "event 7 (place 7, batch 1) is not what was sealed",
    }


def test_a091_a_trail_that_was_cut_off_is_found_by_a_head_in_the_log(file_box: Box) -> None:
    line = file_box.good("audit", "head").out
    log = file_box.write("log", f'{{"event":"message.sent"}}\nportvakt[17]: {line}no json\n')
    tamper(file_box, "DELETE FROM audit_batches")
    tamper(file_box, "DELETE FROM events")
    assert file_box.good("audit", "verify").status == 0
    answer = file_box.run("audit", "verify", "--heads", log)
    assert answer.status == 1
    assert "cut off: a head of it tells of batch 1 and 12 events" in answer.err


def test_the_heads_of_the_settings_are_always_looked_at(file_box: Box) -> None:
    heads = file_box.write("heads.jsonl", file_box.good("audit", "head").out)
    with file_box.config.open("a") as config:
        config.write(f'[audit]\nhead_file = "{heads}"\n')
    file_box.good("audit", "verify")
    tamper(file_box, "DELETE FROM audit_batches")
    tamper(file_box, "DELETE FROM events")
    assert file_box.run("audit", "verify").status == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"event": "audit.head", "batch": 1}', "line 1: this head cannot be read"),
        ('{"event": "audit.head", "batch"', "line 1: this head cannot be read"),
        (
            '{"event": "audit.head", "batch": 1, "events": 1, "link": "%s"}\n' % ("00" * 32)
            + '{"event": "audit.head", "batch": 1, "events": 2, "link": "%s"}' % ("00" * 32),
            "line 2: an earlier line tells another thing",
        ),
    ],
)
def test_heads_that_cannot_be_read_are_said_to_be(file_box: Box, text: str, why: str) -> None:
    answer = file_box.run("audit", "verify", "--heads", file_box.write("heads", text))
    assert answer.status == 1
    assert why in answer.err


def test_heads_that_are_not_there_are_no_empty_heads(file_box: Box) -> None:
    answer = file_box.run("audit", "verify", "--heads", file_box.folder / "none")
    assert answer.status == 1
    assert "is not there" in answer.err


def test_two_files_of_heads_must_tell_the_same(file_box: Box) -> None:
    line = json.loads(file_box.good("audit", "head").out)
    one = file_box.write("one", json.dumps(line))
    two = file_box.write("two", json.dumps(line | {"link": "11" * 32}))
    answer = file_box.run("audit", "verify", "--heads", one, "--heads", two)
    assert answer.status == 1
    assert "another thing of batch 1" in answer.err
    assert "batch 1 is not the one" in file_box.run("audit", "verify", "--heads", two).err


def test_events_that_wait_long_for_their_seal_are_told_of(box: Box) -> None:
    box.move(minutes=20)
    answer = box.good("audit", "verify")
    assert "the oldest event without a seal is 0:20:00 old" in answer.err


def test_a_trail_can_be_verified_after_a_key_was_replaced_and_not_without_it(box: Box) -> None:
    seal(box)
    old = box.key.read_text()
    box.key.write_text(new_key_line("k2") + old)
    box.good("people")
    box.do(lambda unit: unit.audit.write(event(1)))
    seal(box)
    box.good("audit", "verify")
    box.key.write_text(new_key_line("k3"))
    answer = box.run("audit", "verify")
    assert answer.status == 1
    assert "the key “k1”, which is not in the master key file" in answer.err


def test_events_are_copied_as_json_lines_and_that_is_an_event(box: Box) -> None:
    seal(box)
    rows = exported(box)
    failed = next(each for each in rows if each["name"] == "authentication.failed")
    assert failed["at"] == "2026-11-22T12:01:00.000Z"
    assert (failed["account"], failed["address"]) == ("anna", "192.0.2.1")
    assert failed["detail"] == {"app": None, "method": "totp", "reason": "wrong"}
    line = {"rule": "outside", "outcome": "applied", "detail": "multifactor"}
    assert failed["trace"] == [line | {"refuses": False, "limits": "", "seen": ""}]
    assert failed["erased"] is False
    assert [each["place"] for each in rows] == list(range(1, len(rows) + 1))
    last = box.events()[0]
    assert (last.name, last.detail) == (TrailExported.name, {"events": len(rows)})
    assert last.actor.startswith("cli:")


def test_only_what_was_asked_for_is_copied(box: Box) -> None:
    names = {each["name"] for each in exported(box, "--name", "person.invited")}
    assert names == {"person.invited"}
    some = exported(box, "--from", "2026-11-22T12:03", "--until", "2026-11-22T13:06:00+01:00")
    assert [each["request"] for each in some] == ["r3", "r4", "r5"]
    mine = exported(box, "--person", "bo.astrom")
    assert {each["account"] for each in mine} == {box.person("000018").account.id}
    assert box.run("audit", "export", "--name", "nothing").status == 2
    assert box.run("audit", "export", "--from", "yesterday").status == 2
    assert box.run("audit", "export", "--person", "nobody").status == 1


def test_a_copy_goes_to_a_new_file_that_only_its_owner_reads(box: Box) -> None:
    file = box.folder / "copy.jsonl"
    assert "events" in box.good("audit", "export", "--out", file).err
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(file.read_text().splitlines()) > 12
    answer = box.run("audit", "export", "--out", file)
    assert answer.status == 1
    assert "cannot be written" in answer.err


SYSLOG = re.compile(
    r"<(\d+)>1 (\S+) (\S+) portvakt - (\S{1,32}) (\[(?:[^\]\\]|\\.)*\](?:\[(?:[^\]\\]|\\.)*\])?)"
)


def test_events_are_copied_as_syslog(box: Box) -> None:
    told = SprayAlarm(at=box.now, failures=9, until=box.now, address='a"b]c\\d\ne')
    box.do(lambda unit: unit.audit.write(told))
    lines = box.good("audit", "export", "--format", "syslog").out.splitlines()
    found = [SYSLOG.fullmatch(line) for line in lines]
    assert all(found)
    alarm = next(each for each in found if each is not None and each[4] == "alarm.spray")
    assert alarm[1] == str(13 * 8 + 1)
    assert (alarm[2], alarm[3]) == ("2026-11-22T12:00:00.000Z", "localhost")
    assert r'address="a\"b\]c\\d\\u000ae"' in alarm[5]
    assert '[detail@32473 failures="9" until="2026-11-22T12:00:00+00:00"]' in alarm[5]
    failed = next(line for line in lines if "authentication.failed" in line)
    assert failed.startswith("<109>1 2026-11-22T12:01:00.000Z ")


def test_a131_what_is_older_than_the_settings_keep_goes_and_the_trail_is_right(box: Box) -> None:
    with box.config.open("a") as config:
        config.write("[audit]\nkeep_days = 500\npersonal_days = 100\n")
    seal(box)
    before = len(exported(box))
    seal(box)
    box.move(days=400)
    assert box.good("audit", "keep", "--json").json == {"erased": before, "removed": 0}
    box.good("audit", "verify")
    rows = exported(box)
    assert all(each["erased"] for each in rows[:before])
    assert {each["account"] for each in rows[:before]} == {None}
    seal(box)
    box.move(days=200)
    gone = before + 1  # and that they were copied
    assert f"removed: {gone}" in box.good("audit", "keep").out
    assert "older ones were removed by the rule" in box.good("audit", "verify").out
    kept = [each for each in box.events() if each.name == TrailKept.name]
    assert sum(each.detail["removed"] for each in kept) == gone
