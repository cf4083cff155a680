import asyncio
import importlib
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from threading import Timer

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from portvakt.core.events import EVENTS, personal_fields
from portvakt.core.freezing import Freezing
from portvakt.records import Message, Standing, StoredEvent
from portvakt.records.audit_chain import StoredEntry
from portvakt.records.errors import RecordsUnavailable
from portvakt.records.migrate import SCHEMA_VERSION, current, migrate
from portvakt.records.schema import metadata
from portvakt.records.sqlite import write_ahead
from tests import make
from tests.records import a_phone
from tests.records.stored import opened, with_anna
from tests.servers.postgres import Postgres

MIGRATIONS = Path(__file__).parents[2] / "src/portvakt/records/migrations"


def quiet(_: str) -> None:
    pass


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.fresh())


def differences(connection: sqlalchemy.Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    found: list[object] = compare_metadata(context, metadata)
    return found


def test_the_migrations_arrive_at_the_schema(database_url: str) -> None:
    async def on_postgresql() -> list[object]:
        engine = create_async_engine(database_url.replace("postgresql:", "postgresql+asyncpg:"))
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(differences)
        finally:
            await engine.dispose()

    if database_url.startswith("sqlite"):
        engine = sqlalchemy.create_engine(database_url)
        with engine.connect() as connection:
            found = differences(connection)
        engine.dispose()
    else:
        found = asyncio.run(on_postgresql())
    assert not found


def test_the_version_in_the_code_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


def test_migrating_twice_does_it_once(empty_url: str) -> None:
    said: list[str] = []
    assert current(empty_url) is None
    migrate(empty_url, said.append)
    assert current(empty_url) == SCHEMA_VERSION
    assert said[0].startswith(f"new database → {SCHEMA_VERSION}")
    assert said[-1].startswith(f"{SCHEMA_VERSION}: reached after ")
    said.clear()
    migrate(empty_url, said.append)
    assert said == [f"{SCHEMA_VERSION}: up to date"]


def test_four_that_migrate_at_once_do_it_once(empty_url: str) -> None:
    said: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(empty_url, said.append), range(4)))
    assert sum(line.endswith("up to date") for line in said) == 3
    assert sum(line.startswith("new database") for line in said) == 1


def test_the_log_is_turned_on_when_a_writer_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as writer,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_ahead(other, patience=0)
        Timer(0.2, writer.execute, ["COMMIT"]).start()
        write_ahead(other, patience=30)
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_migration_that_fails_has_changed_nothing(empty_url: str) -> None:
    """The last statement meets a table that is there already."""
    run(empty_url, "CREATE TABLE freezes (name TEXT)")
    with pytest.raises(Exception, match=r"freezes.* already exists|already exists.*freezes"):
        migrate(empty_url, quiet)
    assert current(empty_url) is None
    run(empty_url, "DROP TABLE freezes")
    migrate(empty_url, quiet)
    assert current(empty_url) == SCHEMA_VERSION


WITHOUT_SNOOZES = ("DROP TABLE snoozes",)
WITHOUT_BREAK_GLASS = (*WITHOUT_SNOOZES, "DROP TABLE break_glass")
WITHOUT_KNOWN = (
    *WITHOUT_BREAK_GLASS,
    "DROP TABLE known_browsers",
    "ALTER TABLE sessions DROP COLUMN known_browser",
)
WITHOUT_RISK = (
    *WITHOUT_KNOWN,
    "DROP TABLE wrong_from",
    "DROP INDEX ix_events_risk",
    "ALTER TABLE flows DROP COLUMN risk",
    "ALTER TABLE sessions DROP COLUMN risk",
)
WITHOUT_METHOD_ENTRIES = (*WITHOUT_RISK, "DROP TABLE method_entries")
WITHOUT_CIRCUMSTANCES = (
    *WITHOUT_METHOD_ENTRIES,
    "ALTER TABLE grants DROP COLUMN circumstances",
)
WITHOUT_OUR_DEVICES = (
    *WITHOUT_CIRCUMSTANCES,
    "DROP TABLE revocation_lists",
    "ALTER TABLE sessions DROP COLUMN our_device",
)
WITHOUT_HARDWARE = (*WITHOUT_OUR_DEVICES, "DROP TABLE hardware_tokens")
WITHOUT_PASSKEYS = (*WITHOUT_HARDWARE, "DROP TABLE passkeys", "DROP TABLE key_challenges")
WITHOUT_VERSIONS = (*WITHOUT_PASSKEYS, "DROP TABLE rule_versions")
WITHOUT_REGISTRATIONS = (
    *WITHOUT_VERSIONS,
    "DROP TABLE registrations",
    "DROP TABLE registration_tokens",
)
WITHOUT_SIGN_OUTS = (
    *WITHOUT_REGISTRATIONS,
    "DROP INDEX ix_sessions_to_tell",
    "ALTER TABLE sessions DROP COLUMN apps_told_at",
)
WITHOUT_KEYS = (
    *WITHOUT_SIGN_OUTS,
    "ALTER TABLE grants DROP COLUMN dpop_jkt",
    "ALTER TABLE refresh_tokens DROP COLUMN bound_to",
)
WITHOUT_REQUESTS = (*WITHOUT_KEYS, "DROP TABLE stored_requests")
WITHOUT_RESOURCES = (*WITHOUT_REQUESTS, "ALTER TABLE grants DROP COLUMN resources")
WITHOUT_DEVICES = (*WITHOUT_RESOURCES, "DROP TABLE device_requests")
WITHOUT_PORTAL = (
    *WITHOUT_DEVICES,
    *(f"DROP TABLE {name}" for name in ("links", "collections", "icons", "portal_choices")),
)
WITHOUT_TOKENS = (
    *WITHOUT_PORTAL,
    *(f"ALTER TABLE grants DROP COLUMN {name}" for name in ("offline", "claims")),
    *(f"DROP TABLE {name}" for name in ("refresh_tokens", "consents", "seen_ids")),
)
WITHOUT_RECEIPTS = (
    *WITHOUT_TOKENS,
    "DROP INDEX ix_outbox_receipt",
    *(
        f"ALTER TABLE outbox DROP COLUMN {name}"
        for name in ("maybe_sent", "gateway", "receipt_state", "receipt_at")
    ),
)
WITHOUT_CHAIN = (
    *WITHOUT_RECEIPTS,
    "DROP TABLE freeze_links",
    "DROP TABLE freezes",
    "DROP TABLE audit_batches",
    "DROP TABLE audit_removals",
    "DROP INDEX ix_events_unsealed",
    "DROP INDEX uq_events_seq",
    *(f"ALTER TABLE events DROP COLUMN {name}" for name in ("personal", "salt", "seq", "erased")),
)
WITHOUT_RESET = (
    *WITHOUT_CHAIN,
    "DROP TABLE vouches",
    "DROP TABLE resets",
    "DROP TABLE past_resets",
    "DROP TABLE password_memory",
    "DROP INDEX ix_accounts_unit",
    "DROP INDEX ix_flows_account_id",
)
WITHOUT_THE_APP = (
    *WITHOUT_RESET,
    "DROP TABLE approvals",
    "DROP TABLE pairings",
    "DROP TABLE phones",
    "DROP INDEX uq_authenticators_of_phone",
)


@pytest.mark.parametrize(
    ("version", "without"),
    [
        ("0002", WITHOUT_THE_APP),
        ("0003", WITHOUT_RESET),
        ("0004", WITHOUT_CHAIN),
        ("0006", WITHOUT_RECEIPTS),
        ("0007", WITHOUT_TOKENS),
        ("0008", WITHOUT_PORTAL),
        ("0009", WITHOUT_DEVICES),
        ("0010", WITHOUT_RESOURCES),
        ("0011", WITHOUT_REQUESTS),
        ("0012", WITHOUT_KEYS),
        ("0013", WITHOUT_SIGN_OUTS),
        ("0014", WITHOUT_REGISTRATIONS),
        ("0015", WITHOUT_VERSIONS),
        ("0016", WITHOUT_PASSKEYS),
        ("0017", WITHOUT_HARDWARE),
        ("0018", WITHOUT_OUR_DEVICES),
        ("0019", WITHOUT_CIRCUMSTANCES),
        ("0020", WITHOUT_METHOD_ENTRIES),
        ("0024", WITHOUT_SNOOZES),
    ],
)
def test_an_older_database_keeps_what_is_in_it(
    database_url: str, version: str, without: tuple[str, ...]
) -> None:
    """One without the authenticator app, as 0002 left it, one without reset, one without chain."""

    async def put() -> Standing | None:
        totp = make.bound(make.TOTP)
        async with with_anna(database_url, lambda unit: unit.authenticators.bind(totp)) as records:
            anna: Standing | None = await records.read(lambda unit: unit.people.load(make.ANNA))
            return anna

    async def found() -> Standing | None:
        async with opened(database_url) as records:
            assert await records.schema_version() == SCHEMA_VERSION
            standing: Standing | None = await records.read(lambda unit: unit.people.load(make.ANNA))
            await records.write(a_phone.put)
            assert await records.read(lambda unit: unit.phones.any())
            await records.write(
                lambda unit: unit.password_memory.remember(make.ANNA, "$x", make.NOW, 1)
            )
            assert await records.read(lambda unit: unit.freezes.of(make.ANNA)) == Freezing()
            return standing

    before = asyncio.run(put())
    for each in without:
        run(database_url, each)
    run(database_url, f"UPDATE alembic_version SET version_num = '{version}'")  # noqa: S608 - ours
    migrate(database_url, quiet)
    assert asyncio.run(found()) == before


async def _claimed(database_url: str) -> list[Message]:
    later = make.NOW + timedelta(minutes=1)
    async with opened(database_url) as records:
        return list(
            await records.write(
                lambda unit: unit.outbox.claim("sms", later, 9, timedelta(seconds=25))
            )
        )


def test_of_a_text_that_was_waiting_every_earlier_try_may_have_gone(database_url: str) -> None:
    """One that an older worker had tried twice; whether it went, only that worker knew."""
    old = """INSERT INTO outbox (id, channel, recipient, purpose, created_at, not_after,
        idempotency_key, state, tries, due_at) VALUES
        ('m1', 'sms', '+46701740605', 'sign_in', 0, 9, 'm1', 'waiting', 2, 0)"""
    for each in (*WITHOUT_RECEIPTS, old):
        run(database_url, each)
    run(database_url, "UPDATE alembic_version SET version_num = '0006'")
    migrate(database_url, quiet)
    (message,) = asyncio.run(_claimed(database_url))
    assert (message.tries, message.maybe_sent) == (3, 3)


def test_events_of_an_older_database_are_parted(database_url: str) -> None:
    """What they tell of a person stands apart, and they are told as before."""
    succeeded = """INSERT INTO events (at, name, account_id, actor, request_id, detail) VALUES
        (0, 'authentication.succeeded', 'anna', 'self', 'r', '{"session_id": "s1", "aal": 2,
        "methods": ["totp"], "known_browser": false, "user_agent": "Firefox", "app": null}')"""
    ended = """INSERT INTO events (at, name, account_id, actor, request_id, detail) VALUES
        (0, 'session.ended', 'anna', 'self', 'r', '{"sessions": 1}')"""
    for each in (*WITHOUT_CHAIN, succeeded, ended):
        run(database_url, each)
    run(database_url, "UPDATE alembic_version SET version_num = '0004'")
    migrate(database_url, quiet)

    async def found() -> tuple[list[StoredEvent], list[StoredEntry]]:
        async with opened(database_url) as records:
            told = await records.read(lambda unit: unit.audit.latest(9))
            return told, await records.read(lambda unit: unit.audit_chain.waiting(9))

    (last, first), waiting = asyncio.run(found())
    assert last.detail == {"sessions": 1}
    assert first.detail == {
        "aal": 2,
        "app": None,
        "known_browser": False,
        "methods": ["totp"],
        "session_id": "s1",
        "user_agent": "Firefox",
    }
    assert len({each.salt for each in waiting}) == 2
    assert [json.loads(each.detail).keys() for each in waiting] == [
        {"aal", "app", "known_browser", "methods"},
        {"sessions"},
    ]


def test_the_names_that_the_migration_parts_by_are_personal_everywhere() -> None:
    old = importlib.import_module("portvakt.records.migrations.versions.0005_audit_chain")
    for kind in EVENTS.values():
        own = {each.name for each in fields(kind)}
        assert own & set(old.PERSONAL) <= personal_fields(kind)


def run(url: str, statement: str) -> None:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        connection.execute(statement)
        connection.commit()
        connection.close()
    else:
        folder = Path(url.partition("host=")[2])
        database = url.partition("@/")[2].partition("?")[0]
        Postgres(folder).execute(statement, database=database)


async def test_the_records_say_which_version_they_are_at(database_url: str) -> None:
    async with opened(database_url) as records:
        assert await records.schema_version() == SCHEMA_VERSION


async def test_records_without_tables_are_not_ready(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        run(empty_url, "CREATE TABLE other (name TEXT)")  # there is a file
    async with opened(empty_url) as records:
        assert await records.schema_version() is None
        with pytest.raises(RecordsUnavailable, match="not yet"):
            await records.ready()


async def test_tables_that_are_newer_will_do(sqlite_url: str) -> None:
    run(sqlite_url, "UPDATE alembic_version SET version_num = '9999'")
    async with opened(sqlite_url) as records:
        await records.ready()


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/new.db", quiet)
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600


def test_a_database_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    actions: list[Callable[[], object]] = [
        lambda: migrate(f"sqlite:///{tmp_path}/no/such/folder.db", quiet),
        lambda: migrate(f"postgresql://portvakt@/portvakt?host={tmp_path}", quiet),
        lambda: current(f"postgresql://portvakt@/portvakt?host={tmp_path}"),
    ]
    for action in actions:
        with pytest.raises(RecordsUnavailable):
            action()


def test_nothing_that_serves_a_request_waits_for_sqlalchemy() -> None:
    code = (
        "import sys, portvakt.records, portvakt.records.migrate, portvakt.records.sqlite,"
        " portvakt.records.postgresql; print([m for m in ('sqlalchemy', 'alembic')"
        " if m in sys.modules])"
    )
    source = Path(__file__).parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == "[]"
