from datetime import timedelta

from portvakt.core.audit_chain import START, ChainKeys, is_linked
from portvakt.core.events import SignInFailed
from tests import make
from tests.records.stored import opened

KEYS = ChainKeys("k1", {"k1": b"1" * 32})
FAILED = SignInFailed(at=make.NOW, account_id=make.ANNA, method=make.TOTP, reason="wrong")


async def test_what_waits_is_sealed_in_batches_that_follow_each_other(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.audit.write_many([FAILED] * 5))
        found = [
            await records.write(lambda unit: unit.audit_chain.seal(KEYS, make.NOW, 3))
            for _ in range(3)
        ]
        first, second, none = found
        assert none is None
        assert first is not None
        assert second is not None
        assert (first.number, first.first, first.count) == (1, 1, 3)
        assert (second.number, second.first, second.count) == (2, 4, 2)
        assert (first.previous, second.previous) == (START.link, first.link)
        assert is_linked(KEYS.by_id["k1"], second)
        assert await records.read(lambda unit: unit.audit_chain.tip()) == second.tip


async def test_the_sealer_says_how_far_behind_it_is(database_url: str) -> None:
    later = make.NOW + timedelta(seconds=3)
    async with opened(database_url) as records:
        assert await records.read(lambda unit: unit.audit.sealer_lag(later)) == timedelta()
        await records.write(lambda unit: unit.audit.write(FAILED))
        assert await records.read(lambda unit: unit.audit.sealer_lag(later)) == timedelta(seconds=3)
        await records.write(lambda unit: unit.audit_chain.seal(KEYS, make.NOW, 3))
        assert await records.read(lambda unit: unit.audit.sealer_lag(later)) == timedelta()
