"""`/apps/arrange` and `/apps/collection`: one's own order, hidden tiles and collections.

Everything is a form that posts and leads back to the page, which says what was done and puts the
focus where the person was. No script is needed, and none is used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.ids import ClientId
from portvakt.core.portal import (
    MOST_COLLECTIONS,
    Choices,
    OwnCollection,
    Place,
    hidden,
    moved,
    seen_again,
    with_own,
    without_own,
)
from portvakt.crypto.randomness import Random
from portvakt.journeys.my_apps.collection_form import Wanted, read_collection
from portvakt.journeys.my_apps.door import Mine, PortalDoor
from portvakt.journeys.my_apps.flow import rearrange
from portvakt.journeys.my_apps.pages import ArrangePage, CollectionPage, Row, Rows, Ticked
from portvakt.journeys.my_apps.tiles import name_of, places_of
from portvakt.records.unit import Records
from portvakt.web.forms import Form, Invalid, form, query
from portvakt.web.responses import page, problem, see_other
from portvakt.web.routing import Route, Who, route
from portvakt.web.templates import Message

_HERE: Final = "/apps/arrange"
_COLLECTION: Final = "/apps/collection"
_MOVES: Final = ("first", "up", "down")
_ACTS: Final = (*_MOVES, "hide", "show")


class Arrange:
    """The pages where people arrange their tiles."""

    def __init__(self, *, door: PortalDoor, records: Records, random: Random) -> None:
        self._door = door
        self._records = records
        self._random = random

    def routes(self) -> list[Route]:
        """Return the addresses of these pages."""
        return [
            route(_HERE, self.show, who=Who.SIGNED_IN),
            route(_HERE, self.act, methods=("POST",), who=Who.SIGNED_IN),
            route(_COLLECTION, self.show_collection, who=Who.SIGNED_IN),
            route(_COLLECTION, self.put_collection, methods=("POST",), who=Who.SIGNED_IN),
        ]

    async def show(self, request: Request) -> Response:
        """Show all places with their tiles, and what was done last."""
        mine = await self._door.mine(request)
        if isinstance(mine, Response):
            return mine
        choices = await self._choices(mine)
        places = places_of(mine.entries, mine.configuration, choices)
        names = {each.id: each.name for each in mine.entries}
        said = query(request)
        view = ArrangePage(
            places=tuple(_rows(each, names, mine.visit.language) for each in places),
            hidden=tuple(
                Row(each, names[each], first=True, last=True)
                for each in choices.hidden
                if each in names
            ),
            done=_done(said, places, names, choices),
            focus=_focus(said, places),
        )
        return page(request, view)

    async def act(self, request: Request) -> Response:
        """Move, hide or show a tile, and lead back to the page."""
        mine = await self._door.mine(request, _HERE)
        if isinstance(mine, Response):
            return mine
        sent = await form(request)
        act = next((each for each in _ACTS if each in sent), "")
        app, place = ClientId(sent[act]), sent["place"]
        if app not in {each.id for each in mine.entries}:
            return see_other(_HERE)
        await self._rearrange(mine, lambda before: _changed(before, act, app, place, mine))
        return see_other(f"{_HERE}?{urlencode({'did': act, 'app': app, 'place': place})}")

    async def show_collection(self, request: Request) -> Response:
        """Show a collection of one's own, or an empty one."""
        mine = await self._door.mine(request)
        if isinstance(mine, Response):
            return mine
        id_ = query(request)["id"]
        own = (await self._choices(mine)).own(id_) if id_ else OwnCollection(id="", name="")
        if own is None:
            return problem(request, "not_found", 404)
        return page(request, _collection(mine, Wanted(own.id, own.name, own.apps)))

    async def put_collection(self, request: Request) -> Response:
        """Make, change or remove a collection of one's own."""
        mine = await self._door.mine(request, _HERE)
        if isinstance(mine, Response):
            return mine
        sent = await form(request)
        before = await self._choices(mine)
        own = before.own(sent["id"])
        if sent["id"] and own is None:
            return see_other(_HERE)  # removed in another window
        if own is not None and sent["remove"]:
            await self._rearrange(mine, lambda choices: without_own(choices, own.id))
            return see_other(f"{_HERE}?{urlencode({'did': 'removed'})}")
        known = [each.id for each in mine.entries]
        full = own is None and len(before.collections) >= MOST_COLLECTIONS
        wanted = read_collection(sent, own, known, full=full)
        if isinstance(wanted, Invalid):
            ticked = tuple(each for each in known if each in set(sent.values()))
            shown = Wanted(sent["id"], sent["name"], ticked)
            view = replace(_collection(mine, shown), errors=wanted.errors)
            return page(request, view, 422)
        made = OwnCollection(
            id=wanted.value.id or self._random.id(),
            name=wanted.value.name,
            apps=wanted.value.apps,
        )
        await self._rearrange(mine, lambda choices: _with_room(choices, made))
        return see_other(f"{_HERE}?{urlencode({'did': 'saved', 'place': made.id})}")

    async def _choices(self, mine: Mine) -> Choices:
        account_id = mine.current.standing.account.id
        return await self._records.read(lambda unit: unit.portal_choices.load(account_id))

    async def _rearrange(self, mine: Mine, change: Callable[[Choices], Choices]) -> None:
        account_id = mine.current.standing.account.id
        now = mine.visit.now
        await rearrange(self._records, account_id, mine.configuration, change, now)


def _changed(before: Choices, act: str, app: ClientId, id_: str, mine: Mine) -> Choices:
    if act == "hide":
        return hidden(before, app)
    if act == "show":
        return seen_again(before, app)
    place = _find(places_of(mine.entries, mine.configuration, before), id_)
    if place is None or app not in place.apps:
        return before
    at = place.apps.index(app)
    return moved(place, app, {"first": 0, "up": at - 1, "down": at + 1}[act], before)


def _with_room(before: Choices, made: OwnCollection) -> Choices:
    """Put a collection where there is room, or where it is already."""
    if before.own(made.id) is None and len(before.collections) >= MOST_COLLECTIONS:
        return before
    return with_own(before, made)


def _find(places: Sequence[Place], id_: str) -> Place | None:
    return next((each for each in places if each.id == id_), None)


def _rows(place: Place, names: Mapping[ClientId, str], language: str) -> Rows:
    last = len(place.apps) - 1
    rows = tuple(
        Row(app, names[app], first=at == 0, last=at == last) for at, app in enumerate(place.apps)
    )
    return Rows(place.id, name_of(place, language), own=place.own is not None, rows=rows)


def _done(
    said: Form, places: Sequence[Place], names: Mapping[ClientId, str], choices: Choices
) -> Message | None:
    """Say what was done last, as far as it is so."""
    app, place = ClientId(said["app"]), _find(places, said["place"])
    match said["did"]:
        case "first" | "up" | "down" if place is not None and app in place.apps:
            number, count = place.apps.index(app) + 1, len(place.apps)
            values = {"name": names[app], "number": number, "count": count}
            return Message("my_apps.moved", values)
        case "hide" if app in names and app in choices.hidden:
            return Message("my_apps.is_hidden", {"name": names[app]})
        case "show" if app in names and app not in choices.hidden:
            return Message("my_apps.is_shown", {"name": names[app]})
        case "saved" if place is not None and place.own is not None:
            return Message("my_apps.collection_saved", {"name": place.own.name})
        case "removed":
            return Message("my_apps.collection_removed")
        case _:
            return None


def _focus(said: Form, places: Sequence[Place]) -> tuple[str, str, str]:
    """Say which button has the focus: the one that was pressed, or the other way at an end."""
    act, app, place = said["did"], ClientId(said["app"]), _find(places, said["place"])
    if act not in _MOVES or place is None or app not in place.apps or len(place.apps) == 1:
        return ("", "", "")
    if act == "down" and place.apps[-1] == app:
        act = "up"
    elif act != "down" and place.apps[0] == app:
        act = "down"
    return (place.id, act, app)


def _collection(mine: Mine, shown: Wanted) -> CollectionPage:
    ticked = frozenset(shown.apps)
    return CollectionPage(
        id=shown.id,
        name=shown.name,
        tiles=tuple(Ticked(each.id, each.name, each.id in ticked) for each in mine.entries),
    )
