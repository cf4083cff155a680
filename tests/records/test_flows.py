from dataclasses import replace
from datetime import timedelta

from portvakt.core.ids import ClientId, SessionId
from portvakt.records import Unit
from tests import make
from tests.records.stored import opened, with_anna

MINE, THEIRS = b"m" * 32, b"t" * 32
STATE = make.sign_in(
    app=ClientId("shop"),
    evidence=(make.evidence(make.PASSWORD), make.evidence(make.TOTP, purpose="methods")),
    chosen=make.TOTP,
    session_id=SessionId("s"),
    guarded=True,
    to="/apps?a=ö",
)


async def test_one_statement_reads_a_sign_in_and_whose_it_is(database_url: str) -> None:
    async def bind(unit: Unit) -> None:
        await unit.authenticators.bind(make.bound(make.TOTP), sealed=b"x")
        await unit.browsers.remember(make.ANNA, b"b" * 32, make.NOW)
        await unit.flows.start(STATE, MINE)

    async with with_anna(database_url, bind) as records:
        before = records.counted
        found = await records.read(
            lambda unit: unit.flows.load(STATE.id, MINE, make.NOW, b"b" * 32)
        )
        assert records.counted == before + 1
        assert found is not None
        state, standing = found
        assert state == STATE
        assert standing is not None
        assert standing.account.id == make.ANNA
        assert standing.known_browser
        assert [each.authenticator.type for each in standing.bound] == [make.TOTP]


async def test_a_sign_in_for_a_name_that_nobody_has_has_no_person(database_url: str) -> None:
    nobody = make.sign_in(account_id=None, claimed="nobody")
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.flows.start(nobody, MINE))
        assert await records.read(lambda u: u.flows.load(nobody.id, MINE, make.NOW)) == (
            nobody,
            None,
        )


async def test_another_browser_does_not_find_it(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.flows.start(STATE, MINE)) as records:
        assert await records.read(lambda u: u.flows.load(STATE.id, THEIRS, make.NOW)) is None


async def test_expired_is_gone_swept_or_not(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.flows.start(STATE, MINE)) as records:
        last = STATE.expires_at - timedelta(milliseconds=1)
        assert await records.read(lambda u: u.flows.load(STATE.id, MINE, last)) is not None
        assert await records.read(lambda u: u.flows.load(STATE.id, MINE, STATE.expires_at)) is None


async def test_of_two_tabs_that_answer_at_once_one_saves(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.flows.start(STATE, MINE)) as records:
        one, other = replace(STATE, to="/one"), replace(STATE, to="/other")
        assert await records.write(lambda unit: unit.flows.save(one))
        assert not await records.write(lambda unit: unit.flows.save(other))
        found = await records.read(lambda u: u.flows.load(STATE.id, MINE, make.NOW))
        assert found is not None
        assert found[0] == replace(one, version=1)


async def test_a_sign_in_ends_once(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.flows.start(STATE, MINE)) as records:
        closed = [
            await records.write(lambda unit, v=v: unit.flows.close(STATE.id, v)) for v in (1, 0, 0)
        ]
        assert closed == [False, True, False]
        assert await records.read(lambda u: u.flows.load(STATE.id, MINE, make.NOW)) is None
