"""Pictures, chapter marks and sound become MP4 and WebM, by one run of `ffmpeg`.

All stands on a grid of 25 pictures a second, but a picture that stands still is only handed over
every other second: a guide of many films is then made in minutes, and its files are small.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from portvakt.guide.captions import TICKS
from portvakt.guide.placing import HEIGHT, WIDTH
from portvakt.guide.programs import failed, program
from portvakt.guide.voice import RATE

_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-tune", "stillimage", "-crf", "20")
_VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1")
_VP9_QUALITY = ("-crf", "30", "-b:v", "0")
_COLOURS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
_AAC = ("-c:a", "aac", "-b:a", "96k")
_OPUS = ("-c:a", "libopus", "-b:a", "48k")

_LANGUAGES = {"sv": "swe", "en": "eng"}
"""ISO 639-2, as both containers have it."""
_SPECIAL = "=;#\\\n"
"""What is escaped in ffmpeg's metadata files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reel:
    """A film that is ready to be encoded."""

    starts: Sequence[int]
    """The tick that each picture is first shown at; the last one stands for one tick."""
    title: str
    organisation: str
    language: str
    chapters: Sequence[tuple[int, str]]
    """Where each begins, and its title."""
    sound: bytes | None = None
    """Raw samples, as `voice.track` makes them."""

    @property
    def ticks(self) -> int:
        """How long the film is."""
        return self.starts[-1] + 1


def encode(
    reel: Reel,
    pictures: Iterable[bytes],
    files: Sequence[Path],
    progress: Callable[[float], None],
) -> None:
    """Write the pictures (RGB, one for each of the reel's starts) to each file, as its ending says.

    `progress` is told the share of the pictures that is handed over. `GuideError` if it fails.
    """
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile() as complaints:
        command = _command(reel, files, Path(scratch))
        process = subprocess.Popen(  # noqa: S603 - arguments are ours, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=complaints
        )
        assert process.stdin is not None  # noqa: S101 - asked for above
        try:
            for done, picture in enumerate(pictures, 1):
                process.stdin.write(picture)
                progress(done / len(reel.starts))
            process.stdin.close()
        except BrokenPipeError:
            pass  # what ffmpeg says of it comes below
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.wait() != 0:
            complaints.seek(0)
            raise failed("ffmpeg", complaints.read())


def metadata(reel: Reel) -> str:
    """Return title, organisation and chapter marks as ffmpeg's metadata file has them."""
    lines = [
        ";FFMETADATA1",
        f"title={_escaped(reel.title)}",
        f"artist={_escaped(reel.organisation)}",
        f"language={_LANGUAGES[reel.language]}",
    ]
    ends = [*(start for start, _ in reel.chapters[1:]), reel.ticks]
    for (start, title), end in zip(reel.chapters, ends, strict=True):
        lines += ["[CHAPTER]", f"TIMEBASE=1/{TICKS}", f"START={start}", f"END={end}"]
        lines.append(f"title={_escaped(title)}")
    return "\n".join(lines) + "\n"


def _command(reel: Reel, files: Sequence[Path], scratch: Path) -> list[str]:
    told = scratch / "metadata.txt"
    told.write_text(metadata(reel), encoding="utf-8")
    size = f"{WIDTH}x{HEIGHT}"
    command = [program("ffmpeg"), "-v", "error", "-y"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(TICKS), "-i", "pipe:0"]
    command += ["-i", str(told)]
    if reel.sound is not None:
        track = scratch / "track.raw"
        track.write_bytes(reel.sound)
        command += ["-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", str(track)]
    outputs = "".join(f"[out{at}]" for at in range(len(files)))
    steps = (
        f"setpts='{_start_of_picture(reel.starts)}'",
        "scale=out_color_matrix=bt709:out_range=tv",
        "format=yuv420p",
        f"split={len(files)}{outputs}",
    )
    command += ["-filter_complex", f"[0:v]{','.join(steps)}"]
    for at, file in enumerate(files):
        command += ["-map", f"[out{at}]", *_output(reel, file)]
    return command


def _output(reel: Reel, file: Path) -> list[str]:
    """Return the options of one file, and its name."""
    mp4 = file.suffix == ".mp4"
    keys = ",".join(f"{start / TICKS:.2f}" for start, _ in reel.chapters)
    language = f"language={_LANGUAGES[reel.language]}"
    options = ["-map_metadata", "1", "-map_chapters", "1", "-fps_mode", "vfr"]
    options += ["-force_key_frames", keys, "-metadata:s:v", language]
    options += [*(_H264 if mp4 else (*_VP9, *_VP9_QUALITY)), *_COLOURS]
    if reel.sound is not None:
        options += ["-map", "2:a", *(_AAC if mp4 else _OPUS), "-metadata:s:a", language]
    if mp4:
        options += ["-movflags", "+faststart"]
    return [*options, str(file)]


def _start_of_picture(starts: Sequence[int], first: int = 0) -> str:
    """Return an expression of ffmpeg for when picture number N begins.

    It halves the list again and again: ffmpeg's parser takes no deep or long chain.
    """
    if len(starts) == 1:
        return str(starts[0])
    half = len(starts) // 2
    before = _start_of_picture(starts[:half], first)
    after = _start_of_picture(starts[half:], first + half)
    return f"if(lt(N,{first + half}),{before},{after})"


def _escaped(text: str) -> str:
    return "".join(f"\\{each}" if each in _SPECIAL else each for each in text)
