"""The portal, and the page after signing out."""

from dataclasses import dataclass
from typing import ClassVar

from portvakt.core.messages import MessageId
from portvakt.web.responses import Page
from portvakt.web.templates import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One app or link. `needs` says in words what it will ask for; None where it simply opens.

    `logo` is the address of its picture, with us; where there is none the `letter` stands in its
    place.
    """

    id: str
    name: str
    href: str
    letter: str
    logo: str | None
    needs: MessageId | None
    reason: str
    link: bool = False
    """It only leads there: nobody is signed in by it."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Tiles under a `heading` of ours or the `name` of a collection; neither where it is alone.

    `again` is a shelf whose tiles stand on another one as well.
    """

    tiles: tuple[Tile, ...]
    heading: MessageId | None = None
    name: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AppsPage(Page):
    """Everything this person may open from here; where they search, what was found."""

    template: ClassVar[str] = "journeys/my_apps/apps.html"
    person: str
    shelves: tuple[Shelf, ...]
    hidden: tuple[Tile, ...] = ()
    """Tiles that the person does not want to see, which the script finds."""
    searches: bool = False
    """Whether there is so much that it takes a search."""
    asked: str = ""
    """What is searched for."""
    vouch: bool = False
    """Somebody asks this person to say who they are, on the page `/vouch`."""
    one_thing: bool = False
    """Everything that they can show would be gone with one thing."""

    @property
    def count(self) -> int:
        """Return how many tiles are shown."""
        return sum(len(each.tiles) for each in self.shelves)


@dataclass(frozen=True, slots=True)
class Row:
    """One tile on the page where tiles are put in order."""

    id: str
    name: str
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """A place with its tiles in order. `own` is the person's own collection, to be changed."""

    id: str
    name: str
    """Of the collection; nothing for what is in none."""
    own: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrangePage(Page):
    """Where tiles are moved, hidden and shown again."""

    template: ClassVar[str] = "journeys/my_apps/arrange.html"
    places: tuple[Rows, ...]
    hidden: tuple[Row, ...]
    done: Message | None = None
    """What has just been changed."""
    focus: tuple[str, str, str] = ("", "", "")
    """Which button has the focus: of which place, which one, and for which tile."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """A tile that may be in a collection."""

    id: str
    name: str
    ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPage(Page):
    """One's own collection; a new one has no `id`."""

    template: ClassVar[str] = "journeys/my_apps/collection.html"
    id: str
    name: str
    tiles: tuple[Ticked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutPage(Page):
    """Nobody is signed in here any more."""

    template: ClassVar[str] = "journeys/my_apps/signed_out.html"
