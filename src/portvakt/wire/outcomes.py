"""What handing a message over to somebody else's system can come to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


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


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an operator says became of a text that it took.

    `receipt` is the gateway's own name for the text, as in `Sent.receipt`. What is neither
    delivered nor failed (buffered, accepted) is no receipt. `why` is short and for the log: no
    numbers, texts or codes.
    """

    receipt: str
    state: Literal["delivered", "failed"]
    why: str = ""


ReceiptSink = Callable[[Receipt], Awaitable[None]]
"""Takes the receipts of one gateway; their names are unique per gateway only."""
