"""`/apps`, `/icons`, `/sign-out`, `/switch-person` and the way in from `/`."""

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from portvakt.journeys.my_apps.door import PortalDoor
from portvakt.journeys.my_apps.flow import kept, sign_out
from portvakt.journeys.my_apps.one_thing import one_thing_left
from portvakt.journeys.my_apps.pages import AppsPage, Shelf, SignedOutPage
from portvakt.journeys.my_apps.tiles import (
    ENOUGH_TO_SEARCH,
    ICONS,
    hits,
    places_of,
    shelves,
    tile_of,
)
from portvakt.proving.gate import Gate
from portvakt.records.unit import Records
from portvakt.web.cookies import drop_session, new_secret, set_binding
from portvakt.web.forms import form, query
from portvakt.web.paths import local_path
from portvakt.web.request import context
from portvakt.web.responses import page, problem, see_other
from portvakt.web.routing import Route, Who, route

LONGEST_SEARCH = 100
_FOR_EVER = "public, max-age=31536000, immutable"
_OF_ONE_PERSON = ("/sign-in", "/reset", "/sign-out", "/switch-person")
_HOMES = ("/security-info", "/change-password", "/vouch", "/apps")
"""Where something of several steps begins; what is below is the step of one person."""


class MyApps:
    """The portal."""

    def __init__(self, *, door: PortalDoor, gate: Gate, records: Records) -> None:
        self._door = door
        self._gate = gate
        self._records = records

    def routes(self) -> list[Route]:
        """Return the addresses of this journey."""
        return [
            route("/", self.start, who=Who.ANYONE),
            route("/apps", self.apps, who=Who.SIGNED_IN),
            route(f"{ICONS}/{{mark}}", self.icon, who=Who.ANYONE),
            route("/sign-out", self.sign_out, methods=("POST",), who=Who.SIGNED_IN),
            route("/switch-person", self.switch, methods=("POST",), who=Who.SIGNED_IN),
            route("/signed-out", self.signed_out, who=Who.ANYONE),
        ]

    async def start(self, _request: Request) -> Response:
        """Lead to the portal."""
        return see_other("/apps")

    async def apps(self, request: Request) -> Response:
        """Show the tiles, or those that are searched for."""
        mine = await self._door.mine(request)
        if isinstance(mine, Response):
            return mine
        current, visit = mine.current, mine.visit
        found = await kept(self._records, current.standing.account.id, visit.now)
        tiles = {each.id: tile_of(each, current, visit.language) for each in mine.entries}
        asked = query(request)["q"].strip()[:LONGEST_SEARCH]
        hidden = [tiles[each] for each in found.choices.hidden if each in tiles]
        if asked:
            shown: tuple[Shelf, ...] = (Shelf(hits(tiles.values(), asked)),)
        else:
            places = places_of(mine.entries, mine.configuration, found.choices)
            shown = shelves(places, tiles, found, visit.language)
        view = AppsPage(
            person=current.standing.account.display_name,
            shelves=shown,
            hidden=() if asked else tuple(hidden),
            searches=bool(hidden) or len(tiles) > ENOUGH_TO_SEARCH,
            asked=asked,
            vouch=found.asked,
            one_thing=await one_thing_left(self._records, current, visit.now),
        )
        return page(request, view)

    async def icon(self, request: Request) -> Response:
        """Show the picture of a tile, whose address says what is in it."""
        mark = request.scope["path_params"]["mark"]
        icon = await self._records.read(lambda unit: unit.icons.load(mark))
        if icon is None:
            return problem(request, "not_found", 404)
        headers = {"cache-control": _FOR_EVER}
        return Response(icon.content, headers=headers, media_type=icon.media_type)

    async def sign_out(self, request: Request) -> Response:
        """End this session, and take the cookie back even where no session was left to end."""
        current = await self._gate.current(request)
        if current is not None:
            visit = await self._gate.visit(request)
            await sign_out(self._records, current.session, visit, "signed_out")
        response = see_other("/signed-out")
        drop_session(response)
        return response

    async def switch(self, request: Request) -> Response:
        """End this session and ask who comes next, who goes on at the same place.

        The browser gets a new binding: what the one before has begun here belongs to nobody now.
        """
        to = place_for_the_next(local_path((await form(request))["to"]))
        current = await self._gate.current(request)
        if current is not None:
            visit = await self._gate.visit(request)
            await sign_out(self._records, current.session, visit, "switched")
        response = self._gate.sign_in(request, to=to)
        drop_session(response)
        set_binding(response, new_secret(context(request).site.random_bytes(32)))
        return response

    async def signed_out(self, request: Request) -> Response:
        """Say that it is done."""
        return page(request, SignedOutPage())


def place_for_the_next(path: str) -> str:
    """Say where the next person goes on, when somebody has handed over the browser at `path`.

    At the same page, but for the steps of something that the one before had begun: a sign-in leads
    to where it was going, and a change of methods begins anew.
    """
    address, _, asked = path.partition("?")
    if address == "/sign-in":
        path = local_path(dict(parse_qsl(asked)).get("to"))
    for home in _HOMES:
        if path.startswith(f"{home}/"):
            return home
    return "/apps" if path.startswith(_OF_ONE_PERSON) else path
