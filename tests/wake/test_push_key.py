"""One key for the life of the installation, that no app hears of."""

import asyncio

from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealing import MasterKeys, Sealer
from portvakt.journeys.open_app.keys import KeyRing, rotate
from portvakt.proving.push_key import PushKey
from portvakt.records import Records
from tests import make
from tests.records.stored import opened

SEALER = Sealer(MasterKeys({"k1": b"k" * 32}))


def key_of(records: Records) -> PushKey:
    return PushKey(records=records, sealer=SEALER, random=SystemRandom())


async def test_it_is_made_once_however_many_need_it_at_once(database_url: str) -> None:
    async with opened(database_url) as records:
        found = await asyncio.gather(*(key_of(records).key(make.NOW) for _ in range(5)))
        assert len({key.public for key in found}) == 1
        assert (await key_of(records).key(make.NOW)).public == found[0].public
        events = await records.read(lambda unit: unit.audit.latest(10))
        assert [each.name for each in events] == ["key.made"]


async def test_it_lies_sealed(sqlite_url: str) -> None:
    async with opened(sqlite_url) as records:
        key = await key_of(records).key(make.NOW)
        stored = await records.read(lambda unit: unit.signing_keys.of_push())
        assert stored is not None
        assert key.export() not in stored.sealed


async def test_apps_are_told_nothing_of_it_and_rotation_leaves_it_alone(database_url: str) -> None:
    async with opened(database_url) as records:
        before = await key_of(records).key(make.NOW)
        ring = KeyRing(records=records, sealer=SEALER, random=SystemRandom())
        signer = await ring.signer(make.NOW)
        assert signer.algorithms() == ("ES256", "RS256")
        await rotate(records, SEALER, SystemRandom(), make.NOW, actor="test", algorithms=("ES256",))
        listed = await records.read(lambda unit: unit.signing_keys.all())
        assert {each.alg for each in listed} == {"ES256", "RS256"}
        assert (await key_of(records).key(make.NOW)).public == before.public
