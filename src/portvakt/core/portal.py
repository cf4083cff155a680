"""The portal: what stands on it beside apps, and how each person has arranged it."""

from collections.abc import Collection as Several
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from unicodedata import combining, normalize

from portvakt.core.ids import ClientId, GroupId

OTHERS: Final = ""
"""What the place of all tiles is called that are in no collection."""
MOST_COLLECTIONS: Final = 20
MOST_IN_COLLECTION: Final = 50
MOST_PLACED: Final = 500
"""Tiles that a person may have put in order in one place, or hidden."""
LONGEST_NAME: Final = 40
"""Characters of the name of one's own collection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A tile that only leads somewhere: nobody is signed in there, and no rule is asked."""

    id: ClientId
    """Of one kind with those of apps, so that one name is one tile."""
    name: str
    address: str
    groups: frozenset[GroupId] = frozenset()
    """Who sees it. Empty is nobody."""
    icon: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Tiles that the administrator shows together, in their order."""

    id: str
    name: Mapping[str, str]
    """By language."""
    apps: tuple[ClientId, ...]
    place: int
    """Which of all collections it is, from the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCollection:
    """Tiles that a person has put together, in their order."""

    id: str
    name: str
    apps: tuple[ClientId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How one person has arranged the portal. What it names may be gone; then it is passed over."""

    order: Mapping[str, tuple[ClientId, ...]] = field(default_factory=dict)
    """What comes first, by collection of the administrator's, or `OTHERS`."""
    hidden: tuple[ClientId, ...] = ()
    collections: tuple[OwnCollection, ...] = ()

    def own(self, id_: str) -> OwnCollection | None:
        """Find one of the person's collections."""
        return next((each for each in self.collections if each.id == id_), None)


NOTHING_CHOSEN: Final = Choices()


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the portal with what is to be seen there, in order."""

    id: str
    own: OwnCollection | None
    shared: Collection | None
    apps: tuple[ClientId, ...]


def arranged(
    shown: Sequence[ClientId], collections: Iterable[Collection], choices: Choices
) -> tuple[Place, ...]:
    """Put tiles in their places: one's own collections, the administrator's, and what is left.

    `shown` is everything the person may see, by name. A tile stands in each collection that names
    it. Places where nothing is to be seen are left out, but for one's own collections.
    """
    hidden = frozenset(choices.hidden)
    seen = [each for each in shown if each not in hidden]
    known = frozenset(seen)
    places = [
        Place(each.id, each, None, tuple(app for app in each.apps if app in known))
        for each in choices.collections
    ]
    for each in sorted(collections, key=lambda one: (one.place, one.id)):
        apps = [app for app in each.apps if app in known]
        if apps:
            ordered = _first(choices.order.get(each.id, ()), apps)
            places.append(Place(each.id, None, each, ordered))
    held = frozenset(app for place in places for app in place.apps)
    others = _first(choices.order.get(OTHERS, ()), [app for app in seen if app not in held])
    if others:
        places.append(Place(OTHERS, None, None, others))
    return tuple(places)


def _first(wanted: Iterable[ClientId], apps: Sequence[ClientId]) -> tuple[ClientId, ...]:
    """Return the apps, those that are wanted first in that order."""
    there = frozenset(apps)
    ahead = tuple(dict.fromkeys(app for app in wanted if app in there))
    taken = frozenset(ahead)
    return ahead + tuple(app for app in apps if app not in taken)


def moved(place: Place, app: ClientId, to: int, choices: Choices) -> Choices:
    """Put a tile of a place at a position, counted from nought; beyond an end is that end."""
    if app not in place.apps:
        return choices
    left = [each for each in place.apps if each != app]
    at = min(max(to, 0), len(left))
    now = (*left[:at], app, *left[at:])[:MOST_PLACED]
    if place.own is None:
        return replace(choices, order={**choices.order, place.id: now})
    gone = tuple(each for each in place.own.apps if each not in place.apps)  # it may come back
    return with_own(choices, replace(place.own, apps=(now + gone)[:MOST_IN_COLLECTION]))


def hidden(choices: Choices, app: ClientId) -> Choices:
    """Take a tile out of sight; the one that was hidden first is seen again where room ends."""
    rest = tuple(each for each in choices.hidden if each != app)
    return replace(choices, hidden=(*rest, app)[-MOST_PLACED:])


def seen_again(choices: Choices, app: ClientId) -> Choices:
    """Show a hidden tile again, where it was."""
    return replace(choices, hidden=tuple(each for each in choices.hidden if each != app))


def with_own(choices: Choices, collection: OwnCollection) -> Choices:
    """Add a collection behind the others, or put it in the place of the one with its id."""
    if choices.own(collection.id) is None:
        return replace(choices, collections=(*choices.collections, collection))
    return replace(
        choices,
        collections=tuple(
            collection if each.id == collection.id else each for each in choices.collections
        ),
    )


def without_own(choices: Choices, id_: str) -> Choices:
    """Remove a collection; its tiles are seen where they were before."""
    return replace(
        choices, collections=tuple(each for each in choices.collections if each.id != id_)
    )


def only_known(choices: Choices, known: Several[str], places: Several[str]) -> Choices:
    """Forget what names apps or collections that are no more, so that nothing piles up."""
    return Choices(
        order={
            place: tuple(app for app in apps if app in known)
            for place, apps in choices.order.items()
            if place in places
        },
        hidden=tuple(app for app in choices.hidden if app in known),
        collections=tuple(
            replace(each, apps=tuple(app for app in each.apps if app in known))
            for each in choices.collections
        ),
    )


def plain(text: str) -> str:
    """Return text as it is searched: no capitals, and letters without their marks.

    Whoever has no å on the keyboard finds «Åkeriet» by «ak»; the script in the page does the same.
    """
    return "".join(each for each in normalize("NFKD", text).casefold() if not combining(each))


def finds(asked: str, name: str) -> bool:
    """Say whether every word that was asked for is somewhere in a name."""
    words = plain(name)
    return all(word in words for word in plain(asked).split())
