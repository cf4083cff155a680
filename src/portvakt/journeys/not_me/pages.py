"""What the pages of a disowned change show, one frozen type each."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portvakt.core.freezing import Change
from portvakt.web.responses import Page

FOLDER = "journeys/not_me"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPage(Page):
    """What the mail told of, and one button. No name: the link may have been passed on."""

    template: ClassVar[str] = f"{FOLDER}/ask.html"
    change: Change
    made: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DonePage(Page):
    """It is frozen, and what to do now."""

    template: ClassVar[str] = f"{FOLDER}/done.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverPage(Page):
    """The same for links that are unknown, used and too old: nothing has happened."""

    template: ClassVar[str] = f"{FOLDER}/over.html"
