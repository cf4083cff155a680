"""Keys belong to the host of `public_url` that they were made under."""

from portvakt.journeys.set_up_mfa.key_host import KEY_HOST, settle
from tests import make
from tests.records import a_key
from tests.records.stored import with_anna

HOST, ELSEWHERE = "mfa.region.example", "region.example"


async def test_the_first_start_keeps_the_host_and_keys_hold_on_to_it(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: settle(unit, HOST), a_key.put) as records:
        assert await records.read(lambda unit: unit.meta.get(KEY_HOST)) == HOST
        assert await records.write(lambda unit: settle(unit, HOST)) is None
        for other in (ELSEWHERE, "other.example", "a.mfa.region.example"):
            assert await records.write(lambda unit, o=other: settle(unit, o)) == HOST
        assert await records.read(lambda unit: unit.meta.get(KEY_HOST)) == HOST


async def test_an_installation_without_keys_may_move(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: settle(unit, HOST), a_key.put) as records:
        await records.write(lambda unit: unit.authenticators.remove(a_key.ID, make.ANNA))
        assert await records.write(lambda unit: settle(unit, ELSEWHERE)) is None
        assert await records.read(lambda unit: unit.meta.get(KEY_HOST)) == ELSEWHERE
