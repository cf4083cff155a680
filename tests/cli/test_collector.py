"""What a server leaves to the collector of cycles."""

import gc
from collections.abc import Iterator

import pytest

from portvakt.commands.opening import leave_what_is_loaded


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_loaded_is_not_gone_through_again_and_cycles_still_go() -> None:
    leave_what_is_loaded()
    assert gc.get_freeze_count() > 0
    assert gc.isenabled()
    assert gc.get_threshold()[0] > 700
    one: list[object] = []
    one.append(one)
    del one
    assert gc.collect() > 0
