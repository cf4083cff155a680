"""When what is seen and said in a film: whole ticks, from which pictures and captions both come.

A film is a title card, the steps and an end card. Each has spans: what to do, and what is seen
then. A span lasts as long as its shots, its captions and its voice each need.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from portvakt.guide.captions import TICKS, Cue, spread, units
from portvakt.guide.errors import GuideError
from portvakt.guide.steps import At
from portvakt.guide.telling import Box, Chapter, Line, Shot
from portvakt.guide.voice import Clip, Spoken, Voice

CARD = 4 * TICKS
"""The least that a title card or an end card stands."""
STAND = TICKS
"""A screen stands so long before the pointer moves on it."""
SEEN = 2 * TICKS
"""What came of it stands at least so long."""
RINGED = TICKS
"""A ring stands at least so long before what it rings is pressed."""
GLIDE_PICTURES = 10
GLIDE_TICKS = 2
"""Ticks that each picture of a gliding pointer, or of the pulse of a press, stands."""
PULSE_PICTURES = 6
REST = 10
"""Ticks of silence after a voice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture of the film: what is drawn."""

    card: str = ""
    """`title` or `end`; empty for a step."""
    line: int = 0
    """Which step, from 0."""
    seen: bool = False
    """Whether the sentence on what is seen stands there."""
    screens: tuple[tuple[At, Shot | None], ...] = ()
    """From left to right; None is a telephone that has not been used yet."""
    active: At | None = None
    pointer: tuple[float, float] | None = None
    """CSS pixels of the active screen; none where nothing is done: it would hide what is read."""
    ring: Box | None = None
    pulse: float = 0.0
    """How far a press has come: 0 none, up to 1."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A picture that stands for a while."""

    start: int
    ticks: int
    view: View


@dataclass(frozen=True, slots=True)
class Part:
    """A chapter mark: where a card or a step begins."""

    start: int
    name: str
    """Of the step; empty for a card."""
    title: Mapping[str, str]


@dataclass(slots=True)
class Timeline:
    """A film before it is drawn."""

    moments: list[Moment] = field(default_factory=list)
    cues: dict[str, list[Cue]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    clips: dict[int, Clip] = field(default_factory=dict)
    ticks: int = 0

    def show(self, view: View, ticks: int) -> None:
        """Let a picture stand next; the same one again only stands longer."""
        if ticks <= 0:
            return
        last = self.moments[-1] if self.moments else None
        if last is not None and last.view == view:
            self.moments[-1] = replace(last, ticks=last.ticks + ticks)
        else:
            self.moments.append(Moment(self.ticks, ticks, view))
        self.ticks += ticks


@dataclass(frozen=True, slots=True)
class _Still:
    view: View
    ticks: int
    patience: int = 0
    """Its share of the time that captions and voice need beyond what is shown."""


def timeline(
    words: Mapping[str, Chapter], language: str, last_words: Mapping[str, str], voice: Voice | None
) -> Timeline:
    """Lay out the film of `words[language]`, with captions in each language of `words`.

    `last_words` is what the end card says after the journey's own end, in each language.
    """
    chapter = words[language]
    for other, same in words.items():
        if [line.name for line in same.lines] != [line.name for line in chapter.lines]:
            raise GuideError(f"{chapter.slug}: the steps in {other} are others than in {language}")
    made = Timeline(cues={each: [] for each in words})
    teller = _Teller(made, chapter.slug, language, voice)
    titles = {each: same.title for each, same in words.items()}
    opening = {each: f"{_sentence(same.title)} {same.lead}" for each, same in words.items()}
    teller.part(0, "", titles, [opening])
    teller.span([_Still(View(card="title"), CARD, 1)])
    screens = _Screens()
    for at, line in enumerate(chapter.lines):
        told = {each: same.lines[at] for each, same in words.items()}
        texts = [{each: same.do for each, same in told.items()}]
        if line.seen is not None:
            texts.append({each: same.seen or "" for each, same in told.items()})
        teller.part(line.number, line.name, texts[0], texts)
        for stills in _spans(line, at, screens):
            teller.span(stills)
    ends = {each: f"{same.end} {last_words[each]}" for each, same in words.items()}
    teller.part(
        len(chapter.lines) + 1, "", {each: same.end for each, same in words.items()}, [ends]
    )
    teller.span([_Still(View(card="end"), CARD, 1)])
    return made


def _sentence(title: str) -> str:
    return title if title.endswith((".", "!", "?")) else f"{title}."


class _Teller:
    """Puts spans after one another, each long enough for its captions and its voice."""

    def __init__(self, made: Timeline, slug: str, language: str, voice: Voice | None) -> None:
        self._made, self._slug, self._language, self._voice = made, slug, language, voice
        self._waiting: list[tuple[Mapping[str, str], Clip | None, int]] = []

    def part(
        self, number: int, name: str, title: Mapping[str, str], texts: Sequence[Mapping[str, str]]
    ) -> None:
        """Begin a card or a step; `texts` are what its spans say, in each language."""
        self._made.parts.append(Part(self._made.ticks, name, title))
        said = [self._said(number, text, seen=at > 0) for at, text in enumerate(texts)]
        needs = [sum(unit.ticks for unit in units(text)) for text in texts]
        voiced = [0 if clip is None else clip.ticks + REST for clip in said]
        least = [max(pair) for pair in zip(needs, voiced, strict=True)]
        if len(said) > 1 and said[1] is None and said[0] is not None:
            whole = max(sum(needs), voiced[0])  # one recording for the whole step
            least = [math.ceil(whole * need / sum(needs)) for need in needs]
        self._waiting = list(zip(texts, said, least, strict=True))

    def _said(self, number: int, texts: Mapping[str, str], *, seen: bool) -> Clip | None:
        if self._voice is None:
            return None
        return self._voice.say(
            Spoken(
                slug=self._slug,
                number=number,
                language=self._language,
                text=texts[self._language],
                seen=seen,
            )
        )

    def span(self, stills: Sequence[_Still]) -> None:
        """Show the next span's pictures, its captions from the first to the last of them."""
        texts, clip, least = self._waiting.pop(0)
        start = self._made.ticks
        if clip is not None:
            self._made.clips[start] = clip
        missing = max(0, least - sum(still.ticks for still in stills))
        patience, passed, given = sum(still.patience for still in stills), 0, 0
        for still in stills:
            passed += still.patience
            more = missing * passed // patience - given
            given += more
            self._made.show(still.view, still.ticks + more)
        cut = units(texts)
        for language, cues in spread(cut, start, self._made.ticks - start).items():
            self._made.cues[language].extend(cues)


@dataclass(slots=True)
class _Screens:
    """What stands on each screen, and where its pointer is."""

    last: dict[At, Shot] = field(default_factory=dict)
    pointer: dict[At, tuple[float, float]] = field(default_factory=dict)
    before: At | None = None
    """Where the shot before was taken."""

    def beside(self, line: Line) -> tuple[At, ...]:
        """Return which screens a step shows: its own, and what it is used with.

        That is the desk that a phone has just been needed for; and of two phones both, so that
        nobody mistakes one for the other.
        """
        used = {shot.at for shot in line.shots}
        if used and At.DESK not in used:
            if self.before is At.DESK:
                used.add(At.DESK)
            elif {At.PHONE, At.NEW_PHONE} <= used | set(self.last):
                used |= {At.PHONE, At.NEW_PHONE}
        return tuple(at for at in At if at in used)[-2:]


def _spans(line: Line, at: int, screens: _Screens) -> Iterator[list[_Still]]:
    """Return the pictures of a step: while it is done, and where it says so, what is seen then."""
    plain = View(line=at)
    if not line.shots:
        yield [_Still(plain, SEEN, 1)]
        if line.seen is not None:
            yield [_Still(replace(plain, seen=True), SEEN, 1)]
        return
    beside = screens.beside(line)
    after = _after_the_last_press(line.shots)
    doing, seen = line.shots[:after], line.shots[after:]
    if line.seen is None:
        yield [*_shown(doing, plain, beside, screens), *_shown(seen, plain, beside, screens)]
        return
    yield _shown(doing or seen[:1], plain, beside, screens)
    yield _shown(seen or doing[-1:], replace(plain, seen=True), beside, screens, resting=True)


def _after_the_last_press(shots: Sequence[Shot]) -> int:
    """Return how many shots are of what is done; the rest are of what came of it."""
    marked = [at for at, shot in enumerate(shots, 1) if shot.pressed or shot.ring is not None]
    return marked[-1] if marked else max(1, len(shots) - 1)


def _shown(
    shots: Sequence[Shot],
    plain: View,
    beside: tuple[At, ...],
    screens: _Screens,
    *,
    resting: bool = False,
) -> list[_Still]:
    """Return the pictures of some shots: a screen, a pointer that glides, a ring, a press."""
    stills: list[_Still] = []
    for shot in shots:
        screens.last[shot.at] = shot
        screens.before = shot.at
        view = replace(
            plain,
            active=shot.at,
            screens=tuple((at, screens.last.get(at)) for at in beside),
        )
        stands = max(round(shot.seconds * TICKS), SEEN if resting else STAND)
        start = screens.pointer.get(shot.at)
        if resting or shot.pointer is None or (shot.ring is None and shot.pointer == start):
            if shot.at is not At.DESK:
                screens.pointer.pop(shot.at, None)  # a finger is lifted, a mouse stays
            stills.append(_Still(view, stands, 2))
            continue
        if not stills:
            stills.append(_Still(view, STAND, 2))
        stills.extend(_used(shot, view, start, stands))
        screens.pointer[shot.at] = shot.pointer
    return stills


def _used(shot: Shot, view: View, start: tuple[float, float] | None, stands: int) -> list[_Still]:
    """Return the pictures of a pointer that goes to something, and of a press."""
    assert shot.pointer is not None  # noqa: S101 - asked before
    start = start or (shot.width * 0.5, shot.height * 0.9)
    stills = []
    if start != shot.pointer:
        for step in range(1, GLIDE_PICTURES):
            there = _between(start, shot.pointer, step / GLIDE_PICTURES)
            stills.append(_Still(replace(view, pointer=there), GLIDE_TICKS))
    here = replace(view, pointer=shot.pointer, ring=shot.ring)
    waits = max(stands, RINGED) if shot.ring is not None else stands
    stills.append(_Still(here, waits, 1 if shot.ring is not None else 0))
    pulses = range(1, PULSE_PICTURES + 1) if shot.pressed else ()
    stills.extend(
        _Still(replace(here, pulse=step / PULSE_PICTURES), GLIDE_TICKS) for step in pulses
    )
    return stills


def _between(
    start: tuple[float, float], end: tuple[float, float], share: float
) -> tuple[float, float]:
    """Return where a gliding pointer is: it starts and stops softly."""
    soft = share * share * (3 - 2 * share)
    return tuple(a + (b - a) * soft for a, b in zip(start, end, strict=True))  # type: ignore[return-value]
