"""Whom people are asked about for a new phone, and who has stood up for whom."""

from datetime import timedelta

from portvakt.core.events import NewPhoneVouched, ResetVouched
from portvakt.core.ids import FlowId
from portvakt.core.password_reset import Goal
from portvakt.records import Unit
from tests import make
from tests.records import a_reset
from tests.records.a_reset import BO, BOSS, CILLA, ID, MINE
from tests.records.stored import with_anna


async def test_whoever_asks_for_a_new_phone_is_found_as_that(database_url: str) -> None:
    """And its attempt is not found where passwords are reset, nor the other way about."""
    async with with_anna(database_url, a_reset.ask) as records:
        other = FlowId("phone")
        asking = a_reset.asking(id=other, goal=Goal.NEW_PHONE)
        await records.write(lambda unit: unit.resets.start(asking, MINE))
        waiting = await records.read(lambda unit: unit.vouches.waiting_for(BO, make.NOW))
        assert {each.attempt: each.new_phone for each in waiting} == {ID: False, other: True}

        async def found(unit: Unit) -> list[tuple[FlowId, bool]]:
            return [
                (id_, phone)
                for id_ in (ID, other)
                for phone in (False, True)
                if await unit.resets.load(id_, MINE, make.NOW, new_phone=phone) is not None
            ]

        assert await records.read(found) == [(ID, False), (other, True)]


async def test_who_has_stood_up_for_somebody_is_read_from_what_happened(database_url: str) -> None:
    day = timedelta(days=1)

    async with with_anna(database_url) as records:
        for days, kind, who in (
            (31, ResetVouched, BOSS),
            (29, ResetVouched, BO),
            (1, NewPhoneVouched, CILLA),
        ):
            event = kind(
                at=make.NOW - days * day,
                account_id=make.ANNA,
                actor=f"account:{who}",
                voucher=who,
                sort="colleague",
            )
            await records.write(lambda unit, e=event: unit.audit.write(e))
        since = make.NOW - 30 * day
        stood = await records.read(lambda unit: unit.vouches.stood_up_for(make.ANNA, since))
        assert stood == {BO, CILLA}
        assert await records.read(lambda unit: unit.vouches.stood_up_for(BO, since)) == set()
