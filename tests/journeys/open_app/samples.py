"""Samples of the pages between a person and an app."""

from portvakt.core.messages import MessageId
from portvakt.journeys.open_app.pages import BlockedPage, BrokenRequestPage, NotYoursPage
from portvakt.web.responses import Page

SAMPLES: dict[str, Page] = {
    "broken": BrokenRequestPage(why=MessageId("open_app.unknown_app"), number="k7qm2xw4"),
    "not-yours": NotYoursPage(app="Demobutiken", number="k7qm2xw4"),
    "blocked": BlockedPage(
        app="Demobutiken", reasons=("Du är utanför regionens nät.",), number="k7qm2xw4"
    ),
}
