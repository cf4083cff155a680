"""Samples of the pages of break-glass accounts."""

import json

from portvakt.journeys.break_glass.pages import MakeKeyPage, OverPage, ReadyPage, SignInPage
from portvakt.web.responses import Page

OPTIONS = json.dumps({"challenge": "x", "user": {"id": "y"}})


def _making(number: int) -> MakeKeyPage:
    return MakeKeyPage(name="nodkonto-1", number=number, challenge="x", options=OPTIONS)


SAMPLES: dict[str, Page] = {
    "sign-in": SignInPage(),
    "sign-in-wrong": SignInPage(errors={"": "break_glass_page.error_wrong"}),
    "sign-in-used": SignInPage(errors={"": "break_glass_page.error_used"}),
    "sign-in-elsewhere": SignInPage(errors={"": "break_glass_page.error_not_from_here"}),
    "make-first": _making(1),
    "make-second": _making(2),
    **{
        f"make-{each}": MakeKeyPage(
            name="nodkonto-1",
            number=1,
            challenge="x",
            options=OPTIONS,
            errors={"label" if each == "label" else "": f"break_glass_page.error_{each}"},
        )
        for each in ("key", "copied", "taken", "label")
    },
    "ready": ReadyPage(name="nodkonto-1"),
    "over": OverPage(),
}
