"""The pages of this journey with something in them."""

from datetime import UTC, datetime, timedelta

from portvakt.core.ids import ClientId
from portvakt.core.messages import MessageId
from portvakt.journeys.app_access.pages import AppAccessPage, OneApp
from portvakt.web.responses import Page
from portvakt.web.templates import Message

NOW = datetime(2026, 11, 22, 11, 3, 4, tzinfo=UTC)


def knows(*what: str) -> tuple[Message, ...]:
    return tuple(Message(f"app_access.knows_{each}") for each in what)


LEDGER = OneApp(
    client_id=ClientId("ledger"),
    name="Ekonomi",
    told=knows("openid", "profile", "email", "groups"),
    since=NOW - timedelta(hours=2),
    until=NOW + timedelta(hours=10),
)
CALENDAR = OneApp(
    client_id=ClientId("calendar"),
    name="Kalendern i mobilen",
    told=(*knows("openid", "profile"), Message("app_access.knows_other", {"scope": "tider"})),
    services=("https://tider.region.example/api",),
    since=NOW - timedelta(days=3),
    until=NOW + timedelta(days=27),
    offline=True,
    agreed_at=NOW - timedelta(days=40),
)
QUIET = OneApp(
    client_id=ClientId("forms"),
    name="Formulär från ett annat företag",
    told=knows("openid", "email"),
    agreed_at=NOW - timedelta(days=90),
)

SAMPLES: dict[str, Page] = {
    "three": AppAccessPage(apps=(LEDGER, QUIET, CALENDAR)),
    "just-taken-back": AppAccessPage(apps=(LEDGER,), done=MessageId("app_access.taken_back")),
    "nothing": AppAccessPage(apps=()),
}
