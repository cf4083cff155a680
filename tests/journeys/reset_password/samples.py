"""Samples of the pages of the reset site."""

from datetime import timedelta

from portvakt.journeys.reset_password.pages import (
    Asking,
    CodePage,
    EndPage,
    KeyPage,
    LaterPage,
    PasswordPage,
    PeoplePage,
    PhoneEndedPage,
    PhonePage,
    StartPage,
    TextPage,
    UnlockPage,
    VouchPage,
    WayShown,
    WaysPage,
)
from portvakt.web.responses import Page
from portvakt.web.templates import Message
from tests.journeys.texts import text_told
from tests.make import NOW

FLOW = "k7qm2xw4k7qm2xw4k7qm2xw4k7"
LATER = NOW + timedelta(minutes=10)
FIRST = (
    WayShown(value="phone", text=Message("reset.way_phone"), picture="push"),
    WayShown(value="code", text=Message("reset.way_code"), picture="totp"),
    WayShown(value="token", text=Message("reset.way_token"), picture="hardware_token"),
    WayShown(value="text", text=Message("reset.way_text"), picture="sms_code"),
    WayShown(value="card", text=Message("reset.way_card"), picture="recovery_code"),
)
ANOTHER = (
    WayShown(
        value="text:work",
        text=Message("reset.way_text_to", {"number": "070-••• •• 05"}),
        hint="från HR-systemet",
        picture="sms_code",
    ),
    WayShown(
        value="card",
        text=Message("reset.way_card"),
        hint=Message("reset.way_card_left", {"count": 7}),
        picture="recovery_code",
    ),
    WayShown(
        value="people",
        text=Message("reset.way_people"),
        hint=Message("reset.people_both"),
        picture="person",
    ),
    WayShown(value="support", text=Message("reset.way_support"), picture="start_code"),
)
LATER_SAID = Message("reset.later", {"time": LATER})
ENDS = ("done", "unlocked", "unsure", "writing", "no_other", "gone")

SAMPLES: dict[str, Page] = {
    "start": StartPage(),
    "start-unlock": StartPage(goal="unlock"),
    "start-waiting": StartPage(waiting=FLOW),
    "later": LaterPage(until=LATER),
    "start-empty": StartPage(errors={"name": "reset.name_missing"}),
    "ways": WaysPage(flow=FLOW, first=True, ways=FIRST),
    "ways-another": WaysPage(flow=FLOW, first=False, ways=ANOTHER),
    "key": KeyPage(flow=FLOW, first=True),
    "key-wrong": KeyPage(flow=FLOW, first=False, errors={"": "reset.wrong_key"}),
    **{
        f"code-{way}": CodePage(flow=FLOW, first=True, way=way)
        for way in ("code", "token", "card", "support")
    },
    **{
        f"code-{way}-wrong": CodePage(
            flow=FLOW, first=False, way=way, errors={"code": f"reset.wrong_{way}"}
        )
        for way in ("code", "card", "support")
    },
    "text-first": TextPage(flow=FLOW, first=True),
    "text-first-later": TextPage(flow=FLOW, first=True, next_at=LATER, errors={"": LATER_SAID}),
    "text": TextPage(flow=FLOW, first=False, number="••• 05", told=text_told("unconfirmed")),
    "text-wrong": TextPage(
        flow=FLOW, first=False, number="••• 05", errors={"code": "reset.wrong_text"}
    ),
    "phone-first": PhonePage(flow=FLOW, first=True, number="412907", seen="waiting"),
    "phone": PhonePage(
        flow=FLOW, first=False, number="412907", seen="waiting", errors={"": "reset.wrong_phone"}
    ),
    **{
        f"phone-{what}": PhoneEndedPage(flow=FLOW, first=True, what=what)
        for what in ("unanswered", "denied", "wrong_number", "not_asked")
    },
    "phone-later": PhoneEndedPage(flow=FLOW, first=True, what="not_asked", until=LATER),
    "password": PasswordPage(flow=FLOW, user_name="anna.berg", least=15),
    "password-unreachable": PasswordPage(
        flow=FLOW, user_name="anna.berg", least=15, last=Message("reset.unreachable")
    ),
    "password-refused": PasswordPage(
        flow=FLOW, user_name="anna.berg", least=15, last=Message("passwords.refused_history")
    ),
    "password-unfit": PasswordPage(
        flow=FLOW,
        user_name="anna.berg",
        least=15,
        errors={
            "password": Message("passwords.wrong_too_short", {"least": 15}),
            "password-2": Message("passwords.wrong_own_name", {"parts": "anna"}),
        },
    ),
    "people": PeoplePage(flow=FLOW, who="both", given=0, until=LATER),
    "people-one": PeoplePage(flow=FLOW, who="colleague", given=1, until=LATER),
    "people-manager": PeoplePage(flow=FLOW, who="manager", given=0, until=LATER),
    "vouch": VouchPage(
        asking=(
            Asking(attempt=FLOW, name="Anna Berg", about="sjuksköterska, Vårdcentral 4", at=NOW),
            Asking(attempt="other", name="Bo Ek", about="", at=NOW, given=True),
        )
    ),
    "vouch-new-phone": VouchPage(
        asking=(
            Asking(attempt=FLOW, name="Anna Berg", about="sjuksköterska", at=NOW, number="048213"),
        )
    ),
    "vouch-often": VouchPage(why="reset.vouch_why_often"),
    "vouch-mutual": VouchPage(why="reset.vouch_why_mutual"),
    "vouch-nobody": VouchPage(),
    "vouch-done": VouchPage(done="Anna Berg"),
    "vouch-one-factor": VouchPage(why="reset.vouch_why_one_factor"),
    "unlock": UnlockPage(flow=FLOW),
    "unlock-unreachable": UnlockPage(flow=FLOW, last=Message("reset.unreachable")),
    **{f"end-{what}": EndPage(what=what) for what in ENDS},
    "end-stopped": EndPage(what="stopped", why=Message("passwords.reset_not_now")),
}
