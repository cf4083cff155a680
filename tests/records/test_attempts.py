"""Counting in one statement: as the core's reference does, however many count at once."""

import asyncio
import itertools
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portvakt.core.throttle import LIMITS, SHARED, Kind, Limit, counted, given_back
from tests import make
from tests.records.stored import opened

KEY = ("anna", "password", "known")
GIVE_BACK = -1
spans = st.integers(1, 48 * 60).map(lambda minutes: timedelta(minutes=minutes))
limits = st.builds(
    Limit,
    run=st.integers(1, 4),
    stop=spans,
    per_day=st.none() | st.integers(1, 5),
    disable_at=st.none() | st.integers(1, 8),
    window=st.none() | spans,
    most=st.none() | st.integers(1, 8),
)
steps = st.lists(st.just(GIVE_BACK) | st.integers(0, 40 * 60), min_size=1, max_size=25)
subjects = itertools.count()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(limit=limits, steps=steps, kind=st.sampled_from(["x", *sorted(SHARED)]))
def test_it_counts_as_the_core_does(
    database_url: str, limit: Limit, steps: list[int], kind: str
) -> None:
    """Each step is minutes until the next try, or giving the last one back."""
    subject = f"subject{next(subjects)}"

    async def walk() -> None:
        now, reference = make.NOW, None
        async with opened(database_url) as records:
            for step in steps:
                if step == GIVE_BACK and reference is not None:
                    reference = given_back(reference, shared=kind in SHARED)
                    at = now
                    await records.write(
                        lambda unit: unit.attempts.give_back([(subject, kind, "y")], at)  # noqa: B023
                    )
                    continue
                now += timedelta(minutes=max(step, 0))
                reference = counted(reference, limit, now)
                at = now
                found = await records.write(
                    lambda unit: unit.attempts.count(subject, kind, "y", limit, at)  # noqa: B023
                )
                assert found == reference
                assert await records.read(lambda unit: unit.attempts.peek(subject, kind, "y"))

    asyncio.run(walk())


async def test_of_many_tries_at_once_only_as_many_as_the_limit_are_allowed(
    database_url: str,
) -> None:
    limit = LIMITS[Kind.PASSWORD]
    async with opened(database_url) as records:
        counts = await asyncio.gather(
            *(
                records.write_one(lambda unit: unit.attempts.count(*KEY, limit, make.NOW))
                for _ in range(30)
            )
        )
    assert sum(count.allowed for count in counts) == limit.run
    assert sorted(count.run for count in counts if count.allowed) == [*range(1, limit.run + 1)]


async def test_several_keys_are_given_back_in_one_statement(database_url: str) -> None:
    limit = LIMITS[Kind.PASSWORD]
    keys = [KEY, ("192.0.2.1", "address", "any")]
    async with opened(database_url) as records:
        for key in keys:
            await records.write(lambda unit, key=key: unit.attempts.count(*key, limit, make.NOW))
        before = records.counted
        await records.write(lambda unit: unit.attempts.give_back(keys, make.NOW))
        assert records.counted == before + 1
        for key in keys:
            count = await records.read(lambda unit, key=key: unit.attempts.peek(*key))
            assert count is not None
            assert (count.run, count.day, count.total) == (0, 0, 0)


async def test_a_try_that_was_never_judged_is_taken_back_and_no_other(database_url: str) -> None:
    limit = LIMITS[Kind.PASSWORD]
    async with opened(database_url) as records:
        for _ in range(limit.run):
            await records.write_one(lambda unit: unit.attempts.count(*KEY, limit, make.NOW))
        await records.write_one(lambda unit: unit.attempts.not_judged([KEY], make.NOW))
        count = await records.read(lambda unit: unit.attempts.peek(*KEY))
        assert count is not None
        assert (count.run, count.stopped_until) == (limit.run - 1, None)
        allowed = [
            await records.write_one(lambda unit: unit.attempts.count(*KEY, limit, make.NOW))
            for _ in range(2)
        ]
        assert [each.allowed for each in allowed] == [True, False], "ten are judged, not eleven"


async def test_nothing_is_known_of_what_was_never_tried(database_url: str) -> None:
    async with opened(database_url) as records:
        assert await records.read(lambda unit: unit.attempts.peek(*KEY)) is None
        await records.write(lambda unit: unit.attempts.give_back([], make.NOW))


async def test_a_stop_outlives_the_process_that_began_it(database_url: str) -> None:
    limit = Limit(run=1, stop=timedelta(minutes=15))
    for allowed in (True, False):
        async with opened(database_url) as records:
            count = await records.write(lambda unit: unit.attempts.count(*KEY, limit, make.NOW))
            assert count.allowed is allowed
