"""Samples of the pages of changing a password."""

from portvakt.journeys.change_password.pages import ChangePage, EndPage
from portvakt.web.responses import Page
from portvakt.web.templates import Message
from tests.make import NOW

NAME = "anna.berg"
STOPPED = Message("change_password.stopped", {"time": NOW})

SAMPLES: dict[str, Page] = {
    "form": ChangePage(user_name=NAME, least=15),
    "empty": ChangePage(
        user_name=NAME,
        least=15,
        errors={
            "current": "change_password.current_missing",
            "new": "change_password.new_missing",
        },
    ),
    "wrong": ChangePage(
        user_name=NAME, least=15, errors={"current": "change_password.wrong_current"}
    ),
    "locked": ChangePage(
        user_name=NAME, least=15, errors={"current": "change_password.wrong_locked"}
    ),
    "stopped": ChangePage(user_name=NAME, least=15, errors={"current": STOPPED}),
    "away": ChangePage(user_name=NAME, least=15, errors={"": "change_password.away"}),
    "refused": ChangePage(
        user_name=NAME, least=8, errors={"new": Message("passwords.refused_too_young")}
    ),
    "unfit": ChangePage(
        user_name=NAME,
        least=15,
        errors={
            "new": Message("passwords.wrong_too_short", {"least": 15}),
            "new-2": Message("passwords.wrong_own_name", {"parts": "anna"}),
        },
    ),
    **{f"end-{what}": EndPage(what=what) for what in ("done", "unsure", "none")},
}
