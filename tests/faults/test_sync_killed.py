"""A run that follows a directory is killed in the middle: the next one arrives at the same."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import asyncpg
import pytest

from tests.bad_days.processes import ROOT, eventually
from tests.bad_days.site import rows_of
from tests.cli.box import Box
from tests.directories.people.branches import NAME
from tests.servers import slapd as openldap
from tests.servers.postgres import Postgres
from tests.servers.slapd import ADMIN, ADMIN_PASSWORD, Slapd, ldif

pytestmark = pytest.mark.slow

PART = 1000
"""People whom one transaction follows (`journeys.sync_people.flow`)."""
PEOPLE = 2 * PART + 500
LEAVING = PART + 200
BASE = f"ou=crowd,{openldap.BASE}"
STOP = """
    CREATE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT 1 FROM accounts WHERE {after}
            AND xmin::text::bigint <> txid_current() % 4294967296)
        THEN PERFORM pg_advisory_xact_lock(1); END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER stand_still BEFORE INSERT OR UPDATE ON accounts
        FOR EACH STATEMENT EXECUTE FUNCTION stand_still();
"""
"""Have whoever writes accounts stand still where an earlier transaction has done a part of it."""
GO_ON = "DROP FUNCTION stand_still CASCADE"
WAITING = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND NOT granted"
COUNTED = "SELECT COUNT(*) FROM accounts WHERE source = ? AND state = ?"
TOLD = "SELECT COUNT(*) FROM events WHERE name = ?"


def entry(number: int) -> str:
    name = f"person{number:04}"
    person = {"objectClass": "inetOrgPerson", "cn": name, "givenName": "Anna", "sn": "Berg"}
    return ldif(f"uid={name},{BASE}", {**person, "uid": name, "mail": f"{name}@region.example"})


@pytest.fixture
def directory() -> Iterator[Slapd]:
    server = Slapd.region()
    server.add(
        ldif(BASE, {"objectClass": "organizationalUnit"}) + "".join(map(entry, range(PEOPLE)))
    )
    yield server
    server.remove()


@pytest.fixture
def box(directory: Slapd, postgres: Postgres, tmp_path: Path) -> Box:
    (tmp_path / "service").write_text(openldap.SERVICE_PASSWORD, encoding="utf-8")
    more = f"""
[sync]
brake = {LEAVING}
[[directories]]
name = "{NAME}"
kind = "ldap"
servers = ["{directory.ldaps}"]
ca_file = "{directory.authority.ca_file}"
bind_dn = "{openldap.SERVICE}"
bind_password = {{ file = "{tmp_path}/service" }}
base = "{BASE}"
"""
    return Box.make(tmp_path, postgres.url(postgres.fresh("migrated")), more)


async def counted(box: Box, state: str = "active") -> int:
    [(count,)] = await rows_of(box.url, COUNTED, NAME, state)
    return int(count)


async def told(box: Box, name: str) -> int:
    [(count,)] = await rows_of(box.url, TOLD, name)
    return int(count)


def begun(box: Box) -> subprocess.Popen[bytes]:
    """Begin a run in a process of its own."""
    command = [sys.executable, "-m", "portvakt", "sync", "--full"]
    paths = {"PYTHONPATH": str(ROOT / "src"), "PORTVAKT_CONFIG": str(box.config)}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=os.environ | paths, stdout=quiet, stderr=quiet)


@asynccontextmanager
async def standing_still(box: Box, after: str) -> AsyncIterator[None]:
    """Have the second part of a run wait, for as long as this lasts."""
    connection = await asyncpg.connect(box.url)
    try:
        await connection.execute(STOP.format(after=after))
        await connection.execute("SELECT pg_advisory_lock(1)")
        yield
        await connection.execute(GO_ON)
    finally:
        await connection.close()


async def killed_in_the_second_part(box: Box, after: str) -> None:
    async with standing_still(box, after):
        victim = begun(box)
        try:
            await eventually(lambda: rows_of(box.url, WAITING), lambda rows: rows == [(1,)])
        finally:
            victim.kill()
            victim.wait()
        await eventually(lambda: rows_of(box.url, WAITING), lambda rows: rows == [(0,)])


async def next_run(box: Box, *more: str) -> dict[str, Any]:
    """Follow it again as soon as the dead run's turn is over, which is within 15 minutes."""
    box.now = datetime.now(UTC) + timedelta(minutes=15)
    answer = await asyncio.to_thread(box.run, "sync", "--full", "--json", *more)
    [report] = answer.json
    assert report["outcome"] == "synced", answer.err
    found: dict[str, Any] = report
    return found


async def test_f12_a_run_killed_in_the_middle_has_done_whole_parts_and_the_next_does_the_rest(
    box: Box, directory: Slapd
) -> None:
    await killed_in_the_second_part(box, "TRUE")
    assert await counted(box) == PART, "the first part, and nothing of the second"
    report = await next_run(box)
    assert (report["created"], report["unchanged"]) == (PEOPLE - PART, PART)
    assert (await counted(box), await told(box, "person.created")) == (PEOPLE, PEOPLE)

    gone = "".join(
        f"dn: uid=person{each:04},{BASE}\nchangetype: delete\n\n" for each in range(LEAVING)
    )
    directory.tool("ldapmodify", dn=ADMIN, password=ADMIN_PASSWORD, text=gone)
    await killed_in_the_second_part(box, "state = 'disabled'")
    assert await counted(box, "disabled") == PART
    assert (await next_run(box))["disabled"] == LEAVING - PART
    assert await counted(box, "disabled") == await told(box, "person.disabled") == LEAVING
    assert (await next_run(box, "--dry-run"))["changes"] == []


async def test_f12_a_kill_does_not_let_go_of_the_brake(box: Box, directory: Slapd) -> None:
    assert (await next_run(box))["created"] == PEOPLE
    gone = "".join(
        f"dn: uid=person{each:04},{BASE}\nchangetype: delete\n\n" for each in range(LEAVING + 1)
    )
    directory.tool("ldapmodify", dn=ADMIN, password=ADMIN_PASSWORD, text=gone)
    assert (await next_run(box))["brake"] is not None
    directory.signal(SIGSTOP)
    victim = begun(box)
    try:
        holder = "SELECT COUNT(*) FROM meta WHERE name LIKE 'sync:%' AND value LIKE '%holder\":\"%'"
        await eventually(lambda: rows_of(box.url, holder), lambda rows: rows == [(1,)])
    finally:
        victim.kill()
        victim.wait()
        directory.signal(SIGCONT)
    assert (await next_run(box))["brake"] is not None
    assert (await counted(box), await told(box, "people.brake")) == (PEOPLE, 1)
