"""The illustrated guide as it lies in its folder, made by `portvakt guide`, perhaps while we run.

`<folder>/<language>/` holds `index.html`, what it shows, and `steps.json`: which chapters and steps
there are. A language's folder is replaced whole, so what is known of it is read again when the
folder itself is another.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from portvakt.texts import LANGUAGES

AT = "/guide/"

Place = tuple[str, str]
"""A journey of the guide and a step of it, as both are named in its source."""


class _Line(msgspec.Struct, frozen=True):
    name: str


class _Chapter(msgspec.Struct, frozen=True):
    slug: str
    lines: tuple[_Line, ...]


_STEPS = msgspec.json.Decoder(tuple[_Chapter, ...])


class MadeGuide:
    """What there is to be read, in each language."""

    def __init__(self, folder: Path | None) -> None:
        """Look in `folder`; None where this installation has no guide."""
        self._folder = None if folder is None else folder.absolute()
        self._known: dict[str, tuple[tuple[int, int], Mapping[str, frozenset[str]]]] = {}

    def has(self, language: str) -> bool:
        """Whether there is a guide in a language."""
        return self.file(language, "index.html") is not None

    def file(self, language: str, name: str, below: str = "") -> Path | None:
        """Return a file of a language's guide, or of a folder below it; None where there is none.

        A name that leads out, and a link to somewhere else, is no file of the guide.
        """
        if self._folder is None or language not in LANGUAGES:
            return None
        file = self._folder / language / below / name
        try:
            plain = stat.S_ISREG(file.lstat().st_mode)
            inside = Path(os.path.realpath(file)).is_relative_to(os.path.realpath(self._folder))
        except (OSError, ValueError):
            return None
        return file if plain and inside else None

    def address(self, language: str, places: Sequence[Place]) -> str | None:
        """Return where the first of these places that the guide has is told; None for none of them.

        A step that was left out leads to its chapter.
        """
        chapters = self._chapters(language)
        for journey, step in places:
            slug = journey.replace("_", "-")
            if slug in chapters:
                anchor = f"{slug}-{step}" if step in chapters[slug] else slug
                return f"{AT}{language}/#{anchor}"
        return None

    def _chapters(self, language: str) -> Mapping[str, frozenset[str]]:
        """Return the steps of each chapter; one look at the folder where it is known already."""
        if self._folder is None:
            return {}
        try:
            at = (self._folder / language).stat()
        except OSError:
            return {}
        mark = (at.st_ino, at.st_mtime_ns)
        known = self._known.get(language)
        if known is None or known[0] != mark:
            known = self._known[language] = (mark, self._read(language))
        return known[1]

    def _read(self, language: str) -> Mapping[str, frozenset[str]]:
        file = self.file(language, "steps.json")
        if file is None or not self.has(language):
            return {}
        try:
            found = _STEPS.decode(file.read_bytes())
        except (OSError, msgspec.MsgspecError):
            return {}
        return {each.slug: frozenset(line.name for line in each.lines) for each in found}


NO_GUIDE = MadeGuide(None)
