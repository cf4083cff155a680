"""A standby takes over that has not got the last commits: nothing is used a second time (F18)."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from portvakt.records import RecordsUnavailable
from portvakt.records.migrate import migrate
from tests.bad_days.codes import CARD, with_card
from tests.bad_days.conftest import DURABLE
from tests.bad_days.processes import eventually
from tests.bad_days.site import Site, app_code, rows_of, site
from tests.records.stored import opened
from tests.servers.postgres import Postgres
from tests.world import Browser, Page

pytestmark = pytest.mark.slow

NUMBER = "+46701740605"
TOLD = "SELECT detail FROM events WHERE name = 'database.replaced'"


@dataclass
class Pair:
    """A server, one that follows it, and the address that leads to whoever is to take writes."""

    first: Postgres
    other: Postgres
    address: Path

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/migrated?host={self.address}"

    def behind(self) -> None:
        """Have the other get nothing more."""
        self.other.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.other.execute("SELECT pg_reload_conf()")

    def promoted(self) -> None:
        """Lose the first for ever, and go on with the other."""
        self.first.stop()
        self.other.promote()
        self.address.unlink()
        self.address.symlink_to(self.other.folder)

    async def has_got_all(self) -> None:
        """Wait until the other has everything that was written so far."""

        async def at(server: Postgres, what: str) -> object:
            return (await rows(server, f"SELECT {what}::text"))[0]

        upto = await at(self.first, "pg_current_wal_lsn()")
        await eventually(
            lambda: rows(self.other, f"SELECT pg_last_wal_replay_lsn() >= '{upto}'::pg_lsn"),
            lambda found: found == [True],
        )


async def rows(server: Postgres, sql: str) -> list[object]:
    return [row[0] for row in await rows_of(server.url("postgres"), sql)]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    first = Postgres.create()
    servers = [first]
    try:
        first.start(**DURABLE)
        first.execute("CREATE DATABASE migrated")
        migrate(first.url("migrated"), lambda _: None)
        other = first.standby()
        servers.append(other)
        other.start(**DURABLE)
        address = tmp_path / "server"
        address.symlink_to(first.folder)
        yield Pair(first, other, address)
    finally:
        for each in servers:
            with suppress(CalledProcessError):
                each.stop()
            each.remove()


async def told(here: Site) -> list[str]:
    """Say what was made void, each time."""
    return [detail for (detail,) in await here.rows(TOLD)]


async def other_way(browser: Browser, page: Page, way: str) -> Page:
    """Take another way than the app."""
    await browser.get(f"{page.path}/other")
    return await browser.submit({"way": way})


async def test_f18_what_was_used_in_commits_that_are_lost_is_not_used_again(
    pair: Pair, tmp_path: Path
) -> None:
    async with site(tmp_path, pair.url) as here, here.serving() as node, here.browsers(4) as some:
        anna = await here.person_with_phone(app=True)
        await with_card(here, anna)
        began, by_app, by_card, after = some
        asking = await began.sign_in()
        await pair.has_got_all()

        await asyncio.to_thread(pair.behind)
        code = app_code(1)
        await by_app.sign_in()
        assert (await by_app.submit({"code": code})).path == "/apps"
        await other_way(by_card, await by_card.sign_in(), "recovery_code")
        assert (await by_card.submit({"code": CARD})).path == "/apps"
        await asyncio.to_thread(pair.promoted)

        await node.up("/readyz")
        assert await here.world.sessions(anna) == [], "the server has forgotten them"
        began.page = asking
        assert (await began.submit({"code": code})).title == "Börja om inloggningen"
        page = await after.sign_in()
        assert "redan använd" in (await after.submit({"code": code})).text
        await other_way(after, page, "recovery_code")
        assert (await after.submit({"code": CARD})).status != 200
        await other_way(after, page, f"{anna.id}-phone")
        assert (await after.submit({"code": await here.code_to(NUMBER)})).path == "/apps"
        [what] = await told(here)
        assert '"printed codes"' in what
        assert len(await here.world.sessions(anna)) == 1


async def test_f18_where_commits_wait_for_the_standby_sign_ins_that_had_begun_go_on(
    pair: Pair, tmp_path: Path
) -> None:
    async with site(tmp_path, pair.url) as here, here.serving() as node, here.browsers(2) as some:
        pair_names = "ALTER SYSTEM SET synchronous_standby_names = 'walreceiver'"
        await asyncio.to_thread(pair.first.execute, pair_names)
        await asyncio.to_thread(pair.first.execute, "SELECT pg_reload_conf()")
        known = "SELECT value FROM meta WHERE name = 'database'"
        await eventually(lambda: here.rows(known), lambda found: '"kept_twice":true' in found[0][0])
        anna = await here.person_with_app()
        began, by_app = some
        asking = await began.sign_in()
        code = app_code()
        await by_app.sign_in()
        assert (await by_app.submit({"code": code})).path == "/apps"
        await asyncio.to_thread(pair.promoted)

        await node.up("/readyz")
        assert (await by_app.get("/apps")).path == "/apps"
        began.page = asking
        assert "redan använd" in (await began.submit({"code": code})).text
        assert (await began.submit({"code": app_code(1)})).path == "/apps"
        assert await told(here) == []
        assert len(await here.world.sessions(anna)) == 2


async def test_f18_a_process_that_was_not_there_makes_void_what_may_have_been_used(
    pair: Pair, tmp_path: Path
) -> None:
    """It knows of nothing that is lost: printed codes stay, and sessions, too."""
    async with site(tmp_path, pair.url) as here, here.serving() as node, here.browsers(3) as some:
        anna = await here.person_with_app()
        await with_card(here, anna)
        began, before, after = some
        asking = await began.sign_in()
        await before.sign_in()
        assert (await before.submit({"code": app_code()})).path == "/apps"
        await pair.has_got_all()
        node.kill()
        await here.house.house.records.close()
        await asyncio.to_thread(pair.promoted)
        await node.restart()
        began.page = asking
        assert (await began.submit({"code": app_code(1)})).title == "Börja om inloggningen"
        assert (await before.get("/apps")).path == "/apps"
        await other_way(after, await after.sign_in(), "recovery_code")
        assert (await after.submit({"code": CARD})).path == "/apps"
        [what] = await told(here)
        assert '"challenges"' in what


MANY = 25_000
"""More than one statement makes void."""
READ_ONLY = "default_transaction_read_only"
ANOTHER = "UPDATE meta SET value = replace(value, '/00000001', '/00000000') WHERE name = 'database'"
"""As if all that is stored had been written on an earlier timeline."""
FLOWS = """
    INSERT INTO flows (id, binding, purpose, leads_to, claimed, evidence, guarded, created_at,
        expires_at, version)
    SELECT 'flow-' || n, '', 'sign_in', '/apps', '', '[]', FALSE, 0, 4102444800000, 1
    FROM generate_series(1, CAST(? AS integer)) AS n
"""


async def test_f18_however_much_waits_all_of_it_is_void_at_the_first_question(
    postgresql_url: str,
) -> None:
    async with opened(postgresql_url) as records:
        await records.schema_version()
    await rows_of(postgresql_url, FLOWS, MANY)
    await rows_of(postgresql_url, ANOTHER)
    async with opened(postgresql_url) as one, opened(postgresql_url) as other:
        await asyncio.gather(*(each.schema_version() for each in (one, other) for _ in range(4)))
    assert await rows_of(postgresql_url, "SELECT COUNT(*) FROM flows") == [(0,)]
    assert len(await rows_of(postgresql_url, TOLD)) == 1, "once, whoever asks"


async def test_f18_another_server_that_takes_no_writes_is_not_asked_anything(
    postgres: Postgres, postgresql_url: str
) -> None:
    """What cannot be made void might be used twice."""
    async with opened(postgresql_url) as records:
        await records.schema_version()
    await rows_of(postgresql_url, ANOTHER)
    [(name,)] = await rows_of(postgresql_url, "SELECT current_database()")
    await asyncio.to_thread(postgres.execute, f"ALTER DATABASE {name} SET {READ_ONLY} = on")
    try:
        async with opened(postgresql_url) as records:
            with pytest.raises(RecordsUnavailable, match="another server, and takes no writes"):
                await records.schema_version()
    finally:
        await asyncio.to_thread(postgres.execute, f"ALTER DATABASE {name} RESET {READ_ONLY}")
    async with opened(postgresql_url) as records:
        await records.schema_version()
    assert len(await rows_of(postgresql_url, TOLD)) == 1
