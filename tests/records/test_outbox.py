import asyncio
from dataclasses import replace
from datetime import timedelta

from portvakt.records import Message, SentTimes, Unit
from tests import make
from tests.records.stored import opened

LEASE = timedelta(seconds=30)
MESSAGE = Message(
    id="m1",
    channel="sms",
    to="+46701740605",
    body=b"sealed",
    purpose="sign_in",
    account_id=make.ANNA,
    address="192.0.2.1",
    created_at=make.NOW,
    not_after=make.NOW + timedelta(minutes=5),
    idempotency_key="k1",
)


def numbered(n: int) -> Message:
    at = make.NOW + timedelta(seconds=n)
    return replace(MESSAGE, id=f"m{n}", idempotency_key=f"k{n}", created_at=at)


async def test_a_message_is_claimed_once_until_its_lease_ends(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        at = [make.NOW, make.NOW + LEASE - timedelta(seconds=1), make.NOW + LEASE]
        claimed = [
            await records.write(lambda unit, t=t: unit.outbox.claim("sms", t, 10, LEASE))
            for t in at
        ]
        assert claimed == [
            [replace(MESSAGE, tries=1, maybe_sent=1)],
            [],
            [replace(MESSAGE, tries=2, maybe_sent=2)],
        ]
        due = await records.read(lambda unit: unit.outbox.next_due("sms"))
        assert due == make.NOW + 2 * LEASE


async def test_the_oldest_go_first_and_no_more_than_asked_for(database_url: str) -> None:
    async def put(unit: Unit) -> None:
        for n in (3, 1, 2):
            await unit.outbox.put(numbered(n))

    async with opened(database_url) as records:
        await records.write(put)
        later = make.NOW + timedelta(minutes=1)
        found = await records.write(lambda unit: unit.outbox.claim("sms", later, 2, LEASE))
        assert [each.id for each in found] == ["m1", "m2"]


async def test_asked_for_twice_is_sent_once(database_url: str) -> None:
    async with opened(database_url) as records:
        again = replace(MESSAGE, id="m2")
        assert await records.write(lambda unit: unit.outbox.put(MESSAGE))
        assert not await records.write(lambda unit: unit.outbox.put(again))


async def test_a_body_is_erased_when_it_is_handed_over_or_dropped(database_url: str) -> None:
    async with opened(database_url) as records:
        for n in (1, 2):
            await records.write(lambda unit, n=n: unit.outbox.put(numbered(n)))
        assert await records.write(lambda u: u.outbox.handed_over("m1", make.NOW, "receipt"))
        assert not await records.write(lambda u: u.outbox.handed_over("m1", make.NOW, "again"))
        await records.write(lambda unit: unit.outbox.dropped("m2", make.NOW, "late", taken=True))
        late = make.NOW + timedelta(days=1)
        assert await records.write(lambda unit: unit.outbox.claim("sms", late, 10, LEASE)) == []
        assert await records.read(lambda unit: unit.outbox.next_due("sms")) is None


async def test_what_failed_is_tried_again_when_it_is_due(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        await records.write(lambda unit: unit.outbox.claim("sms", make.NOW, 1, LEASE))
        later = make.NOW + timedelta(seconds=5)
        await records.write(lambda unit: unit.outbox.failed("m1", later, "429", taken=False))
        assert await records.read(lambda unit: unit.outbox.next_due("sms")) == later
        found = await records.write(lambda unit: unit.outbox.claim("sms", later, 1, LEASE))
        assert [each.tries for each in found] == [2]


async def test_slow_mail_holds_up_no_code(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        assert await records.write(lambda u: u.outbox.claim("mail", make.NOW, 9, LEASE)) == []
        assert await records.read(lambda unit: unit.outbox.next_due("mail")) is None


async def test_two_workers_never_get_the_same_message(database_url: str) -> None:
    async def put(unit: Unit) -> None:
        for n in range(40):
            await unit.outbox.put(numbered(n))

    async with opened(database_url) as one, opened(database_url) as other:
        await one.write(put)
        later = make.NOW + timedelta(minutes=2)
        got = await asyncio.gather(
            *(
                records.write(lambda unit: unit.outbox.claim("sms", later, 7, LEASE))
                for records in (one, other) * 4
            )
        )
        ids = [each.id for some in got for each in some]
        assert len(ids) == len(set(ids))
        assert len(ids) == 40


async def test_what_was_sent_is_counted_by_number_account_and_address(database_url: str) -> None:
    async def act(unit: Unit) -> SentTimes:
        await unit.outbox.put(numbered(1))
        await unit.outbox.put(replace(numbered(2), to="+46701740606"))
        await unit.outbox.put(replace(numbered(3), account_id=None))
        await unit.outbox.put(replace(numbered(4), address=None))
        await unit.outbox.put(replace(numbered(5), channel="mail"))
        await unit.outbox.put(replace(numbered(6), purpose="bind", account_id=None, address=None))
        await unit.outbox.handed_over("m1", make.NOW, "")
        return await unit.outbox.sent_times(
            number=MESSAGE.to,
            purpose=MESSAGE.purpose,
            account_id=make.ANNA,
            address=MESSAGE.address,
            since=make.NOW,
        )

    async with opened(database_url) as records:
        sent = await records.write(act)
        assert [at.second for at in sent.number] == [1, 3, 4, 6]
        assert [at.second for at in sent.purpose] == [1, 3, 4]
        assert [at.second for at in sent.account] == [1, 2, 4]
        assert [at.second for at in sent.address] == [1, 2, 3]
        counted = await records.read(lambda unit: unit.text_counts.since(make.NOW))
        assert (counted.all, counted.unproven) == (5, 0)


async def test_a024_a_limit_holds_however_many_ask_at_once(database_url: str) -> None:
    async def ask(unit: Unit, n: int) -> bool:
        sent = await unit.outbox.sent_times(
            number=f"+4670{n}",
            purpose=MESSAGE.purpose,
            account_id=None,
            address=MESSAGE.address,
            since=make.NOW,
        )
        return len(sent.address) < 5 and await unit.outbox.put(
            replace(numbered(n), to=f"+4670{n}", account_id=None)
        )

    async with opened(database_url) as records:
        put = await asyncio.gather(
            *(records.write(lambda unit, n=n: ask(unit, n)) for n in range(1, 31))
        )
        assert sum(put) == 5


async def test_putting_a_message_wakes_the_worker(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.listen()
        await records.write(lambda unit: unit.outbox.put(MESSAGE))
        assert await records.wait("outbox", 5)
