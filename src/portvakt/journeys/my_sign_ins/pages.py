"""The page of one's own sign-ins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portvakt.core.ids import KnownBrowserId, SessionId
from portvakt.core.messages import MessageId
from portvakt.web.responses import Page
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSignIn:
    """One signed-in browser."""

    id: SessionId
    browser: Message
    place: Message
    since: datetime
    seen: datetime
    this_one: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """One browser in which nobody is asked for a second factor again."""

    id: KnownBrowserId
    browser: Message
    place: Message
    since: datetime
    used: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event in words: what, how it was shown who it was, from where, and why it was asked."""

    at: datetime
    what: Message
    how: Sequence[Message] = ()
    place: Message | None = None
    browser: Message | None = None
    why: Message | None = None
    failed: bool = False
    stopped: bool = False
    """Nobody came in by it."""
    id: int = 0
    """Of its row, by which it can be disowned."""
    may_disown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MySignInsPage(Page):
    """Where one is signed in now, and what has happened."""

    template: ClassVar[str] = "journeys/my_sign_ins/my_sign_ins.html"
    open: Sequence[OpenSignIn]
    unasked: Sequence[Unasked] = ()
    past: Sequence[Happened] = ()
    older: int | None = None
    """The row after which there is more."""
    done: MessageId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderPage(Page):
    """What happened before that."""

    template: ClassVar[str] = "journeys/my_sign_ins/older.html"
    past: Sequence[Happened]
    older: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMePage(Page):
    """What was chosen, what would be done, and one button."""

    template: ClassVar[str] = "journeys/my_sign_ins/not_me.html"
    row: Happened
    since: datetime
    """From when on what is new would work no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenPage(Page):
    """It is frozen, the number for support, and how to come back. Nobody is signed in now."""

    template: ClassVar[str] = "journeys/my_sign_ins/frozen.html"
    case: str
