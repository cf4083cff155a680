"""Phones against the API as the root builds it, on both databases."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.journeys.approve_push.ward import Ward, ward

OpenWard = Callable[[], AbstractAsyncContextManager[Ward]]


@pytest.fixture
def open_ward(tmp_path: Path, database_url: str) -> OpenWard:
    """Open a product with Anna in it, and room for her phones."""
    return lambda: ward(tmp_path, database_url)
