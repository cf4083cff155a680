from datetime import timedelta

from portvakt.core.ids import AccountId
from portvakt.records import Records
from tests import make
from tests.records.stored import somebody, with_anna

BO = somebody(2)


async def remembered(records: Records, account: AccountId = make.ANNA) -> list[str]:
    return await records.read(lambda unit: unit.password_memory.of(account))


async def test_a080_as_many_as_asked_for_are_remembered_newest_first(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.people.upsert_many([BO])) as records:
        assert await remembered(records) == []
        for n, keep in ((1, 3), (2, 3), (3, 3), (4, 3), (5, 2)):
            for account in (make.ANNA, BO.id):
                await records.write(
                    lambda u, n=n, k=keep, a=account: u.password_memory.remember(
                        a, f"$argon2id${n}", make.NOW + n * timedelta(days=1), k
                    )
                )
            if n == 4:
                assert await remembered(records) == [f"$argon2id${m}" for m in (4, 3, 2)]
        assert await remembered(records) == ["$argon2id$5", "$argon2id$4"]
        assert await records.write(lambda unit: unit.password_memory.forget(make.ANNA)) == 2
        assert await remembered(records) == []
        assert await remembered(records, BO.id) == ["$argon2id$5", "$argon2id$4"]


async def test_of_two_at_one_moment_the_later_is_the_newer(database_url: str) -> None:
    async with with_anna(database_url) as records:
        for each in ("$b", "$a"):
            await records.write(
                lambda u, e=each: u.password_memory.remember(make.ANNA, e, make.NOW, 1)
            )
        assert await remembered(records) == ["$a"]


async def test_where_none_is_to_be_kept_none_is(database_url: str) -> None:
    async with with_anna(database_url) as records:
        await records.write(
            lambda unit: unit.password_memory.remember(make.ANNA, "$a", make.NOW, 0)
        )
        assert await remembered(records) == []
