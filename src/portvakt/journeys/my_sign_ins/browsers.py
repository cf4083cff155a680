"""Browsers in which somebody is not asked again, in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from portvakt.core.events import BrowserCopied, BrowserForgotten, BrowserRemembered
from portvakt.core.known_browsers import KnownBrowser
from portvakt.journeys.my_sign_ins.naming import Naming
from portvakt.journeys.my_sign_ins.pages import Happened, Unasked
from portvakt.records.audit import StoredEvent
from portvakt.web.templates import Message

OF_BROWSERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        BrowserRemembered.name: "my_sign_ins.browser_remembered",
        BrowserForgotten.name: "my_sign_ins.browser_forgotten",
        BrowserCopied.name: "my_sign_ins.browser_copied",
    }
)
"""What is told of each event about them."""


@dataclass(frozen=True, slots=True)
class Browsers(Naming):
    """Tells of them in one language."""

    def browsers(self, found: Sequence[KnownBrowser]) -> tuple[Unasked, ...]:
        """Tell in which browsers somebody is not asked again, the one last used first."""
        return tuple(
            Unasked(
                id=each.id,
                browser=self.browser(each.user_agent),
                place=self.place(each.address),
                since=each.since,
                used=each.used_at,
                until=each.until,
            )
            for each in found
        )

    def known(self, event: StoredEvent) -> Happened:
        """Tell what became of such a browser. Support that acts for somebody is at no place."""
        agent = event.detail.get("user_agent")
        return Happened(
            at=event.at,
            what=Message(OF_BROWSERS[event.name]),
            place=None if event.address is None else self.place(event.address),
            browser=None if agent is None else self.browser(str(agent)),
            failed=event.name == BrowserCopied.name,
        )
