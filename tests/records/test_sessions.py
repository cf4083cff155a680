from dataclasses import replace
from datetime import datetime, timedelta

from portvakt.core.ids import AccountId, ClientId, GrantId, SessionId
from portvakt.core.our_devices import ShownDevice
from portvakt.core.sessions import Session, SessionKind
from portvakt.records import Unit
from portvakt.records.standing import Standing
from tests import make
from tests.records import test_grants
from tests.records.stored import with_anna

SECRET, NEW_SECRET = b"s" * 32, b"n" * 32
SESSION = make.session(
    kind=SessionKind.REGISTRATION, resume_to="/apps", address="192.0.2.1", user_agent="Firefox"
)

DEVICE = ShownDevice(
    name="pc-7.region.example",
    authority="ab" * 32,
    serial="0f",
    ends=make.NOW + timedelta(days=365),
    at=make.NOW,
    places=("http://pki.region.example/1.crl",),
)


async def put(unit: Unit) -> None:
    await unit.sessions.open(SESSION, SECRET, b"b" * 32)


async def test_one_statement_reads_a_session_and_its_person(database_url: str) -> None:
    async def bind(unit: Unit) -> None:
        await unit.authenticators.bind(make.bound(make.TOTP), sealed=b"x")
        await unit.browsers.remember(make.ANNA, b"b" * 32, make.NOW)

    async with with_anna(database_url, put, bind) as records:
        before = records.counted
        found = await records.read(lambda unit: unit.sessions.load(SESSION.id, SECRET))
        assert records.counted == before + 1
        assert found is not None
        session, standing = found
        assert session == SESSION
        assert standing.account.id == make.ANNA
        assert standing.known_browser
        assert len(standing.bound) == 1


async def test_without_its_secret_a_session_is_not_found(database_url: str) -> None:
    async with with_anna(database_url, put) as records:
        assert await records.read(lambda unit: unit.sessions.load(SESSION.id, NEW_SECRET)) is None


async def test_a056_a_session_that_grows_gets_another_secret(database_url: str) -> None:
    grown = replace(SESSION, kind=SessionKind.FULL, resume_to=None, evidence=())
    async with with_anna(database_url, put) as records:
        assert await records.write(lambda unit: unit.sessions.update(grown, NEW_SECRET, 0))
        assert await records.read(lambda unit: unit.sessions.load(SESSION.id, SECRET)) is None
        found = await records.read(lambda unit: unit.sessions.load(SESSION.id, NEW_SECRET))
        assert found is not None
        assert found[0] == replace(grown, version=1)
        assert not await records.write(lambda unit: unit.sessions.update(grown, SECRET, 0))
        assert await records.write(lambda unit: unit.sessions.update(grown, None, 1))
        assert await records.read(lambda unit: unit.sessions.load(SESSION.id, NEW_SECRET))


async def test_a_device_of_ours_that_showed_itself_is_kept_with_the_session(
    database_url: str,
) -> None:
    async with with_anna(database_url, put) as records:

        async def found() -> Session | None:
            loaded = await records.read(lambda unit: unit.sessions.load(SESSION.id, SECRET))
            return None if loaded is None else loaded[0]

        await records.write(lambda unit: unit.sessions.show_device(SESSION.id, DEVICE))
        shown = replace(SESSION, our_device=DEVICE)
        assert await found() == shown
        assert await records.write(lambda unit: unit.sessions.update(shown, None, 0))
        assert await found() == replace(shown, version=1)
        await records.write(lambda unit: unit.sessions.close(SESSION.id, make.ANNA, make.NOW))
        assert await found() is None
    opened = replace(shown, id=SessionId("another"))
    async with with_anna(
        database_url, lambda unit: unit.sessions.open(opened, SECRET, None)
    ) as records:
        loaded = await records.read(lambda unit: unit.sessions.load(opened.id, SECRET))
        assert loaded is not None
        assert loaded[0] == opened


async def test_a057_a_closed_session_is_found_by_nothing(database_url: str) -> None:
    async with with_anna(database_url, put) as records:
        bo = AccountId("bo")
        closed = [
            await records.write(
                lambda unit, who=who: unit.sessions.close(SESSION.id, who, make.NOW)
            )
            for who in (bo, make.ANNA, make.ANNA)
        ]
        assert closed == [False, True, False]
        assert await records.read(lambda unit: unit.sessions.load(SESSION.id, SECRET)) is None
        assert await records.read(lambda unit: unit.sessions.of(make.ANNA)) == []
        assert not await records.write(lambda unit: unit.sessions.update(SESSION, None, 0))


async def test_a065_all_sessions_end_but_the_one_in_hand(database_url: str) -> None:
    async def more(unit: Unit) -> None:
        for n in range(3):
            session = make.session(id=SessionId(f"s{n}"), seen_at=make.NOW - timedelta(minutes=n))
            await unit.sessions.open(session, bytes([n]) * 32)

    async with with_anna(database_url, more) as records:
        listed = await records.read(lambda unit: unit.sessions.of(make.ANNA))
        assert [each.id for each in listed] == ["s0", "s1", "s2"]
        ended = await records.write(
            lambda unit: unit.sessions.close_all(make.ANNA, make.NOW, SessionId("s1"))
        )
        assert ended == 2
        listed = await records.read(lambda unit: unit.sessions.of(make.ANNA))
        assert [each.id for each in listed] == ["s1"]
        assert await records.write(lambda unit: unit.sessions.close_all(make.ANNA, make.NOW)) == 1


async def test_the_last_act_counts_and_never_goes_back(database_url: str) -> None:
    async with with_anna(database_url, put) as records:
        later = make.NOW + timedelta(minutes=5)
        for at in (later, make.NOW):
            await records.write(lambda unit, at=at: unit.sessions.touch(SESSION.id, at))
        found = await records.read(lambda unit: unit.sessions.load(SESSION.id, SECRET))
        assert found is not None
        assert found[0].seen_at == later


async def test_a_session_is_read_through_a_grant_while_both_stand(database_url: str) -> None:
    """With the person as they are now, in one statement."""
    now, grant = make.NOW, test_grants.CODE.grant

    async def give(unit: Unit) -> None:
        code = replace(test_grants.CODE, grant=replace(grant, session_id=SESSION.id))
        await unit.grants.put_code(code)

    async with with_anna(database_url, put, give) as records:

        async def read(at: datetime = now) -> tuple[Session, ClientId, Standing] | None:
            return await records.read(lambda unit: unit.sessions.through(grant.id, at))

        before = records.counted
        found = await read()
        assert records.counted == before + 1
        assert found is not None
        assert found[:2] == (SESSION, grant.client_id)
        assert found[2].account.id == make.ANNA
        assert found[2].account.groups == frozenset({make.STAFF})
        assert await read(grant.expires_at) is None
        nothing = await records.read(lambda unit: unit.sessions.through(GrantId("no"), now))
        assert nothing is None
        await records.write(lambda unit: unit.grants.revoke(grant.id, now))
        assert await read() is None


async def test_a057_a_closed_session_is_not_read_through_a_grant(database_url: str) -> None:
    grant = test_grants.CODE.grant

    async def give(unit: Unit) -> None:
        code = replace(test_grants.CODE, grant=replace(grant, session_id=SESSION.id))
        await unit.grants.put_code(code)

    async with with_anna(database_url, put, give) as records:
        closed = await records.write(
            lambda unit: unit.sessions.close(SESSION.id, make.ANNA, make.NOW)
        )
        assert closed
        through = await records.read(lambda unit: unit.sessions.through(grant.id, make.NOW))
        assert through is None


async def test_when_a_session_began_is_known_after_its_end_and_to_its_owner(
    database_url: str,
) -> None:
    session = make.session()

    async def opened(unit: Unit) -> None:
        await unit.sessions.open(session, b"s" * 32)

    async with with_anna(database_url, opened) as records:
        await records.write(lambda unit: unit.sessions.close_all(make.ANNA, make.NOW))
        for who, began in ((make.ANNA, session.created_at), (AccountId("bo"), None)):
            found = await records.read(lambda unit, w=who: unit.sessions.began(session.id, w))
            assert found == began
