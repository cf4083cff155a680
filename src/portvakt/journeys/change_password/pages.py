"""What the pages of changing a password show."""

from dataclasses import dataclass
from typing import ClassVar

from portvakt.web.responses import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage(Page):
    """The old password and a new one."""

    template: ClassVar[str] = "journeys/change_password/change.html"
    user_name: str
    least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPage(Page):
    """What became of it, or why there is nothing to do here."""

    template: ClassVar[str] = "journeys/change_password/end.html"
    what: str
    """"done", "unsure" or "none"."""
