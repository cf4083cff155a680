"""The guide as pages: one to read in a browser, one file to put on an intranet, and the steps.

All of them are made from the book alone, and refer to nothing outside their folder.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from portvakt.guide.pdf import Printed, write_pdf
from portvakt.guide.rendering import HERE, Pages, stylesheet
from portvakt.guide.telling import Book, Chapter, FilmFiles
from portvakt.texts import Texts

INDEX, STYLE, ONE_FILE, STEPS = "index.html", "book.css", "one-file.html", "steps.json"
_STATIC = HERE.parent / "web" / "static"


def write_pages(
    book: Book, films: Mapping[str, FilmFiles] | None, folder: Path, texts: Texts
) -> None:
    """Write all that is read of the guide into its folder, where `pictures/` are already.

    That is `index.html` and `book.css`, `one-file.html`, `guide.pdf` and `steps.json`. `films` has
    what was filmed, by the chapter's slug. Raises `GuideError` where no PDF can be made.
    """
    pages = Pages(book, texts)
    printed = write_pdf(book, folder, texts)
    one_file = write_one_file(book, folder, texts)
    write_steps(book, folder)
    style = (_STATIC / "portvakt.css").read_text(encoding="utf-8") + stylesheet(book, "book.css")
    (folder / STYLE).write_text(style, encoding="utf-8")
    page = pages.render(
        "index.html",
        films=films or {},
        icon=_in_the_page((_STATIC / "icon.svg").read_bytes(), "image/svg+xml"),
        weight=_Weight(printed, one_file, book.language),
        address=book.address.partition("://")[2],
    )
    (folder / INDEX).write_text(page, encoding="utf-8")


def write_one_file(book: Book, folder: Path, texts: Texts) -> int:
    """Write `one-file.html`, with its pictures and its style in it, and return its size."""

    def picture(file: str) -> str:
        return _in_the_page((folder / file).read_bytes(), "image/png")

    page = Pages(book, texts).render(
        "one_file.html", picture=picture, style=stylesheet(book, "one_file.css")
    )
    return (folder / ONE_FILE).write_bytes(page.encode())


def write_steps(book: Book, folder: Path) -> None:
    """Write `steps.json`: the chapters with their lines, all that is needed to follow them."""
    told = json.dumps([_steps(each) for each in book.chapters], ensure_ascii=False, indent=1)
    (folder / STEPS).write_text(f"{told}\n", encoding="utf-8")


def _in_the_page(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def _steps(chapter: Chapter) -> dict[str, object]:
    told = asdict(chapter)
    for line in told["lines"]:
        del line["shots"]  # they are the film's, and lie in another folder
    return told


class _Weight:
    """How large the files are that are offered beside the page, in words."""

    def __init__(self, printed: Printed, one_file: int, language: str) -> None:
        self.pages = printed.pages
        self.pdf = in_words(printed.size, language)
        self.one_file = in_words(one_file, language)


def in_words(size: int, language: str) -> str:
    """Return a number of bytes as people read it in the language: `3,1 MB`, `640 kB`."""
    thousand = 1000
    if size < thousand**2:
        return f"{max(1, round(size / thousand))} kB"
    said = f"{size / thousand**2:.1f} MB"
    return said.replace(".", ",") if language == "sv" else said
