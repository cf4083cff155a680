"""The app as it is committed and served: small, of one piece, and of nobody else's parts."""

import gzip
import json
import re
import struct
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from portvakt.journeys.approve_push.files import AT, AppFiles
from tests.guards.tree import PACKAGE
from tests.web.make_site import make_app, make_client

BUILT = PACKAGE / "authenticator_app"
NAMES = sorted(path.name for path in BUILT.iterdir())
HASHED = re.compile(r"-[0-9A-Z]{8}\.(js|css)$")
MOST_AT_FIRST = 45 * 1024
FOR_EVER = "public, max-age=31536000, immutable"


def client() -> httpx.AsyncClient:
    return make_client(make_app(*AppFiles().routes()))


def read(name: str) -> str:
    return (BUILT / name).read_text(encoding="utf-8")


def shell() -> list[str]:
    """What the service worker keeps for a start without network."""
    found = re.search(r'\["\./".*?\]', read("sw.js"))
    assert found is not None
    names = json.loads(found[0])
    assert isinstance(names, list)
    return names


async def test_every_file_has_its_type_and_is_kept_as_long_as_its_name_lasts() -> None:
    types = {
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".webmanifest": "application/manifest+json",
    }
    async with client() as browser:
        for name in NAMES:
            if name == "index.html":
                continue
            answer = await browser.get(AT + name)
            assert answer.status_code == 200, name
            assert answer.headers["content-type"] == types[Path(name).suffix]
            kept = FOR_EVER if HASHED.search(name) else "no-cache"
            assert answer.headers["cache-control"] == kept, name
            assert "set-cookie" not in answer.headers


async def test_the_page_is_asked_for_each_time_and_answered_in_a_word_where_it_is_the_same() -> (
    None
):
    async with client() as browser:
        first = await browser.get(AT)
        assert first.headers["content-type"] == "text/html; charset=utf-8"
        assert first.headers["cache-control"] == "no-cache"
        again = await browser.get(AT, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = await browser.get(AT, headers={"if-none-match": '"other"'})
        assert other.status_code == 200


async def test_an_address_without_its_last_slash_leads_to_the_app() -> None:
    async with client() as browser:
        answer = await browser.get(AT.rstrip("/"))
        assert (answer.status_code, answer.headers["location"]) == (308, AT)


async def test_what_is_not_there_is_not_found() -> None:
    async with client() as browser:
        for name in ("index.html", "app.js", "..%2fapp.py", "app-AAAAAAAA.js", "main.ts"):
            assert (await browser.get(AT + name)).status_code == 404, name


async def test_files_are_packed_for_those_who_unpack() -> None:
    async with client() as browser:
        plain = await browser.get(f"{AT}sw.js", headers={"accept-encoding": "identity"})
        packed = await browser.get(f"{AT}sw.js", headers={"accept-encoding": "gzip"})
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert plain.text == packed.text


def test_the_first_load_is_at_most_45_kilobytes_compressed() -> None:
    """All that starts the app, with its service worker; cameras and QR codes come later."""
    pages = [BUILT / ("index.html" if name == "./" else name) for name in [*shell(), "sw.js"]]
    whole = sum(len(gzip.compress(path.read_bytes(), 9)) for path in pages)
    assert whole <= MOST_AT_FIRST, f"{whole} bytes"


def test_the_service_worker_keeps_what_the_page_loads_and_not_what_comes_on_demand() -> None:
    kept = set(shell())
    loaded = set(re.findall(r'(?:href|src)="([\w.-]+)"', read("index.html")))
    assert loaded - kept <= {"apple-touch-icon.png"}
    at_once = {
        name
        for js in kept
        if js.endswith(".js")
        for name in re.findall(r'from"\./([^"]+)"', read(js))
    }
    assert at_once <= kept
    assert kept - {"./"} <= set(NAMES)
    assert not {name for name in kept if name.startswith(("scanner", "qr_picture"))}


class Inline(HTMLParser):
    """Finds what the page's content security policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name.startswith("on") or name == "style"]


def test_nothing_in_the_page_is_inline() -> None:
    parser = Inline()
    parser.feed(read("index.html"))
    assert not parser.found


@pytest.mark.parametrize(
    "word", [".innerHTML", ".outerHTML", "insertAdjacentHTML", "document.write", "eval("]
)
def test_no_text_ever_becomes_marks_or_code(word: str) -> None:
    found = [name for name in NAMES if name.endswith(".js") and word in read(name)]
    assert not found


def test_the_app_knows_no_other_host() -> None:
    allowed = {"http://www.w3.org/2000/svg"}
    for name in NAMES:
        if name.endswith((".js", ".css", ".html", ".webmanifest")):
            assert set(re.findall(r"(?:https?|wss?)://[\w./-]+", read(name))) <= allowed, name


def test_the_manifest_makes_an_app_that_can_be_installed() -> None:
    manifest = json.loads(read("manifest.webmanifest"))
    assert manifest["start_url"] == manifest["scope"] == manifest["id"] == "./"
    assert manifest["display"] == "standalone"
    assert manifest["lang"] == "sv"
    icons = manifest["icons"]
    for wanted in (("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")):
        assert wanted in {(icon["sizes"], icon["purpose"]) for icon in icons}
    for icon in icons:
        if icon["type"] == "image/png":
            assert "x".join(map(str, png_size(icon["src"]))) == icon["sizes"], icon["src"]
        else:
            assert (BUILT / icon["src"]).is_file()
    assert png_size("apple-touch-icon.png") == (180, 180)


def png_size(name: str) -> tuple[int, int]:
    head = (BUILT / name).read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", head[16:24])
    return width, height
