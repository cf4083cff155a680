"""The portal, and the page after signing out."""

from dataclasses import dataclass
from typing import ClassVar

from portvakt.core.messages import MessageId
from portvakt.web.responses import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One app or link. `needs` says in words what it will ask for; None where it simply opens.

    `logo` is the address of its picture, with us; where there is none the `letter` stands in its
    place.
    """

    name: str
    href: str
    letter: str
    logo: str | None
    needs: MessageId | None
    reason: str
    link: bool = False
    """It only leads there: nobody is signed in by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppsPage(Page):
    """Everything this person may open from here."""

    template: ClassVar[str] = "journeys/my_apps/apps.html"
    person: str
    tiles: tuple[Tile, ...]
    asked: bool = False
    """Somebody asks this person to say who they are, on the page `/vouch`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutPage(Page):
    """Nobody is signed in here any more."""

    template: ClassVar[str] = "journeys/my_apps/signed_out.html"
