"""What handing a message over to somebody else's system can come to."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took it. `receipt` is its own name for the message, or empty."""

    receipt: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side surely did not take it. `retry` says whether trying again can help.

    `reason` is for the log: short, without numbers, texts or codes. `wait` is the shortest time
    before another try that the other side asks for.
    """

    reason: str
    retry: bool
    wait: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say: it was sent, and no usable answer came back."""

    reason: str


Outcome = Sent | Refused | Unknown
