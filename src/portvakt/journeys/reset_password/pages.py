"""What the pages of the reset site show, one frozen type each."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portvakt.proving.texts_told import TextTold
from portvakt.web.responses import Page
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPage(Page):
    """A name, and what one came for."""

    template: ClassVar[str] = "journeys/reset_password/start.html"
    goal: str = "new_password"
    name: str = ""
    waiting: str | None = None
    """This browser's attempt that waits out its day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayShown:
    """One way of showing who you are, as the list of ways shows it."""

    value: str
    text: Message | str
    hint: Message | str = ""
    picture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysPage(Page):
    """The ways to choose from: the same for every name before a proof."""

    template: ClassVar[str] = "journeys/reset_password/ways.html"
    flow: str
    first: bool
    ways: tuple[WayShown, ...]

    @property
    def moment(self) -> str:
        """The second proof is a step of its own."""
        return "" if self.first else "another"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPage(Page):
    """A key, which the page's script asks; the same for every name."""

    template: ClassVar[str] = "journeys/reset_password/key.html"
    flow: str
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePage(Page):
    """A code from an app, a card or support."""

    template: ClassVar[str] = "journeys/reset_password/code.html"
    flow: str
    first: bool
    way: str
    """"code", "card" or "support"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPage(Page):
    """A code from a text. Before a proof it tells of no number, and not whether there is one."""

    template: ClassVar[str] = "journeys/reset_password/text.html"
    flow: str
    first: bool
    number: str = ""
    """Partly hidden; empty before a proof."""
    told: TextTold | None = None
    """What became of the text; None before a proof."""
    next_at: datetime | None = None
    """When a text can be asked for, where none was sent now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePage(Page):
    """Six digits, to be typed in the phone."""

    template: ClassVar[str] = "journeys/reset_password/phone.html"
    flow: str
    first: bool
    number: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEndedPage(Page):
    """No request waits: what happened, and what to do now."""

    template: ClassVar[str] = "journeys/reset_password/phone_ended.html"
    flow: str
    first: bool
    what: str
    """"unanswered", "denied", "wrong_number", or "not_asked"."""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPage(Page):
    """A new password, and what became of the one before."""

    template: ClassVar[str] = "journeys/reset_password/password.html"
    flow: str
    user_name: str
    least: int
    last: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockPage(Page):
    """One button opens the account again."""

    template: ClassVar[str] = "journeys/reset_password/unlock.html"
    flow: str
    last: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage(Page):
    """Somebody else is to say yes."""

    template: ClassVar[str] = "journeys/reset_password/people.html"
    flow: str
    who: str
    """"manager", "colleague" or "both"."""
    given: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterPage(Page):
    """A second text can be had then, in this browser."""

    template: ClassVar[str] = "journeys/reset_password/later.html"
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Somebody who asks to be vouched for."""

    attempt: str
    name: str
    about: str
    """Title and unit."""
    at: datetime
    given: bool = False
    number: str = ""
    """Of somebody with a new phone, who reads it out; empty for a reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VouchPage(Page):
    """Those whom one could vouch for now."""

    template: ClassVar[str] = "journeys/reset_password/vouch.html"
    asking: tuple[Asking, ...] = ()
    done: str = ""
    """The name of whom one has just vouched for."""
    why: str = ""
    """Why one cannot, as a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPage(Page):
    """Where an attempt stands that asks for nothing more."""

    template: ClassVar[str] = "journeys/reset_password/end.html"
    what: str
    """"done", "unlocked", "unsure", "writing", "no_other", "stopped" or "gone"."""
    why: Message | None = None
    to: str = "/reset"
