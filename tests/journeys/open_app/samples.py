"""The pages of this journey with something in them."""

from datetime import UTC, datetime

from portvakt.core.messages import MessageId
from portvakt.journeys.open_app.device_pages import (
    DeviceAskPage,
    DeviceCodePage,
    DeviceEndPage,
)
from portvakt.journeys.open_app.forward_auth.pages import AgainPage, SignOutPage
from portvakt.journeys.open_app.oidc.authorize.scope_words import WORDED, in_words
from portvakt.journeys.open_app.pages import (
    AskToSignOutPage,
    BlockedPage,
    BrokenRequestPage,
    ConsentPage,
    FormPostPage,
    GoingOnPage,
    LeftPage,
    NotYoursPage,
)
from portvakt.web.responses import Page
from portvakt.web.templates import Message

NUMBER = "K7Q2-MX4D"
NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


def asking(*, near: bool, wrong: bool = False) -> DeviceAskPage:
    """What a device asks: from the wards' network, or from far away."""
    gets = ("openid", "profile", "email", "groups", "offline_access")
    return DeviceAskPage(
        code="BCDF-GHJK",
        app="Demobutiken",
        asked_at=NOON,
        network="Sjukhusets nät" if near else None,
        address="10.20.1.1" if near else "203.0.113.7",
        near=near,
        gets=in_words(gets[:2] if near else gets)[0],
        others=[] if near else ["rooms:book"],
        errors={"answer": Message("device_page.answer_missing")} if wrong else {},
    )


SAMPLES: dict[str, Page] = {
    "unknown-address": BrokenRequestPage(why=MessageId("open_app.unknown_address"), number=NUMBER),
    "unknown-app": BrokenRequestPage(why=MessageId("open_app.unknown_app"), number=NUMBER),
    "not-yours": NotYoursPage(app="Demobutiken", number=NUMBER),
    "not-yours-hostile-name": NotYoursPage(
        app="<img src=x onerror=alert(1)> & Söner AB med ett mycket långt namn", number=NUMBER
    ),
    "request-gone": BrokenRequestPage(why=MessageId("open_app.request_gone"), number=NUMBER),
    "consent": ConsentPage(
        app="Kalkylbladet",
        gets=[MessageId(f"device_page.gets_{each}") for each in ("openid", "profile", "email")],
        query="client_id=x",
        whose="s",
    ),
    "consent-to-more": ConsentPage(
        app="<b>Kalkyl & Blad</b>",
        gets=in_words(WORDED)[0],
        others=["invoices:read"],
        query="client_id=x",
        whose="s",
    ),
    "going-on": GoingOnPage(app="Kalkylbladet", to="https://sheet.example/cb?a=b&c=d", opens=True),
    "going-back": GoingOnPage(app="Kalkylbladet", to="https://sheet.example/cb", opens=False),
    "posting": FormPostPage(
        app="Löneportalen",
        action="https://pay.example/cb",
        fields=(("code", "abc"), ("state", '"><b>')),
    ),
    "blocked": BlockedPage(
        app="Löneportalen", reason="Du är utanför regionens nät.", number=NUMBER
    ),
    "forward-auth-again": AgainPage(app="Wiki", href="https://wiki.region.example/"),
    "forward-auth-sign-out": SignOutPage(app="Wiki", href="https://wiki.region.example/"),
    "blocked-without-words": BlockedPage(app="Löneportalen", reason="", number=NUMBER),
    "sign-out-ask": AskToSignOutPage(app="Demobutiken", ticket="t", action="/x"),
    "sign-out-ask-nobody": AskToSignOutPage(app=None, ticket="t", action="/x"),
    "sign-out-ask-odd-address": AskToSignOutPage(
        app="Demobutiken", ticket="t", action="/x", number="7K3M-9XQP-2HD4"
    ),
    "sign-out-left-odd-address": LeftPage(app="", number="7K3M-9XQP-2HD4"),
    "sign-out-left-onward": LeftPage(app="Demobutiken", onward="https://shop.example/?state=1"),
    "device-code": DeviceCodePage(),
    "device-code-wrong": DeviceCodePage(errors={"code": Message("device_page.no_such_code")}),
    "device-code-stopped": DeviceCodePage(
        errors={"code": Message("device_page.stopped", {"until": NOON})}
    ),
    "device-near": asking(near=True),
    "device-far": asking(near=False),
    "device-no-answer": asking(near=True, wrong=True),
    "device-allowed": DeviceEndPage(app="Demobutiken", allowed=True),
    "device-denied": DeviceEndPage(app="Demobutiken", allowed=False),
}
