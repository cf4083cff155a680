"""The guide is read by anybody, and nothing beside it is."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from portvakt.settings.guide_structs import Guide
from tests.journeys.read_guide.made import FILM, make_guide
from tests.world import Browser, Page, world

FILM_AT = "/guide/sv/films/forgotten-password.mp4"


@asynccontextmanager
async def reader(folder: Path, url: str, guide: Path | None) -> AsyncIterator[Browser]:
    chosen = Guide(folder=None if guide is None else str(guide))
    async with world(folder, url, guide=chosen) as one, one.browser() as browser:
        yield browser


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    folder = tmp_path / "guide"
    make_guide(folder)
    return folder


async def test_anybody_reads_it_in_their_language(
    tmp_path: Path, sqlite_url: str, guide: Path
) -> None:
    make_guide(guide, "en", "Getting started")
    async with reader(tmp_path, sqlite_url, guide) as browser:
        page = await browser.get("/guide")
        assert (page.path, page.title) == ("/guide/sv/", "Kom igång")
        await browser.get("/sign-in")
        await browser.post("/language", {"language": "en", "to": "/sign-in"})
        page = await browser.get("/guide")
        assert (page.path, page.title) == ("/guide/en/", "Getting started")


async def test_one_language_is_better_than_none(
    tmp_path: Path, sqlite_url: str, guide: Path
) -> None:
    shutil.move(guide / "sv", guide / "en")
    async with reader(tmp_path, sqlite_url, guide) as browser:
        assert (await browser.get("/guide/")).path == "/guide/en/"
        assert (await browser.get("/guide/sv/")).status == 404


async def test_where_there_is_none_the_page_says_so(tmp_path: Path, sqlite_url: str) -> None:
    for folder in (None, tmp_path / "not-made-yet"):
        async with reader(tmp_path, sqlite_url, folder) as browser:
            for path in ("/guide", "/guide/", "/guide/sv", "/guide/sv/", "/guide/sv/book.css"):
                page = await browser.get(path)
                assert page.status == 404, path
                assert page.title


async def test_an_address_without_its_slash_leads_on(
    tmp_path: Path, sqlite_url: str, guide: Path
) -> None:
    async with reader(tmp_path, sqlite_url, guide) as browser:
        answer = await browser.client.get("/guide/sv", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (308, "/guide/sv/")


@pytest.mark.parametrize(
    ("name", "kind", "kept"),
    [
        ("", "text/html; charset=utf-8", None),
        ("index.html", "text/html; charset=utf-8", None),
        ("book.css", "text/css; charset=utf-8", None),
        ("pictures/forgotten-password-1.png", "image/png", None),
        ("films/forgotten-password.mp4", "video/mp4", None),
        ("films/forgotten-password.sv.vtt", "text/vtt; charset=utf-8", None),
        ("guide.pdf", "application/pdf", 'inline; filename="guide-sv.pdf"'),
        ("one-file.html", "text/html; charset=utf-8", 'attachment; filename="one-file-sv.html"'),
    ],
)
async def test_each_file_says_what_it_is(
    tmp_path: Path, sqlite_url: str, guide: Path, name: str, kind: str, kept: str | None
) -> None:
    async with reader(tmp_path, sqlite_url, guide) as browser:
        answer = (await browser.get(f"/guide/sv/{name}")).response
        assert answer.status_code == 200
        assert answer.headers["content-type"] == kind
        assert answer.headers.get("content-disposition") == kept
        assert "set-cookie" not in answer.headers


async def test_its_films_may_play_and_fill_the_screen_and_nothing_else_may_more(
    tmp_path: Path, sqlite_url: str, guide: Path
) -> None:
    async with reader(tmp_path, sqlite_url, guide) as browser:
        there = (await browser.get("/guide/sv/")).response.headers
        elsewhere = (await browser.get("/sign-in")).response.headers
    policy = "content-security-policy"
    assert there[policy] == elsewhere[policy] + "; media-src 'self'"
    wide = elsewhere["permissions-policy"].replace("fullscreen=()", "fullscreen=(self)")
    assert there["permissions-policy"] == wide != elsewhere["permissions-policy"]


async def test_what_a_browser_has_already_is_not_sent_again(
    tmp_path: Path, sqlite_url: str, guide: Path
) -> None:
    async with reader(tmp_path, sqlite_url, guide) as browser:
        for path, cached in (("/guide/sv/", "public, max-age=60"), (FILM_AT, "public, no-cache")):
            first = (await browser.get(path)).response
            assert first.headers["cache-control"] == cached
            mark = first.headers["etag"]
            for sent in (mark, f"W/{mark}", f'"other", {mark}', "*"):
                again = (await browser.get(path, **{"if-none-match": sent})).response
                assert (again.status_code, again.content) == (304, b"")
                assert again.headers["etag"] == mark
            other = await browser.get(path, **{"if-none-match": '"other"'})
            assert other.status == 200


async def test_a_new_version_is_seen_at_once(tmp_path: Path, sqlite_url: str, guide: Path) -> None:
    async with reader(tmp_path, sqlite_url, guide) as browser:
        mark = (await browser.get("/guide/sv/")).response.headers["etag"]
        shutil.rmtree(guide / "sv")
        make_guide(guide, title="Kom igång igen")
        page = await browser.get("/guide/sv/", **{"if-none-match": mark})
        assert (page.status, page.title) == (200, "Kom igång igen")


@pytest.mark.parametrize(
    ("asked", "status", "part", "told"),
    [
        ("bytes=0-99", 206, FILM[:100], f"bytes 0-99/{len(FILM)}"),
        ("bytes=10000-", 206, FILM[10000:], f"bytes 10000-{len(FILM) - 1}/{len(FILM)}"),
        ("bytes=-5", 206, FILM[-5:], f"bytes {len(FILM) - 5}-{len(FILM) - 1}/{len(FILM)}"),
        (f"bytes={len(FILM)}-", 416, None, f"bytes */{len(FILM)}"),
        ("lines=1-2", 200, FILM, None),
    ],
)
async def test_a_film_is_given_in_the_parts_that_are_asked_for(
    tmp_path: Path,
    sqlite_url: str,
    guide: Path,
    asked: str,
    status: int,
    part: bytes | None,
    told: str | None,
) -> None:
    async with reader(tmp_path, sqlite_url, guide) as browser:
        answer = (await browser.get(FILM_AT, range=asked)).response
        assert (answer.status_code, answer.headers.get("content-range")) == (status, told)
        assert part is None or answer.content == part
        if status == 206:
            whole = (await browser.get(FILM_AT, range=asked, **{"if-range": '"other"'})).response
            assert (whole.status_code, whole.content) == (200, FILM)


async def test_words_are_packed_for_who_unpacks_them(
    tmp_path: Path, sqlite_url: str, guide: Path
) -> None:
    async with reader(tmp_path, sqlite_url, guide) as browser:
        packed = (await browser.get("/guide/sv/", **{"accept-encoding": "gzip"})).response
        plain = (await browser.get("/guide/sv/", **{"accept-encoding": "identity"})).response
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.text == plain.text == "<!doctype html><h1>Kom igång</h1>"
        assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png",
        "..%2fsecret.png",
        "%2e%2e/secret.png",
        "pictures/../../secret.png",
        "pictures/..%2f..%2f..%2fsecret.png",
        "pictures/%2e%2e%2fsecret.png",
        "..\\secret.png",
        "secret.png%00.png",
        "pictures//secret.png",
        ".secret.png",
        "leads-out.png",
        "leads-out-below/secret.png",
        "folder.png",
        "steps.json",
        "shots/secret.png",
        "notes.md",
        "films/program.js",
    ],
)
async def test_nothing_beside_the_guide_is_given_away(
    tmp_path: Path, sqlite_url: str, guide: Path, path: str
) -> None:
    own = guide / "sv"
    secret = b"\x89PNG secret"
    places = [tmp_path / "secret.png", guide / "secret.png", own / ".secret.png", own / "notes.md"]
    (own / "shots").mkdir()
    (own / "folder.png").mkdir()
    for place in (*places, own / "shots" / "secret.png", own / "films" / "program.js"):
        place.write_bytes(secret)
    (own / "leads-out.png").symlink_to(tmp_path / "secret.png")
    (own / "leads-out-below").symlink_to(tmp_path)
    async with reader(tmp_path, sqlite_url, guide) as browser:
        answer = await browser.client.get(f"/guide/sv/{path}", headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert secret not in answer.content


async def test_folders_of_pictures_that_lead_out_are_none(
    tmp_path: Path, sqlite_url: str, guide: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.png").write_bytes(b"secret")
    shutil.rmtree(guide / "sv" / "pictures")
    (guide / "sv" / "pictures").symlink_to(tmp_path / "other")
    async with reader(tmp_path, sqlite_url, guide) as browser:
        page: Page = await browser.get("/guide/sv/pictures/secret.png")
        assert page.status == 404
