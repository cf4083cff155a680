"""The pages of this journey with something in them."""

from portvakt.core.messages import MessageId
from portvakt.journeys.my_apps.pages import AppsPage, SignedOutPage, Tile
from portvakt.web.responses import Page

LOGO = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 48 48'%3E"
    "%3Ccircle cx='24' cy='24' r='20' fill='%231B6B3A'/%3E%3C/svg%3E"
)


def tile(name: str, needs: str | None = None, reason: str = "", logo: str | None = None) -> Tile:
    return Tile(
        name=name,
        href="http://localhost:8003/",
        letter=name[0],
        logo=logo,
        needs=None if needs is None else MessageId(f"my_apps.{needs}"),
        reason=reason,
    )


SAMPLES: dict[str, Page] = {
    "tiles": AppsPage(
        person="Anna Berg",
        tiles=(
            tile("Demobutiken"),
            tile("Journalsystemet", "needs_second", "Du är utanför regionens nät."),
            tile("Löneportalen", "needs_again"),
            tile("Måltidsbeställning för avdelningar och mottagningar i hela länet", logo=LOGO),
            tile("Schema"),
        ),
    ),
    "asked": AppsPage(person="Bo Ek", tiles=(tile("Demobutiken"),), asked=True),
    "one-tile": AppsPage(person="Bo Ek", tiles=(tile("Demobutiken"),)),
    "no-tiles": AppsPage(person="Östen Åkerblom-Lindqvist af Ugglas", tiles=()),
    "signed-out": SignedOutPage(),
}
