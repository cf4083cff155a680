"""The page of one's own sign-ins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from portvakt.core.ids import SessionId
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
class Happened:
    """One event in words: what, how it was shown who it was, from where, and why it was asked."""

    at: datetime
    what: Message
    how: Sequence[Message] = ()
    place: Message | None = None
    browser: Message | None = None
    why: Message | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MySignInsPage(Page):
    """Where one is signed in now, and what has happened."""

    template: ClassVar[str] = "journeys/my_sign_ins/my_sign_ins.html"
    open: Sequence[OpenSignIn]
    past: Sequence[Happened] = ()
    done: MessageId | None = None
