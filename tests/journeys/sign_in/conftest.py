"""A region with one network and the shipped rule: a second factor outside."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.world import World, new_sqlite, world

Open = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
def open_world(tmp_path: Path) -> Open:
    url = new_sqlite(tmp_path)
    return lambda **registration: world(tmp_path, url, **registration)
