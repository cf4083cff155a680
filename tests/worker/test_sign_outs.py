"""Apps hear that somebody's session has ended (Back-Channel Logout 1.0)."""

import asyncio
import base64
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from portvakt import background_sign_outs
from portvakt.core.ids import SessionId
from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.signing import Forged, Verified
from portvakt.journeys.open_app.keys import KeyRing
from portvakt.journeys.open_app.oidc.logout.back_channel import TRIED_FOR
from portvakt.records import Unit
from portvakt.settings.structs import Outgoing
from tests import make
from tests.conformance.operator import Request, answers, closes, hangs, operator
from tests.worker.apps import (
    ISSUER,
    App,
    an_app,
    believed,
    end_all,
    fails_first,
    heard,
    put_apps,
    put_sessions,
)
from tests.worker.office import SEALER, Office, office

ROOT = Path(__file__).parents[2]


async def waiting(here: Office) -> int:
    found: dict[str, tuple[int, datetime]] = await here.records.read(
        lambda unit: unit.outbox.waiting()
    )
    left: tuple[int, datetime | None] = await here.records.read(lambda u: u.sign_outs.left())
    return left[0] + sum(count for count, _ in found.values())


async def settled(here: Office) -> None:
    """Wait until nothing is left to be told."""
    async with asyncio.timeout(20):
        while await waiting(here):  # noqa: ASYNC110 - the database has nothing to wait for
            await asyncio.sleep(0.01)


async def test_an_app_that_was_opened_in_a_session_is_told_when_it_ends(
    database_url: str,
) -> None:
    async with an_app() as shop, office(database_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        async with here.working():
            await end_all(here)
            await heard(shop)
            await settled(here)
        (request,) = shop.there.requests
        assert (request.method, request.target) == ("POST", "/out")
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert list(request.form) == ["logout_token"]
        await believed(here, shop, shop.tokens()[0])


async def test_a_logout_token_never_passes_for_an_id_token(sqlite_url: str) -> None:
    async with an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        async with here.working():
            await end_all(here)
            await heard(shop)
        ring = KeyRing(records=here.records, sealer=SEALER, random=SystemRandom())
        signer = await ring.signer(datetime.now(UTC))
        (token,) = shop.tokens()
        meant = {"issuer": ISSUER, "audience": "shop"}
        assert isinstance(signer.recognise(token, typ="logout+jwt", **meant), Verified)
        assert isinstance(signer.recognise(token, typ="JWT", **meant), Forged)
        assert isinstance(signer.recognise(token, typ="at+jwt", **meant), Forged)


async def test_only_apps_that_were_opened_in_that_session_are_told(sqlite_url: str) -> None:
    async with an_app() as shop, an_app("ledger") as ledger, office(sqlite_url) as here:
        await put_apps(here, shop, ledger)
        await put_sessions(here, [shop], ["s1"])
        await put_sessions(here, [ledger], ["s2"])
        now = datetime.now(UTC)
        async with here.working():
            await here.records.write(
                lambda unit: unit.sessions.close(SessionId("s1"), make.ANNA, now)
            )
            await heard(shop)
            await settled(here)
        assert ledger.there.requests == []


async def test_an_app_without_an_address_and_an_app_that_is_gone_are_passed_over(
    sqlite_url: str,
) -> None:
    async with an_app() as shop, an_app("ledger") as ledger, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop, ledger])  # the ledger has no entry
        async with here.working():
            await end_all(here)
            await heard(shop)
            await settled(here)
        assert ledger.there.requests == []
        assert "app.not_told" not in await here.events()


async def test_an_app_that_was_made_a_moment_ago_is_told_too(sqlite_url: str) -> None:
    """The worker has looked at the apps just now, and it was not there then."""
    async with an_app() as shop, an_app("ledger") as ledger, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        async with here.working():
            await end_all(here)
            await heard(shop)
            await put_apps(here, ledger)
            await put_sessions(here, [ledger], ["s2"])
            await end_all(here)
            await heard(ledger)
            await settled(here)


async def test_what_outlives_the_session_is_told_of_it_all_the_same(sqlite_url: str) -> None:
    async with an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop], offline=True)
        async with here.working():
            await end_all(here)
            await heard(shop)


async def test_two_apps_never_learn_the_same_name_of_a_session(sqlite_url: str) -> None:
    async with (
        an_app() as shop,
        an_app("ledger", subject_type="pairwise") as ledger,
        office(sqlite_url) as here,
    ):
        await put_apps(here, shop, ledger)
        await put_sessions(here, [shop, ledger])
        async with here.working():
            await end_all(here)
            await heard(shop)
            await heard(ledger)
        first = await believed(here, shop, shop.tokens()[0])
        second = await believed(here, ledger, ledger.tokens()[0])
        assert first["sid"] != second["sid"]
        assert first["sub"] != second["sub"]
        assert first["jti"] != second["jti"]


@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_an_app_that_fails_is_told_again_with_a_token_of_that_moment(
    sqlite_url: str, status: int
) -> None:
    async with an_app(behave=fails_first(2, status)) as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        async with here.working():
            await end_all(here)
            await heard(shop, 3)
            await settled(here)
        ids = [(await believed(here, shop, each))["jti"] for each in shop.tokens()]
        assert len(set(ids)) == 3


async def test_an_app_that_hangs_up_is_told_again(sqlite_url: str) -> None:
    async with an_app(behave=closes) as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        async with here.working():
            await end_all(here)
            await heard(shop)
            shop.there.behave = answers(204)
            await settled(here)
        assert len(shop.there.requests) >= 2


@pytest.mark.parametrize("status", [302, 307, 410])
async def test_an_app_that_sends_us_elsewhere_or_is_gone_is_given_up(
    sqlite_url: str, status: int
) -> None:
    async with (
        operator(answers(200)) as elsewhere,
        an_app(
            behave=answers(status, b"", f"Location: http://127.0.0.1:{elsewhere.port}/")
        ) as shop,
        office(sqlite_url) as here,
    ):
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        async with here.working():
            await end_all(here)
            await settled(here)
        assert elsewhere.requests == []
        ((app, why, tries),) = await given_up(here)
        assert (app, why) == ("shop", f"answers {status}")
        assert tries == len(shop.there.requests)


async def given_up(here: Office) -> list[tuple[str, str, int]]:
    events = await here.records.read(lambda unit: unit.audit.latest(100))
    return [
        (each.detail["app"], each.detail["why"], each.detail["tries"])
        for each in events
        if each.name == "app.not_told"
    ]


async def test_an_app_that_never_answers_is_given_up_in_the_end_and_an_event_says_so(
    sqlite_url: str,
) -> None:
    moved = [timedelta()]

    def clock() -> datetime:
        return datetime.now(UTC) + moved[0]

    async with an_app(behave=answers(500)) as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        async with here.working(clock):
            await end_all(here)
            await heard(shop, 2)
            moved[0] = TRIED_FOR
        async with here.working(clock):
            await settled(here)
        ((app, _, tries),) = await given_up(here)
        assert (app, tries >= 2) == ("shop", True)


async def test_a035_an_app_inside_is_not_called_where_no_setting_allows_it(
    sqlite_url: str,
) -> None:
    async with operator(answers(200)) as there, office(sqlite_url) as here:
        shop = App(there, uri=f"https://localhost:{there.port}/out")
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        closed = Office(here.records, structs.replace(here.settings, outgoing=Outgoing()))
        async with closed.working():
            await end_all(here)
            await settled(here)
        assert there.requests == []
        assert await given_up(here) == [("shop", "leads to an address that no app may lead to", 1)]


async def test_an_app_that_hangs_holds_up_nobody(sqlite_url: str) -> None:
    """Two hundred sessions at once, and one of the two apps never says a word."""
    many = [f"s{number}" for number in range(200)]
    async with an_app("hung", hangs) as hung, an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, hung, shop)
        await put_sessions(here, [hung, shop], many)
        began = datetime.now(UTC)
        async with here.working():
            await end_all(here)
            await heard(shop, len(many))
        assert datetime.now(UTC) - began < timedelta(seconds=15)
        assert len({each["sid"] for each in shop.told()}) == len(many)
        assert len(hung.there.requests) < 30


async def test_what_waits_for_an_app_that_is_left_alone_does_not_go_round_and_round(
    sqlite_url: str,
) -> None:
    """The others would stand in line behind it."""
    many = [f"s{number}" for number in range(300)]
    async with an_app("down", answers(503)) as down, an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, down, shop)
        await put_sessions(here, [down], many)
        await put_sessions(here, [shop], ["last"])
        async with here.working():
            await end_all(here)
            await heard(shop)
            await heard(down, 3)
            await asyncio.sleep(1)
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
            query = "SELECT SUM(tries) FROM outbox WHERE recipient = 'down'"
            (tries,) = connection.execute(query).fetchone()
        assert tries < len(many)
        assert len(down.there.requests) < 30


async def test_many_are_seen_to_in_parts(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_sign_outs, "AT_ONCE", 3)
    many = [f"s{number}" for number in range(20)]
    async with an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop], many)
        await end_all(here)
        async with here.working():
            await settled(here)
        assert len(shop.there.requests) == len({each["sid"] for each in shop.told()}) == len(many)


def after_the_claims() -> datetime:
    """The time of a worker that comes when the claims of the last one have run out."""
    return datetime.now(UTC) + timedelta(seconds=30)


async def test_what_was_seen_to_before_is_not_told_again(
    sqlite_url: str,
) -> None:
    async with an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        await end_all(here)
        await here.records.write(lambda unit: unit.sign_outs.take(datetime.now(UTC), 10))
        await put_sessions(here, [shop], ["s2"])
        async with here.working():
            await end_all(here)
            await heard(shop)
            await settled(here)
        await believed(here, shop, shop.tokens()[0], "s2")
        assert len(shop.there.requests) == 1


async def test_the_end_of_an_account_is_told_to_its_apps(sqlite_url: str) -> None:
    async def disable(unit: Unit) -> int:
        return await unit.people.disable_many([make.ANNA], datetime.now(UTC))

    async with an_app() as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop])
        async with here.working():
            await here.records.write(disable)
            await heard(shop)
        await believed(here, shop, shop.tokens()[0])


@asynccontextmanager
async def work_in_a_process(url: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `work` in a process of its own."""
    key_file = folder / "master.key"
    key_file.write_text("k1:" + base64.b64encode(b"k" * 32).decode() + "\n")
    key_file.chmod(0o600)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.worker.process", url, str(key_file)), cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.slow
async def test_a_real_process_tells_an_app_within_seconds(
    postgresql_url: str, tmp_path: Path
) -> None:
    async with an_app() as shop, office(postgresql_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop], ["s1", "s2"])
        async with work_in_a_process(postgresql_url, tmp_path):
            now = datetime.now(UTC)
            await here.records.write(
                lambda unit: unit.sessions.close(SessionId("s1"), make.ANNA, now)
            )
            await heard(shop)  # it has started
            began = datetime.now(UTC)
            await end_all(here)
            await heard(shop, 2)
            assert datetime.now(UTC) - began < timedelta(seconds=5)
        await believed(here, shop, shop.tokens()[1], "s2")


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 7])
async def test_a_worker_killed_in_the_middle_loses_none(
    sqlite_url: str, tmp_path: Path, number: int
) -> None:
    many = [f"s{count}" for count in range(12)]
    process: list[asyncio.subprocess.Process] = []

    async def kills(request: Request, out: asyncio.StreamWriter) -> None:
        if len(shop.there.requests) == number:
            process[0].kill()
        await answers(200)(request, out)

    async with an_app(behave=kills) as shop, office(sqlite_url) as here:
        await put_apps(here, shop)
        await put_sessions(here, [shop], many)
        await end_all(here)
        async with work_in_a_process(sqlite_url, tmp_path) as started:
            process.append(started)
            await started.wait()
        shop.there.behave = answers(200)
        async with here.working(after_the_claims):
            await settled(here)
        assert len({each["sid"] for each in shop.told()}) == len(many)
