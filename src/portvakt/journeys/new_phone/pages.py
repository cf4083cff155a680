"""What the pages for somebody with a new phone show, one frozen type each."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portvakt.web.responses import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPage(Page):
    """What it is, and one button that asks people."""

    template: ClassVar[str] = "journeys/new_phone/ask.html"
    flow: str
    who: str
    """"manager", "colleague" or "both"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitPage(Page):
    """People were asked; one button goes on when they have said yes."""

    template: ClassVar[str] = "journeys/new_phone/wait.html"
    flow: str
    who: str
    number: str
    """To be read out to whoever is to say yes, whose page shows the same."""
    given: int
    complete: bool
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPage(Page):
    """It is not open to this person, or its time is over: where to turn."""

    template: ClassVar[str] = "journeys/new_phone/closed.html"
    flow: str = ""
    """Where the other ways are listed; empty where the sign-in is over."""
