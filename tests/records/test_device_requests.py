"""Devices that ask to be let in: found while they wait, answered once, told to slow down."""

from datetime import datetime, timedelta

from portvakt.core.device_grant import INTERVAL, LIVES, DeviceState
from portvakt.core.ids import ClientId
from portvakt.records import DeviceRequest, Polled
from tests import make
from tests.records.stored import with_anna

ASKED = DeviceRequest(
    device_hash=b"d" * 32,
    user_hash=b"u" * 32,
    client_id=make.SHOP,
    scope=("openid", "email"),
    address="198.51.100.20",
    asked_at=make.NOW,
    expires_at=make.NOW + LIVES,
)
OTHER = b"o" * 32


async def test_an_asking_is_found_by_either_hash_until_it_is_answered(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.device_requests.put(ASKED)) as records:

        async def find(*hashes: bytes, now: datetime = make.NOW) -> DeviceRequest | None:
            return await records.read(lambda unit: unit.device_requests.find(hashes, now))

        assert await find(OTHER, OTHER) is None
        assert await find(ASKED.user_hash, OTHER) == ASKED
        assert await find(OTHER, ASKED.user_hash) == ASKED
        assert await find(ASKED.user_hash, OTHER, now=ASKED.expires_at) is None
        decided = [
            await records.write(
                lambda unit, s=said: unit.device_requests.decide(ASKED.device_hash, s, make.NOW)
            )
            for said in (DeviceState.DENIED, DeviceState.ALLOWED)
        ]
        assert decided == [True, False]
        assert await find(ASKED.user_hash, OTHER) is None


async def test_a_code_that_another_device_has_is_not_taken(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.device_requests.put(ASKED)) as records:
        assert not await records.write(lambda unit: unit.device_requests.put(ASKED))


async def test_an_answer_that_comes_late_is_no_answer(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.device_requests.put(ASKED)) as records:
        assert not await records.write(
            lambda unit: unit.device_requests.decide(
                ASKED.device_hash, DeviceState.ALLOWED, ASKED.expires_at
            )
        )


async def test_whoever_asks_too_soon_is_to_wait_longer_each_time(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.device_requests.put(ASKED)) as records:

        async def poll(after: timedelta, client: ClientId = make.SHOP) -> bool | None:
            found = await records.write(
                lambda unit: unit.device_requests.poll(ASKED.device_hash, client, make.NOW + after)
            )
            if found is None:
                return None
            assert found == Polled(DeviceState.WAITING, ASKED.expires_at, found.too_soon)
            return bool(found.too_soon)

        assert await poll(timedelta(), ClientId("another")) is None
        asked = [await poll(INTERVAL * spans) for spans in (0, 1, 1.5, 3, 6)]
        assert asked == [False, False, True, True, False]


async def test_an_asking_is_forgotten_an_hour_after_its_end(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.device_requests.put(ASKED)) as records:
        for hours, there in ((0.9, True), (1.1, False)):
            at = ASKED.expires_at + timedelta(hours=hours)
            await records.write(lambda unit, at=at: unit.expired.sweep(at))
            found = await records.write(
                lambda unit: unit.device_requests.poll(ASKED.device_hash, make.SHOP, make.NOW)
            )
            assert (found is not None) is there
