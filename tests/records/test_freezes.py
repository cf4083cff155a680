"""Links that freeze, and whom they have frozen."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from portvakt.core.after_reset import PastReset
from portvakt.core.freezing import LINK_LIVES, Change, Disowned, Freezing
from portvakt.records import Records
from portvakt.records.freezes import Link
from tests import make
from tests.records.stored import somebody, with_anna

TOKEN, OTHER = b"t" * 32, b"o" * 32
MADE = make.NOW - timedelta(hours=1)
LINK = Link(make.ANNA, Change.ADDED, MADE)
GONE = Disowned(Change.ADDED, MADE, make.NOW)
BO = somebody(2)


async def of(records: Records) -> Freezing:
    return await records.read(lambda unit: unit.freezes.of(make.ANNA))


async def test_a_link_is_looked_at_as_often_as_one_likes_and_used_once(database_url: str) -> None:
    async with with_anna(database_url, lambda u: u.freezes.put_link(TOKEN, LINK)) as records:
        for _ in range(2):
            assert await records.read(lambda u: u.freezes.look(TOKEN, make.NOW)) == LINK
        assert await records.read(lambda u: u.freezes.look(OTHER, make.NOW)) is None
        assert await records.write(lambda u: u.freezes.spend(TOKEN, make.NOW)) == LINK
        assert await records.write(lambda u: u.freezes.spend(TOKEN, make.NOW)) is None
        assert await records.read(lambda u: u.freezes.look(TOKEN, make.NOW)) is None


async def test_a_link_is_over_to_the_moment_and_swept_after_it(database_url: str) -> None:
    async with with_anna(database_url, lambda u: u.freezes.put_link(TOKEN, LINK)) as records:
        last = MADE + LINK_LIVES - timedelta(milliseconds=1)
        assert await records.read(lambda u: u.freezes.look(TOKEN, last)) == LINK
        over = MADE + LINK_LIVES
        assert await records.read(lambda u: u.freezes.look(TOKEN, over)) is None
        assert await records.write(lambda u: u.freezes.spend(TOKEN, over)) is None
        assert await records.write(lambda u: u.expired.sweep(last)) == 0
        assert await records.write(lambda u: u.expired.sweep(over + timedelta(seconds=1))) == 1


@pytest.mark.parametrize(
    ("change", "made", "told"),
    [
        (Change.PASSWORD, make.NOW, True),
        (Change.RESET, MADE, True),
        (Change.RESET, MADE - timedelta(seconds=1), False),
        (Change.ADDED, make.NOW, False),
    ],
)
async def test_a_new_password_is_known_by_its_notice(
    database_url: str, change: Change, made: datetime, told: bool
) -> None:
    link = replace(LINK, change=change, made=made)
    async with with_anna(
        database_url,
        lambda u: u.people.upsert_many([BO]),
        lambda u: u.freezes.put_link(TOKEN, link),
    ) as records:
        await records.write(lambda u: u.freezes.spend(TOKEN, make.NOW))
        read = records.read
        assert await read(lambda u: u.freezes.password_changed_since(make.ANNA, MADE)) is told
        assert not await read(lambda u: u.freezes.password_changed_since(BO.id, MADE))


async def test_all_that_makes_somebody_stand_still_is_read_at_once(database_url: str) -> None:
    async with with_anna(database_url) as records:
        assert await of(records) == Freezing()
        await records.write(lambda u: u.freezes.freeze(make.ANNA, GONE))
        assert await of(records) == Freezing(disowned=GONE)
        used = frozenset({make.bound(make.TOTP).id})
        await records.write(lambda u: u.resets.finished(make.ANNA, make.NOW, used))
        assert await of(records) == Freezing(PastReset(make.NOW, used), GONE)
        later = replace(GONE, at=make.NOW + timedelta(hours=1))
        await records.write(lambda u: u.freezes.freeze(make.ANNA, later))
        assert (await of(records)).disowned == later


async def test_thawing_is_once_and_takes_older_links_with_it(database_url: str) -> None:
    newer = replace(LINK, made=make.NOW + timedelta(seconds=1))
    async with with_anna(
        database_url,
        lambda u: u.freezes.put_link(TOKEN, LINK),
        lambda u: u.freezes.put_link(OTHER, newer),
        lambda u: u.freezes.freeze(make.ANNA, GONE),
    ) as records:
        assert await records.write(lambda u: u.freezes.thaw(make.ANNA, make.NOW))
        assert not await records.write(lambda u: u.freezes.thaw(make.ANNA, make.NOW))
        assert (await of(records)).disowned is None
        assert await records.read(lambda u: u.freezes.look(TOKEN, make.NOW)) is None
        assert await records.read(lambda u: u.freezes.look(OTHER, make.NOW)) == newer
