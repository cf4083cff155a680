import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from portvakt.core.authenticators import AuthenticatorState
from portvakt.core.ids import AccountId, ApprovalId, AuthenticatorId
from portvakt.core.push_approval import FINISH_WITHIN, LIVES, PAIRING_LIVES, Approval, ApprovalState
from portvakt.records import Records, Unit
from tests import make
from tests.records import a_phone
from tests.records.stored import somebody, with_anna

REQUEST = a_phone.approval()
BO = AccountId("id7")
STRANGER = AccountId("stranger")
MOMENT = timedelta(milliseconds=1)
APPROVED, DENIED = ApprovalState.APPROVED, ApprovalState.DENIED


async def start(unit: Unit) -> None:
    await a_phone.put(unit)
    await unit.approvals.start(REQUEST)


async def answer(
    records: Records,
    number: str | None = a_phone.NUMBER,
    *,
    id_: str = "approval",
    account: AccountId = make.ANNA,
    phone: AuthenticatorId = a_phone.ID,
    after: timedelta = timedelta(),
) -> ApprovalState | None:
    """Approve with a number, or deny with none."""
    return await records.write(
        lambda unit: unit.approvals.answer(
            ApprovalId(id_),
            account,
            phone,
            number,
            make.NOW + after,
            approve=number is not None,
        )
    )


async def finish(
    records: Records,
    after: timedelta = timedelta(),
    flow: str = "flow",
    purpose: str = "sign_in",
    *,
    lock: bool = False,
) -> AuthenticatorId | None:
    now = make.NOW + after
    return await records.write(lambda unit: unit.approvals.finish(flow, purpose, now, lock=lock))


async def state(records: Records, id_: str = "approval") -> ApprovalState:
    found = await records.read(lambda unit: unit.approvals.load(ApprovalId(id_)))
    assert found is not None
    return ApprovalState(found.state)


async def test_a_request_is_read_as_it_was_made(database_url: str) -> None:
    one = replace(REQUEST, lock=True, quiet=True, sent_at=make.NOW, phone_id=a_phone.ID)
    nobodys = replace(REQUEST, id=ApprovalId("nobodys"), account_id=None, flow="other")
    async with with_anna(database_url) as records:
        for each in (one, nobodys):
            await records.write(lambda unit, each=each: unit.approvals.start(each))
            assert await records.read(lambda unit, i=each.id: unit.approvals.load(i)) == each
            newest = await records.read(
                lambda unit, f=each.flow: unit.approvals.newest(f, "sign_in")
            )
            assert newest == each
        assert await records.read(lambda unit: unit.approvals.waiting(make.ANNA, make.NOW)) == [one]


async def test_a033_an_answer_counts_once_and_its_browser_goes_on_once(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        assert await finish(records) is None
        assert await answer(records) is APPROVED
        assert [await answer(records), await answer(records, a_phone.WRONG)] == [None, None]
        assert [await finish(records), await finish(records)] == [a_phone.ID, None]
        assert await state(records) is ApprovalState.FINISHED
        assert await answer(records, None) is None


async def test_a033_a_wrong_number_ends_it(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        assert await answer(records, a_phone.WRONG) is ApprovalState.WRONG_NUMBER
        assert [await answer(records), await answer(records, None)] == [None, None]
        assert await finish(records) is None


async def test_a033_an_approval_is_for_its_own_flow_and_purpose(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        await answer(records)
        assert await finish(records, flow="other") is None
        assert await finish(records, purpose="methods") is None
        assert await finish(records) == a_phone.ID


@pytest.mark.parametrize("lock", [True, False])
async def test_a033_an_approval_with_the_screen_lock_and_one_without_never_stand_for_each_other(
    database_url: str, *, lock: bool
) -> None:
    async def with_lock(unit: Unit) -> None:
        await a_phone.put(unit)
        await unit.approvals.start(replace(REQUEST, lock=lock))

    async with with_anna(database_url, with_lock) as records:
        assert await answer(records) is APPROVED
        assert await finish(records, lock=not lock) is None
        assert await finish(records, lock=lock) == a_phone.ID


async def test_a033_an_older_approval_is_not_finished_in_place_of_a_newer(
    database_url: str,
) -> None:
    newer = replace(REQUEST, id=ApprovalId("newer"), created_at=make.NOW + MOMENT)
    async with with_anna(database_url, start) as records:
        await answer(records)
        await records.write(lambda unit: unit.approvals.start(newer))
        assert await finish(records) is None


@pytest.mark.parametrize("first", [APPROVED, DENIED])
async def test_between_a_yes_and_a_no_the_no_counts(
    database_url: str, first: ApprovalState
) -> None:
    async with with_anna(
        database_url, start, lambda unit: a_phone.put(unit, a_phone.OTHER)
    ) as records:
        if first is APPROVED:
            assert await answer(records) is APPROVED
            assert await answer(records, None, phone=a_phone.OTHER) is DENIED
        else:
            assert await answer(records, None) is DENIED
            assert await answer(records, phone=a_phone.OTHER) is None
        assert await finish(records) is None
        assert await answer(records, None) is None


async def test_a_no_comes_too_late_when_the_yes_is_worth_nothing_any_more(
    database_url: str,
) -> None:
    async with with_anna(database_url, start) as records:
        await answer(records)
        assert await answer(records, None, after=FINISH_WITHIN + MOMENT) is None
        assert await answer(records, None, after=FINISH_WITHIN) is DENIED


async def test_a036_a_request_is_answered_within_90_seconds(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        assert await answer(records, after=LIVES) is None
        assert await answer(records, None, after=LIVES) is None
        assert await answer(records, after=LIVES - MOMENT) is APPROVED


async def test_a036_a_browser_goes_on_within_60_seconds_of_the_answer(database_url: str) -> None:
    answered = timedelta(seconds=80)
    async with with_anna(database_url, start) as records:
        assert await answer(records, after=answered) is APPROVED
        assert await finish(records, answered + FINISH_WITHIN + MOMENT) is None
        assert await finish(records, answered + FINISH_WITHIN) == a_phone.ID


async def test_a036_what_is_over_does_not_wait(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        for after, waits in ((LIVES - MOMENT, [REQUEST]), (LIVES, [])):
            at: datetime = make.NOW + after
            found = await records.read(lambda unit, at=at: unit.approvals.waiting(make.ANNA, at))
            assert found == waits


@pytest.mark.parametrize("when", ["before the answer", "before going on"])
@pytest.mark.parametrize("what", ["removed", "suspended", "account closed"])
async def test_a034_a_phone_that_is_gone_at_that_moment_lets_nobody_in(
    database_url: str, what: str, when: str
) -> None:
    async def act(unit: Unit) -> None:
        match what:
            case "removed":
                await unit.phones.remove(a_phone.ID, make.ANNA)
            case "suspended":
                suspended = AuthenticatorState.SUSPENDED
                await unit.authenticators.set_state(a_phone.ID, suspended, make.NOW)
            case _:
                await unit.people.disable_many([make.ANNA], make.NOW)

    async with with_anna(database_url, start) as records:
        if when == "before the answer":
            await records.write(act)
            assert await answer(records) is None
            assert await answer(records, None) is None
        else:
            assert await answer(records) is APPROVED
            await records.write(act)
        assert await finish(records) is None


async def test_a034_removing_one_phone_leaves_what_another_can_answer(database_url: str) -> None:
    async with with_anna(
        database_url, start, lambda unit: a_phone.put(unit, a_phone.OTHER)
    ) as records:
        await records.write(lambda unit: unit.phones.remove(a_phone.ID, make.ANNA))
        assert await answer(records, phone=a_phone.OTHER) is APPROVED
        assert await finish(records) == a_phone.OTHER


async def test_a034_nobody_answers_for_another_account(database_url: str) -> None:
    theirs = AuthenticatorId("bos-phone")

    async def bo(unit: Unit) -> None:
        await unit.people.upsert_many([somebody(7)])
        await unit.phones.add(a_phone.phone(id=theirs, account_id=BO), None)
        await unit.authenticators.bind(make.bound(make.PUSH, id=theirs, account_id=BO))

    async with with_anna(database_url, start, bo) as records:
        assert await answer(records, account=BO, phone=theirs) is None
        assert await answer(records, account=make.ANNA, phone=theirs) is None
        assert await answer(records, account=BO, phone=a_phone.ID) is None
        assert await state(records) is ApprovalState.WAITING


async def test_what_is_nobodys_is_answered_and_finished_by_nobody(database_url: str) -> None:
    nobodys = replace(REQUEST, account_id=None)
    async with with_anna(
        database_url, a_phone.put, lambda unit: unit.approvals.start(nobodys)
    ) as records:
        assert await answer(records) is None
        assert await finish(records) is None


async def test_a_test_request_is_answered_by_the_phone_that_is_being_paired(
    database_url: str,
) -> None:
    test = replace(REQUEST, phone_id=a_phone.ID, purpose="test")
    async with with_anna(
        database_url,
        a_phone.put_proving,
        lambda unit: a_phone.put(unit, a_phone.OTHER),
        lambda unit: unit.approvals.start(test),
    ) as records:
        assert await answer(records, phone=a_phone.OTHER) is None
        assert await answer(records) is APPROVED
        assert await finish(records, purpose="test") == a_phone.ID


async def test_a_phone_that_is_being_paired_answers_nothing_else(database_url: str) -> None:
    async with with_anna(
        database_url, a_phone.put_proving, lambda unit: unit.approvals.start(REQUEST)
    ) as records:
        assert await answer(records) is None
        assert await answer(records, None) is None


async def test_a036_a_pairing_that_is_over_answers_no_test(database_url: str) -> None:
    late = make.NOW + PAIRING_LIVES - MOMENT
    test = a_phone.approval(phone_id=a_phone.ID, created_at=late)
    async with with_anna(
        database_url, a_phone.put_proving, lambda unit: unit.approvals.start(test)
    ) as records:
        assert await answer(records, after=PAIRING_LIVES) is None


async def test_saying_that_it_was_not_me_ends_everything(database_url: str) -> None:
    others = [
        a_phone.approval(id=ApprovalId("waits"), browser=b"o" * 32),
        a_phone.approval(id=ApprovalId("bos"), account_id=BO),
        a_phone.approval(id=ApprovalId("over"), created_at=make.NOW - LIVES),
    ]

    async def put(unit: Unit) -> None:
        await unit.people.upsert_many([somebody(7)])
        for each in others:
            await unit.approvals.start(each)

    async with with_anna(database_url, start, put) as records:
        assert await answer(records) is APPROVED
        ended = await records.write(lambda unit: unit.approvals.deny_all(make.ANNA, make.NOW))
        assert sorted(ended) == ["approval", "waits"]
        assert await finish(records) is None
        assert await state(records, "bos") is ApprovalState.WAITING
        assert await records.write(lambda unit: unit.approvals.deny_all(make.ANNA, make.NOW)) == []


async def test_what_is_replaced_or_closed_is_over(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        for new, count in ((ApprovalState.REPLACED, 1), (ApprovalState.CLOSED, 0)):
            ended = await records.write(
                lambda unit, new=new: unit.approvals.end([REQUEST.id], new, make.NOW)
            )
            assert ended == count
        assert await state(records) is ApprovalState.REPLACED
        assert await answer(records) is None


async def test_of_two_made_at_once_the_one_not_replaced_is_the_newest(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        for n in range(4):
            last = replace(REQUEST, id=ApprovalId(f"{n}"))

            async def act(unit: Unit, last: Approval = last) -> None:
                waiting = await unit.approvals.waiting(make.ANNA, make.NOW)
                await unit.approvals.end(
                    [each.id for each in waiting], ApprovalState.REPLACED, make.NOW
                )
                await unit.approvals.start(last)

            await records.write(act)
            newest = await records.read(lambda unit: unit.approvals.newest("flow", "sign_in"))
            assert newest == last


@pytest.mark.parametrize("what", ["sent", "delivered", "opened"])
async def test_when_something_first_happened_is_kept(database_url: str, what: str) -> None:
    async with with_anna(database_url, start) as records:
        noted = [
            await records.write_one(lambda unit, at=at: unit.approvals.note(REQUEST.id, what, at))
            for at in (make.NOW, make.NOW + LIVES)
        ]
        assert noted == [True, False]
        found = await records.read(lambda unit: unit.approvals.load(REQUEST.id))
        assert found == a_phone.approval(**{f"{what}_at": make.NOW})


async def test_ten_thousand_waiting_requests_hold_nobody_up(database_url: str) -> None:
    """A guard against reading them all; the figures are in bench/."""
    many = 10_000

    async def put(unit: Unit) -> None:
        await unit.people.upsert_many([somebody(1_000 + n) for n in range(many // 2)])
        for n in range(many):
            one = replace(
                REQUEST,
                id=ApprovalId(f"many{n}"),
                account_id=somebody(1_000 + n // 2).id,
                flow=f"flow{n}",
            )
            await unit.approvals.start(one)

    async with with_anna(database_url, start) as records:
        await records.write(put)
        begun = time.monotonic()
        for _ in range(20):
            await records.read(lambda unit: unit.approvals.waiting(make.ANNA, make.NOW))
            await records.read(lambda unit: unit.approvals.newest("flow", "sign_in"))
            await answer(records, id_="none")
            await finish(records, flow="flow17")
            await records.write(lambda unit: unit.approvals.deny_all(STRANGER, make.NOW))
        assert time.monotonic() - begun < 3
        over = make.NOW + timedelta(hours=2)
        assert await records.write(lambda unit: unit.expired.sweep(over)) == 500
