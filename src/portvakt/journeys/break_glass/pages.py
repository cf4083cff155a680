"""What the pages of break-glass accounts show, one frozen type each."""

from dataclasses import dataclass, field
from typing import ClassVar

from portvakt.web.responses import Page
from portvakt.web.templates import Message

FOLDER = "journeys/break_glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage(Page):
    """One button, and the same for everybody."""

    template: ClassVar[str] = f"{FOLDER}/sign_in.html"
    errors: dict[str, Message | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeKeyPage(Page):
    """Which of the two keys is made now, for which account."""

    template: ClassVar[str] = f"{FOLDER}/make_key.html"
    name: str
    number: int
    challenge: str
    options: str
    """JSON, for the page's script."""
    label: str = ""
    errors: dict[str, Message | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPage(Page):
    """Both keys stand, and what to do with them."""

    template: ClassVar[str] = f"{FOLDER}/ready.html"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OverPage(Page):
    """The same for links that are unknown, used and too old."""

    template: ClassVar[str] = f"{FOLDER}/over.html"
