"""The pages of this journey with something in them."""

from portvakt.core.messages import MessageId
from portvakt.journeys.open_app.pages import BlockedPage, BrokenRequestPage, NotYoursPage
from portvakt.web.responses import Page

NUMBER = "K7Q2-MX4D"
SAMPLES: dict[str, Page] = {
    "unknown-address": BrokenRequestPage(why=MessageId("open_app.unknown_address"), number=NUMBER),
    "unknown-app": BrokenRequestPage(why=MessageId("open_app.unknown_app"), number=NUMBER),
    "not-yours": NotYoursPage(app="Demobutiken", number=NUMBER),
    "not-yours-hostile-name": NotYoursPage(
        app="<img src=x onerror=alert(1)> & Söner AB med ett mycket långt namn", number=NUMBER
    ),
    "blocked": BlockedPage(
        app="Löneportalen", reason="Du är utanför regionens nät.", number=NUMBER
    ),
    "blocked-without-words": BlockedPage(app="Löneportalen", reason="", number=NUMBER),
}
