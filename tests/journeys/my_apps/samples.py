"""The pages of this journey with something in them."""

from portvakt.core.messages import MessageId
from portvakt.journeys.my_apps.pages import (
    AppsPage,
    ArrangePage,
    CollectionPage,
    Row,
    Rows,
    Shelf,
    SignedOutPage,
    Ticked,
    Tile,
)
from portvakt.web.responses import Page
from portvakt.web.templates import Message

LOGO = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 48 48'%3E"
    "%3Ccircle cx='24' cy='24' r='20' fill='%231B6B3A'/%3E%3C/svg%3E"
)


LONG = "Måltidsbeställning för avdelningar och mottagningar i hela länet"


def tile(
    name: str,
    needs: str | None = None,
    reason: str = "",
    logo: str | None = None,
    *,
    link: bool = False,
) -> Tile:
    return Tile(
        id=name.lower(),
        name=name,
        href="http://localhost:8003/",
        letter=name[0],
        logo=logo,
        needs=None if needs is None else MessageId(f"my_apps.{needs}"),
        reason=reason,
        link=link,
    )


def shelf(*tiles: Tile, heading: str | None = None, name: str = "", again: bool = False) -> Shelf:
    said = None if heading is None else MessageId(f"my_apps.{heading}")
    return Shelf(tiles, said, name, again)


def rows(*names: str) -> tuple[Row, ...]:
    last = len(names) - 1
    return tuple(
        Row(name.lower(), name, first=at == 0, last=at == last) for at, name in enumerate(names)
    )


CARE = (
    tile("Journalsystemet", "needs_phone", "Du är utanför regionens nät."),
    tile("Labbsvar", "needs_phone", "Du är utanför regionens nät."),
    tile("Vårdhandboken", link=True),
)
REST = (
    tile("Demobutiken"),
    tile("Löneportalen", "needs_again"),
    tile(LONG, logo=LOGO),
    tile("Schema"),
    tile("Tidrapport", "needs_second"),
)
TICKED = tuple(
    Ticked(each.id, each.name, ticked=each.id == "schema")
    for each in sorted((*CARE, *REST), key=lambda one: one.name)
)

SAMPLES: dict[str, Page] = {
    "tiles": AppsPage(
        person="Anna Berg",
        shelves=(
            shelf(REST[3], CARE[0], heading="recent", again=True),
            shelf(REST[3], CARE[2], name="Varje dag"),
            shelf(*CARE, name="Vård"),
            shelf(*REST, heading="others"),
        ),
        hidden=(tile("Inköp"),),
        searches=True,
    ),
    "found": AppsPage(
        person="Anna Berg", shelves=(shelf(CARE[0], REST[1]),), searches=True, asked="port"
    ),
    "found-nothing": AppsPage(
        person="Anna Berg", shelves=(shelf(),), searches=True, asked="finns inte"
    ),
    "all-hidden": AppsPage(person="Anna Berg", shelves=(), hidden=(tile("Inköp"),), searches=True),
    "one-thing": AppsPage(person="Bo Ek", shelves=(shelf(tile("Demobutiken")),), one_thing=True),
    "asked": AppsPage(person="Bo Ek", shelves=(shelf(tile("Demobutiken")),), vouch=True),
    "one-tile": AppsPage(person="Bo Ek", shelves=(shelf(tile("Demobutiken")),)),
    "no-tiles": AppsPage(person="Östen Åkerblom-Lindqvist af Ugglas", shelves=()),
    "arrange": ArrangePage(
        places=(
            Rows("abc", "Varje dag", own=True, rows=rows("Schema", "Vårdhandboken")),
            Rows("empty", "Tom samling", own=True, rows=()),
            Rows("care", "Vård", own=False, rows=rows("Journalsystemet", "Labbsvar")),
            Rows("", "", own=False, rows=rows("Demobutiken", LONG, "Tidrapport")),
        ),
        hidden=rows("Inköp"),
        done=Message("my_apps.moved", {"name": "Labbsvar", "number": 2, "count": 2}),
        focus=("care", "up", "labbsvar"),
    ),
    "arrange-hidden": ArrangePage(
        places=(Rows("", "", own=False, rows=rows("Schema")),),
        hidden=rows("Inköp"),
        done=Message("my_apps.is_hidden", {"name": "Inköp"}),
    ),
    "arrange-nothing": ArrangePage(places=(), hidden=()),
    "collection-new": CollectionPage(id="", name="", tiles=TICKED),
    "collection": CollectionPage(id="abc", name="Varje dag", tiles=TICKED),
    "collection-wrong": CollectionPage(
        id="",
        name="",
        tiles=TICKED,
        errors={
            "": Message("my_apps.collections_many", {"count": 20}),
            "name": "my_apps.name_missing",
            "a1": "my_apps.apps_missing",
        },
    ),
    "signed-out": SignedOutPage(),
}
