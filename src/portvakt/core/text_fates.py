"""What became of a text message, and what may be said of it: only what is known.

A gateway takes a text, refuses it, or leaves us without an answer; an operator's receipt may come
later. In: what the records hold of a message. Out: what a page can say.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

RECEIPT_SLOW: Final = timedelta(seconds=10)
"""After so long without a receipt, it is said that none has come."""
RECEIPT_TAKEN_FOR: Final = timedelta(hours=72)
"""How long after hand-over a receipt is taken: operators try for two days, and a little more."""

ReceiptState = Literal["delivered", "failed"]


class Noted(StrEnum):
    """What a receipt came to."""

    NOW = "now"
    BEFORE = "before"
    """One was noted before, or the text is too old: nothing changed."""
    UNKNOWN = "unknown"
    """No text of this gateway has that name, or not yet: nothing changed."""


class Stage(StrEnum):
    """What may be said of a text now."""

    QUEUED = "queued"
    """It has not been handed over yet."""
    DELAYED = "delayed"
    """The operator surely did not take it so far; it is tried again."""
    UNSURE = "unsure"
    """It may have gone, and is tried once more."""
    SENT = "sent"
    UNCONFIRMED = "unconfirmed"
    """Sent, and no receipt for a while, where this operator gives receipts."""
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    """The operator took it and says that it did not arrive."""
    FAILED = "failed"
    """Given up, and surely not sent."""
    UNKNOWN = "unknown"
    """Given up, and nobody can say whether it was sent."""


FINAL: Final = frozenset({Stage.DELIVERED, Stage.UNDELIVERED, Stage.FAILED, Stage.UNKNOWN})
"""Stages that nothing follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFate:
    """What the records hold of one text."""

    id: str
    asked_at: datetime
    state: Literal["waiting", "handed_over", "dropped"]
    under_way: bool
    """Whether a try was begun whose outcome is not known yet."""
    maybe_sent: int
    """Tries that a gateway may have taken, the one under way included."""
    tries: int
    done_at: datetime | None
    """When it was handed over, or given up."""
    named: bool
    """Whether the gateway has a name for it, by which a receipt can come."""
    receipt_state: ReceiptState | None
    receipt_at: datetime | None


def stage_of(fate: TextFate, now: datetime) -> Stage:
    """Say what may be told of a text at `now`."""
    if fate.receipt_state is not None:
        return Stage.DELIVERED if fate.receipt_state == "delivered" else Stage.UNDELIVERED
    if fate.state == "dropped":
        return Stage.UNKNOWN if fate.maybe_sent > 0 else Stage.FAILED
    if fate.state == "handed_over":
        quiet = fate.named and fate.done_at is not None and now - fate.done_at >= RECEIPT_SLOW
        return Stage.UNCONFIRMED if quiet else Stage.SENT
    if fate.maybe_sent - fate.under_way > 0:
        return Stage.UNSURE
    return Stage.DELAYED if fate.tries > fate.under_way else Stage.QUEUED


def changes_by_itself(fate: TextFate, now: datetime) -> timedelta | None:
    """Say after how long time alone changes what may be told; None where it never does."""
    if fate.done_at is None or not fate.named or stage_of(fate, now) is not Stage.SENT:
        return None
    return fate.done_at + RECEIPT_SLOW - now
