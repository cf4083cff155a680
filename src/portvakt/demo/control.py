"""The demo's control page: where you seem to be, who there is, and where everything is."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from portvakt.demo import pages
from portvakt.demo.front import Place, Switch
from portvakt.demo.guide import DemoGuide
from portvakt.demo.region import Shown


@dataclass(frozen=True, slots=True)
class Control:
    """The page and its switch."""

    switch: Switch
    people: tuple[Shown, ...]
    links: tuple[tuple[str, str], ...]
    guide: DemoGuide

    def app(self) -> Starlette:
        """Return the page."""
        return Starlette(
            routes=[
                Route("/", self.show),
                Route("/place", self.move, methods=["POST"]),
                pages.static("style.css"),
            ]
        )

    async def show(self, _: Request) -> Response:
        """Show everything."""
        inside = self.switch.place is Place.INSIDE
        return pages.page(
            "control.html",
            inside=inside,
            address=self.switch.place.address,
            other=(Place.OUTSIDE if inside else Place.INSIDE).value,
            people=self.people,
            links=self.links,
            guide=self.guide,
        )

    async def move(self, request: Request) -> Response:
        """Put the browser inside or outside."""
        if not pages.from_this_page(request):
            return PlainTextResponse("only from the page itself", status_code=403)
        asked = parse_qs((await request.body()).decode("latin-1")).get("place", [""])[0]
        if asked not in set(Place):
            return PlainTextResponse("inside or outside", status_code=400)
        self.switch.place = Place(asked)
        return RedirectResponse("/", 303)
