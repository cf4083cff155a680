"""What becomes of a closed phone that is to be woken."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from portvakt.core.phones import Subscription
from portvakt.core.push_approval import Approval
from portvakt.crypto.randomness import SystemRandom
from portvakt.proving.push_key import PushKey
from portvakt.records import Unit
from tests.conformance.operator import Behave, Operator, answers, closes, hangs, operator, writes
from tests.records.a_phone import ID, approval
from tests.records.a_phone import put as put_phone
from tests.records.stored import person
from tests.servers.push_service import WakeablePhone, at, in_turn, push_service, verified
from tests.worker.office import SEALER, Office, office, until


@asynccontextmanager
async def with_phone(
    database_url: str, there: Operator, *gateways: str
) -> AsyncIterator[tuple[Office, WakeablePhone, Subscription]]:
    """An office in which Anna has a phone that waits to be woken, and a request for it."""
    phone = WakeablePhone()
    subscription = phone.subscription(at(there))
    now = datetime.now(UTC)

    async def put(unit: Unit) -> None:
        await unit.people.upsert_many([person()])
        await put_phone(unit)
        await unit.approvals.start(approval(created_at=now))

    async with office(database_url, *gateways, push=(at(there),)) as here:
        await here.records.write(put)
        await here.subscribe(ID, subscription)
        yield here, phone, subscription


async def request_in(here: Office) -> Approval:
    found: Approval | None = await here.records.read(
        lambda unit: unit.approvals.load(approval().id)
    )
    assert found is not None
    return found


async def is_subscribed(here: Office) -> bool:
    found = await here.records.read(lambda unit: unit.phones.load(ID, datetime.now(UTC)))
    assert found is not None
    return found[0].subscription is not None


async def test_a_phone_is_woken_at_once_and_its_waiting_page_hears_so(database_url: str) -> None:
    async with push_service() as there, with_phone(database_url, there) as (here, phone, where):
        async with here.working():
            await asyncio.sleep(0.3)  # it has looked, found nothing and gone to sleep
            heard = asyncio.create_task(here.records.wait("approval:approval", 10))
            await asyncio.sleep(0.1)
            began = time.monotonic()
            await here.put_wake(where)
            assert await heard
            assert time.monotonic() - began < 2
        (request,) = there.requests
        assert phone.opened(request.body) == b'{"v":1}'
        key = await PushKey(records=here.records, sealer=SEALER, random=SystemRandom()).key(
            datetime.now(UTC)
        )
        assert verified(request, datetime.now(UTC))["key"] == key.public
        assert 80 <= int(request.headers["ttl"]) <= 90
        assert (await request_in(here)).sent_at is not None
        assert await here.events() == ["key.made"]


async def test_a_message_that_was_taken_leaves_no_body(sqlite_url: str) -> None:
    async with push_service() as there, with_phone(sqlite_url, there) as (here, _, where):
        await here.put_wake(where)
        async with here.working():
            row = await here.state("m1", "handed_over")
        assert row["body"] is None
        assert not row["receipt"]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_phone_that_is_gone_there_is_not_woken_again(sqlite_url: str, status: int) -> None:
    async with (
        push_service(answers(status)) as there,
        with_phone(sqlite_url, there) as (here, _, where),
    ):
        await here.put_wake(where)
        async with here.working():
            row = await here.state("m1", "dropped")
        assert row["why"] == f"status {status}"
        assert len(there.requests) == 1
        assert not await is_subscribed(here)
        assert (await request_in(here)).sent_at is None
        assert (await here.events())[0] == "message.failed"


async def test_a_phone_that_has_said_something_newer_stays_subscribed(database_url: str) -> None:
    async with (
        push_service(answers(410)) as there,
        with_phone(database_url, there) as (here, phone, where),
    ):
        await here.put_wake(where)
        newer = WakeablePhone(private=phone.private).subscription(at(there))
        await here.subscribe(ID, newer)
        async with here.working(), asyncio.timeout(20):
            while "message.failed" not in await here.events():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert await is_subscribed(here)


async def test_a_phone_that_was_removed_meanwhile_is_no_trouble(sqlite_url: str) -> None:
    async with (
        push_service(answers(410)) as there,
        with_phone(sqlite_url, there) as (here, _, where),
    ):
        await here.put_wake(where)
        await here.records.write(lambda unit: unit.phones.remove(ID, person().id))
        async with here.working():
            await here.state("m1", "dropped")


@pytest.mark.parametrize(
    "behave",
    [answers(500), answers(503), closes, writes(b"\x00\xff\r\n\r\n"), answers(200, b"<html>")],
    ids=["500", "503", "closes", "garbage", "200"],
)
async def test_a_service_in_trouble_is_asked_once_more_and_then_never(
    sqlite_url: str, behave: Behave
) -> None:
    async with push_service(behave) as there, with_phone(sqlite_url, there) as (here, _, where):
        await here.put_wake(where)
        async with here.working():
            await here.state("m1", "dropped")
        assert len(there.requests) == 2
        assert await is_subscribed(here)
        assert (await here.events()).count("message.failed") == 1


async def test_a_service_that_asks_us_to_wait_is_waited_for(sqlite_url: str) -> None:
    behave = in_turn(answers(429, b"", "Retry-After: 1"), answers(201))
    async with push_service(behave) as there, with_phone(sqlite_url, there) as (here, _, where):
        began = time.monotonic()
        await here.put_wake(where)
        async with here.working():
            await here.state("m1", "handed_over")
        assert len(there.requests) == 2
        assert time.monotonic() - began >= 1


async def test_nobody_is_woken_for_a_request_that_is_over(sqlite_url: str) -> None:
    behave = answers(429, b"", "Retry-After: 60")
    async with push_service(behave) as there, with_phone(sqlite_url, there) as (here, _, where):
        await here.put_wake(where, lives=timedelta(seconds=30))
        async with here.working():
            row = await here.state("m1", "dropped")
        assert row["why"] == "status 429"
        assert len(there.requests) == 1


async def test_push_services_that_hang_delay_no_text(sqlite_url: str) -> None:
    async with (
        push_service(hangs) as push,
        operator(answers(200)) as texts,
        with_phone(sqlite_url, push, texts.url) as (here, _, where),
        here.working(),
    ):
        for number in range(40):
            await here.put_wake(where, f"w{number}")
        await until(lambda: len(push.requests) == 32)
        began = time.monotonic()
        await here.put_text("text")
        await here.state("text", "handed_over")
        assert time.monotonic() - began < 2


async def test_f40_a_service_that_is_down_is_not_stormed(sqlite_url: str) -> None:
    async with (
        push_service(answers(503)) as there,
        with_phone(sqlite_url, there) as (here, _, where),
    ):
        for number in range(100):
            await here.put_wake(where, f"w{number}")
        async with here.working():
            await until(lambda: len(there.requests) >= 5)
            await asyncio.sleep(2)
        assert len(there.requests) <= 32 + 5  # those already under way, and the five


async def test_without_a_gateway_nobody_is_woken(sqlite_url: str) -> None:
    async with office(sqlite_url) as here:
        await here.put_wake(WakeablePhone().subscription("https://push.example"))
        async with here.working():
            row = await here.state("m1", "dropped")
        assert row["why"] == "the settings have no [wake]"
