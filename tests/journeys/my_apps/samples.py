"""Samples of the portal."""

from portvakt.core.messages import MessageId
from portvakt.journeys.my_apps.pages import AppsPage, SignedOutPage, Tile
from portvakt.web.responses import Page

OUTSIDE = "Du är utanför regionens nät."


def tile(name: str, *, needs: str | None = None, reason: str | None = None) -> Tile:
    return Tile(
        name=name,
        href="http://localhost:8003/sign-in",
        letter=name[0],
        logo=None,
        needs=MessageId(needs) if needs else None,
        reason=reason,
    )


SAMPLES: dict[str, Page] = {
    "none": AppsPage(person="Anna Berg", tiles=()),
    "one": AppsPage(person="Anna Berg", tiles=(tile("Demobutiken"),)),
    "many": AppsPage(
        person="Harriet Wijkmark-Cederström af Ugglansvärd",
        tiles=(
            tile("Demobutiken"),
            tile(
                "Ärendehanteringssystemet för vårdplatser",
                needs="my_apps.needs_second",
                reason=OUTSIDE,
            ),
            tile("Östra journalen"),
        ),
    ),
    "signed-out": SignedOutPage(),
}
