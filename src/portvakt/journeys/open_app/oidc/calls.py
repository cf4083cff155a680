"""What every call of an app has in common."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an app: when, from where, and its number in the log."""

    now: datetime
    address: str | None
    request_id: str
