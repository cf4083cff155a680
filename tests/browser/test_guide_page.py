"""The page of the guide in a browser: for everybody, at every width, with nothing but itself."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from portvakt.guide.pages import write_pages
from portvakt.texts import LANGUAGES, Texts
from portvakt.web.headers import GUIDE_SECURITY_POLICY
from tests.browser.looking import axe_findings, small_targets, too_wide
from tests.guide.a_book import a_book, some_films

WIDTHS = (1280, 390)
SCHEMES: dict[str, Literal["light", "dark"]] = {"sv": "light", "en": "dark"}


class _Strict(SimpleHTTPRequestHandler):
    """Files of a folder, under the policy that the guide's pages have with us."""

    def end_headers(self) -> None:
        if self.path.endswith("/"):  # the one file is opened from where it was kept
            self.send_header("content-security-policy", GUIDE_SECURITY_POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("guide")
    for language in LANGUAGES:
        own: Path = folder / language
        book = a_book(own, language)
        write_pages(book, some_films(own, book), own, Texts.load())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Strict, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def opened(chromium: Browser, address: str, language: str, width: int) -> Page:
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, color_scheme=SCHEMES[language]
    )
    page = context.new_page()
    page.goto(address)
    return page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", ["", "one-file.html"])
def test_axe_finds_nothing(
    chromium: Browser, guide: str, language: str, file: str, width: int
) -> None:
    page = opened(chromium, f"{guide}/{language}/{file}", language, width)
    assert not axe_findings(page)
    assert not small_targets(page)
    assert too_wide(page) is None
    page.context.close()


@pytest.mark.parametrize("file", ["", "one-file.html"])
def test_it_can_be_read_on_the_smallest_screen_with_letters_twice_as_large(
    chromium: Browser, guide: str, file: str
) -> None:
    page = opened(chromium, f"{guide}/sv/{file}", "sv", 320)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert too_wide(page) is None
    page.context.close()


def test_a_link_to_a_step_shows_that_step(chromium: Browser, guide: str) -> None:
    page = opened(chromium, f"{guide}/sv/#reset-password-save", "sv", 390)
    page.evaluate("document.querySelector('#reset-password-save img').decode()")
    top: float = page.evaluate(
        "document.querySelector('#reset-password-save').getBoundingClientRect().top"
    )
    assert 0 <= top < 300
    page.context.close()


def test_the_policy_of_our_pages_lets_all_of_it_be_shown(chromium: Browser, guide: str) -> None:
    page = opened(chromium, f"{guide}/sv/", "sv", 1280)
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text))
    page.reload()
    page.evaluate("document.querySelectorAll('img').forEach(each => each.loading = 'eager')")
    page.evaluate("Promise.all([...document.images].map(each => each.decode()))")
    assert page.evaluate("[...document.images].every(each => each.naturalWidth > 0)")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.steps > li')).display") == "grid"
    )
    modes = page.evaluate(
        "[...document.querySelector('video').textTracks].map(each => [each.language, each.mode])"
    )
    assert ["sv", "showing"] in modes
    assert not [each for each in refused if "Content Security Policy" in each]
    page.context.close()
