"""Makes the guide of an installation: plays its journeys, films them, and writes it all down.

Journeys are played one after the other; films are drawn beside that, in a process of their own.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from portvakt.guide.browser import browsers
from portvakt.guide.errors import GuideError
from portvakt.guide.film import make_film
from portvakt.guide.laying_down import lay_down, place_for
from portvakt.guide.missing import ESPEAK, see_what_is_missing
from portvakt.guide.needs import allowed
from portvakt.guide.pages import write_pages
from portvakt.guide.playing import play
from portvakt.guide.stage import stage
from portvakt.guide.stage_state import usual_group
from portvakt.guide.steps import Journey, needed
from portvakt.guide.telling import Book, Chapter, FilmFiles
from portvakt.guide.told import JOURNEYS
from portvakt.guide.voice import EspeakVoice, RecordedVoice, Voice
from portvakt.settings import Settings
from portvakt.texts import Texts

SHOTS = "shots"
"""What films are made of; it does not stay in the guide."""
_NICE = 10
"""Films wait for what is played: a screen that comes late is taken for one that is missing."""

Tell = Callable[[str, int, int], None]
"""Is told what is being done, how many parts are done, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be made."""

    out: Path
    languages: tuple[str, ...]
    journeys: tuple[str, ...] = ()
    """By name or slug; empty for all that the installation allows."""
    films: bool = True
    burn: bool = False
    """Films with the captions in the picture, too."""
    voice: str | None = None
    """`ESPEAK`, or a folder of recordings."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made."""

    journeys: tuple[str, ...]
    """Slugs of the journeys that are told."""
    left_out: tuple[str, ...]
    """Slugs of those that the installation does not allow."""


async def make(
    settings: Settings, state: Mapping[str, Any] | None, wanted: Wanted, *, today: date, tell: Tell
) -> Made:
    """Make the guide in every wanted language and put it where the one before it was.

    `state` is what `portvakt export` wrote, read as TOML; None where nothing is known of it. Raises
    `GuideError` where something is missing, or a journey and the product do not agree; then the
    guides that are there stay.
    """
    see_what_is_missing(films=wanted.films, voice=wanted.voice)
    known = state or {}
    groups = settings.guide.groups or usual_group(known)
    told, left_out = _chosen(wanted.journeys, settings, known, groups)
    voice = _voice(wanted.voice) if wanted.films else None
    with place_for(wanted.out) as fresh, TemporaryDirectory(prefix="portvakt-guide-") as own:
        making = _Making(settings, wanted, fresh, voice, today, tell, len(told))
        async with making.drawing():
            async with (
                stage(settings, state, Path(own), groups=groups) as played_on,
                browsers(played_on, Path(own)) as at_hand,
            ):
                for journey in told:
                    chapters = {}
                    for language in wanted.languages:
                        making.doing(f"playing {journey.slug} ({language})")
                        chapters[language] = await play(
                            journey,
                            played_on,
                            at_hand,
                            language,
                            making.texts,
                            making.folder(language),
                        )
                        making.has_done()
                    making.film(chapters)
            await making.filmed()
        for language in wanted.languages:
            making.write(language)
        for language in wanted.languages:
            lay_down(making.folder(language), wanted.out, language)
    return Made(tuple(each.slug for each in told), left_out)


def _chosen(
    names: Sequence[str],
    settings: Settings,
    state: Mapping[str, Any],
    groups: tuple[str, ...],
) -> tuple[tuple[Journey, ...], tuple[str, ...]]:
    """Return the journeys to tell, and the slugs of those that are not allowed here."""
    known = {each.slug for each in JOURNEYS}
    slugs = [name.replace("_", "-") for name in names]
    for slug in slugs:
        if slug not in known:
            raise GuideError(f"there is no journey “{slug}”; there are {', '.join(sorted(known))}")
    may = allowed(settings, state, groups)
    asked = [each for each in JOURNEYS if not slugs or each.slug in slugs]
    told = [found for each in asked if (found := needed(each, may)) is not None]
    if not told:
        raise GuideError("nothing of what the guide would tell is allowed here")
    there = {each.slug for each in told}
    return tuple(told), tuple(each.slug for each in asked if each.slug not in there)


def _voice(name: str | None) -> Voice | None:
    if name is None:
        return None
    return EspeakVoice() if name == ESPEAK else RecordedVoice(Path(name))


@dataclass(slots=True)
class _Making:
    """What is made by now."""

    settings: Settings
    wanted: Wanted
    fresh: Path
    voice: Voice | None
    today: date
    tell: Tell
    journeys: int
    texts: Texts = field(default_factory=Texts.load)
    done: int = 0
    chapters: dict[str, list[Chapter]] = field(default_factory=dict)
    films: dict[str, dict[str, "asyncio.Future[FilmFiles]"]] = field(default_factory=dict)
    _pool: ProcessPoolExecutor | None = None
    _now: str = ""

    def folder(self, language: str) -> Path:
        """Return the folder of a language, which `play` and `make_film` write into."""
        folder = self.fresh / language
        folder.mkdir(exist_ok=True)
        return folder

    def doing(self, what: str) -> None:
        """Tell what comes now."""
        self._now = what
        each = len(self.wanted.languages) * (2 if self.wanted.films else 1)
        self.tell(what, self.done, self.journeys * each + len(self.wanted.languages))

    def has_done(self) -> None:
        """Tell that a part is done."""
        self.done += 1
        self.doing(self._now)

    @asynccontextmanager
    async def drawing(self) -> AsyncIterator[None]:
        """Have a process beside this one that draws films, where any are wanted."""
        if not self.wanted.films:
            yield
            return
        self._pool = ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), initializer=os.nice, initargs=(_NICE,)
        )
        try:
            yield
        finally:
            self._pool.shutdown(cancel_futures=True)

    def film(self, chapters: Mapping[str, Chapter]) -> None:
        """Keep a journey in every language, and begin to draw its films when there is room."""
        for language, chapter in chapters.items():
            self.chapters.setdefault(language, []).append(chapter)
            if self._pool is None:
                continue
            drawn = asyncio.get_running_loop().run_in_executor(
                self._pool,
                _draw,
                chapter,
                dict(chapters),
                self.book(language),
                self.folder(language),
                self.voice,
                self.wanted.burn,
            )
            drawn.add_done_callback(self._has_filmed)
            self.films.setdefault(language, {})[chapter.slug] = drawn

    def _has_filmed(self, drawn: "asyncio.Future[FilmFiles]") -> None:
        if not drawn.cancelled() and drawn.exception() is None:
            self.has_done()

    async def filmed(self) -> None:
        """Wait until all films are drawn."""
        if self.films:
            self.doing("drawing films")
        for language, films in self.films.items():
            for slug, drawn in films.items():
                self.doing(f"drawing the film {slug} ({language})")
                await drawn

    def write(self, language: str) -> None:
        """Write the pages and the PDF of a language."""
        self.doing(f"writing pages and PDF ({language})")
        folder = self.folder(language)
        films = {slug: drawn.result() for slug, drawn in self.films.get(language, {}).items()}
        write_pages(self.book(language), films, folder, self.texts)
        shutil.rmtree(folder / SHOTS, ignore_errors=True)
        self.has_done()

    def book(self, language: str) -> Book:
        """Return the guide in a language, with the chapters there are by now."""
        ours, organisation = self.settings.guide, self.settings.organisation
        return Book(
            language=language,
            organisation=organisation.name,
            support=organisation.support_phone or None,
            number=ours.number,
            version=ours.version,
            made=self.today,
            owner=ours.owner or organisation.name,
            colour=organisation.colour,
            address=self.settings.public_url.rstrip("/"),
            chapters=tuple(self.chapters.get(language, ())),
        )


def _draw(
    chapter: Chapter,
    words: Mapping[str, Chapter],
    book: Book,
    folder: Path,
    voice: Voice | None,
    burn: bool,  # noqa: FBT001 - an executor passes no names
) -> FilmFiles:
    """Make one film, in another process."""
    return make_film(chapter, words, book, folder, burn=burn, voice=voice)
