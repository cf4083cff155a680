"""A film is what its timeline says: pictures, captions, chapter marks and sound in step."""

import json
import re
import subprocess
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from portvakt.guide.captions import TICKS
from portvakt.guide.errors import GuideError
from portvakt.guide.film import make_film
from portvakt.guide.placing import BAND, HEIGHT, WIDTH, layout
from portvakt.guide.steps import At
from portvakt.guide.telling import FilmFiles
from portvakt.guide.timeline import Timeline, timeline
from portvakt.guide.voice import RecordedVoice, track
from tests.guide.a_chapter import (
    ADDRESS,
    ALLOW,
    BUTTON,
    DONE,
    PROMPT,
    SIGNED_IN,
    SIZES,
    a_book,
    a_chapter,
)

SMALL = (192, 108)
"""The whole film is looked at in this size."""
RECORDED = 9
"""Seconds that somebody takes to read step 2."""
CUE = re.compile(
    r"(\d+):(\d+):(\d+)\.(\d+) --> (\d+):(\d+):(\d+)\.(\d+)\n(.+?)\n(?:\n|$)", re.DOTALL
)


@dataclass(frozen=True)
class Made:
    """A film of three steps, with somebody's voice and with captions burned in."""

    folder: Path
    files: FilmFiles
    laid_out: Timeline
    looked_at: dict[str, list[bytes]] = field(default_factory=dict)

    def probed(self, name: str) -> dict[str, Any]:
        asked = ["-show_streams", "-show_chapters", "-show_format", "-of", "json"]
        command = ["ffprobe", "-v", "error", *asked, str(self.folder / name)]
        found: dict[str, Any] = json.loads(
            subprocess.run(command, check=True, capture_output=True).stdout
        )
        return found

    def cues(self, language: str) -> list[tuple[float, float, str]]:
        text = (self.folder / self.files.captions[language]).read_text(encoding="utf-8")
        found = []
        for cue in CUE.finditer(text):
            numbers = [int(number) for number in cue.groups()[:8]]
            first, last = (
                hours * 3600 + minutes * 60 + seconds + thousandths / 1000
                for hours, minutes, seconds, thousandths in (numbers[:4], numbers[4:])
            )
            found.append((first, last, cue[9].replace("\n", " ")))
        return found

    def pictures(self, name: str) -> list[bytes]:
        """Return the whole film, small, as a player would show it: 25 pictures a second."""
        if name in self.looked_at:
            return self.looked_at[name]
        wide, high = SMALL
        size = wide * high * 3
        every = f"scale={wide}:{high}:flags=area,fps={TICKS}"
        raw = _raw(self.folder / name, every)
        self.looked_at[name] = [raw[at : at + size] for at in range(0, len(raw), size)]
        return self.looked_at[name]


def _raw(film: Path, looked: str) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-vf", looked]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def colour_at(picture: bytes, x: float, y: float, size: tuple[int, int] = SMALL) -> tuple[int, ...]:
    """Return the colour of a place, given as shares of the whole picture."""
    at = (round(y * size[1]) * size[0] + round(x * size[0])) * 3
    return tuple(picture[at : at + 3])


def pixel(picture: bytes, x: float, y: float) -> tuple[int, ...]:
    """Return the colour of a pixel of a picture in its full size."""
    return colour_at(picture, x / WIDTH, y / HEIGHT, (WIDTH, HEIGHT))


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def near(one: tuple[int, ...], other: tuple[int, ...], most: int = 12) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= most


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("film")
    with wave.open(str(folder / "sign-in-from-home-02.wav"), "wb") as spoken:
        spoken.setparams((1, 2, 22_050, 0, "NONE", "not compressed"))
        spoken.writeframes(b"\x00\x40" * 22_050 * RECORDED)
    chapters = {language: a_chapter(language, folder) for language in ("sv", "en")}
    files = make_film(
        chapters["sv"],
        chapters,
        a_book("sv", chapters["sv"]),
        folder,
        burn=True,
        voice=RecordedVoice(folder),
    )
    said = {
        "sv": "Hela guiden finns på mfa.region.example/guide",
        "en": "The whole guide is at mfa.region.example/guide",
    }
    return Made(folder, files, timeline(chapters, "sv", said, RecordedVoice(folder)))


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_both_films_are_full_hd_and_as_long_as_the_timeline(made: Made, ending: str) -> None:
    found = made.probed(f"films/sign-in-from-home.{ending}")
    video = next(stream for stream in found["streams"] if stream["codec_type"] == "video")
    assert (video["width"], video["height"]) == (1920, 1080)
    assert video["r_frame_rate"] == "25/1"
    assert video["codec_name"] == {"mp4": "h264", "webm": "vp9"}[ending]
    assert float(found["format"]["duration"]) == pytest.approx(made.files.seconds, abs=0.05)


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_each_step_is_a_chapter_between_the_two_cards(made: Made, ending: str) -> None:
    marks = made.probed(f"films/sign-in-from-home.{ending}")["chapters"]
    assert [mark["tags"]["title"] for mark in marks] == [
        "Logga in hemifrån",
        "Öppna sidan på datorn.",
        "Välj ”Logga in”.",
        "Tryck på numret i telefonen.",
        "Klart! Du är inne.",
    ]
    assert [part.title for part in made.files.parts] == [mark["tags"]["title"] for mark in marks]
    starts = [float(mark["start_time"]) for mark in marks]
    assert [part.starts for part in made.files.parts] == pytest.approx(starts, abs=0.01)


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_the_screen_of_its_step_stands_in_the_middle_of_each_caption(
    made: Made, ending: str
) -> None:
    pictures = made.pictures(f"films/sign-in-from-home.{ending}")
    desk, both = (0.62, 0.7), (0.9, 0.7)
    places = [(0.5, 0.85), desk, desk, desk, both, both, (0.5, 0.85)]
    screens = ["#0B5A8A", ADDRESS, ADDRESS, ADDRESS, PROMPT, DONE, "#0B5A8A"]
    cues = made.cues("sv")
    assert len(cues) == len(screens)
    for (first, last, text), place, screen in zip(cues, places, screens, strict=True):
        picture = pictures[round((first + last) / 2 * TICKS)]
        assert near(colour_at(picture, *place), rgb(screen)), (text, screen)


def test_what_a_press_leads_to_comes_after_it_and_before_the_next_step(made: Made) -> None:
    begins, ends = (round(part.starts * TICKS) for part in made.files.parts[2:4])
    shown = [
        colour_at(picture, 0.62, 0.7) for picture in made.pictures(made.files.mp4)[begins:ends]
    ]
    assert near(shown[0], rgb(ADDRESS))
    assert near(shown[-1], rgb(SIGNED_IN))
    assert sum(near(colour, rgb(SIGNED_IN)) for colour in shown) >= TICKS


def test_nothing_stands_where_captions_do_until_they_are_burned_in(made: Made) -> None:
    cues = made.cues("sv")
    at = [round((first + last) / 2 * TICKS) for first, last, _ in cues]
    burned = made.pictures(str(made.files.burned))
    for tick in at[1:-1]:
        below = [colour_at(made.pictures(made.files.mp4)[tick], x / 20, 0.92) for x in range(1, 20)]
        assert all(near(colour, rgb("#F6F7F9")) for colour in below)
        row = [colour_at(burned[tick], x / 190, 0.92) for x in range(60, 130)]
        assert any(near(colour, rgb("#10161C"), 24) for colour in row)
        assert near(
            colour_at(burned[tick], 0.62, 0.7),
            colour_at(made.pictures(made.files.mp4)[tick], 0.62, 0.7),
        )


def test_ring_and_pointer_are_where_they_were_told(made: Made) -> None:
    laid_out = made.laid_out
    for at, ring, sizes, drawn in (
        (At.DESK, BUTTON, {At.DESK: SIZES[At.DESK]}, (6, 14)),
        (At.PHONE, ALLOW, SIZES, (0, 28)),
    ):
        moment = next(
            moment
            for moment in laid_out.moments
            if moment.view.active is at and moment.view.ring and not moment.view.pulse
        )
        tick = moment.start + moment.ticks // 2
        picture = _raw(made.folder / made.files.mp4, f"fps={TICKS},select='eq(n,{tick})'")
        where = layout(sizes).screens[at].box(ring)
        middle = where.x + where.width / 4
        for edge in (where.y - 11, where.y + where.height + 11):
            assert near(pixel(picture, middle, edge), rgb("#C2006B"), 30)
        screen = rgb(ADDRESS if at is At.DESK else PROMPT)
        assert near(pixel(picture, middle, where.y + where.height / 4), screen)
        tip = (where.x + where.width / 2, where.y + where.height / 2)
        assert sum(pixel(picture, tip[0] + drawn[0], tip[1] + drawn[1])) < sum(screen) - 80
        assert near(pixel(picture, tip[0] - 45, tip[1]), screen)


def test_a_step_lasts_as_long_as_the_voice_that_reads_it(made: Made) -> None:
    begins, ends = (part.starts for part in made.files.parts[2:4])
    assert ends - begins >= RECORDED
    (start, clip), *others = made.laid_out.clips.items()
    assert not others
    assert start == round(begins * TICKS)
    assert clip.ticks == RECORDED * TICKS


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_with_a_voice_there_is_a_sound_track_as_long_as_the_film(made: Made, ending: str) -> None:
    found = made.probed(f"films/sign-in-from-home.{ending}")["streams"]
    (sound,) = (stream for stream in found if stream["codec_type"] == "audio")
    assert sound["tags"]["language"] == "swe"
    laid_out = made.laid_out
    assert len(track(laid_out.clips, laid_out.ticks)) == laid_out.ticks * 48_000 // TICKS * 2


def test_without_a_voice_nothing_is_said(tmp_path: Path) -> None:
    chapter = a_chapter("sv", tmp_path)
    assert not timeline({"sv": chapter}, "sv", {"sv": "Slut."}, None).clips


def test_the_transcript_has_each_word_and_when_it_is_said(made: Made) -> None:
    assert (made.folder / made.files.transcript).read_text(encoding="utf-8") == (
        "Logga in hemifrån\n\n"
        "0:00  Logga in hemifrån. Du behöver din telefon.\n\n"
        "0:04  1. Öppna sidan på datorn. Du ser din e-postadress.\n\n"
        "0:10  2. Välj ”Logga in”.\n\n"
        "0:19  3. Tryck på numret i telefonen. Du är inloggad på datorn.\n\n"
        "0:25  Klart! Du är inne. Hela guiden finns på mfa.region.example/guide\n"
    )


def test_captions_of_the_other_language_have_the_same_times(made: Made) -> None:
    both = [[(first, last) for first, last, _ in made.cues(each)] for each in ("sv", "en")]
    assert both[0] == both[1]


def test_the_poster_is_the_title_card(made: Made) -> None:
    raw = _raw(made.folder / made.files.poster, "scale=192:108:flags=area")
    assert near(colour_at(raw, 0.5, 0.85), rgb("#0B5A8A"))


def test_screens_leave_room_for_captions_and_words() -> None:
    phones = {At.PHONE: SIZES[At.PHONE], At.NEW_PHONE: SIZES[At.PHONE]}
    for sizes in ({At.DESK: SIZES[At.DESK]}, {At.PHONE: SIZES[At.PHONE]}, SIZES, phones):
        placed = layout(sizes)
        left = placed.panel.x + placed.panel.width
        assert placed.panel.width >= 340
        for screen in sorted(placed.screens.values(), key=lambda screen: screen.x):
            assert left < screen.x
            assert screen.x + screen.width < WIDTH
            assert screen.y + screen.height < BAND
            left = screen.x + screen.width


def test_a_missing_ffmpeg_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chapter = a_chapter("sv", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GuideError, match="apt-get install ffmpeg"):
        make_film(chapter, {}, a_book("sv", chapter), tmp_path)


def test_a_folder_of_recordings_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GuideError, match="nowhere"):
        RecordedVoice(tmp_path / "nowhere")
