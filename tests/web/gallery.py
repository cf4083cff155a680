"""Every part of a page in all its states, on pages like real ones, behind the real stack.

Run it to look: `.venv/bin/python -m tests.web.gallery` prints an address;
`.venv/bin/python -m tests.web.gallery FOLDER` writes pictures of each page in both languages, light
and dark, at three widths.
"""

import asyncio
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from portvakt.web.errors import Failures
from portvakt.web.responses import Page, page, problem
from portvakt.web.routing import Route, Who, route
from portvakt.web.stack import stack
from portvakt.web.templates import PACKAGE
from tests.web.make_site import SPECIMENS, make_site
from tests.web.serving import served
from tests.web.shots import Shot, take

NOON = datetime(2026, 11, 22, 11, 3, 4, tzinfo=UTC)

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen(Page):
    """A page of the gallery; attributes that a template asks for are looked up in `values`."""

    template: ClassVar[str] = ""
    name: str
    values: Values = field(default_factory=dict)

    def __getattr__(self, wanted: str) -> Any:
        if wanted not in self.values:
            raise AttributeError(wanted)
        return self.values[wanted]


METHODS = [
    {"value": "totp", "text": "App", "hint": "Jobbtelefonen", "picture": "totp"},
    {"value": "sms", "text": "Sms", "hint": "070-••• •• 05", "picture": "sms_code"},
    {"value": "card", "text": "Reservkod", "hint": "7 av 10 kvar", "picture": "recovery_code"},
]
WAYS = [
    {"href": "/a", "text": "Ta en kod från appen", "hint": "Jobbtelefonen", "picture": "totp"},
    {"href": "/b", "text": "Skicka ett sms", "hint": "070-••• •• 05", "picture": "sms_code"},
    {"href": "/c", "text": "Använd en startkod", "hint": "", "picture": "start_code"},
    {"href": "/d", "text": "Ring supporten", "hint": "026-15 40 00", "picture": "phone"},
]
OPTIONS = [("none", "Välj ett alternativ"), ("sms", "Textkod till min telefon för autentisering")]
APPS = [
    ("Demobutiken", ""),
    ("Heroma Självservice", ""),
    ("Journal", "Du behöver visa en kod för att öppna den"),
    ("Platina", ""),
    ("Avvikelserapportering och förbättringsförslag", ""),
    ("Kompetensportalen", ""),
]
PLACES = [
    ("Firefox på Windows", "Den du använder nu · Regionens nät"),
    ("Safari på iPhone", "Användes senast 21 november 2026 kl. 22:10"),
]
EVENTS = [
    (
        NOON,
        "Du loggade in för att öppna Demobutiken. Två steg: lösenord och kod från appen",
        "Hemma",
    ),
    (NOON - timedelta(hours=14), "Ett försök att logga in gick fel. Fel lösenord", "203.0.113.9"),
]
CODES = ["ABCD-EFGH-2345-WXYZ"] * 10
PICTURE = segno.make("otpauth://totp/Region:anna?secret=JBSWY3DPEHPK3PXP").svg_data_uri(border=2)
WRONG_NAME = {"name": "sign_in.name_missing", "password": "sign_in.password_missing"}
WRONG_CODE = {"code": "sign_in.wrong_sms_code"}

PAGES: dict[str, tuple[str, Values, dict[str, str]]] = {
    "sign-in": ("sign_in", {"typed": ""}, {}),
    "sign-in-empty": ("sign_in", {"typed": ""}, WRONG_NAME),
    "sign-in-wrong": ("sign_in", {"typed": "anna.berg"}, {"": "sign_in.wrong"}),
    "code": ("code", {"left": 300}, {}),
    "code-soon": ("code", {"left": 20}, {}),
    "code-wrong": ("code", {"left": 300}, WRONG_CODE),
    "choose": ("choose", {"options": METHODS, "chosen": "totp"}, {}),
    "choose-none": ("choose", {"options": METHODS, "chosen": ""}, {"way": "sign_in.code_missing"}),
    "sheet": ("sheet", {"options": OPTIONS, "chosen": "sms", "typed": ""}, {}),
    "sheet-wrong": (
        "sheet",
        {"options": OPTIONS, "chosen": "none", "typed": "026-15 40 00"},
        {"option": "sign_in.code_missing", "mobile": "sign_in.name_missing"},
    ),
    "scan": ("scan", {"picture": PICTURE}, {}),
    "ways": ("ways", {"options": WAYS}, {}),
    "card": ("card", {"codes": CODES}, {}),
    "portal": ("portal", {"apps": APPS}, {}),
    "history": ("history", {"places": PLACES, "events": EVENTS}, {}),
    "notices": ("notices", {}, {}),
}
PROBLEMS = {"not_found": 404, "down": 503, "stale": 403, "internal": 500}


def specimen(name: str) -> Specimen:
    """Return the page of that name, as a type of its own that names its template."""
    template, values, errors = PAGES[name]
    kind = type(template, (Specimen,), {"template": f"{template}.html", "__slots__": ()})
    made: Specimen = kind(name=name, values=values, errors=errors)
    return made


async def _show(request: Request) -> Response:
    name = request.scope["path_params"]["name"]
    if name in PROBLEMS:
        return problem(request, name, PROBLEMS[name])
    return page(request, specimen(name))


def gallery(**site: Any) -> ASGIApp:
    """Return an application with one address per specimen, `/gallery/{name}`."""
    routes: list[Route] = [route("/gallery/{name}", _show, who=Who.ANYONE)]
    return stack(routes, make_site(**site), failures=Failures(), folders=(PACKAGE, SPECIMENS))


def names() -> list[str]:
    return [*PAGES, *PROBLEMS]


async def _main() -> None:
    async with served(gallery) as address:
        if len(sys.argv) > 1:
            wanted = sys.argv[2:] or names()
            await take(
                [Shot(name, f"{address}/gallery/{name}") for name in wanted], Path(sys.argv[1])
            )
        else:
            print(*(f"{address}/gallery/{name}" for name in names()), sep="\n")  # noqa: T201
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
