"""Refresh tokens: the newest of a family counts, and whoever brings an older one is told apart."""

from dataclasses import replace
from datetime import timedelta

from portvakt.core.ids import ClientId, GrantId
from portvakt.records import AnothersKey, Rotated, Unit, UsedBefore
from tests import make
from tests.records import test_grants
from tests.records.stored import with_anna

FAMILY, FIRST, SECOND, THIRD = b"f" * 32, b"1" * 32, b"2" * 32, b"3" * 32
GRANT = test_grants.GRANT


async def put(unit: Unit) -> None:
    await test_grants.put(unit)
    await unit.refresh_tokens.begin(FAMILY, FIRST, GRANT.id, make.NOW)


async def test_each_token_counts_once_and_the_next_from_then_on(database_url: str) -> None:
    async with with_anna(database_url, put) as records:

        async def rotate(old: bytes, new: bytes, family: bytes = FAMILY) -> object:
            return await records.write(
                lambda unit: unit.refresh_tokens.rotate(family, old, new, make.NOW)
            )

        assert await rotate(SECOND, THIRD, b"x" * 32) is None
        assert await rotate(FIRST, SECOND) == Rotated(GRANT.id)
        assert await rotate(FIRST, THIRD) == UsedBefore(GRANT.id)
        assert await rotate(SECOND, THIRD) == Rotated(GRANT.id)


async def test_a_token_is_found_while_it_counts_and_its_family_always(database_url: str) -> None:
    async with with_anna(database_url, put) as records:

        async def look(token: bytes) -> tuple[GrantId | None, GrantId | None]:
            return await records.read(
                lambda unit: unit.refresh_tokens.look(FAMILY, token)
            ), await records.read(lambda unit: unit.refresh_tokens.whose(FAMILY))

        assert await look(FIRST) == (GRANT.id, GRANT.id)
        await records.write(
            lambda unit: unit.refresh_tokens.rotate(FAMILY, FIRST, SECOND, make.NOW)
        )
        assert await look(FIRST) == (None, GRANT.id)
        assert await look(SECOND) == (GRANT.id, GRANT.id)


async def test_a_grant_for_later_outlives_the_session_and_no_other_does(database_url: str) -> None:
    later = replace(GRANT, id=GrantId("later"), offline=True, claims='{"userinfo":{"name":null}}')

    async def both(unit: Unit) -> None:
        await test_grants.put(unit)
        code = replace(test_grants.CODE, hash=b"d" * 32, grant=later)
        await unit.grants.put_code(code)
        assert await unit.sessions.close(GRANT.session_id, make.ANNA, make.NOW)
        assert await unit.grants.revoke_of_session(GRANT.session_id, make.NOW) == 1

    async with with_anna(database_url, both) as records:
        gone = await records.read(lambda unit: unit.grants.load(GRANT.id, make.NOW))
        assert gone is None
        found = await records.read(lambda unit: unit.grants.load(later.id, make.NOW))
        assert found is not None
        assert found[0] == later
        assert await records.write(lambda unit: unit.grants.revoke_of_account(make.ANNA, make.NOW))
        gone = await records.read(lambda unit: unit.grants.load(later.id, make.NOW))
        assert gone is None


async def test_an_id_is_spent_once_and_forgotten_when_it_would_have_expired(
    database_url: str,
) -> None:
    ends = make.NOW + timedelta(minutes=5)
    async with with_anna(database_url) as records:
        spent = [
            await records.write(lambda unit: unit.seen_ids.spend(b"i" * 32, ends)) for _ in range(2)
        ]
        assert spent == [True, False]
        assert await records.read(lambda unit: unit.seen_ids.has(b"i" * 32))
        await records.write(lambda unit: unit.expired.sweep(ends + timedelta(seconds=1)))
        assert not await records.read(lambda unit: unit.seen_ids.has(b"i" * 32))


async def test_a_yes_is_replaced_by_the_next_and_taken_back(database_url: str) -> None:
    async with with_anna(database_url) as records:
        for scope in (("openid",), ("openid", "email")):
            await records.write(
                lambda unit, s=scope: unit.consents.give(make.ANNA, make.SHOP, s, make.NOW)
            )
        (found,) = await records.read(lambda unit: unit.consents.of(make.ANNA))
        assert (found.client_id, found.scope) == (make.SHOP, ("openid", "email"))
        for was_there in (True, False):
            assert was_there is await records.write(
                lambda unit: unit.consents.take_back(make.ANNA, make.SHOP)
            )


async def test_a_yes_is_forgotten_that_was_said_since_a_moment(database_url: str) -> None:
    async with with_anna(database_url) as records:
        for app, ago in (("old", 2), ("then", 1), ("young", 0)):
            at = make.NOW - timedelta(hours=ago)
            await records.write(
                lambda unit, a=app, t=at: unit.consents.give(make.ANNA, ClientId(a), ("openid",), t)
            )
        since = make.NOW - timedelta(hours=1)
        for forgotten in (2, 0):
            assert forgotten == await records.write(
                lambda unit: unit.consents.take_back_since(make.ANNA, since)
            )
        (left,) = await records.read(lambda unit: unit.consents.of(make.ANNA))
        assert left.client_id == "old"


async def test_a_bound_token_counts_with_its_key_alone(database_url: str) -> None:
    async def bound(unit: Unit) -> None:
        await test_grants.put(unit)
        await unit.refresh_tokens.begin(FAMILY, FIRST, GRANT.id, make.NOW, bound_to="jkt:a")

    async with with_anna(database_url, bound) as records:

        async def rotate(old: bytes, new: bytes, key: str | None) -> object:
            return await records.write(
                lambda unit: unit.refresh_tokens.rotate(FAMILY, old, new, make.NOW, key)
            )

        for key in (None, "jkt:b", "a", ""):
            assert await rotate(FIRST, SECOND, key) == AnothersKey(GRANT.id)
        assert await rotate(FIRST, SECOND, "jkt:a") == Rotated(GRANT.id)
        for key in (None, "jkt:a"):
            assert await rotate(FIRST, THIRD, key) == UsedBefore(GRANT.id)
        assert await rotate(SECOND, THIRD, None) == AnothersKey(GRANT.id)


async def test_what_was_said_to_an_app_that_is_taken_away_is_not_said_to_the_next_of_its_name(
    database_url: str,
) -> None:
    async with with_anna(database_url) as records:
        for app in (make.SHOP, ClientId("other")):
            await records.write(
                lambda unit, a=app: unit.consents.give(make.ANNA, a, ("openid",), make.NOW)
            )
        gone = [make.SHOP, ClientId("third")]
        assert await records.write(lambda unit: unit.consents.forget_apps(gone)) == 1
        (left,) = await records.read(lambda unit: unit.consents.of(make.ANNA))
        assert left.client_id == "other"
