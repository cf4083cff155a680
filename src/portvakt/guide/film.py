"""Makes the film of a journey: pictures, captions in every language, a transcript, a voice."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from portvakt.guide.captions import TICKS, Cue, clock, plainly, web_vtt
from portvakt.guide.encoding import Reel, encode
from portvakt.guide.errors import GuideError
from portvakt.guide.programs import program
from portvakt.guide.telling import Book, Chapter, FilmFiles, FilmPart
from portvakt.guide.timeline import Timeline, View, timeline
from portvakt.guide.voice import Voice, track
from portvakt.texts import Texts

if TYPE_CHECKING:
    from portvakt.guide.frames import Painter

FOLDER = "films"

STEADY = 2 * TICKS
"""A picture that stands longer is handed over again, so that players find it wherever they go."""

Progress = Callable[[float], None]
"""Is told which share of the film is made, 0 to 1."""


@dataclass(frozen=True, slots=True)
class _Picture:
    start: int
    view: View
    caption: str = ""


def make_film(
    chapter: Chapter,
    words: Mapping[str, Chapter],
    book: Book,
    folder: Path,
    *,
    burn: bool = False,
    voice: Voice | None = None,
    progress: Progress | None = None,
) -> FilmFiles:
    """Make the film of a chapter in `folder/films`, from shots that are named from `folder`.

    `words` is the same chapter in every language that has captions, `book` the guide whose language
    the screens are in. `burn` makes a film more, with that language's captions in the picture.
    It takes seconds and blocks: call it in a thread. `GuideError` where something is missing.
    """
    program("ffmpeg")
    texts = Texts.load()
    language = book.language
    words = {each: _as_said(same) for each, same in {**words, language: chapter}.items()}
    chapter = words[language]
    laid_out = timeline(words, language, _last_words(texts, book, words), voice)
    painter = _painter(chapter, book, folder, texts)
    made = _Made(chapter, book, folder, laid_out, painter, progress or _nobody)
    made.folder.joinpath(FOLDER).mkdir(parents=True, exist_ok=True)
    made.write_texts(words)
    share = 0.6 if burn else 1.0
    plain = _pictures(laid_out, ())
    made.encode(plain, (made.file("mp4"), made.file("webm")), 0.0, share)
    if burn:
        burned = _pictures(laid_out, laid_out.cues[language])
        made.encode(burned, (made.file("burned.mp4"),), share, 1.0)
    painter.picture(View(card="title")).save(folder / made.file("jpg"), quality=88)
    return FilmFiles(
        mp4=made.file("mp4"),
        webm=made.file("webm"),
        burned=made.file("burned.mp4") if burn else None,
        poster=made.file("jpg"),
        captions={each: made.file(f"{each}.vtt") for each in words},
        transcript=made.file(f"{language}.txt"),
        seconds=laid_out.ticks / TICKS,
        parts=tuple(
            FilmPart(starts=part.start / TICKS, name=part.name, title=part.title[language])
            for part in laid_out.parts
        ),
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """One film while it is made."""

    chapter: Chapter
    book: Book
    folder: Path
    laid_out: Timeline
    painter: "Painter"
    progress: Progress

    def file(self, ending: str) -> str:
        """Return the name of one of its files, relative to the folder of the making."""
        return f"{FOLDER}/{self.chapter.slug}.{ending}"

    def write_texts(self, words: Mapping[str, Chapter]) -> None:
        """Write captions and transcripts in every language."""
        for language, same in words.items():
            captions = web_vtt(self.laid_out.cues[language])
            self._write(f"{language}.vtt", captions)
            self._write(f"{language}.txt", transcript(same, self.laid_out, language))

    def encode(
        self, pictures: Sequence[_Picture], files: Sequence[str], begins: float, ends: float
    ) -> None:
        """Draw and encode the pictures; progress is told from `begins` to `ends`."""
        made = self.laid_out
        language = self.book.language
        reel = Reel(
            starts=[picture.start for picture in pictures],
            title=self.chapter.title,
            organisation=self.book.organisation,
            language=language,
            chapters=[(part.start, part.title[language]) for part in made.parts],
            sound=track(made.clips, made.ticks) if made.clips else None,
        )
        encode(
            reel,
            self._drawn(pictures),
            [self.folder / file for file in files],
            lambda share: self.progress(begins + (ends - begins) * share),
        )

    def _drawn(self, pictures: Sequence[_Picture]) -> Iterator[bytes]:
        """Draw each picture once; what only stands longer is handed over again."""
        before: _Picture | None = None
        drawn = b""
        for picture in pictures:
            if before is None or (before.view, before.caption) != (picture.view, picture.caption):
                drawn = self.painter.picture(picture.view, picture.caption).tobytes()
            before = picture
            yield drawn

    def _write(self, ending: str, text: str) -> None:
        (self.folder / self.file(ending)).write_text(text, encoding="utf-8")


def transcript(chapter: Chapter, laid_out: Timeline, language: str) -> str:
    """Return all that is said in a film in one language, with the time that each part begins."""
    blocks = [f"{chapter.title}\n"]
    ends = [*(part.start for part in laid_out.parts[1:]), laid_out.ticks]
    number = 0
    for part, end in zip(laid_out.parts, ends, strict=True):
        said = [cue for cue in laid_out.cues[language] if part.start <= cue.start < end]
        text = " ".join(_flat(cue) for cue in said)
        number += bool(part.name)
        blocks.append(f"{clock(part.start)}  {f'{number}. ' if part.name else ''}{text}\n")
    return "\n".join(blocks)


def _flat(cue: Cue) -> str:
    return cue.text.replace("\n", " ")


def _pictures(laid_out: Timeline, cues: Sequence[Cue]) -> list[_Picture]:
    """Return what is handed to the encoder: each change, what stands now and then, the end."""
    pictures: list[_Picture] = []
    for moment in laid_out.moments:
        end = moment.start + moment.ticks
        starts = {moment.start, *(cue.start for cue in cues if moment.start < cue.start < end)}
        for start in sorted(starts):
            caption = next((cue.text for cue in cues if cue.start <= start < cue.end), "")
            pictures.append(_Picture(start, moment.view, caption))
    ends = [*(picture.start for picture in pictures[1:]), laid_out.ticks]
    steady = [
        _Picture(at, picture.view, picture.caption)
        for picture, end in zip(pictures, ends, strict=True)
        for at in range(picture.start, end, STEADY)
    ]
    last = steady[-1]
    if last.start != laid_out.ticks - 1:
        steady.append(_Picture(laid_out.ticks - 1, last.view, last.caption))
    return steady


def _painter(chapter: Chapter, book: Book, folder: Path, texts: Texts) -> "Painter":
    try:
        from portvakt.guide.frames import Painter  # noqa: PLC0415 - Pillow is optional
    except ImportError as error:
        raise GuideError("Pillow is missing: pip install 'portvakt[guide]'") from error
    last_words = _last_words(texts, book, (book.language,))[book.language]
    return Painter(chapter, book, folder, texts, last_words)


def _as_said(chapter: Chapter) -> Chapter:
    """Return the chapter with its addresses as people type them."""
    lines = tuple(
        replace(line, do=plainly(line.do), seen=None if line.seen is None else plainly(line.seen))
        for line in chapter.lines
    )
    return replace(chapter, lead=plainly(chapter.lead), lines=lines, end=plainly(chapter.end))


def _last_words(texts: Texts, book: Book, languages: Iterable[str]) -> dict[str, str]:
    """Return where the whole guide is, in each language."""
    address = f"{plainly(book.address).rstrip('/')}/guide"
    return {
        language: texts.say(language, "guide_film.more", address=address) for language in languages
    }


def _nobody(_: float) -> None:
    """Be told of the progress, and do nothing."""
