"""An installation of real processes for each test that asks, on both databases."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from portvakt.records.migrate import migrate
from tests.bad_days.site import Site, site
from tests.directories.conftest import at_samba, at_slapd
from tests.servers.postgres import Postgres

__all__ = ["at_samba", "at_slapd"]

DURABLE = {"synchronous_commit": "on"}
"""A server that is stopped at once keeps what it acknowledged."""
Open = Callable[[], AbstractAsyncContextManager[Site]]


@pytest.fixture
def open_site(tmp_path: Path, database_url: str) -> Open:
    """Lay out an installation on a fresh database of each kind in turn."""
    return lambda: site(tmp_path, database_url)


@pytest.fixture
def open_large_site(tmp_path: Path, postgresql_url: str) -> Open:
    """Lay out an installation on PostgreSQL, which may have more than one node."""
    return lambda: site(tmp_path, postgresql_url)


@pytest.fixture
def open_small_site(tmp_path: Path, sqlite_url: str) -> Open:
    """Lay out an installation on the embedded database."""
    return lambda: site(tmp_path, sqlite_url)


@pytest.fixture(scope="module")
def own_server() -> Iterator[Postgres]:
    """A server that tests may do anything to."""
    server = Postgres.create()
    server.start(**DURABLE)
    server.execute("CREATE DATABASE migrated")
    migrate(server.url("migrated"), lambda _: None)
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
def own_url(own_server: Postgres) -> str:
    """An empty migrated database on it."""
    return own_server.url(own_server.fresh("migrated"))
