"""The pages of this journey with something in them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from portvakt.core.ids import KnownBrowserId, SessionId
from portvakt.core.messages import MessageId
from portvakt.journeys.my_sign_ins.pages import (
    FrozenPage,
    Happened,
    MySignInsPage,
    NotMePage,
    OlderPage,
    OpenSignIn,
    Unasked,
)
from portvakt.web.responses import Page
from portvakt.web.templates import Message

NOW = datetime(2026, 11, 22, 11, 3, 4, tzinfo=UTC)
INSIDE = Message("my_sign_ins.inside", {"network": "Regionens nät"})
OUTSIDE = Message(
    "my_sign_ins.outside_from", {"organisation": "Region Exempel", "address": "203.0.113.9"}
)
FIREFOX = Message("my_sign_ins.browser_on", {"browser": "Firefox", "system": "Windows"})
PHONE = Message("my_sign_ins.browser_on", {"browser": "Safari", "system": "iPhone"})
REASON = "Du är utanför regionens nät."
UNKNOWN = Message("my_sign_ins.browser_unknown")


def by(*methods: str) -> tuple[Message, ...]:
    return tuple(Message(f"my_sign_ins.{each}") for each in methods)


HERE = OpenSignIn(
    id=SessionId("a" * 26),
    browser=FIREFOX,
    place=INSIDE,
    since=NOW - timedelta(hours=2),
    seen=NOW,
    this_one=True,
)
THERE = OpenSignIn(
    id=SessionId("b" * 26),
    browser=PHONE,
    place=OUTSIDE,
    since=NOW - timedelta(hours=5),
    seen=NOW - timedelta(minutes=40),
    this_one=False,
)
UNASKED = Unasked(
    id=KnownBrowserId("k" * 26),
    browser=FIREFOX,
    place=OUTSIDE,
    since=NOW - timedelta(days=3),
    used=NOW,
    until=NOW + timedelta(days=11),
)
PAST = (
    Happened(
        at=NOW,
        what=Message("my_sign_ins.opened", {"app": "Demobutiken"}),
        how=by("strong"),
        place=OUTSIDE,
        browser=PHONE,
        why=Message("my_sign_ins.why_opened", {"reason": REASON}),
    ),
    Happened(
        at=NOW - timedelta(minutes=1),
        what=Message("my_sign_ins.succeeded_app", {"app": "Demobutiken"}),
        how=by("strong", "by_password", "by_totp"),
        place=OUTSIDE,
        browser=PHONE,
        why=Message("my_sign_ins.why", {"reason": REASON}),
    ),
    Happened(
        at=NOW - timedelta(minutes=2),
        what=Message("my_sign_ins.failed"),
        how=by("failed_totp"),
        place=OUTSIDE,
        failed=True,
    ),
    Happened(
        at=NOW - timedelta(minutes=2),
        what=Message("my_sign_ins.at_risk"),
        how=by("risk_guessing", "risk_new_country"),
        place=OUTSIDE,
        failed=True,
    ),
    Happened(
        at=NOW - timedelta(minutes=3),
        what=Message("my_sign_ins.seen_elsewhere"),
        place=OUTSIDE,
        browser=PHONE,
        failed=True,
    ),
    Happened(
        at=NOW - timedelta(minutes=3),
        what=Message("my_sign_ins.phone_not_me"),
        how=(Message("my_sign_ins.phone_asked_for", {"app": "Demobutiken"}),),
        place=OUTSIDE,
        failed=True,
    ),
    Happened(
        at=NOW - timedelta(minutes=9),
        what=Message("my_sign_ins.phone_added"),
        how=(Message("my_sign_ins.phone_named", {"phone": "Annas Pixel"}),),
        place=INSIDE,
    ),
    Happened(at=NOW - timedelta(days=1), what=Message("my_sign_ins.ended"), place=INSIDE),
    Happened(
        at=NOW - timedelta(days=2),
        what=Message("my_sign_ins.succeeded"),
        how=by("by_password"),
        place=INSIDE,
        browser=UNKNOWN,
    ),
)

ROWS = tuple(replace(each, id=1000 - number, may_disown=True) for number, each in enumerate(PAST))

SAMPLES: dict[str, Page] = {
    "two-open": MySignInsPage(open=(HERE, THERE), past=ROWS, older=993),
    "just-ended": MySignInsPage(
        open=(HERE,), past=ROWS[-2:], done=MessageId("my_sign_ins.ended_one")
    ),
    "unasked": MySignInsPage(
        open=(HERE,),
        unasked=(UNASKED, replace(UNASKED, browser=PHONE, place=INSIDE)),
        past=ROWS[-2:],
        done=MessageId("my_sign_ins.forgotten"),
    ),
    "nothing-yet": MySignInsPage(open=(HERE,)),
    "older": OlderPage(past=ROWS[2:], older=993),
    "nothing-older": OlderPage(past=()),
    "not-me": NotMePage(row=ROWS[1], since=NOW - timedelta(minutes=1)),
    "not-me-stopped": NotMePage(
        row=replace(ROWS[2], stopped=True), since=NOW - timedelta(minutes=2)
    ),
    "not-me-done": FrozenPage(case="7K3M-9XQP-2HD4"),
}
