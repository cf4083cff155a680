from dataclasses import replace
from datetime import timedelta

from portvakt.records import KeyState, StoredKey, Unit
from tests import make
from tests.records.stored import opened

KEY = StoredKey(
    kid="k1",
    alg="ES256",
    sealed=b"sealed",
    state=KeyState.CURRENT,
    created_at=make.NOW,
    changed_at=make.NOW,
)


async def test_of_two_that_start_at_once_one_makes_the_key(database_url: str) -> None:
    async with opened(database_url) as records:
        assert await records.write(lambda unit: unit.signing_keys.put(KEY))
        assert not await records.write(lambda unit: unit.signing_keys.put(replace(KEY, kid="k2")))
        assert await records.write(
            lambda unit: unit.signing_keys.put(replace(KEY, kid="k3", alg="RS256"))
        )
        found = await records.read(lambda unit: unit.signing_keys.all())
        assert {each.kid for each in found} == {"k1", "k3"}
        assert KEY in found


async def test_a134_keys_move_through_their_places(database_url: str) -> None:
    later = make.NOW + timedelta(days=1)
    coming = replace(KEY, kid="k2", state=KeyState.NEXT, created_at=later)

    async def rotate(unit: Unit) -> list[bool]:
        keys = unit.signing_keys
        return [
            await keys.put(coming),
            await keys.move("k1", KeyState.CURRENT, KeyState.RETIRED, later),
            await keys.move("k2", KeyState.NEXT, KeyState.CURRENT, later),
            await keys.move("k2", KeyState.NEXT, KeyState.CURRENT, later),
            await keys.remove("k2"),
        ]

    async with opened(database_url) as records:
        await records.write(lambda unit: unit.signing_keys.put(KEY))
        assert await records.write(rotate) == [True, True, True, False, False]
        found = await records.read(lambda unit: unit.signing_keys.all())
        assert [(each.kid, each.state, each.changed_at) for each in found] == [
            ("k1", KeyState.RETIRED, later),
            ("k2", KeyState.CURRENT, later),
        ]
        assert await records.write(lambda unit: unit.signing_keys.remove("k1"))


async def test_a_key_is_not_shown() -> None:
    assert "b'" not in repr(KEY)
