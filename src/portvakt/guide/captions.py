"""Captions of a film: sentences cut so that they can be read, and WebVTT.

Times are ticks of the film: one picture of its 25 a second. Cues and pictures come from the same
ticks, so captions cannot drift from what is seen.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TICKS = 25
"""Ticks to a second: the film's frame rate."""

LINE = 42
"""Characters to a line of a caption; two lines stand at once."""
LINES = 2
LEAST_SECONDS = 3.0
CHARACTERS_A_SECOND = 15.0

_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+(?=[A-ZÅÄÖ«“\"0-9])")
_ENDS = (".", "!", "?")
_BREAKS_AFTER = (",", ";", ":")
_BREAKS_BEFORE = frozenset(
    ("och", "eller", "men", "som", "så", "när", "and", "or", "but", "which", "that", "so", "when")
)
_MILLISECONDS = 1000 // TICKS


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: shown from tick `start` to before tick `end`."""

    start: int
    end: int
    text: str
    """At most two lines of 42 characters."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is said at once in every language: the same sentences, as one caption or several."""

    texts: Mapping[str, tuple[str, ...]]

    @property
    def ticks(self) -> int:
        """How long it must stand for whoever reads the slowest of the languages."""
        return max(sum(map(reading_ticks, cues)) for cues in self.texts.values())


def reading_ticks(text: str) -> int:
    """Return how long a caption must stand: never under three seconds."""
    return math.ceil(max(LEAST_SECONDS, len(text) / CHARACTERS_A_SECOND) * TICKS)


def plainly(text: str) -> str:
    """Return a text as it is said and read in a film: addresses as people type them."""
    return text.replace("https://", "")


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text, each with what ends it and with single spaces."""
    return tuple(" ".join(part.split()) for part in _SENTENCE_ENDS.split(text.strip()) if part)


def units(texts: Mapping[str, str]) -> tuple[Unit, ...]:
    """Cut the same words in each language (`{language: text}`) into what is shown at once.

    Where the languages have equally many sentences, each unit has the same of them in all; short
    ones share a unit where they fit on two lines in every language. Else it is all one unit.
    """
    split = {language: sentences(text) for language, text in texts.items()}
    counts = {len(parts) for parts in split.values()}
    if counts == {0}:
        return ()
    if len(counts) > 1:
        return (_unit({language: " ".join(parts) for language, parts in split.items()}),)
    found: list[dict[str, str]] = []
    for at in range(counts.pop()):
        here = {language: parts[at] for language, parts in split.items()}
        if found:
            both = {language: f"{found[-1][language]} {here[language]}" for language in here}
            if all(_fits(text) for text in both.values()):
                found[-1] = both
                continue
        found.append(here)
    return tuple(_unit(one) for one in found)


def spread(cut: tuple[Unit, ...], start: int, ticks: int) -> dict[str, list[Cue]]:
    """Give each unit its share of the ticks from `start`; return the cues of each language.

    A unit begins and ends at the same tick in all languages.
    """
    cues: dict[str, list[Cue]] = {}
    ends = _shares([unit.ticks for unit in cut], start, ticks)
    for unit, (begins, stops) in zip(cut, ends, strict=True):
        for language, texts in unit.texts.items():
            times = _shares([reading_ticks(text) for text in texts], begins, stops - begins)
            cues.setdefault(language, []).extend(
                Cue(first, last, "\n".join(lines_of(text)))
                for text, (first, last) in zip(texts, times, strict=True)
            )
    return cues


def lines_of(text: str) -> tuple[str, ...]:
    """Break a text into lines of at most 42 characters; two lines are about equally long."""
    words = [piece for word in text.split() for piece in _pieces(word)]
    lines = _filled(words)
    if len(lines) != LINES:
        return lines
    halves = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    fitting = [pair for pair in halves if max(map(len, pair)) <= LINE]
    return min(fitting, key=lambda pair: max(map(len, pair)) - _pause(*pair) / 2)


def web_vtt(cues: Iterable[Cue]) -> str:
    """Return the cues as a WebVTT file."""
    blocks = (
        f"{number}\n{_time(cue.start)} --> {_time(cue.end)}\n{_escaped(cue.text)}\n"
        for number, cue in enumerate(cues, 1)
    )
    return "\n".join(("WEBVTT\n", *blocks))


def clock(ticks: int) -> str:
    """Return a moment of the film as people write it: `1:05`."""
    minutes, seconds = divmod(ticks // TICKS, 60)
    return f"{minutes}:{seconds:02d}"


def _unit(texts: Mapping[str, str]) -> Unit:
    return Unit({language: _cut(text) for language, text in texts.items()})


def _fits(text: str) -> bool:
    return len(lines_of(text)) <= LINES


def _cut(text: str) -> tuple[str, ...]:
    """Cut a text into as few captions as hold it: at sentence ends, else where one would pause."""
    cues: list[str] = []
    for sentence in sentences(text):
        if cues and _fits(f"{cues[-1]} {sentence}"):
            cues[-1] = f"{cues[-1]} {sentence}"
        else:
            cues.extend(_cut_sentence(sentence.split()))
    return tuple(cues)


def _cut_sentence(words: list[str]) -> list[str]:
    """Cut off as much of a long sentence as makes its captions about equally long."""
    whole = " ".join(words)
    if _fits(whole) or len(words) == 1:
        return [whole]
    parts = max(2, math.ceil(len(whole) / (LINE * LINES)))
    wanted = len(whole) / parts
    heads = [
        (" ".join(words[:at]), " ".join(words[at:]), at)
        for at in range(1, len(words))
        if at == 1 or _fits(" ".join(words[:at]))
    ]
    head, _, at = min(heads, key=lambda found: abs(len(found[0]) - wanted) - _pause(*found[:2]))
    return [head, *_cut_sentence(words[at:])]


def _pause(before: str, after: str) -> int:
    """Return how much one would pause between the two, in characters that it may be off by."""
    if before.endswith(_ENDS):
        return 40
    return 20 if before.endswith(_BREAKS_AFTER) or after.split(" ", 1)[0] in _BREAKS_BEFORE else 0


def _filled(words: list[str]) -> tuple[str, ...]:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return tuple(lines)


def _pieces(word: str) -> list[str]:
    """Cut a word that is longer than a line, as addresses may be, after a slash or full stop."""
    pieces = []
    while len(word) > LINE:
        at = max(word.rfind(mark, 0, LINE) for mark in "/.-?&") + 1 or LINE
        pieces.append(word[:at])
        word = word[at:]
    return [*pieces, word]


def _shares(weights: list[int], start: int, ticks: int) -> list[tuple[int, int]]:
    """Divide the ticks from `start` by the weights; return where each share begins and ends."""
    whole, passed, shares = sum(weights), 0, []
    for weight in weights:
        begins = start + ticks * passed // whole
        passed += weight
        shares.append((begins, start + ticks * passed // whole))
    return shares


def _time(ticks: int) -> str:
    seconds, rest = divmod(ticks, TICKS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{rest * _MILLISECONDS:03d}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
