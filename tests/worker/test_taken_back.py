"""Whoever takes an app's access back ends what the app itself has begun for them."""

from dataclasses import replace
from datetime import UTC, datetime

from portvakt.background_sign_outs import telling_of
from portvakt.core.ids import ClientId, GrantId, SessionId
from portvakt.journeys.app_access.flow import take_back
from portvakt.journeys.open_app.names import Names
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Doer
from portvakt.records import Unit
from tests import make
from tests.worker.apps import (
    App,
    a_code,
    an_app,
    believed,
    end_all,
    heard,
    put_apps,
    put_sessions,
)
from tests.worker.office import KEYS, SEALER, Office, office
from tests.worker.test_sign_outs import settled


def clock() -> datetime:
    return datetime.now(UTC)


async def taken_back(here: Office, app: App) -> bool:
    """Take back what an app was given of Anna, as the page and the command do."""
    doer = Doer(at=clock(), actor="cli:anna")
    tell = telling_of(here.records, Rules(here.records), SEALER, clock).cut_off
    done: bool = await here.records.write(
        lambda unit: take_back(unit, make.ANNA, ClientId(app.name), doer, tell)
    )
    return done


async def open_again(here: Office, app: App, session: str) -> None:
    """Open an app once more in a session that it was cut off in."""
    now = clock()
    first = a_code(app.name, SessionId(session), now, offline=False)
    code = replace(
        first, hash=b"again".ljust(32, b"."), grant=replace(first.grant, id=GrantId("again"))
    )

    async def act(unit: Unit) -> None:
        await unit.grants.put_code(code)
        await unit.grants.spend_code(code.hash, now)

    await here.records.write(act)


async def test_it_is_told_of_each_session_that_it_was_opened_in(database_url: str) -> None:
    """Back-Channel Logout 1.0 section 2.3; the sessions here go on, and so do other apps."""
    async with an_app() as shop, an_app("ledger") as ledger, office(database_url) as here:
        await put_apps(here, shop, ledger)
        await put_sessions(here, [shop, ledger], ["s1", "s2"])
        async with here.working():
            assert await taken_back(here, shop)
            assert not await taken_back(here, shop), "there is nothing more to take back"
            await heard(shop, 2)
            await settled(here)
        tokens = {
            said["sid"]: token for said, token in zip(shop.told(), shop.tokens(), strict=True)
        }
        for session in ("s1", "s2"):
            sid = Names(KEYS).sid(SessionId(session), shop.entry)
            await believed(here, shop, tokens[sid], session)
        assert ledger.there.requests == []
        open_still = await here.records.read(lambda unit: unit.sessions.of(make.ANNA))
        assert {each.id for each in open_still} == {"s1", "s2"}


async def test_opened_again_it_is_told_again_when_the_session_ends(sqlite_url: str) -> None:
    async with an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        async with here.working():
            await taken_back(here, shop)
            await heard(shop)
            await open_again(here, shop, "s1")
            assert await taken_back(here, shop), "which may be done at once"
            await heard(shop, 2)
            await end_all(here)
            await heard(shop, 3)
            await settled(here)


async def test_what_is_held_beyond_the_session_ends_as_well(sqlite_url: str) -> None:
    async with an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop], offline=True)
        async with here.working():
            await end_all(here)
            await heard(shop)
            await taken_back(here, shop)
            await heard(shop, 2)
            await settled(here)
        assert {each["sid"] for each in shop.told()} == {
            Names(KEYS).sid(SessionId("s1"), shop.entry)
        }


async def test_an_app_that_takes_no_part_is_passed_over(sqlite_url: str) -> None:
    async with an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        deaf = replace(shop.entry, backchannel_logout_uri=None)
        await here.records.write(lambda unit: unit.configuration.put_apps([deaf], "apply"))
        await put_sessions(here, [shop])
        assert await taken_back(here, shop)
        assert await here.records.read(lambda unit: unit.outbox.waiting()) == {}
