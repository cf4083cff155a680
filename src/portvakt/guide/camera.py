"""The camera of the stage's phones: it films whatever is held before it."""

from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

_WIDTH: Final = 1280
_HEIGHT: Final = 720
_HELD_AT: Final = 560
"""How many pixels across the picture is, in what the camera sees."""
_ASKEW: Final = 4
"""Degrees: nobody holds a phone straight."""


class Camera:
    """Films a file, which Chromium reads again and again."""

    def __init__(self, file: Path) -> None:
        """Take the file to film."""
        self.file = file

    @property
    def arguments(self) -> list[str]:
        """What makes Chromium film the file, having asked nobody."""
        return [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={self.file}",
        ]

    def sees(self, picture: bytes) -> None:
        """Hold a picture (PNG) before the camera, a little askew, on a white table."""
        table = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
        with Image.open(BytesIO(picture)) as held:
            across = held.convert("RGB").resize((_HELD_AT, _HELD_AT * held.height // held.width))
        askew = across.rotate(_ASKEW, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
        table.paste(askew, ((_WIDTH - askew.width) // 2, (_HEIGHT - askew.height) // 2))
        self._film(table)

    def sees_nothing(self) -> None:
        """Hold nothing before the camera but the table."""
        self._film(Image.new("RGB", (_WIDTH, _HEIGHT), "white"))

    def _film(self, picture: Image.Image) -> None:
        """Write a film of one picture (YUV4MPEG2) over the one before, which may be running.

        Every such film has the same length, so whoever reads the file finds a whole picture.
        """
        brightness, *colours = picture.convert("YCbCr").split()
        half = (picture.width // 2, picture.height // 2)
        planes = [brightness, *(each.resize(half, Image.Resampling.BOX) for each in colours)]
        header = f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F10:1 Ip A1:1 C420jpeg\nFRAME\n"
        content = header.encode() + b"".join(plane.tobytes() for plane in planes)
        self.file.touch()
        with self.file.open("r+b") as film:
            film.write(content)
