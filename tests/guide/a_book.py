"""A small guide to look at, with drawn pictures: fictional throughout."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from PIL import Image, ImageDraw

from portvakt.guide.steps import At
from portvakt.guide.telling import SCALE, Book, Chapter, FilmFiles, FilmPart, Line, Picture

DESK = (700, 500)
PHONE = (390, 700)

ORGANISATION = {"sv": "Region Norrskog", "en": "Norrskog Region"}
OTHER = {"sv": "en", "en": "sv"}

WORDS = {
    "sv": {
        "app": ("Lägg till appen", "Du behöver telefonen och en dator, och ungefär fem minuter."),
        "app_end": "Nu frågar vi telefonen när du loggar in.",
        "open": ("Öppna mfaregistrering.norrskog.example på datorn. Välj ”Fortsätt”.", None),
        "choose": (
            "Välj ”Lägg till appen”.",
            "En bild att filma visas på skärmen. Visa den inte för någon annan.",
        ),
        "film": (
            "Rikta telefonens kamera mot bilden på datorn.",
            "Datorn går vidare av sig själv.",
        ),
        "number": ("Skriv numret som datorn visar. Välj ”Fortsätt”.", None),
        "done": ("Titta på datorn. Den säger ”Klart!”.", None),
        "forgot": ("Välj ett nytt lösenord", "Så gör du när du har glömt ditt lösenord."),
        "forgot_end": "Logga in med ditt nya lösenord.",
        "name": ("Skriv din e-postadress. Välj ”Fortsätt”.", "Du får välja ett sätt."),
        "save": ("Skriv ditt nya lösenord. Välj ”Spara”.", None),
        "picture": "Sidan ”{}”, med en ring kring knappen.",
    },
    "en": {
        "app": ("Add the app", "You need your phone and a computer, and about five minutes."),
        "app_end": "From now on we ask your phone when you sign in.",
        "open": ("Open mfaregistrering.norrskog.example on the computer. Press “Continue”.", None),
        "choose": (
            "Press “Add the app”.",
            "The screen shows a picture to film. Do not show it to anybody else.",
        ),
        "film": ("Point the phone's camera at the picture.", "The computer goes on by itself."),
        "number": ("Write the number that the computer shows. Press “Continue”.", None),
        "done": ("Look at the computer. It says “Done”.", None),
        "forgot": ("Choose a new password", "What to do when you have forgotten your password."),
        "forgot_end": "Sign in with your new password.",
        "name": ("Write your e-mail address. Press “Continue”.", "You choose a way."),
        "save": ("Write your new password. Press “Save”.", None),
        "picture": "The page “{}”, with a ring around the button.",
    },
}

APP = (
    ("open", At.DESK),
    ("choose", At.DESK),
    ("film", At.PHONE),
    ("number", At.PHONE),
    ("done", At.DESK),
)
FORGOT = (("name", At.DESK), ("save", At.NEW_PHONE))


def a_book(folder: Path, language: str = "sv", **changed: str) -> Book:
    """Return a guide of two journeys; its pictures are drawn under the folder."""
    book = Book(
        language=language,
        organisation=ORGANISATION[language],
        support="010-123 45 67",
        number="06-1234567",
        version="3",
        made=date(2026, 11, 23),
        owner="IT-avdelningen",
        colour="#0B5A8A",
        address="https://mfa.norrskog.example",
        chapters=(
            _chapter(folder, language, "register_app", "app", APP),
            _chapter(folder, language, "reset_password", "forgot", FORGOT),
        ),
    )
    return replace(book, **changed)  # type: ignore[arg-type]


def some_films(folder: Path, book: Book) -> dict[str, FilmFiles]:
    """Return films for the first chapter only; of their files there is the poster."""
    chapter = book.chapters[0]
    stem = f"films/{chapter.slug}"
    _draw(folder / f"{stem}.png", (960, 540), "film", phone=False)
    for name in (f"{stem}.mp4", f"{stem}.webm"):
        (folder / name).write_bytes(b"")
    (folder / f"{stem}.{book.language}.txt").write_text("…", encoding="utf-8")
    captions = {language: f"{stem}.{language}.vtt" for language in OTHER}
    for name in captions.values():
        (folder / name).write_text("WEBVTT\n", encoding="utf-8")
    return {
        chapter.slug: FilmFiles(
            mp4=f"{stem}.mp4",
            webm=f"{stem}.webm",
            poster=f"{stem}.png",
            captions=captions,
            transcript=f"{stem}.{book.language}.txt",
            seconds=83.4,
            parts=tuple(
                FilmPart(starts=number * 12.5, name=line.name, title=line.do)
                for number, line in enumerate(chapter.lines)
            ),
        )
    }


def _chapter(
    folder: Path, language: str, name: str, words: str, steps: tuple[tuple[str, At], ...]
) -> Chapter:
    said = WORDS[language]
    slug = name.replace("_", "-")
    title, lead = said[words]
    lines = tuple(
        _line(folder, language, slug, number, step, at)
        for number, (step, at) in enumerate(steps, start=1)
    )
    return Chapter(
        name=name,
        slug=slug,
        title=str(title),
        lead=str(lead),
        lines=lines,
        end=str(said[f"{words}_end"]),
        person="work_phone",
        outside=True,
    )


def _line(folder: Path, language: str, slug: str, number: int, step: str, at: At) -> Line:
    do, seen = WORDS[language][step]
    width, height = DESK if at is At.DESK else PHONE
    picture = Picture(
        file=f"pictures/{slug}-{number}.png",
        alt=str(WORDS[language]["picture"]).format(step),
        width=width,
        height=height,
    )
    _draw(folder / picture.file, (width * SCALE, height * SCALE), step, phone=at is not At.DESK)
    return Line(
        name=step,
        number=number,
        at=at,
        do=str(do),
        seen=seen,
        # One step has none, as what is done beside every screen has none.
        picture=None if step == "done" else picture,
        pressed=({"act": "press", "label": "Fortsätt"},),
        sees="Klart!",
        ringed=True,
    )


def _draw(file: Path, size: tuple[int, int], words: str, *, phone: bool) -> None:
    """Draw a page with a ringed button."""
    file.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    picture = Image.new("RGB", size, "#F6F7F9")
    pen = ImageDraw.Draw(picture)
    aside = 30 if phone else width // 6
    card = (aside, 60, width - aside, height - 60)
    pen.rounded_rectangle(card, 20, fill="#FFFFFF", outline="#DCE1E6", width=2)
    left, right = aside + 60, width - aside - 60
    pen.text((left, 120), words, fill="#16202B", font_size=56)
    pen.rounded_rectangle((left, 260, right, 356), 20, outline="#6E7A87", width=2)
    button = (left, height - 280, right, height - 184)
    pen.rounded_rectangle(button, 20, fill="#0B5A8A")
    pen.rounded_rectangle(
        (left - 16, height - 296, right + 16, height - 168), 30, outline="#B0241B", width=8
    )
    picture.save(file)
