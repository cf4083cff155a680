"""The app's own scanner reads a code that a camera films, and takes no code of somebody else's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.browser.seeing import Eyes
from tests.browser.small_service import CODE, SmallService, small_service

WIDTH, HEIGHT, ACROSS = 640, 480, 300
WHITE, BLACK, GREY = b"\xeb", b"\x10", b"\x80"  # of a film: luma 235 and 16, no colour


def film(text: str, file: Path) -> Path:
    """Film a QR code on white, as a YUV4MPEG2 file that Chromium takes for a camera."""
    matrix = segno.make(text, error="m").matrix
    step = ACROSS // len(matrix)
    side = step * len(matrix)
    left, top = (WIDTH - side) // 2, (HEIGHT - side) // 2
    blank = WHITE * WIDTH
    rows = [blank] * top
    for line in matrix:
        dots = b"".join((BLACK if dot else WHITE) * step for dot in line)
        rows += [WHITE * left + dots + WHITE * (WIDTH - left - side)] * step
    rows += [blank] * (HEIGHT - len(rows))
    colour = GREY * (WIDTH * HEIGHT // 2)
    frame = b"FRAME\n" + b"".join(rows) + colour
    file.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420\n".encode() + frame * 3)
    return file


@contextmanager
def with_camera(chromium: Browser, filmed: Path) -> Iterator[Page]:
    camera = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={filmed}",
    ]
    browser = chromium.browser_type.launch(
        executable_path=chromium_path(), args=[*ARGUMENTS, *camera]
    )
    try:
        yield browser.new_page(viewport={"width": 390, "height": 844})
    finally:
        browser.close()


@pytest.fixture
def service() -> Iterator[SmallService]:
    with small_service() as one:
        yield one


def scan(page: Page, service: SmallService) -> Eyes:
    page.goto(f"{service.address}/authenticator/")
    eyes = Eyes(page)
    eyes.press("Lägg till ett konto")
    eyes.press("Läs av med kameran")
    return eyes


def test_a_filmed_code_pairs(chromium: Browser, service: SmallService, tmp_path: Path) -> None:
    link = f"{service.address}/authenticator/#pair={CODE}"
    with with_camera(chromium, film(link, tmp_path / "code.y4m")) as page:
        scan(page, service).title("Klart!")
    assert [each["code"] for each in service.seen if each["act"] == "pair"] == [CODE]


def test_a_filmed_code_of_another_organisation_is_not_taken(
    chromium: Browser, service: SmallService, tmp_path: Path
) -> None:
    link = f"https://auth.evil.example/authenticator/#pair={CODE}"
    with with_camera(chromium, film(link, tmp_path / "code.y4m")) as page:
        scan(page, service).sees("Koden hör till en annan organisation, på auth.evil.example.")
    assert service.acts() == []


def test_without_a_camera_the_code_can_be_typed(chromium: Browser, service: SmallService) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, permissions=[])
    try:
        eyes = scan(context.new_page(), service)
        eyes.sees("Kameran går inte att använda.")
        expect(eyes.page.locator("video")).to_be_hidden()
        eyes.press("Skriv eller klistra in koden")
        eyes.title("Vilken kod ser du?")
    finally:
        context.close()
