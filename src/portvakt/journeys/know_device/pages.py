"""What the page says to whoever asked to have their device looked at."""

from dataclasses import dataclass
from typing import ClassVar

from portvakt.web.responses import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOursPage(Page):
    """The device showed nothing that counts; the person goes on all the same."""

    template: ClassVar[str] = "journeys/know_device/not_ours.html"
    to: str
