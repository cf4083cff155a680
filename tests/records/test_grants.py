from datetime import timedelta

from portvakt.core.ids import GrantId
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
