"""Several hosts in one address: the one that takes writes is found, and found again."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from portvakt.records import Records, RecordsUnavailable, Unit
from portvakt.records.addresses import PostgresServer, address_of, each_host, host_of
from portvakt.records.migrate import SCHEMA_VERSION, current, migrate
from portvakt.records.reaching import Reach
from tests.records.stored import opened
from tests.servers.postgres import Postgres

HANG = 15
"""Seconds after which an answer that should take two for each silent host counts as none."""

ADDRESSES = (
    ("postgresql://me@one/name", ("postgresql://me@one/name",)),
    (
        "postgresql://me@one:1,two:2,[::1]:3/name?sslmode=verify-full",
        (
            "postgresql://me@one:1/name?sslmode=verify-full",
            "postgresql://me@two:2/name?sslmode=verify-full",
            "postgresql://me@[::1]:3/name?sslmode=verify-full",
        ),
    ),
    (
        "postgresql://me@/name?host=/a,b&port=1,2&sslmode=prefer",
        (
            "postgresql://me@/name?host=/a&port=1&sslmode=prefer",
            "postgresql://me@/name?host=b&port=2&sslmode=prefer",
        ),
    ),
    (
        "postgresql://me@/name?host=a,b&port=1",
        ("postgresql://me@/name?host=a&port=1", "postgresql://me@/name?host=b&port=1"),
    ),
    (
        "postgresql://me@/name?host=a,b",
        ("postgresql://me@/name?host=a", "postgresql://me@/name?host=b"),
    ),
)


@pytest.mark.parametrize(("address", "each"), ADDRESSES)
def test_an_address_of_several_hosts_is_one_address_for_each(
    address: str, each: tuple[str, ...]
) -> None:
    assert each_host(address) == each
    assert address_of(address) == PostgresServer(address)


def test_ports_that_are_not_as_many_as_hosts_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="not as many ports as hosts"):
        address_of("postgresql://me@/name?host=a,b,c&port=1,2")


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("postgresql://me:secret@one:1/name", "one:1"),
        ("postgresql://me@/name?host=/a&port=2", "/a:2"),
        ("postgresql://me@/name?host=/a", "/a"),
    ],
)
def test_a_host_is_named_without_user_or_password(address: str, host: str) -> None:
    assert host_of(address) == host


@pytest.fixture
def frozen() -> Iterator[socket.socket]:
    """A host that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def port_of(listening: socket.socket) -> int:
    port: int = listening.getsockname()[1]
    return port


def asked_how_often(listening: socket.socket) -> int:
    """Count who has come since last time."""
    found = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            found += 1
    return found


@pytest.fixture(scope="module")
def other_server() -> Iterator[Postgres]:
    """A second server, which tests may do anything to."""
    server = Postgres.create()
    server.start(synchronous_commit="on")
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
def both(other_server: Postgres, postgres: Postgres, postgresql_url: str) -> str:
    """The other server first, then the run's own."""
    name = postgresql_url.partition("?")[0].rpartition("/")[2]
    other_server.execute("ALTER SYSTEM RESET ALL")
    other_server.execute("SELECT pg_reload_conf()")
    other_server.execute(f"DROP DATABASE IF EXISTS {name}")
    other_server.execute(f"CREATE DATABASE {name}")
    migrate(other_server.url(name), lambda _: None)
    return f"postgresql://postgres@/{name}?host={other_server.folder},{postgres.folder}"


def takes_no_writes(server: Postgres) -> None:
    """From now on it is what a standby is: open sessions are told as well."""
    server.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    server.execute("SELECT pg_reload_conf()")


async def written_at(server: Postgres, both: str) -> str | None:
    """What was written at one of the two, asked of it alone."""
    name = both.partition("?")[0].rpartition("/")[2]
    async with opened(server.url(name)) as records:
        return await records.read(lambda unit: unit.meta.get("word"))


async def write(records: Records, word: str) -> None:
    async def act(unit: Unit) -> None:
        await unit.meta.set("word", word)

    await records.write(act)


async def test_a_certificate_that_is_not_there_is_said_in_the_words_of_the_records() -> None:
    with pytest.raises(
        RecordsUnavailable, match=r'^PostgreSQL: root certificate file ".*" does not'
    ):
        await Reach("postgresql://portvakt@db.example/p?sslmode=verify-full").connect()


@pytest.mark.slow
async def test_the_host_that_takes_writes_is_found_and_found_again_when_it_is_another(
    both: str, other_server: Postgres, postgres: Postgres
) -> None:
    async with opened(both) as records:
        await write(records, "first")
        assert await written_at(other_server, both) == "first"
        await asyncio.to_thread(takes_no_writes, other_server)
        await until_written(records, "second")
        assert await written_at(postgres, both) == "second"
        assert await written_at(other_server, both) == "first"


async def until_written(records: Records, word: str) -> None:
    """Try again as people do, until it is taken; each refusal is an honest one."""
    given_up = time.monotonic() + HANG
    while time.monotonic() < given_up:
        try:
            return await write(records, word)
        except RecordsUnavailable:
            await asyncio.sleep(0.05)
    raise AssertionError("nobody took it")


@pytest.mark.slow
async def test_a_frozen_host_does_not_use_up_the_time_of_the_next_one(
    frozen: socket.socket, postgres: Postgres, postgresql_url: str
) -> None:
    name = postgresql_url.partition("?")[0].rpartition("/")[2]
    url = f"postgresql://postgres@/{name}?host=127.0.0.1,{postgres.folder}&port={port_of(frozen)},5432"
    async with opened(url) as records, asyncio.timeout(HANG):
        await write(records, "found")
        assert asked_how_often(frozen) == 1
        await asyncio.gather(*(write(records, f"again {number}") for number in range(8)))
        assert asked_how_often(frozen) == 0, "the good one is asked first now"
    assert await asyncio.to_thread(current, url) == SCHEMA_VERSION


@pytest.mark.slow
async def test_where_no_host_takes_writes_each_is_named_with_its_reason(
    frozen: socket.socket, both: str, other_server: Postgres
) -> None:
    await asyncio.to_thread(takes_no_writes, other_server)
    name = both.partition("?")[0].rpartition("/")[2]
    hosts = f"host=127.0.0.1,{other_server.folder}&port={port_of(frozen)},5432"
    async with opened(f"postgresql://postgres@/{name}?{hosts}") as records:
        with pytest.raises(RecordsUnavailable) as refused:
            await write(records, "nowhere")
    said = str(refused.value)
    assert "no host takes writes" in said
    assert f"127.0.0.1:{port_of(frozen)}: TimeoutError" in said
    assert f"{other_server.folder}:5432: " in said
