"""Whoever can write to the database, and has no key, changes nothing unseen (A091)."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portvakt import audit_check
from portvakt.core.audit_chain import ChainKeys, Tip
from portvakt.core.audit_walk import Fault, Wrong
from portvakt.records import Unit
from portvakt.records.statements import Statement
from tests.audit.trails import EVENTS, KEYS, SIZES, checked, fill
from tests.records.stored import opened

EVENT_COLUMNS = (
    "id",
    "at",
    "name",
    "account_id",
    "actor",
    "request_id",
    "address",
    "detail",
    "trace",
    "personal",
    "salt",
    "seq",
    "erased",
)
BATCH_COLUMNS = (
    "number",
    "first",
    "count",
    "latest_at",
    "sealed_at",
    "key_id",
    "previous",
    "macs",
    "link",
)
OFTEN = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Sealed:
    """A sealed trail in a file, and where it ends."""

    file: Path
    copy: Path
    tip: Tip

    def after(self, *statements: tuple[str, tuple[Any, ...]], keys: ChainKeys = KEYS) -> Wrong:
        """Do this to a copy of it, and say what a walk finds."""
        wrong = self.found(*statements, keys=keys)
        assert wrong is not None
        return wrong

    def found(
        self, *statements: tuple[str, tuple[Any, ...]], keys: ChainKeys = KEYS
    ) -> Wrong | None:
        shutil.copy(self.file, self.copy)
        with closing(sqlite3.connect(self.copy)) as connection:
            connection.execute("DROP INDEX uq_events_seq")
            connection.execute("PRAGMA ignore_check_constraints=ON")
            for statement, values in statements:
                assert connection.execute(statement, values).rowcount != 0
            connection.commit()

        async def walk() -> Wrong | None:
            async with opened(f"sqlite:///{self.copy}") as records:
                return (await checked(records, self.tip, keys=keys)).wrong

        return asyncio.run(walk())


@pytest.fixture(scope="module")
def trail(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    folder = tmp_path_factory.mktemp("trail")
    file = folder / "trail.db"
    shutil.copy(migrated_file, file)

    async def make() -> Tip:
        async with opened(f"sqlite:///{file}") as records:
            await fill(records)
            return await records.read(lambda unit: unit.audit_chain.tip())

    tip = asyncio.run(make())
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Sealed(file, folder / "copy.db", tip)


def test_a_trail_that_nobody_touched_is_right(trail: Sealed) -> None:
    assert trail.found() is None
    assert (trail.tip.number, trail.tip.last) == (len(SIZES), EVENTS)


OTHER = st.one_of(
    st.integers(min_value=-(2**40), max_value=2**40),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    st.binary(max_size=20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.none(),
)


@OFTEN
@given(place=st.integers(1, EVENTS), column=st.sampled_from(EVENT_COLUMNS), value=OTHER)
def test_a091_a_changed_event_is_found_and_named(
    trail: Sealed, place: int, column: str, value: object
) -> None:
    """Whatever column it is and whatever is put there: the event, or what it was, is named."""
    same = f"SELECT 1 FROM events WHERE seq = ? AND {column} IS ?"  # noqa: S608 - a name of ours
    with closing(sqlite3.connect(trail.file)) as connection:
        if connection.execute(same, (place, value)).fetchone():
            return
        if column in {"id", "at", "name", "actor", "detail"} and (
            value is None or (column in {"id", "at"} and not isinstance(value, int))
        ):
            return  # the table itself forbids it
        if (
            column == "id"
            and connection.execute("SELECT 1 FROM events WHERE id = ?", (value,)).fetchone()
        ):
            return
    change = f"UPDATE events SET {column} = ? WHERE seq = ?"  # noqa: S608 - a name of ours
    wrong = trail.after((change, (value, place)))
    if column == "seq":
        assert wrong.fault in {Fault.MISSING, Fault.EXTRA, Fault.MOVED}
    else:
        assert wrong.seq == place
        assert wrong.fault is (Fault.ERASED if column == "erased" else Fault.CHANGED)


@OFTEN
@given(place=st.integers(1, EVENTS))
def test_a091_a_removed_event_is_found_and_its_place_named(trail: Sealed, place: int) -> None:
    wrong = trail.after(("DELETE FROM events WHERE seq = ?", (place,)))
    assert (wrong.fault, wrong.seq) == (Fault.MISSING, place)


@OFTEN
@given(places=st.lists(st.integers(1, EVENTS), min_size=2, max_size=2, unique=True))
def test_a091_two_events_that_changed_places_are_found(trail: Sealed, places: list[int]) -> None:
    first, second = sorted(places)
    swap = "UPDATE events SET seq = CASE seq WHEN ? THEN ? ELSE ? END WHERE seq IN (?, ?)"
    wrong = trail.after((swap, (first, second, first, first, second)))
    assert wrong.seq == first
    assert wrong.fault in {Fault.MOVED, Fault.CHANGED}


@OFTEN
@given(place=st.integers(-3, EVENTS + 3))
def test_a091_an_event_that_was_put_in_is_found(trail: Sealed, place: int) -> None:
    put = """INSERT INTO events (at, name, account_id, actor, detail, salt, seq)
        VALUES (1, 'person.invited', 'eve', 'self', '{}', 'ab', ?)"""
    wrong = trail.after((put, (place,)))
    assert wrong.fault is Fault.EXTRA
    assert wrong.seq == place


@pytest.mark.parametrize("page", [2, 3, 4])
def test_a091_two_events_in_one_place_are_found_wherever_a_page_ends(
    trail: Sealed, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(audit_check, "ENTRIES", page)
    monkeypatch.setattr(audit_check, "BATCHES", page)
    assert trail.found() is None
    put = """INSERT INTO events (at, name, actor, detail, salt, seq)
        VALUES (1, 'person.invited', 'self', '{}', 'ab', ?)"""
    for place in range(1, EVENTS + 1):
        wrong = trail.after((put, (place,)))
        assert (wrong.seq, wrong.fault in {Fault.EXTRA, Fault.CHANGED}) == (place, True)


@OFTEN
@given(
    number=st.integers(1, len(SIZES)),
    column=st.sampled_from(BATCH_COLUMNS),
    value=st.one_of(st.integers(-9, 2**40), st.binary(max_size=64), st.text("0:é", max_size=9)),
)
def test_a091_a_changed_batch_is_found_and_named(
    trail: Sealed, number: int, column: str, value: int | bytes | str
) -> None:
    with closing(sqlite3.connect(trail.file)) as connection:
        taken = "SELECT 1 FROM audit_batches WHERE {} = ? AND (number = ? OR ? = 'number')"
        if connection.execute(taken.format(column), (value, number, column)).fetchone():
            return
    change = f"UPDATE audit_batches SET {column} = ? WHERE number = ?"  # noqa: S608 - ours
    wrong = trail.after((change, (value, number)))
    assert wrong.fault in {Fault.BATCH_CHANGED, Fault.BATCH_MISSING, Fault.UNKNOWN_KEY}
    assert wrong.batch == number or (column == "number" and wrong.batch <= number)


@pytest.mark.parametrize("number", range(1, len(SIZES) + 1))
def test_a091_a_removed_batch_is_found(trail: Sealed, number: int) -> None:
    wrong = trail.after(("DELETE FROM audit_batches WHERE number = ?", (number,)))
    last = number == len(SIZES)
    assert wrong.fault is (Fault.CUT_OFF if last else Fault.BATCH_MISSING)
    assert wrong.batch == number


@pytest.mark.parametrize("kept", range(len(SIZES)))
def test_a091_a_trail_that_was_cut_off_is_found_by_its_head(trail: Sealed, kept: int) -> None:
    wrong = trail.after(
        ("DELETE FROM events WHERE seq > ?", (sum(SIZES[:kept]),)),
        ("DELETE FROM audit_batches WHERE number > ?", (kept,)),
    )
    assert wrong == Wrong(Fault.CUT_OFF, len(SIZES), EVENTS)


@pytest.mark.parametrize("gone", range(1, len(SIZES)))
def test_a091_a_beginning_that_was_removed_without_our_mark_is_found(
    trail: Sealed, gone: int
) -> None:
    removed = (
        ("DELETE FROM events WHERE seq <= ?", (sum(SIZES[:gone]),)),
        ("DELETE FROM audit_batches WHERE number <= ?", (gone,)),
    )
    assert trail.after(*removed).fault is Fault.BATCH_MISSING
    mark = """INSERT INTO audit_removals (number, last, link, removed_at, key_id, mac)
        SELECT number - 1, first - 1, previous, 1, 'k1', link FROM audit_batches
        ORDER BY number LIMIT 1"""
    assert trail.after(*removed, (mark, ())).fault is Fault.BEGINNING_GONE


def test_a091_an_erasure_that_we_did_not_make_is_found(trail: Sealed) -> None:
    erase = """UPDATE events SET account_id = NULL, address = NULL, personal = NULL, trace = NULL,
        salt = NULL, erased = ? WHERE seq = 5"""
    for mark in ("", "k1:", "k1:!!", "k1:AAAA", "k9:" + "A" * 88, "k1:" + "A" * 86 + "=="):
        wrong = trail.after((erase, (mark,)))
        assert (wrong.fault, wrong.seq) == (Fault.ERASED, 5)


def test_a_trail_whose_key_is_not_there_is_not_right(trail: Sealed) -> None:
    keys = ChainKeys("k2", {"k2": b"2" * 32})
    wrong = trail.found(keys=keys)
    assert wrong == Wrong(Fault.UNKNOWN_KEY, 1, more="k1")


def test_another_key_under_the_same_name_is_not_right(trail: Sealed) -> None:
    wrong = trail.found(keys=ChainKeys("k1", {"k1": b"2" * 32}))
    assert wrong is not None
    assert wrong.fault is Fault.BATCH_CHANGED


TAMPERED = (
    ("UPDATE events SET actor = 'cli:eve' WHERE seq = 6", Fault.CHANGED, 6),
    ("UPDATE events SET address = NULL WHERE seq = 6", Fault.CHANGED, 6),
    ("DELETE FROM events WHERE seq = 6", Fault.MISSING, 6),
    ("UPDATE events SET seq = NULL WHERE seq = 6", Fault.MISSING, 6),
    ("UPDATE audit_batches SET sealed_at = 1 WHERE number = 2", Fault.BATCH_CHANGED, None),
    ("DELETE FROM audit_batches WHERE number = 4", Fault.CUT_OFF, 10),
)


@pytest.mark.parametrize(("statement", "fault", "seq"), TAMPERED, ids=lambda each: str(each)[:40])
async def test_a091_it_is_found_on_either_database(
    database_url: str, statement: str, fault: Fault, seq: int | None
) -> None:
    async def tamper(unit: Unit) -> None:
        await unit.audit_chain._run.changed(Statement(statement))  # noqa: SLF001 - an attacker

    async with opened(database_url) as records:
        await fill(records)
        tip = await records.read(lambda unit: unit.audit_chain.tip())
        assert (await checked(records, tip)).wrong is None
        await records.write(tamper)
        wrong = (await checked(records, tip)).wrong
        assert wrong is not None
        assert (wrong.fault, wrong.seq) == (fault, seq)
