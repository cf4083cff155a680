"""Shorter pauses than the product's, so that a story of several tries is soon told.

Only the sleep without a ring is longer: what arrives in time was woken, and not found by luck.
"""

from datetime import timedelta

import pytest

from portvakt import delivering, worker


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "AFTER_UNKNOWN", timedelta(milliseconds=50))
    monkeypatch.setattr(delivering, "FIRST_PAUSE", timedelta(milliseconds=50))
    monkeypatch.setattr(worker, "FAREWELL", 1.0)
    monkeypatch.setattr(worker, "LONGEST_SLEEP", 60.0)
