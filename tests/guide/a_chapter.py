"""A short journey of nobody's: each screen has a plain colour of its own, drawn here."""

from datetime import date
from pathlib import Path

from PIL import Image

from portvakt.guide.steps import At
from portvakt.guide.telling import SCALE, Book, Box, Chapter, Line, Shot

SIZES = {At.DESK: (1280, 800), At.PHONE: (390, 844)}

ADDRESS, SIGNED_IN, PROMPT, DONE = "#2E7D32", "#1565C0", "#EF6C00", "#6A1B9A"
"""Of the screens, in the order that they come."""

BUTTON = Box(540.0, 300.0, 200.0, 48.0)
ALLOW = Box(95.0, 500.0, 200.0, 48.0)

WORDS = {
    "sv": (
        "Logga in hemifrån",
        "Du behöver din telefon.",
        ("Öppna sidan på datorn.", "Välj ”Logga in”.", "Tryck på numret i telefonen."),
        ("Du ser din e-postadress.", None, "Du är inloggad på datorn."),
        "Klart! Du är inne.",
    ),
    "en": (
        "Sign in from home",
        "You need your phone.",
        ("Open the page on the computer.", "Choose “Sign in”.", "Tap the number on the phone."),
        ("You see your e-mail address.", None, "You are signed in on the computer."),
        "Done! You are in.",
    ),
}


def a_chapter(language: str, folder: Path) -> Chapter:
    """Draw the screens under the folder, and tell the journey in the language."""
    title, lead, do, seen, end = WORDS[language]
    shots = _shots(folder)
    lines = tuple(
        Line(
            name=name,
            number=number,
            at=shots[number - 1][0].at,
            do=do[number - 1],
            seen=seen[number - 1],
            picture=None,
            shots=shots[number - 1],
        )
        for number, name in enumerate(("open", "sign_in", "allow"), 1)
    )
    return Chapter(
        name="sign_in_from_home",
        slug="sign-in-from-home",
        title=title,
        lead=lead,
        lines=lines,
        end=end,
        person="with_app",
        outside=True,
    )


def a_book(language: str, chapter: Chapter) -> Book:
    """Return the guide that the chapter is of."""
    return Book(
        language=language,
        organisation="Region Älvdalen",
        support="010-123 45 67",
        number="12-345",
        version="1",
        made=date(2026, 11, 23),
        owner="Naïma Åström",
        colour="#0B5A8A",
        address="https://mfa.region.example",
        chapters=(chapter,),
    )


def _shots(folder: Path) -> tuple[tuple[Shot, ...], ...]:
    pressed = (640.0, 324.0)
    allowed = (195.0, 524.0)
    opened = _shot(folder, 1, At.DESK, ADDRESS)
    sign_in = _shot(folder, 2, At.DESK, ADDRESS, pressed, BUTTON)
    waits = _shot(folder, 3, At.DESK, SIGNED_IN, pressed)
    allow = _shot(folder, 4, At.PHONE, PROMPT, allowed, ALLOW)
    done = _shot(folder, 5, At.PHONE, DONE)
    return (opened,), (sign_in, waits), (allow, done)


def _shot(
    folder: Path,
    number: int,
    at: At,
    colour: str,
    pointer: tuple[float, float] | None = None,
    ring: Box | None = None,
) -> Shot:
    width, height = SIZES[at]
    file = folder / f"shots/sign-in-from-home-{number:03}.png"
    file.parent.mkdir(exist_ok=True)
    Image.new("RGB", (width * SCALE, height * SCALE), colour).save(file)
    return Shot(
        at=at,
        file=str(file.relative_to(folder)),
        width=width,
        height=height,
        pointer=pointer,
        ring=ring,
        pressed=ring is not None,
    )
