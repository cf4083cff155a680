"""What is old enough goes, and what stays can still be verified (A131)."""

from datetime import timedelta

from portvakt.background_audit import BATCH, Trail, chain_keys
from portvakt.core.audit_walk import Fault
from portvakt.core.events import TrailKept
from portvakt.core.ids import AccountId
from portvakt.crypto.sealing import MasterKeys
from portvakt.records import Records, StoredEvent, Unit
from portvakt.records.statements import Statement
from portvakt.settings import Settings
from portvakt.settings.structs import Audit, Keys
from tests import make
from tests.audit.trails import EVENTS, KEYS, checked, event, fill, seal
from tests.records.stored import opened

MASTER = MasterKeys({"k1": b"m" * 32})
CHAIN = chain_keys(MASTER)
BO = AccountId("bo")


def trail(records: Records, days: float) -> Trail:
    """One that keeps events for two years and what they tell of people for one, later on."""
    settings = Settings(
        public_url="http://localhost",
        database_url="",
        keys=Keys(""),
        audit=Audit(keep_days=730, personal_days=365),
    )
    now = make.NOW + timedelta(days=days)
    return Trail(records=records, keys=MASTER, clock=lambda: now, settings=settings)


async def stored(records: Records) -> list[StoredEvent]:
    found: list[StoredEvent] = await records.read(lambda unit: unit.audit.latest(1_000))
    return found[::-1]


async def filled(records: Records) -> None:
    for n in range(12):
        told = event(n)
        await records.write(lambda unit: unit.audit.write(told))  # noqa: B023
        await seal(records, keys=CHAIN)


async def test_a131_after_400_days_what_events_tell_of_people_is_gone_and_the_rest_stays(
    database_url: str,
) -> None:
    async with opened(database_url) as records:
        await filled(records)
        before = await stored(records)
        later = trail(records, 400)
        assert await later.keep() == (11, 0)
        *old, last, run = await stored(records)
        assert len(old) == 11
        assert last == before[-2 + 1]  # the newest batch stays as it was
        for was, now in zip(before, old, strict=False):
            assert (now.id, now.at, now.name, now.actor) == (was.id, was.at, was.name, was.actor)
            assert now.request_id == was.request_id
            assert (now.account_id, now.address, now.trace) == (None, None, None)
            assert not now.detail.keys() & {"session_id", "user_agent"}
            assert now.detail.items() <= was.detail.items()
        assert old[2].detail["methods"] == ["password"]
        assert (run.name, run.detail) == (TrailKept.name, {"erased": 11, "removed": 0})
        assert await records.read(lambda unit: unit.audit.of_account(BO, 10)) == [
            each for each in (last,) if each.account_id == BO
        ]
        await seal(records, keys=CHAIN)
        assert (await checked(records, keys=CHAIN)).wrong is None
        assert await later.keep() == (1, 0)  # it is no more the newest batch


async def test_what_is_older_than_is_kept_goes_whole_and_the_rest_is_right(
    database_url: str,
) -> None:
    async with opened(database_url) as records:
        await filled(records)
        head = await records.read(lambda unit: unit.audit_chain.tip())
        assert await trail(records, 729).keep() == (11, 0)
        assert await trail(records, 731).keep() == (0, 11)
        assert [each.name for each in await stored(records)] == [
            event(11).name,
            TrailKept.name,
            TrailKept.name,
        ]
        tip = await seal(records, keys=CHAIN)
        assert (head.last, tip.last) == (12, 14)
        found = await checked(records, head, tip, keys=CHAIN)
        assert (found.wrong, found.removed) == (None, 11)


async def test_a_trail_that_is_removed_twice_is_right(database_url: str) -> None:
    async with opened(database_url) as records:
        await filled(records)
        for days in (731, 733):
            await trail(records, days).keep()
            await seal(records, keys=CHAIN)
            assert (await checked(records, keys=CHAIN)).wrong is None


async def test_much_that_is_old_goes_in_parts(sqlite_url: str) -> None:
    async with opened(sqlite_url) as records:
        many = [event(n % 200) for n in range(3 * BATCH)]
        await records.write(lambda unit: unit.audit.write_many(many))
        for _ in range(3):
            await seal(records, BATCH, keys=CHAIN)
        assert await trail(records, 400).keep() == (2 * BATCH, 0)
        assert await trail(records, 800).keep() == (0, 2 * BATCH)
        await seal(records, keys=CHAIN)
        assert (await checked(records, keys=CHAIN)).wrong is None


async def test_what_happened_to_one_account_is_erased_and_the_chain_is_right(
    database_url: str,
) -> None:
    async with opened(database_url) as records:
        await fill(records)
        others = [each for each in await stored(records) if each.account_id != make.ANNA]
        gone = await records.write(lambda unit: unit.audit_keeping.erase_account(KEYS, make.ANNA))
        assert gone == EVENTS // 2
        assert await records.read(lambda unit: unit.audit.of_account(make.ANNA, 100)) == []
        assert [each for each in await stored(records) if each.account_id is not None] == others
        assert (await checked(records)).wrong is None
        again = await records.write(lambda unit: unit.audit_keeping.erase_account(KEYS, make.ANNA))
        assert again == 0


async def test_what_was_erased_before_it_was_sealed_is_right(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.audit.write_many([event(n) for n in range(6)]))
        await records.write(lambda unit: unit.audit_keeping.erase_account(KEYS, make.ANNA))
        await seal(records)
        found = await checked(records)
        assert (found.wrong, found.tip.last) == (None, 6)


async def test_an_erased_event_holds_nothing_to_guess_from(sqlite_url: str) -> None:
    """Its salt is gone, and without it nobody can try out who it was."""
    async with opened(sqlite_url) as records:
        await fill(records)
        await records.write(lambda unit: unit.audit_keeping.erase_account(KEYS, make.ANNA))
        rows = await records.read(lambda unit: unit.audit_chain.entries(0, 100))
        erased = [each for each in rows if each.erased is not None]
        assert len(erased) == EVENTS // 2
        for each in erased:
            assert (each.salt, each.account_id, each.address) == (None, None, None)
            assert (each.personal, each.trace) == (None, None)
        assert len({each.salt for each in rows if each.erased is None}) == EVENTS // 2


async def tampered(records: Records, statement: str) -> None:
    async def act(unit: Unit) -> None:
        await unit.audit_chain._run.changed(Statement(statement))  # noqa: SLF001 - an attacker

    await records.write(act)


async def test_nobody_makes_us_remove_what_is_not_old(database_url: str) -> None:
    """How old a batch is can be changed in the database, and is then not believed."""
    async with opened(database_url) as records:
        await filled(records)
        await tampered(records, "UPDATE audit_batches SET latest_at = 1 WHERE number < 9")
        assert await trail(records, 10).keep() == (0, 0)
        wrong = (await checked(records, keys=CHAIN)).wrong
        assert wrong is not None
        assert (wrong.fault, wrong.batch) == (Fault.BATCH_CHANGED, 1)


async def test_a_beginning_that_was_removed_by_others_is_not_made_good(database_url: str) -> None:
    async with opened(database_url) as records:
        await filled(records)
        await tampered(records, "DELETE FROM events WHERE seq <= 3")
        await tampered(records, "DELETE FROM audit_batches WHERE number <= 3")
        await trail(records, 800).keep()
        wrong = (await checked(records, keys=CHAIN)).wrong
        assert wrong is not None
        assert (wrong.fault, wrong.batch) == (Fault.BATCH_MISSING, 1)


async def test_what_stands_beside_a_mark_of_erasure_is_found(database_url: str) -> None:
    async with opened(database_url) as records:
        await fill(records)
        await records.write(lambda unit: unit.audit_keeping.erase_account(KEYS, make.ANNA))
        await tampered(records, "UPDATE events SET address = '' WHERE seq = 3")
        wrong = (await checked(records)).wrong
        assert wrong is not None
        assert (wrong.fault, wrong.seq) == (Fault.ERASED, 3)
