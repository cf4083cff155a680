"""Faults are done to the same installations of real processes as in `tests/bad_days`."""

from tests.bad_days.conftest import (
    open_large_site,
    open_small_site,
    own_server,
    own_url,
)

__all__ = ["open_large_site", "open_small_site", "own_server", "own_url"]
