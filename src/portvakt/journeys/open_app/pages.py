"""The pages of ours that stand between a person and an app."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from portvakt.core.messages import MessageId
from portvakt.web.responses import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRequestPage(Page):
    """The request cannot be trusted, so nobody is sent on. `number` finds the reason in the log."""

    template: ClassVar[str] = "journeys/open_app/broken.html"
    why: MessageId
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYoursPage(Page):
    """The person is in none of the app's groups."""

    template: ClassVar[str] = "journeys/open_app/not_yours.html"
    app: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedPage(Page):
    """A rule says no. `reason` is what the rule itself says, if it says anything."""

    template: ClassVar[str] = "journeys/open_app/blocked.html"
    app: str
    reason: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPostPage(Page):
    """The answer goes to the app in a form, by itself where there is script."""

    template: ClassVar[str] = "journeys/open_app/posting.html"
    app: str
    action: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskToSignOutPage(Page):
    """An app, or somebody else's page, asks that the person signs out; only they can say so."""

    template: ClassVar[str] = "journeys/open_app/ask_to_sign_out.html"
    app: str | None
    ticket: str
    action: str
    number: str | None = None
    """Where the app wanted the browser to go on to an address that its entry does not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftPage(Page):
    """Nobody is signed in here any more; `onward` is where the app wants the browser.

    It has a `number` instead where the app's entry does not name that address.
    """

    template: ClassVar[str] = "journeys/open_app/left.html"
    app: str
    onward: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage(Page):
    """What an app of others would be told, and the question."""

    template: ClassVar[str] = "journeys/open_app/consent.html"
    app: str
    gets: Sequence[MessageId]
    others: Sequence[str] = ()
    """What else it asks for, in its own words."""
    query: str
    whose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingOnPage(Page):
    """After a form of ours: the way to the app, which `form-action` keeps forms from taking."""

    template: ClassVar[str] = "journeys/open_app/going_on.html"
    app: str
    to: str
    opens: bool
