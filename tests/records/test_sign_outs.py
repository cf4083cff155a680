"""A session that ends says so itself, once, whoever ended it."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.ids import AccountId, ClientId, GrantId, SessionId
from portvakt.records import AuthorizationCode, Message, Records, Unit
from portvakt.records.sign_outs import NotTold, OpenedApp
from tests import make
from tests.records.stored import with_anna
from tests.records.test_grants import CODE, GRANT

S1, S2 = SessionId("s1"), SessionId("s2")
LEDGER = ClientId("ledger")


def code(name: str, session: SessionId, app: ClientId, **given: Any) -> AuthorizationCode:
    grant = replace(GRANT, id=GrantId(name), session_id=session, client_id=app)
    return replace(CODE, hash=name.encode().ljust(32, b"."), grant=grant, **given)


async def two_sessions(unit: Unit) -> None:
    """The shop twice and the ledger in one, the ledger in the other; codes fetched, and not."""
    for id_ in (S1, S2):
        await unit.sessions.open(make.session(id=id_), b"s" * 32)
    codes = (
        code("a", S1, make.SHOP),
        code("b", S1, make.SHOP),
        code("c", S1, LEDGER),
        code("d", S2, LEDGER),
    )
    for each in codes:
        await unit.grants.put_code(each)
        await unit.grants.spend_code(each.hash, make.NOW)
    never = make.NOW - timedelta(seconds=1)
    await unit.grants.put_code(code("e", S2, ClientId("never-fetched"), expires_at=never))
    await unit.grants.put_code(code("f", S2, ClientId("to-be-fetched")))


async def taken(records: Records, most: int = 10) -> dict[SessionId, AccountId]:
    return await records.write(lambda unit: unit.sign_outs.take(make.NOW, most))


async def close_one(unit: Unit) -> object:
    return await unit.sessions.close(S1, make.ANNA, make.NOW)


async def close_all_but_one(unit: Unit) -> object:
    return await unit.sessions.close_all(make.ANNA, make.NOW, except_id=S2)


async def close_all(unit: Unit) -> object:
    return await unit.sessions.close_all(make.ANNA, make.NOW)


async def close_some(unit: Unit) -> object:
    return await unit.sessions.close_some(make.NOW, 10)


async def disable(unit: Unit) -> object:
    return await unit.people.disable_many([make.ANNA], make.NOW)


@pytest.mark.parametrize(
    ("end", "ended"),
    [
        (close_one, {S1}),
        (close_all_but_one, {S1}),
        (close_all, {S1, S2}),
        (close_some, {S1, S2}),
        (disable, {S1, S2}),
    ],
)
async def test_whichever_way_a_session_ends_it_is_found_once_and_somebody_is_woken(
    database_url: str, end: Callable[[Unit], Coroutine[Any, Any, object]], ended: set[SessionId]
) -> None:
    async with with_anna(database_url, two_sessions) as records:
        assert await taken(records) == {}
        waiting = asyncio.create_task(records.wait("ended", 10))
        await asyncio.sleep(0)
        await records.write(end)
        assert await waiting
        assert await taken(records) == dict.fromkeys(ended, make.ANNA)
        assert await taken(records) == {}
        await records.write(end)
        assert await taken(records) == {}


async def test_a_part_is_taken_at_a_time(database_url: str) -> None:
    async with with_anna(database_url, two_sessions, close_all) as records:
        first, second = await taken(records, 1), await taken(records, 1)
        assert (len(first), len(second)) == (1, 1)
        assert {*first, *second} == {S1, S2}
        assert await taken(records, 1) == {}


async def test_eight_who_look_at_once_take_each_session_once(database_url: str) -> None:
    async with with_anna(database_url, two_sessions, close_all) as records:
        found = await asyncio.gather(*(taken(records, 1) for _ in range(8)))
        while more := await taken(records, 1):  # on PostgreSQL each passes over what others hold
            found.append(more)
        assert sorted(id_ for each in found for id_ in each) == [S1, S2]


async def test_what_is_taken_in_an_act_that_fails_is_found_again(database_url: str) -> None:
    async with with_anna(database_url, two_sessions, close_all) as records:

        async def dies(unit: Unit) -> None:
            await unit.sign_outs.take(make.NOW, 10)
            raise RuntimeError("killed")

        with pytest.raises(RuntimeError):
            await records.write(dies)
        assert set(await taken(records)) == {S1, S2}


async def test_the_apps_that_were_opened_are_told_of_once_for_each_session(
    database_url: str,
) -> None:
    async with with_anna(database_url, two_sessions, close_all) as records:
        found = await records.read(lambda unit: unit.sign_outs.opened_in([S1, S2], make.NOW))
        assert sorted(found, key=str) == sorted(
            [
                OpenedApp(S1, make.SHOP),
                OpenedApp(S1, LEDGER),
                OpenedApp(S2, LEDGER),
                OpenedApp(S2, ClientId("to-be-fetched")),
            ],
            key=str,
        )


async def test_grants_that_were_revoked_with_the_session_are_still_told_of(
    database_url: str,
) -> None:
    async with with_anna(database_url, two_sessions, close_all) as records:
        await records.write(lambda unit: unit.grants.revoke_of_account(make.ANNA, make.NOW))
        found = await records.read(lambda unit: unit.sign_outs.opened_in([S1], make.NOW))
        assert {each.client_id for each in found} == {make.SHOP, LEDGER}


async def test_a_session_is_not_swept_before_its_apps_are_told(database_url: str) -> None:
    async with with_anna(database_url, two_sessions, close_all) as records:
        assert len(await taken(records, 1)) == 1
        later = make.NOW + timedelta(days=5)
        await records.write(lambda unit: unit.expired.sweep(later))
        assert len(await taken(records)) == 1


async def test_a_session_whose_apps_nobody_ever_tells_is_swept_after_a_month(
    database_url: str,
) -> None:
    async with with_anna(database_url, two_sessions, close_all) as records:
        later = make.NOW + timedelta(days=31)
        await records.write(lambda unit: unit.expired.sweep(later))
        assert await taken(records) == {}


async def test_apps_that_cannot_be_told_are_listed_with_why(database_url: str) -> None:
    async with with_anna(database_url) as records:
        names = ("down", "down", "gone", "well")
        some = [message(f"{n}", to=name, id=f"{n}") for n, name in enumerate(names)]
        later = make.NOW + timedelta(minutes=1)

        async def act(unit: Unit) -> None:
            await unit.outbox.put_many(some)
            await unit.outbox.claim("sign_out", make.NOW, 10, timedelta(seconds=1))
            for id_ in ("0", "1"):
                await unit.outbox.failed(id_, later, "answers 503", taken=False)
            await unit.outbox.dropped("2", later, "answers 410", taken=False)

        await records.write(act)
        found = await records.read(lambda unit: unit.sign_outs.trouble(make.NOW))
        assert found == [
            NotTold("gone", given_up=True, count=1, why="answers 410"),
            NotTold("down", given_up=False, count=2, why="answers 503"),
        ]
        assert await records.read(lambda unit: unit.sign_outs.trouble(later)) == []


async def test_how_many_sessions_wait_and_since_when_is_told(database_url: str) -> None:
    async with with_anna(database_url, two_sessions) as records:
        assert await records.read(lambda unit: unit.sign_outs.left()) == (0, None)
        await records.write(close_all)
        assert await records.read(lambda unit: unit.sign_outs.left()) == (2, make.NOW)
        await taken(records)
        assert await records.read(lambda unit: unit.sign_outs.left()) == (0, None)


def message(key: str, **given: Any) -> Message:
    fields: dict[str, Any] = {
        "id": f"row-{key}-{len(given)}",
        "channel": "sign_out",
        "to": "shop",
        "body": b"\x00sealed\xff",
        "purpose": "notice",
        "account_id": make.ANNA,
        "created_at": make.NOW,
        "not_after": make.NOW + timedelta(hours=1),
        "idempotency_key": key,
    }
    return Message(**(fields | given))


async def test_many_messages_are_put_at_once_and_none_of_them_twice(database_url: str) -> None:
    async with with_anna(database_url) as records:
        assert await records.write(lambda unit: unit.outbox.put_many([])) == 0
        some = [message("1"), message("2", account_id=None)]
        assert await records.write(lambda unit: unit.outbox.put_many(some)) == 2
        again = [message("2", to="other"), message("3")]
        assert await records.write(lambda unit: unit.outbox.put_many(again)) == 1
        claimed = await records.write(
            lambda unit: unit.outbox.claim("sign_out", make.NOW, 10, timedelta(seconds=1))
        )
        found = {each.idempotency_key: each for each in claimed}
        assert found.keys() == {"1", "2", "3"}
        assert found["2"] == replace(some[1], tries=1, maybe_sent=1)


async def test_what_waits_for_one_recipient_is_held_and_the_rest_goes_on(
    database_url: str,
) -> None:
    later = make.NOW + timedelta(seconds=30)
    some = [
        message("1", id="1", to="down"),
        message("2", id="2", to="down"),
        message("3", id="3", to="well"),
        message("4", id="4", channel="mail", to="down"),
    ]
    async with with_anna(database_url) as records:
        await records.write(lambda unit: unit.outbox.put_many(some))
        moved = [
            await records.write(lambda unit: unit.outbox.hold("sign_out", "down", later))
            for _ in range(2)
        ]
        assert moved == [2, 0]
        lease = timedelta(seconds=1)
        due = await records.write(lambda u: u.outbox.claim("sign_out", make.NOW, 9, lease))
        assert [each.id for each in due] == ["3"]
        assert await records.read(lambda u: u.outbox.next_due("mail")) == make.NOW
        due = await records.write(lambda u: u.outbox.claim("sign_out", later, 9, lease))
        assert {each.id for each in due} >= {"1", "2"}
