"""Initial tokens of dynamic registration, as they are listed and withdrawn."""

from datetime import timedelta

from portvakt.records import Unit
from portvakt.records.registrations import Allowance
from tests import make
from tests.records.stored import opened

LIVES = timedelta(days=7)


def allowance(letter: bytes, uses: int = 1, lives: timedelta = LIVES) -> Allowance:
    return Allowance(letter * 32, f"note {letter.decode()}", uses, make.NOW + lives)


async def test_those_that_count_are_listed_and_one_is_withdrawn_once(database_url: str) -> None:
    async with opened(database_url) as records:
        kept, gone, over = allowance(b"a", 3), allowance(b"b"), allowance(b"c", lives=timedelta())

        async def put(unit: Unit) -> None:
            for each in (kept, gone, over):
                await unit.registrations.allow(each, make.NOW)

        await records.write(put)
        listed = await records.read(lambda unit: unit.registrations.counting(make.NOW))
        assert listed == (kept, gone)
        assert await records.write(lambda unit: unit.registrations.withdraw(gone.token_hash))
        assert not await records.write(lambda unit: unit.registrations.withdraw(gone.token_hash))
        assert not await records.write(
            lambda unit: unit.registrations.spend(gone.token_hash, make.NOW)
        )
        assert await records.write(lambda unit: unit.registrations.spend(kept.token_hash, make.NOW))
        (left,) = await records.read(lambda unit: unit.registrations.counting(make.NOW))
        assert left.uses == 2
