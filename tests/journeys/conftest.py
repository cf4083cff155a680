"""Journeys run on both databases, through a whole product in memory."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.world import World, world

Open = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
def open_world(tmp_path: Path, database_url: str) -> Open:
    """Open a product on a fresh database; keywords are settings of `[registration]`, or `reset`."""
    return lambda **given: world(tmp_path, database_url, **given)
