"""Leaves a service alone for a while when it fails again and again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

FAILURES: Final = 5
"""Failures in a row after which a service is left alone."""
PAUSE: Final = timedelta(seconds=30)
TRIAL: Final = timedelta(seconds=6)
"""How long the others wait while one finds out whether it is well again; longer than one try."""
_MANY: Final = 1000


@dataclass(slots=True)
class _Trouble:
    failures: int
    until: datetime | None


class Breaker:
    """Counts failures by name of a service. It forgets with the process, which costs five tries."""

    def __init__(self, failures: int = FAILURES, pause: timedelta = PAUSE) -> None:
        """Leave a service alone for `pause` after so many failures in a row."""
        self._failures = failures
        self._pause = pause
        self._troubles: dict[str, _Trouble] = {}

    def pause(self, name: str, now: datetime) -> timedelta:
        """Say how long the service is still to be left alone; no time at all where it is not.

        When a pause is over, one may try; the others wait until that has shown something.
        """
        trouble = self._troubles.get(name)
        if trouble is None or trouble.until is None:
            return timedelta()
        if now < trouble.until:
            return trouble.until - now
        trouble.until = now + TRIAL
        return timedelta()

    def well(self, name: str) -> None:
        """Note that the service answers."""
        self._troubles.pop(name, None)

    def failed(self, name: str, now: datetime) -> None:
        """Note that it did not answer, or said that it is broken."""
        if name not in self._troubles and len(self._troubles) >= _MANY:
            self._troubles.clear()
        trouble = self._troubles.setdefault(name, _Trouble(0, None))
        trouble.failures += 1
        if trouble.failures >= self._failures:
            trouble.until = now + self._pause
