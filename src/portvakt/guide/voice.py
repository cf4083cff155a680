"""The spoken track of a film: read by somebody and given as files, or read by `espeak-ng`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from portvakt.guide.captions import TICKS
from portvakt.guide.errors import GuideError
from portvakt.guide.programs import run

RATE = 48_000
"""Samples a second of the track: one channel of signed 16-bit numbers."""
_TICK_BYTES = RATE // TICKS * 2

_ESPEAK_VOICES = {"sv": "sv", "en": "en-gb"}
_ESPEAK_WORDS_A_MINUTE = 150


@dataclass(frozen=True, slots=True)
class Clip:
    """Something said: raw samples, as the track has them."""

    samples: bytes

    @property
    def ticks(self) -> int:
        """How long it takes, rounded up to whole ticks of the film."""
        return -(-len(self.samples) // _TICK_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What is to be said in one place of a film."""

    slug: str
    number: int
    """0 is the title card, then the steps; the number after the last step is the end card."""
    language: str
    text: str
    seen: bool
    """Whether it is the sentence on what is seen, which the step's own comes before."""


class Voice(Protocol):
    """Who reads."""

    def say(self, spoken: Spoken) -> Clip | None:
        """Return it said, or None where nothing is."""
        ...


class RecordedVoice:
    """Files that somebody has read in: `register-app-03.wav` is the whole of step 3."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; in it, a folder named by a language (`sv`) comes first."""
        if not folder.is_dir():
            raise GuideError(f"there is no folder of recordings at {folder}")
        self._folder = folder

    def say(self, spoken: Spoken) -> Clip | None:
        """Return the recording of the step, None where there is none."""
        name = f"{spoken.slug}-{spoken.number:02d}.wav"
        for file in (self._folder / spoken.language / name, self._folder / name):
            if file.is_file() and not spoken.seen:
                return clip_of(file.read_bytes())
        return None


class EspeakVoice:
    """The computer's own voice: plain, and always there where `espeak-ng` is installed."""

    def say(self, spoken: Spoken) -> Clip | None:
        """Return the text read aloud in its language."""
        if not spoken.text:
            return None
        voice = _ESPEAK_VOICES[spoken.language]
        speed = str(_ESPEAK_WORDS_A_MINUTE)
        wave = run(
            ["espeak-ng", "-v", voice, "-s", speed, "--stdin", "--stdout"],
            given=spoken.text.encode(),
        )
        return clip_of(wave)


def clip_of(sound: bytes) -> Clip:
    """Return a sound file of any kind that `ffmpeg` reads, as the track has it."""
    to_raw = ["-ac", "1", "-ar", str(RATE), "-f", "s16le"]
    raw = run(["ffmpeg", "-v", "error", "-i", "pipe:0", *to_raw, "pipe:1"], given=sound)
    return Clip(raw)


def track(clips: Mapping[int, Clip], ticks: int) -> bytes:
    """Return a track of `ticks` ticks: the clips where each begins (`{tick: clip}`), else silence.

    A clip that would run past the end is cut there.
    """
    samples = bytearray(ticks * _TICK_BYTES)
    for start, clip in clips.items():
        first = start * _TICK_BYTES
        said = clip.samples[: max(0, len(samples) - first)]
        samples[first : first + len(said)] = said
    return bytes(samples)
