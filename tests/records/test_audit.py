from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.events import PersonInvited, SignInFailed
from portvakt.core.ids import RuleId
from portvakt.core.policy import Outcome, TraceLine
from portvakt.records import Unit
from tests import make
from tests.records.stored import opened

FAILED = SignInFailed(
    at=make.NOW,
    account_id=make.ANNA,
    request_id="r1",
    address="192.0.2.1",
    method=make.TOTP,
    reason="wrong",
)
TRACE = (TraceLine(RuleId("outside"), Outcome.APPLIED, "multifactor"),)


async def test_an_event_is_read_as_it_was_told(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.audit.write(FAILED, TRACE))
        (found,) = await records.read(lambda unit: unit.audit.of_account(make.ANNA, 10))
        assert (found.at, found.name, found.account_id) == (make.NOW, FAILED.name, make.ANNA)
        assert (found.actor, found.request_id, found.address) == ("self", "r1", "192.0.2.1")
        assert found.detail == {"method": "totp", "reason": "wrong", "app": None}
        assert found.trace == TRACE


async def test_the_newest_comes_first_and_others_events_do_not(database_url: str) -> None:
    async def act(unit: Unit) -> None:
        for n in range(5):
            await unit.audit.write(replace(FAILED, at=make.NOW + timedelta(seconds=n)))
        await unit.audit.write(replace(FAILED, account_id=None))

    async with opened(database_url) as records:
        await records.write(act)
        found = await records.read(lambda unit: unit.audit.of_account(make.ANNA, 3))
        assert [each.at.second for each in found] == [4, 3, 2]
        assert found[0].trace is None
        assert len(await records.read(lambda unit: unit.audit.latest(100))) == 6


async def test_many_events_are_written_in_their_order(database_url: str) -> None:
    events = [
        PersonInvited(at=make.NOW, account_id=make.ANNA, actor="import", request_id=f"{n}")
        for n in range(1_200)
    ]
    async with opened(database_url) as records:
        before = records.counted
        await records.write(lambda unit: unit.audit.write_many(events))
        assert records.counted == before + 2
        found = await records.read(lambda unit: unit.audit.latest(2_000))
        assert [each.request_id for each in reversed(found)] == [f"{n}" for n in range(1_200)]


async def test_what_happened_goes_with_the_act_that_did_it(database_url: str) -> None:
    async def fails(unit: Unit) -> None:
        await unit.audit.write(FAILED)
        raise LookupError

    async with opened(database_url) as records:
        with pytest.raises(LookupError):
            await records.write(fails)
        assert await records.read(lambda unit: unit.audit.latest(10)) == []
