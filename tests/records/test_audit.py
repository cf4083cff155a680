from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.events import PasswordReopened, PersonInvited, SessionsEnded, SignInFailed
from portvakt.core.ids import AccountId, RuleId
from portvakt.core.policy import Outcome, TraceLine
from portvakt.records import StoredEvent, Unit
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


async def test_a_page_of_somebodys_events_goes_on_where_the_last_one_ended(
    database_url: str,
) -> None:
    names = (SignInFailed.name, SessionsEnded.name)
    mine: dict[str, Any] = {"at": make.NOW, "account_id": make.ANNA}
    failed = SignInFailed(**mine, method=make.PASSWORD, reason="wrong")
    ended = SessionsEnded(**mine, sessions=1, reason="by_owner")
    untold = PasswordReopened(**mine, method=make.TOTP)
    others = SignInFailed(
        at=make.NOW, account_id=AccountId("bo"), method=make.PASSWORD, reason="wrong"
    )

    async def put(unit: Unit) -> None:
        await unit.audit.write_many([failed, others, untold, ended, failed])

    async with opened(database_url) as records:
        await records.write(put)

        async def page(most: int, **more: int) -> list[StoredEvent]:
            return await records.read(lambda unit: unit.audit.page(make.ANNA, names, most, **more))

        first = await page(2)
        assert [each.name for each in first] == [failed.name, ended.name]
        await records.write(lambda unit: unit.audit.write(ended))
        assert [each.name for each in await page(2, before=first[-1].id)] == [failed.name]
        assert await page(2, before=1) == []
        one = await records.read(lambda unit: unit.audit.one(make.ANNA, first[0].id))
        assert one == first[0]
        assert await records.read(lambda u: u.audit.one(AccountId("bo"), first[0].id)) is None
