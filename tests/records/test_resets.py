from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from portvakt.core.after_reset import FROZEN, PastReset
from portvakt.core.freezing import Freezing
from portvakt.core.ids import AccountId, AuthenticatorId, FlowId
from portvakt.core.password_outcomes import Refused, RefusedFor, Unreachable
from portvakt.core.password_reset import Goal, Reset, Stage, Way
from portvakt.records import Records, Standing, Unit
from tests import make
from tests.records import a_reset
from tests.records.a_reset import ID, MINE, MINUTE, THEIRS
from tests.records.stored import opened, somebody, with_anna

FULL = a_reset.reset(
    goal=Goal.UNLOCK,
    chosen=Way.PEOPLE,
    asked_at=make.NOW + MINUTE,
    slow_since=make.NOW + 2 * MINUTE,
    stage=Stage.UNKNOWN,
    writing_since=make.NOW + 3 * MINUTE,
    refused=2,
    last=Refused(RefusedFor.TOO_SHORT, 15),
    version=7,
)
NOBODYS = a_reset.reset(account_id=None, claimed="nobody", evidence=())
DAY = timedelta(days=1)


async def load(
    records: Records, now: datetime = make.NOW, binding: bytes = MINE, id_: FlowId = ID
) -> tuple[Reset, Standing | None] | None:
    return await records.read(lambda unit: unit.resets.load(id_, binding, now))


async def write(records: Records, version: int = 0, at: datetime = make.NOW) -> bool:
    return await records.write(lambda unit: unit.resets.begin_writing(ID, version, at))


async def test_one_statement_reads_an_attempt_and_whose_it_is(database_url: str) -> None:
    async def put(unit: Unit) -> None:
        await unit.authenticators.bind(make.bound(make.TOTP), sealed=b"x")
        await unit.browsers.remember(make.ANNA, b"b" * 32, make.NOW)
        await unit.resets.start(FULL, MINE)

    async with with_anna(database_url, put) as records:
        before = records.counted
        found = await records.read(lambda u: u.resets.load(ID, MINE, make.NOW, b"b" * 32))
        assert records.counted == before + 1
        assert found is not None
        state, standing = found
        assert state == FULL
        assert standing is not None
        assert standing.account.id == make.ANNA
        assert standing.known_browser
        assert [each.authenticator.type for each in standing.bound] == [make.TOTP]


@pytest.mark.parametrize(
    "last",
    [None, Unreachable(), *(Refused(each) for each in RefusedFor), Refused(RefusedFor.POLICY, 9)],
)
async def test_what_became_of_the_last_write_is_kept(
    sqlite_url: str, last: Refused | Unreachable | None
) -> None:
    state = a_reset.reset(last=last)
    async with with_anna(sqlite_url, lambda unit: unit.resets.start(state, MINE)) as records:
        found = await load(records)
        assert found is not None
        assert found[0] == state


async def test_an_attempt_for_a_name_that_nobody_has_is_kept_alike(database_url: str) -> None:
    async with opened(database_url) as records:
        before = records.counted
        await records.write(lambda unit: unit.resets.start(NOBODYS, MINE))
        assert await load(records) == (NOBODYS, None)
        assert await records.write(lambda unit: unit.resets.save(NOBODYS))
        assert records.counted == before + 3
        assert not await write(records, 1)


async def test_another_browser_does_not_find_it(database_url: str) -> None:
    async with with_anna(database_url, a_reset.start) as records:
        assert await load(records, binding=THEIRS) is None
        assert await load(records, id_=FlowId("other")) is None


async def test_expired_is_gone_swept_or_not(database_url: str) -> None:
    over = a_reset.reset().expires_at
    async with with_anna(database_url, a_reset.start) as records:
        assert await load(records, over - timedelta(milliseconds=1)) is not None
        assert await load(records, over) is None
        assert not await write(records, at=over)


@pytest.mark.parametrize("stage", [Stage.WRITING, Stage.UNKNOWN, Stage.DONE])
async def test_f08_what_was_sent_is_told_however_late(database_url: str, stage: Stage) -> None:
    state = a_reset.reset(stage=stage, writing_since=make.NOW)
    async with with_anna(database_url, lambda unit: unit.resets.start(state, MINE)) as records:
        found = await load(records, state.expires_at + timedelta(hours=3))
        assert found is not None
        assert found[0] == state


async def test_of_two_who_move_it_on_the_first_does(database_url: str) -> None:
    moved = a_reset.reset(chosen=Way.CODE, refused=1, last=Refused(RefusedFor.HISTORY))
    async with with_anna(database_url, a_reset.start) as records:
        assert await records.write(lambda unit: unit.resets.save(moved))
        assert not await records.write(lambda unit: unit.resets.save(a_reset.reset()))
        found = await load(records)
        assert found is not None
        assert found[0] == replace(moved, version=1)
        assert not await records.write(lambda unit: unit.resets.close(ID, 0))
        assert await records.write(lambda unit: unit.resets.close(ID, 1))
        assert await load(records) is None


async def test_the_write_is_claimed_once(database_url: str) -> None:
    state = a_reset.reset(last=Refused(RefusedFor.TOO_SHORT, 15), refused=1)
    async with with_anna(database_url, lambda unit: unit.resets.start(state, MINE)) as records:
        assert not await write(records, version=1)
        assert await write(records, at=make.NOW + MINUTE)
        assert not await write(records)
        assert not await write(records, version=1)
        found = await load(records)
        assert found is not None
        assert found[0] == replace(
            state,
            stage=Stage.WRITING,
            writing_since=make.NOW + MINUTE,
            last=None,
            version=1,
        )


async def test_a079_what_was_finished_is_not_written_again(database_url: str) -> None:
    done = a_reset.reset(stage=Stage.DONE)
    async with with_anna(database_url, lambda unit: unit.resets.start(done, MINE)) as records:
        assert not await write(records)


async def test_nothing_is_written_for_a_disabled_account(database_url: str) -> None:
    """Not even where nothing was proved, so that the attempt is still there."""
    state = a_reset.reset(evidence=())
    async with with_anna(database_url, lambda unit: unit.resets.start(state, MINE)) as records:
        await records.write(lambda unit: unit.people.disable_many([make.ANNA], make.NOW))
        assert not await write(records)


async def test_a117_disabling_somebody_ends_what_they_had_proved(database_url: str) -> None:
    """What has nothing to show looks on like an attempt for a name that nobody has."""

    async def put(unit: Unit) -> None:
        await a_reset.start(unit)
        await a_reset.start(unit, id=FlowId("bare"), evidence=())
        await a_reset.start(unit, id=FlowId("sent"), stage=Stage.WRITING, writing_since=make.NOW)
        await unit.people.upsert_many([somebody(1)])
        await a_reset.start(unit, id=FlowId("hers"), account_id=somebody(1).id)
        await unit.people.disable_many([make.ANNA], make.NOW)

    async with with_anna(database_url, put) as records:
        ids = [ID, FlowId("bare"), FlowId("sent"), FlowId("hers")]
        left = [each for each in ids if await load(records, id_=each) is not None]
        assert left == ["bare", "sent", "hers"]


async def test_a_reset_that_is_done_ends_the_others_of_the_account(database_url: str) -> None:
    async def put(unit: Unit) -> None:
        for n in range(3):
            await a_reset.start(unit, id=FlowId(f"reset{n}"))

    async with with_anna(database_url, put) as records:
        ended = await records.write(
            lambda unit: unit.resets.close_others(make.ANNA, FlowId("reset1"))
        )
        assert ended == 2
        assert await load(records, id_=FlowId("reset1")) is not None
        assert await records.write(lambda unit: unit.resets.close_others(make.ANNA)) == 1


async def test_f08_what_has_no_outcome_is_found_by_the_job_that_settles_it(
    database_url: str,
) -> None:
    stages = {
        "open": (Stage.OPEN, 9),
        "unknown": (Stage.UNKNOWN, 3),
        "cut-off": (Stage.WRITING, 5),
        "writing": (Stage.WRITING, 0),
        "done": (Stage.DONE, 9),
    }
    states = [
        a_reset.reset(id=FlowId(id_), stage=stage, writing_since=make.NOW - minutes * MINUTE)
        for id_, (stage, minutes) in stages.items()
    ]

    async def put(unit: Unit) -> None:
        for each in states:
            await unit.resets.start(each, MINE)

    async with with_anna(database_url, put) as records:
        before = make.NOW - MINUTE
        found = await records.read(lambda unit: unit.resets.unsettled(before))
        assert found == [states[2], states[1]]
        assert await records.read(lambda unit: unit.resets.unsettled(before, 1)) == [states[2]]
        settled = replace(found[0], stage=Stage.DONE)
        assert await records.write(lambda unit: unit.resets.save(settled))
        assert not await records.write(lambda unit: unit.resets.save(settled))
        assert await records.read(lambda unit: unit.resets.unsettled(before)) == [states[1]]


async def past(records: Records, account_id: AccountId = make.ANNA) -> PastReset | None:
    """The newest reset of somebody, as it is read with all that makes them stand still."""
    found: Freezing = await records.read(lambda unit: unit.freezes.of(account_id))
    return found.reset


async def test_the_newest_reset_of_an_account_is_kept_with_what_it_rested_on(
    database_url: str,
) -> None:
    first, second = frozenset({AuthenticatorId("a")}), frozenset({AuthenticatorId("b")})

    async def finished(used: frozenset[AuthenticatorId], after: timedelta) -> PastReset | None:
        at = make.NOW + after
        await records.write(lambda unit: unit.resets.finished(make.ANNA, at, used))
        return await past(records)

    async with with_anna(database_url) as records:
        assert await past(records) is None
        assert await finished(first, timedelta()) == PastReset(make.NOW, first)
        newer = PastReset(make.NOW + MINUTE, first | second)
        assert await finished(first | second, MINUTE) == newer
        assert await finished(first, timedelta(seconds=30)) == newer
        assert await past(records, AccountId("bo")) is None


async def test_what_is_over_is_swept_and_what_somebody_waits_for_is_kept(
    database_url: str,
) -> None:
    async def put(unit: Unit) -> None:
        for stage in Stage:
            await a_reset.start(unit, id=FlowId(stage), stage=stage, writing_since=make.NOW)
        await unit.resets.finished(make.ANNA, make.NOW, [])

    async def sweep(after: timedelta) -> set[Stage]:
        await records.write(lambda unit: unit.expired.sweep(make.NOW + after))
        kept = make.NOW + timedelta(minutes=1)
        return {each for each in Stage if await load(records, kept, id_=FlowId(each)) is not None}

    async with with_anna(database_url, put) as records:
        assert await sweep(15 * MINUTE) == set(Stage)
        assert await sweep(16 * MINUTE) == set(Stage) - {Stage.OPEN}
        assert await sweep(DAY + 16 * MINUTE) == {Stage.WRITING, Stage.UNKNOWN}
        assert await past(records) is not None
        assert await sweep(2 * FROZEN + MINUTE) == {Stage.WRITING, Stage.UNKNOWN}
        assert await past(records) is None
        assert await sweep(31 * DAY) == set()


async def test_a_backlog_is_swept_in_parts(database_url: str) -> None:
    async def put(unit: Unit) -> None:
        for n in range(600):
            await a_reset.start(unit, id=FlowId(f"reset{n}"), account_id=None)

    async with with_anna(database_url, put) as records:
        for part in (500, 100, 0):
            gone = await records.write(lambda unit: unit.expired.sweep(make.NOW + DAY))
            assert gone == part
