"""Backup and restore: in a new place people sign in, and nothing of the past comes alive (F66)."""

import asyncio
import os
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from portvakt.core.events import MethodRemoved
from portvakt.core.phones import PhoneState
from portvakt.core.push_approval import LIVES
from portvakt.records import Unit
from tests import make
from tests.cli.box import Box
from tests.cli.copies import CARD, beside, is_signed_in, live, settle_in, signs_in
from tests.records import a_phone, a_reset
from tests.records.stored import somebody
from tests.records.test_drafts import DRAFT
from tests.records.test_outbox import MESSAGE
from tests.servers.postgres import Postgres
from tests.world import World

MAILED_BEFORE = 1
"""Notices of who has settled in: of a sign-in from a new place."""


@pytest.fixture
def box(tmp_path: Path, database_url: str) -> Box:
    folder = tmp_path / "old"
    folder.mkdir()
    return Box.make(folder, database_url)


def new_place(box: Box, request: pytest.FixtureRequest, kind: str | None = None) -> str:
    """An empty database, of the same kind where none is said."""
    kind = kind or box.url.partition(":")[0]
    if kind == "sqlite":
        return f"sqlite:///{box.folder.parent}/new/portvakt.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.fresh())


def test_f66_people_sign_in_where_a_backup_was_restored(
    box: Box, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    left = live(box, settle_in)
    box.good("backup", tmp_path / "b")
    other = beside(box, tmp_path / "new", new_place(box, request))
    answer = other.good("restore", tmp_path / "b")
    assert "restored: 1 people as of 2026-11-22 12:00 UTC" in answer.out
    assert "ended: 1 sessions" in answer.out
    assert not live(other, lambda here: is_signed_in(here, left))
    other.move(minutes=3)
    assert live(other, signs_in) == "/apps"
    assert live(box, lambda here: is_signed_in(here, left)), "the old place goes on"


@pytest.mark.slow
@pytest.mark.parametrize(("first", "then"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_backup_of_one_kind_of_database_goes_into_the_other(
    first: str, then: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    (tmp_path / "old").mkdir()
    box = Box.make(tmp_path / "old", request.getfixturevalue(f"{first}_url"))
    live(box, settle_in)
    before = len(box.events())
    box.good("backup", tmp_path / "b")
    other = beside(box, tmp_path / "new", new_place(box, request, then))
    other.good("restore", tmp_path / "b")
    other.move(minutes=3)
    assert live(other, signs_in) == "/apps"
    assert len(other.events()) > before + 2, "new rows are numbered after the old ones"


def test_while_the_product_runs_a_backup_is_one_moment(box: Box, tmp_path: Path) -> None:
    async def story(here: World) -> None:
        await settle_in(here)

        async def busy() -> None:
            n = 0
            while True:
                n += 1
                one = replace(MESSAGE, id=f"m{n}", idempotency_key=f"{n}", created_at=box.now)
                pair = replace(one, id=f"n{n}", idempotency_key=f"n{n}")

                async def both(unit: Unit) -> None:
                    await unit.outbox.put(one)  # noqa: B023 - of this turn
                    await unit.outbox.put(pair)  # noqa: B023

                await here.house.records.write(both)

        writing = asyncio.create_task(busy())
        await asyncio.sleep(0.2)
        await asyncio.to_thread(box.good, "backup", tmp_path / "b")
        writing.cancel()
        await asyncio.wait([writing])

    live(box, story)
    other = beside(box, tmp_path / "new", f"sqlite:///{tmp_path}/new/portvakt.db")
    answer = other.good("restore", tmp_path / "b")
    dropped = int(answer.out.partition("not sent: ")[2].split()[0])
    assert dropped > MAILED_BEFORE
    assert (dropped - MAILED_BEFORE) % 2 == 0, "of what was written together, both or none"


def test_nothing_can_be_read_in_the_file_and_only_its_owner_has_it(
    box: Box, tmp_path: Path
) -> None:
    live(box, settle_in)
    file = tmp_path / "b"
    answer = box.good("backup", file)
    assert "takes the master key file with: k1" in answer.out
    octets = file.read_bytes()
    for word in (b"anna", b"Berg", b"$argon2", b"SQLite", b"accounts", box.key.read_bytes()[-40:]):
        assert word not in octets
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in box.events()[:1]] == ["backup.made"]
    again = box.run("backup", file)
    assert again.status == 1
    assert "not written over" in again.err
    assert file.read_bytes() == octets
    nowhere = box.run("backup", tmp_path / "none" / "b")
    assert nowhere.status == 1
    assert "cannot be written: No such file or directory" in nowhere.err


def everything_once(box: Box) -> None:
    """One of each thing that may be used once, unused."""

    async def act(unit: Unit) -> None:
        await unit.outbox.put(MESSAGE)
        await unit.drafts.put(DRAFT)
        await unit.pairings.start(a_phone.pairing())
        await unit.approvals.start(a_phone.approval())
        await a_reset.start(unit)
        await unit.phones.add(a_phone.phone(id=a_phone.OTHER, state=PhoneState.PROVING), b"sealed")
        await unit.authenticators.bind(make.bound(make.START_CODE), verifier="$x")

    box.do(act)


def test_f66_what_may_be_used_once_is_dead_after_a_restore(
    box: Box, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    live(box, settle_in)
    everything_once(box)
    box.good("backup", tmp_path / "b")
    other = beside(box, tmp_path / "new", new_place(box, request))
    answer = other.good("restore", tmp_path / "b")
    not_sent = 1 + MAILED_BEFORE
    assert f"not sent: {not_sent} messages; printed codes that are dead now: 1" in answer.out

    async def look(unit: Unit) -> list[object]:
        standing = await unit.people.load(make.ANNA)
        assert standing is not None
        return [
            await unit.outbox.claim("sms", make.NOW, 10, LIVES),
            await unit.drafts.load(DRAFT.id, make.ANNA, DRAFT.session_id, make.NOW),
            await unit.pairings.spend(a_phone.CODE, a_phone.ID, make.NOW),
            await unit.approvals.load(a_phone.approval().id),
            await unit.resets.load(a_reset.ID, a_reset.MINE, make.NOW),
            await unit.phones.load(a_phone.OTHER, make.NOW),
            [each for each in standing.bound if each.authenticator.type is make.START_CODE],
            await unit.sessions.of(make.ANNA),
        ]

    assert not any(other.do(look))
    restored = other.events()[0]
    assert restored.name == "backup.restored"
    assert restored.detail["as_of"] == box.now.isoformat()


def test_f66_a_code_that_was_used_after_the_backup_is_not_taken_after_the_restore(
    box: Box, tmp_path: Path
) -> None:
    live(box, settle_in)
    box.good("backup", tmp_path / "b")
    box.move(minutes=2)
    assert live(box, signs_in) == "/apps"
    box.good("restore", tmp_path / "b", "--replace")
    assert live(box, signs_in) != "/apps"
    box.move(minutes=1)
    assert live(box, signs_in) == "/apps"


@pytest.mark.parametrize(("words", "arrives"), [((), False), (("--keep-printed-codes",), True)])
def test_printed_codes_are_dead_unless_nobody_can_have_used_one(
    box: Box,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    words: tuple[str, ...],
    arrives: bool,
) -> None:
    live(box, settle_in)
    box.good("backup", tmp_path / "b")
    other = beside(box, tmp_path / "new", new_place(box, request))
    other.good("restore", tmp_path / "b", *words)
    other.move(minutes=3)

    async def story(here: World) -> str:
        async with here.browser() as browser:
            page = await browser.sign_in()
            await browser.get(f"{page.path}/other")
            await browser.submit({"way": "recovery_code"})
            return (await browser.submit({"code": CARD})).path

    assert (live(other, story) == "/apps") is arrives


def test_what_is_there_is_kept_unless_it_is_to_be_replaced(box: Box, tmp_path: Path) -> None:
    live(box, settle_in)
    box.good("backup", tmp_path / "b")
    box.move(hours=1)

    async def change(unit: Unit) -> None:
        await unit.people.upsert_many([somebody(1)])
        event = MethodRemoved(
            at=box.now,
            account_id=make.ANNA,
            authenticator_id=make.bound(make.TOTP).id,
            type=make.TOTP,
        )
        await unit.audit.write(event)

    box.do(change)
    refused = box.run("restore", tmp_path / "b")
    assert refused.status == 1
    assert "the database is not empty; --replace throws away" in refused.err
    assert len(box.good("people", "--json").json) == 2
    answer = box.good("restore", tmp_path / "b", "--replace")
    assert "taken away since the backup, and there again: look at each" in answer.out
    assert "2026-11-22 13:00  anna.berg  method.removed" in answer.out
    assert len(box.good("people", "--json").json) == 1
    box.move(minutes=3)
    assert live(box, signs_in) == "/apps"


def test_a_backup_that_fails_leaves_no_file(tmp_path: Path, sqlite_url: str) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    box = Box.make(folder, sqlite_url)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("DROP TABLE vouches")
    (folder / "b.part").write_text("left by one that was killed")
    answer = box.run("backup", folder / "b")
    assert answer.status == 1
    assert "no such table: vouches" in answer.err
    assert {each.name for each in folder.iterdir()} == {"master.key", "portvakt.toml"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_restores_is_for_whom_the_service_runs_as(
    tmp_path: Path, sqlite_url: str
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    box = Box.make(folder, sqlite_url)
    box.good("backup", tmp_path / "b")
    other = beside(box, tmp_path / "new", f"sqlite:///{tmp_path}/new/portvakt.db")
    os.chown(tmp_path / "new", 65534, 65534)
    file = tmp_path / "new" / "portvakt.db"
    other.good("restore", tmp_path / "b")
    assert (file.stat().st_uid, file.stat().st_gid) == (65534, 65534)
    os.chown(file, 65533, 65533)
    other.good("restore", tmp_path / "b", "--replace")
    assert (file.stat().st_uid, file.stat().st_gid) == (65533, 65533)
