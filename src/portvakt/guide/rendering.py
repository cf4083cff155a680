"""What the templates of the guide share: words, dates, signs and the organisation's colour."""

import re
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from portvakt.guide.steps import At
from portvakt.guide.telling import Book, Line, Picture
from portvakt.texts import LANGUAGES, Texts
from portvakt.web.assets import draw
from portvakt.web.colours import organisation_stylesheet
from portvakt.web.templates import Templates
from portvakt.web.words import HOME

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"

SIGNS = {At.DESK: "computer", At.PHONE: "phone", At.NEW_PHONE: "phone"}
"""The pictogram of each place where steps are done."""

_ADDRESS = re.compile(r"(?:https?://)?\w[\w-]*(?:\.\w[\w-]*)+[\w/-]*")

_NARROW = 450
"""Pictures up to this width, in CSS pixels, are of a phone, and have room for another beside."""


_TO_A_PIXEL, _TO_A_PIXEL_OF_A_PHONE = 0.15, 0.135
_HIGHEST, _HIGHEST_OF_A_PHONE = 130, 105
_BESIDE_WORDS, _UNDER_WORDS = 102, 159
"""Pictures on paper, in millimetres; the last two are the room that `print.css` gives them."""


class Pages:
    """Renders a book in the templates of the guide."""

    def __init__(self, book: Book, texts: Texts) -> None:
        """Take the book and the catalogues that its pages speak from."""
        self._book = book
        self._templates = Templates(
            texts, site=None, assets=_Beside(), draw=draw, folders=(TEMPLATES,)
        )

    def render(self, template: str, **values: Any) -> str:
        """Return a page of the book; `values` is what this template needs beside it."""
        book = self._book
        common = {
            "book": book,
            "made": datetime.combine(book.made, time(12), HOME),
            "signs": SIGNS,
            "others": [each for each in LANGUAGES if each != book.language],
            "narrow": _NARROW,
            "rows": rows,
            "on_paper": on_paper,
            "length": length,
            "breakable": breakable,
        }
        return self._templates.render(book.language, template, {**common, **values})


class _Beside:
    """Files that lie beside the page are addressed by their names."""

    def url(self, name: str) -> str:
        return name

    def mark(self) -> bytes:
        return b"guide"


def stylesheet(book: Book, name: str) -> str:
    """Return a stylesheet of the guide, with the organisation's colour in the place of ours."""
    own = (TEMPLATES / name).read_text(encoding="utf-8")
    return own + organisation_stylesheet(book.colour)


def rows(lines: Sequence[Line]) -> tuple[tuple[Line, ...], ...]:
    """Return the steps as they stand on paper: narrow pictures share its width, two by two."""
    found: list[tuple[Line, ...]] = []
    for line in lines:
        alone = found[-1] if found and len(found[-1]) == 1 else None
        if alone and _is_narrow(alone[0]) and _is_narrow(line):
            found[-1] = (*alone, line)
        else:
            found.append((line,))
    return tuple(found)


def on_paper(picture: Picture) -> tuple[float, bool]:
    """Return how wide a picture is printed, in millimetres, and whether it stands under the words.

    Letters are equally large in all pictures, but in those that would be too high for a page.
    """
    narrow = picture.width <= _NARROW
    room = _UNDER_WORDS if picture.width * _TO_A_PIXEL > _BESIDE_WORDS else _BESIDE_WORDS
    scale = min(
        _TO_A_PIXEL_OF_A_PHONE if narrow else _TO_A_PIXEL,
        room / picture.width,
        (_HIGHEST_OF_A_PHONE if narrow else _HIGHEST) / picture.height,
    )
    return round(picture.width * scale, 1), room == _UNDER_WORDS


def _is_narrow(line: Line) -> bool:
    return line.picture is not None and line.picture.width <= _NARROW


def breakable(words: str) -> Markup:
    """Return words in which an address may go on in the next line after a part of it."""
    return Markup(_ADDRESS.sub(_parted, str(escape(words))))  # noqa: S704 (escaped in the same line)


def _parted(address: re.Match[str]) -> str:
    return re.sub(r"(//|[^/]/|[^.]\.)(?=\w)", r"\1<wbr>", address[0])


def length(seconds: float) -> str:
    """Return how long something takes, or when it begins, as a player shows it: `1:05`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
