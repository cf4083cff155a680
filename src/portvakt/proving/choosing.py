"""Who chooses a password now, in a session or an attempt: the only one whom the meter answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from portvakt.core.people import Account


@dataclass(frozen=True, slots=True)
class Choosing:
    """Somebody who chooses a password, and how many characters are asked for where it lives."""

    account: Account
    least: Callable[[], Awaitable[int]]


Find = Callable[[], Awaitable[Choosing | None]]
"""Says who is choosing a password in the session or attempt of a request, if anybody is."""
