"""What became of a text: what is kept of its tries, and receipts, which count once."""

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import pytest

from portvakt.core.text_fates import Noted, ReceiptState, Stage, TextFate, stage_of
from portvakt.records import Records, Unit
from portvakt.records.outbox import fate_topic
from tests import make
from tests.records.stored import opened
from tests.records.test_outbox import LEASE, MESSAGE, numbered

SOON = make.NOW + timedelta(seconds=2)


async def claim(records: Records, at: datetime = make.NOW) -> None:
    await records.write(lambda unit: unit.outbox.claim("sms", at, 9, LEASE))


async def handed_over(
    records: Records, name: str, at: datetime = make.NOW, gateway: str = "first"
) -> None:
    await records.write(lambda unit: unit.outbox.put(MESSAGE))
    await claim(records)
    await records.write(lambda unit: unit.outbox.handed_over("m1", at, name, gateway))


async def receipt(
    records: Records,
    name: str,
    state: ReceiptState = "delivered",
    at: datetime = SOON,
    gateway: str = "first",
) -> Noted:
    noted: Noted = await records.write(lambda unit: unit.outbox.receipted(gateway, name, state, at))
    return noted


async def fate(records: Records, id_: str = "m1") -> TextFate:
    found: TextFate | None = await records.read(lambda unit: unit.outbox.fate(id_))
    assert found is not None
    return found


async def stage(records: Records, at: datetime = make.NOW) -> Stage:
    return stage_of(await fate(records), at)


def having(database_url: str) -> AbstractAsyncContextManager[Records]:
    return opened(database_url)


async def test_a_receipt_says_what_became_of_a_text_and_when(database_url: str) -> None:
    async with having(database_url) as records:
        await handed_over(records, "op-1")
        assert await stage(records) is Stage.SENT
        assert await receipt(records, "op-1") is Noted.NOW
        found = await fate(records)
        assert (found.receipt_state, found.receipt_at) == ("delivered", SOON)
        assert stage_of(found, SOON) is Stage.DELIVERED


async def test_a_text_that_did_not_arrive_is_told_as_that(database_url: str) -> None:
    async with having(database_url) as records:
        await handed_over(records, "op-1")
        assert await receipt(records, "op-1", "failed") is Noted.NOW
        assert await stage(records) is Stage.UNDELIVERED


async def test_a028_a_receipt_that_comes_again_changes_nothing(database_url: str) -> None:
    async with having(database_url) as records:
        await handed_over(records, "op-1")
        await receipt(records, "op-1")
        later = SOON + timedelta(seconds=9)
        assert await receipt(records, "op-1", "failed", later) is Noted.BEFORE
        assert (await fate(records)).receipt_at == SOON


async def test_a028_eight_receipts_at_once_are_noted_once(database_url: str) -> None:
    async with having(database_url) as records:
        await handed_over(records, "op-1")
        states: tuple[ReceiptState, ...] = ("delivered", "failed") * 4
        noted = await asyncio.gather(*(receipt(records, "op-1", each) for each in states))
        assert Counter(noted) == {Noted.NOW: 1, Noted.BEFORE: 7}


async def test_a028_a_receipt_that_is_too_late_changes_nothing(database_url: str) -> None:
    async with having(database_url) as records:
        await handed_over(records, "op-1")
        late = make.NOW + timedelta(hours=72)
        assert await receipt(records, "op-1", at=late) is Noted.BEFORE
        assert (await fate(records)).receipt_state is None


@pytest.mark.parametrize(
    ("gateway", "name"), [("second", "op-1"), ("first", "op-2"), ("first", "")]
)
async def test_a028_a_receipt_of_nothing_that_this_gateway_took_changes_nothing(
    database_url: str, gateway: str, name: str
) -> None:
    async with having(database_url) as records:
        await handed_over(records, "op-1")
        assert await receipt(records, name, gateway=gateway) is Noted.UNKNOWN
        assert (await fate(records)).receipt_state is None


async def test_a028_a_text_that_was_given_up_takes_no_receipt(database_url: str) -> None:
    async def give_up(unit: Unit) -> None:
        await unit.outbox.dropped("m1", make.NOW, "no answer", taken=True, gateway="first")

    async with having(database_url) as records:
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        await claim(records)
        await records.write(give_up)
        assert await receipt(records, "op-1") is Noted.UNKNOWN
        assert await stage(records) is Stage.UNKNOWN


async def test_a_name_that_an_operator_uses_again_means_the_newest_text(database_url: str) -> None:
    async with having(database_url) as records:
        for n in (1, 2):
            at = make.NOW + timedelta(minutes=n)
            await records.write(lambda unit, n=n: unit.outbox.put(numbered(n)))
            await claim(records, at)
            await records.write(
                lambda unit, n=n, at=at: unit.outbox.handed_over(f"m{n}", at, "op-1", "first")
            )
        assert await receipt(records, "op-1", at=make.NOW + timedelta(minutes=3)) is Noted.NOW
        assert (await fate(records, "m1")).receipt_state is None
        assert (await fate(records, "m2")).receipt_state == "delivered"


async def test_whatever_becomes_of_a_text_wakes_the_page_that_waits_for_it(
    database_url: str,
) -> None:
    acts = [
        lambda unit: unit.outbox.failed("m1", make.NOW, "status 503", taken=False),
        lambda unit: unit.outbox.handed_over("m1", make.NOW, "op-1", "first"),
        lambda unit: unit.outbox.receipted("first", "op-1", "delivered", SOON),
    ]
    async with having(database_url) as records:
        await records.listen()
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        await claim(records)
        for act in acts:
            waiting = asyncio.create_task(records.wait(fate_topic("m1"), 20))
            await asyncio.sleep(0)  # the task has begun to wait
            await records.write(act)
            assert await waiting


async def test_what_the_records_hold_of_tries_is_what_a_page_may_say(database_url: str) -> None:
    async with having(database_url) as records:
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        told = [await stage(records)]
        for taken in (False, True):
            await claim(records)
            told.append(await stage(records))
            await records.write(
                lambda unit, taken=taken: unit.outbox.failed(
                    "m1", make.NOW, "why", taken=taken, gateway="first"
                )
            )
            told.append(await stage(records))
        await claim(records)
        await records.write(lambda u: u.outbox.dropped("m1", make.NOW, "late", taken=False))
        told.append(await stage(records))
        assert told == [
            Stage.QUEUED,
            Stage.QUEUED,
            Stage.DELAYED,
            Stage.DELAYED,
            Stage.UNSURE,
            Stage.UNKNOWN,
        ]


async def test_a_try_of_a_worker_that_died_may_have_gone(database_url: str) -> None:
    async with having(database_url) as records:
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        await claim(records)
        await claim(records, make.NOW + LEASE)
        assert await stage(records) is Stage.UNSURE


async def test_which_gateway_is_asked_is_known_should_the_worker_die(database_url: str) -> None:
    async with having(database_url) as records:
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        await claim(records)
        await records.write(lambda unit: unit.outbox.asks("m1", "second"))
        later = make.NOW + LEASE
        (again,) = await records.write(lambda u: u.outbox.claim("sms", later, 9, LEASE))
        assert (again.gateway, again.maybe_sent) == ("second", 2)


async def test_a_gateway_that_surely_did_not_take_it_is_not_remembered(database_url: str) -> None:
    async with having(database_url) as records:
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        await claim(records)
        await records.write(lambda unit: unit.outbox.asks("m1", "second"))
        await records.write(lambda u: u.outbox.failed("m1", make.NOW, "503", taken=False))
        (again,) = await records.write(lambda u: u.outbox.claim("sms", make.NOW, 9, LEASE))
        assert (again.gateway, again.maybe_sent) == (None, 1)
