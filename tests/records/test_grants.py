import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from portvakt.core.ids import AccountId, ClientId, GrantId, SessionId
from portvakt.records import AuthorizationCode, Grant, Reused, Unit
from tests import make
from tests.records.stored import with_anna

HASH = b"c" * 32
GRANT = Grant(
    id=GrantId("grant"),
    account_id=make.ANNA,
    client_id=make.SHOP,
    session_id=make.session().id,
    scope=("openid", "profile"),
    evidence=(make.evidence(make.PASSWORD), make.evidence(make.TOTP)),
    created_at=make.NOW,
    expires_at=make.NOW + timedelta(hours=1),
)
CODE = AuthorizationCode(
    hash=HASH,
    grant=GRANT,
    expires_at=make.NOW + timedelta(seconds=60),
    redirect_uri="http://localhost:8003/callback",
    code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    nonce="n",
    dpop_jkt="0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
)


async def put(unit: Unit) -> None:
    await unit.sessions.open(make.session(), b"s" * 32)
    await unit.grants.put_code(CODE)


async def test_a_code_is_spent_once_and_a_second_use_is_told_apart(database_url: str) -> None:
    async with with_anna(database_url, put) as records:
        outcomes = [
            await records.write(lambda unit, h=h: unit.grants.spend_code(h, make.NOW))
            for h in (b"x" * 32, HASH, HASH)
        ]
        assert outcomes == [None, CODE, Reused(GRANT.id)]


async def test_a_code_that_is_too_old_is_no_code(database_url: str) -> None:
    async with with_anna(database_url, put) as records:
        found = await records.write(lambda unit: unit.grants.spend_code(HASH, CODE.expires_at))
        assert found is None


async def test_one_statement_reads_a_grant_and_its_person(database_url: str) -> None:
    async with with_anna(database_url, put) as records:
        before = records.counted
        found = await records.read(lambda unit: unit.grants.load(GRANT.id, make.NOW))
        assert records.counted == before + 1
        assert found is not None
        assert found[0] == GRANT
        assert found[1].id == make.ANNA
        late = GRANT.expires_at
        assert await records.read(lambda unit: unit.grants.load(GRANT.id, late)) is None


async def test_a_revoked_grant_gives_nothing_not_even_its_code(database_url: str) -> None:
    async with with_anna(database_url, put) as records:
        revoked = [
            await records.write(lambda unit: unit.grants.revoke(GRANT.id, make.NOW))
            for _ in range(2)
        ]
        assert revoked == [True, False]
        assert await records.read(lambda unit: unit.grants.load(GRANT.id, make.NOW)) is None
        assert await records.write(lambda unit: unit.grants.spend_code(HASH, make.NOW)) is None


async def test_grants_end_with_the_session_or_for_the_whole_account(database_url: str) -> None:
    async with with_anna(database_url, put) as records:
        session = make.session().id
        assert await records.write(lambda u: u.grants.revoke_of_session(session, make.NOW)) == 1
        assert await records.write(lambda u: u.grants.revoke_of_account(make.ANNA, make.NOW)) == 0


async def test_a_grant_stands_only_as_long_as_its_session(database_url: str) -> None:
    async with with_anna(database_url, put) as records:
        await records.write(lambda unit: unit.sessions.close_all(make.ANNA, make.NOW))
        assert await records.read(lambda unit: unit.grants.load(GRANT.id, make.NOW)) is None


def another(letter: str, **given: Any) -> AuthorizationCode:
    """A code that was fetched with its grant, each with an id of its own."""
    grant = replace(GRANT, id=GrantId(letter), **given)
    return replace(CODE, hash=letter.encode().ljust(32, b"."), grant=grant)


async def test_what_apps_hold_now_is_listed_and_nothing_else(database_url: str) -> None:
    hour = timedelta(hours=1)
    codes = (
        another("1"),
        another("2", session_id=SessionId("gone"), offline=True, claims="{}"),
        another("3", session_id=SessionId("gone")),
        another("4", expires_at=make.NOW),
        another("5"),  # revoked below
        another("6", created_at=make.NOW - hour),  # fetched by nobody
    )

    async def many(unit: Unit) -> None:
        gone = replace(make.session(), id=SessionId("gone"))
        await unit.sessions.open(gone, b"g" * 32)
        for code in codes:
            assert await unit.grants.put_code(code)
            if code is not codes[5]:
                await unit.grants.spend_code(code.hash, make.NOW)
        await unit.grants.revoke(GrantId("5"), make.NOW)
        await unit.sessions.close(gone.id, gone.account_id, make.NOW)

    async with with_anna(database_url, put, many) as records:
        before = records.counted
        found = await records.read(lambda unit: unit.grants.held_of(make.ANNA, make.NOW))
        assert records.counted == before + 1
        assert [(each.since, each.offline, each.claims) for each in found] == [
            (make.NOW - hour, False, None),
            (make.NOW, False, None),
            (make.NOW, True, "{}"),
            (make.NOW, False, None),  # with `put`'s code, which is on its way
        ]
        assert {(each.client_id, each.scope, each.until) for each in found} == {
            (make.SHOP, ("openid", "profile"), GRANT.expires_at)
        }
        late = CODE.expires_at
        found = await records.read(lambda unit: unit.grants.held_of(make.ANNA, late))
        assert len(found) == 2, "a code that nobody fetched in time is nothing that is held"
        assert await records.read(lambda u: u.grants.held_of(AccountId("bo"), make.NOW)) == []


async def test_what_one_app_holds_ends_offline_too_and_nothing_of_others(
    database_url: str,
) -> None:
    async def many(unit: Unit) -> None:
        await unit.grants.put_code(another("1", offline=True))
        await unit.grants.put_code(another("2", client_id=ClientId("ledger")))
        await unit.grants.put_code(another("3", expires_at=make.NOW))

    async with with_anna(database_url, put, many) as records:
        for app, ended in ((make.SHOP, 2), (make.SHOP, 0), (ClientId("none"), 0)):
            assert ended == await records.write(
                lambda unit, a=app: unit.grants.revoke_of_app(make.ANNA, a, make.NOW)
            )
        [left] = await records.read(lambda unit: unit.grants.held_of(make.ANNA, make.NOW))
        assert left.client_id == "ledger"


async def test_what_came_of_all_sessions_but_one_ends_and_offline_stays(
    database_url: str,
) -> None:
    async def many(unit: Unit) -> None:
        other = replace(make.session(), id=SessionId("other"))
        await unit.sessions.open(other, b"o" * 32)
        await unit.grants.put_code(another("1", session_id=other.id, client_id=ClientId("a")))
        code = another("2", session_id=other.id, client_id=ClientId("b"), offline=True)
        await unit.grants.put_code(code)

    async with with_anna(database_url, put, many) as records:
        kept = make.session().id
        ended = await records.write(lambda u: u.grants.revoke_of_others(make.ANNA, kept, make.NOW))
        assert ended == 1
        found = await records.read(lambda unit: unit.grants.held_of(make.ANNA, make.NOW))
        assert sorted(each.client_id for each in found) == ["b", make.SHOP]


async def test_what_an_app_that_is_taken_away_held_does_not_come_back_with_its_name(
    database_url: str,
) -> None:
    async with with_anna(database_url, put) as records:
        others = [ClientId("other"), ClientId("another")]
        assert await records.write(lambda unit: unit.grants.revoke_of_apps(others, make.NOW)) == 0
        assert await records.write(lambda unit: unit.grants.spend_code(HASH, make.NOW)) == CODE
        both = [make.SHOP, *others]
        assert await records.write(lambda unit: unit.grants.revoke_of_apps(both, make.NOW)) == 1
        assert await records.read(lambda unit: unit.grants.load(GRANT.id, make.NOW)) is None


async def test_a_code_on_its_way_while_its_session_ends_is_ended_too_or_never_there(
    database_url: str,
) -> None:
    """As offline as it is, which outlives the session: whoever says «not me» ends them all."""

    async def end(unit: Unit) -> None:
        await unit.sessions.close_all(make.ANNA, make.NOW)
        await unit.grants.revoke_of_account(make.ANNA, make.NOW)

    async with with_anna(database_url) as records:
        for n in range(30):
            session = replace(make.session(), id=SessionId(f"s{n}"))
            code = another(f"{n:02}", session_id=session.id, offline=True)
            await records.write(
                lambda unit, s=session: unit.sessions.open(s, s.id.encode().ljust(32))
            )
            await asyncio.gather(
                *(records.write(lambda unit, c=code: unit.grants.put_code(c)), records.write(end))
            )
            held = await records.read(lambda unit: unit.grants.held_of(make.ANNA, make.NOW))
            assert held == [], n
        late = await records.write(lambda unit: unit.grants.put_code(code))
        assert not late, "its session is over"
