"""What the person may open, as tiles on the portal's shelves."""

from collections.abc import Iterable, Sequence

from portvakt.core.assurance import Aal, assurance_of
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import ClientId
from portvakt.core.messages import MessageId
from portvakt.core.policy import Decision
from portvakt.core.portal import Choices, Place, arranged, finds
from portvakt.journeys.my_apps.flow import Entry, Kept, letter_of
from portvakt.journeys.my_apps.pages import Shelf, Tile
from portvakt.proving.gate import Current
from portvakt.records.configuration import Configuration

ICONS = "/icons"
RECENT_SHOWN = 4
ENOUGH_FOR_RECENT = 8
"""Whoever has no more tiles than this sees all of them at once."""
ENOUGH_TO_SEARCH = 6


def tile_of(entry: Entry, current: Current, language: str) -> Tile:
    """Return the tile of an app or link, which says what it will ask for."""
    verdict = None if entry.enough else entry.verdict
    return Tile(
        id=entry.id,
        name=entry.name,
        href=entry.href,
        letter=letter_of(entry.name),
        logo=None if entry.icon is None else f"{ICONS}/{entry.icon}",
        link=entry.verdict is None,
        needs=None if verdict is None else _needs(current, verdict.decision),
        reason="" if verdict is None else verdict.reason(language),
    )


def _needs(current: Current, decision: Decision) -> MessageId:
    """Say whether the app in the phone is asked for, another second proof, or one once more."""
    shown = assurance_of(current.session.evidence).aal
    if not decision.requirement.multifactor or shown >= Aal.TWO:
        return MessageId("my_apps.needs_again")
    if current.standing.active(AuthenticatorType.PUSH):
        return MessageId("my_apps.needs_phone")
    return MessageId("my_apps.needs_second")


def places_of(
    entries: Iterable[Entry], configuration: Configuration, choices: Choices
) -> tuple[Place, ...]:
    """Return the portal's places with what the person sees there."""
    return arranged([each.id for each in entries], configuration.collections, choices)


def name_of(place: Place, language: str) -> str:
    """Return what a collection is called; nothing for what is in no collection."""
    if place.own is not None:
        return place.own.name
    return "" if place.shared is None else place.shared.name[language]


def shelves(
    places: Sequence[Place], tiles: dict[ClientId, Tile], kept: Kept, language: str
) -> tuple[Shelf, ...]:
    """Return the shelves from the top: what was opened last, collections, and the rest."""
    filled = [each for each in places if each.apps]
    seen = {app for place in filled for app in place.apps}
    found: list[Shelf] = []
    recent = [tiles[app] for app in kept.recent if app in seen][:RECENT_SHOWN]
    if recent and len(seen) > ENOUGH_FOR_RECENT:
        heading = MessageId("my_apps.recent")
        found.append(Shelf(tuple(recent), heading, again=True))
    alone = len(filled) == 1 and not found
    others = None if alone else MessageId("my_apps.others")
    for place in filled:
        name = name_of(place, language)
        shown = tuple(tiles[app] for app in place.apps)
        found.append(Shelf(shown, None if name else others, name))
    return tuple(found)


def hits(tiles: Iterable[Tile], asked: str) -> tuple[Tile, ...]:
    """Return the tiles whose names have every word that was asked for, hidden ones too."""
    return tuple(each for each in tiles if finds(asked, each.name))
