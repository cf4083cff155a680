"""Authorization requests that came before the browser."""

from dataclasses import replace
from datetime import timedelta

from portvakt.records.stored_requests import StoredRequest
from tests import make
from tests.records.stored import with_anna

REQUEST = StoredRequest(
    hash=b"h" * 32, client_id=make.SHOP, pushed=True, parameters="client_id=shop&state=%C3%A5"
)
ENDS = make.NOW + timedelta(seconds=60)
LATER = make.NOW + timedelta(minutes=30)
MINE, THEIRS = b"m" * 32, b"t" * 32


async def test_a_request_is_read_as_it_was_put_until_it_is_too_old(database_url: str) -> None:
    async with with_anna(database_url) as records:
        await records.write(lambda unit: unit.stored_requests.put(REQUEST, ENDS))
        for moment, expected in ((make.NOW, REQUEST), (ENDS, None)):
            found = await records.read(
                lambda unit, at=moment: unit.stored_requests.load(REQUEST.hash, at)
            )
            assert found == expected
        assert not await records.write(
            lambda unit: unit.stored_requests.spend(REQUEST.hash, MINE, ENDS)
        )


async def test_the_first_browser_keeps_it_for_longer_and_alone(database_url: str) -> None:
    async with with_anna(database_url) as records:
        await records.write(lambda unit: unit.stored_requests.put(REQUEST, ENDS))
        held = [
            await records.write(
                lambda unit, b=browser: unit.stored_requests.hold(REQUEST.hash, b, LATER, make.NOW)
            )
            for browser in (MINE, THEIRS)
        ]
        assert held == [True, False]
        found = await records.read(lambda unit: unit.stored_requests.load(REQUEST.hash, ENDS))
        assert found == replace(REQUEST, browser=MINE)
        spent = [
            await records.write(
                lambda unit, b=browser: unit.stored_requests.spend(REQUEST.hash, b, ENDS)
            )
            for browser in (THEIRS, MINE, MINE)
        ]
        assert spent == [False, True, False]


async def test_what_is_too_old_is_swept(database_url: str) -> None:
    async with with_anna(database_url) as records:
        await records.write(lambda unit: unit.stored_requests.put(REQUEST, ENDS))
        assert await records.write(lambda unit: unit.expired.sweep(ENDS)) == 0
        later = ENDS + timedelta(seconds=1)
        assert await records.write(lambda unit: unit.expired.sweep(later)) == 1
