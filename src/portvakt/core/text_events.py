"""What happens to texts as a whole: days that run short, and gateways that take none."""

from dataclasses import dataclass

from portvakt.core.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsRunShort(Event):
    """The day's texts run short: other ways are asked for first, and then texts are refused."""

    name = "alarm.texts_run_short"
    room: str
    """"scarce", "kept" or "none": see the page on limits."""
    sent: int
    per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsNotTaken(Event):
    """No gateway took the last texts: other ways are asked for first (F39)."""

    name = "alarm.texts_not_taken"
    tried: int
    """How many texts in a row, the latest of ten minutes."""
