"""An installation of real processes for each test that asks, on both databases."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.bad_days.site import Site, site

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
