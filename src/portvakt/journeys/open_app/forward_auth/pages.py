"""The two pages of forward-auth, both at home: an app's host shows nothing of ours."""

from dataclasses import dataclass
from typing import ClassVar

from portvakt.web.responses import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainPage(Page):
    """What the browser brought did not count: too late, twice, or begun in another browser."""

    template: ClassVar[str] = "journeys/open_app/forward_auth/again.html"
    app: str
    href: str
    """The first page of the app."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOutPage(Page):
    """Ask whether to sign out, for somebody who chose to in an app."""

    template: ClassVar[str] = "journeys/open_app/forward_auth/sign_out.html"
    app: str
    href: str
