"""A phone beside the desk: a second Chromium, whose camera films whatever is held before it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserType, Page

from tests.browser.small_service import with_screen_lock

WIDTH, HEIGHT = 1280, 720
HELD_AT = 560
"""How many pixels across the picture is, in what the camera sees."""

PhoneMaker = Callable[..., Page]


class Camera:
    """The picture that is held before the phone; Chromium opens the file when filming begins."""

    def __init__(self, file: Path) -> None:
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
        table = Image.new("RGB", (WIDTH, HEIGHT), "white")
        with Image.open(BytesIO(picture)) as held:
            across = held.convert("RGB").resize((HELD_AT, HELD_AT * held.height // held.width))
        askew = across.rotate(4, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
        table.paste(askew, ((WIDTH - askew.width) // 2, (HEIGHT - askew.height) // 2))
        self.file.write_bytes(one_frame(table))


def one_frame(picture: Image.Image) -> bytes:
    """A film of one picture as YUV4MPEG2: brightness in full, both colours at half the size."""
    brightness, *colours = picture.convert("YCbCr").split()
    half = (picture.width // 2, picture.height // 2)
    planes = [brightness, *(colour.resize(half, Image.Resampling.BOX) for colour in colours)]
    header = f"YUV4MPEG2 W{picture.width} H{picture.height} F10:1 Ip A1:1 C420jpeg\nFRAME\n"
    return header.encode() + b"".join(plane.tobytes() for plane in planes)


@contextmanager
def phones(
    chromium: BrowserType, path: str, arguments: list[str], camera: Camera
) -> Iterator[PhoneMaker]:
    """Phones out of the box, each with a screen lock; they are switched off at the end."""
    camera.sees(blank())
    browser = chromium.launch(executable_path=path, args=[*arguments, *camera.arguments])

    def new(**more: object) -> Page:
        return new_phone(browser, **more)

    yield new
    browser.close()


def blank() -> bytes:
    out = BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, "PNG")
    return out.getvalue()


def new_phone(browser: Browser, **more: object) -> Page:
    """A phone of 390 by 844 that is touched, with storage and keys of its own."""
    context = browser.new_context(
        timezone_id="Europe/Stockholm",
        locale="sv-SE",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
        permissions=["camera", "notifications"],
        **more,  # type: ignore[arg-type] # whatever else Playwright knows
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    with_screen_lock(page)
    return page
