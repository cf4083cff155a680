"""What happens to browsers in which people asked not to be asked again."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.event import PERSONAL, Event
from portvakt.core.ids import KnownBrowserId


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRemembered(Event):
    """Somebody asked after a second factor not to be asked again in this browser."""

    name: ClassVar[str] = "known_browser.remembered"
    browser_id: KnownBrowserId
    method: AuthenticatorType
    """The second factor that was shown."""
    until: datetime
    user_agent: str = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserForgotten(Event):
    """A browser, or several, are asked again."""

    name: ClassVar[str] = "known_browser.forgotten"
    browsers: int
    reason: str
    """"by_owner", or "operator"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserCopied(Event):
    """What a browser is known by came back after it had been replaced: there are two of it.

    The browser is forgotten, and what was opened in it has ended.
    """

    name: ClassVar[str] = "known_browser.copied"
    browser_id: KnownBrowserId
    user_agent: str = field(metadata=PERSONAL)
    """Of the browser that was forgotten."""
    sessions: int
    """How many sessions ended."""
