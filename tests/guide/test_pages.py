"""The pages of the guide have all that a book says, and need nothing from anywhere else."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pikepdf
import pytest

from portvakt.guide.pages import in_words, write_one_file, write_pages, write_steps
from portvakt.guide.rendering import Pages, breakable, on_paper, rows, stylesheet
from portvakt.guide.telling import Book, Line
from portvakt.texts import LANGUAGES, Texts
from tests.guide.a_book import a_book, some_films

TEXTS = Texts.load()
HOSTILE = '"><script>alert(1)</script><img src=//evil.example/x>'


class Read(HTMLParser):
    """What somebody reads, in order, and what a page refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.refers: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._unread = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        self._unread += tag in ("style", "script", "title")
        if tag == "img":
            self.words.append(given["alt"])
        elif tag != "wbr":
            self.words.append(" ")
        self.refers += [
            given[name] for name in ("href", "src", "poster", "action", "srcset") if name in given
        ]

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in ("style", "script", "title")

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.words.append(data)

    def text(self) -> str:
        return " ".join("".join(self.words).split())


class Made:
    """A guide in its folder."""

    def __init__(self, folder: Path, language: str, **changed: str) -> None:
        self.folder = folder
        self.book = a_book(folder, language, **changed)
        write_pages(self.book, some_films(folder, self.book), folder, TEXTS)

    def pages(self) -> int:
        with pikepdf.open(self.folder / "guide.pdf") as pdf:
            return len(pdf.pages)

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("guide"), request.param)


def told(book: Book, *, pictures: bool) -> list[str]:
    """Everything that a book says, in the order in which it says it."""
    said = []
    for chapter in book.chapters:
        said += [chapter.title, chapter.lead]
        for line in chapter.lines:
            said += [TEXTS.say(book.language, f"guide.page_at_{line.at}"), line.do]
            said += [line.picture.alt] if pictures and line.picture else []
            said += [line.seen] if line.seen else []
        said += [TEXTS.say(book.language, "web.done"), chapter.end]
    return said


def in_order(text: str, said: list[str]) -> list[str]:
    """Return what is not there, or not after what it comes after."""
    at, missing = 0, []
    for each in said:
        found = text.find(each, at)
        if found < 0:
            missing.append(each)
        else:
            at = found + len(each)
    return missing


@pytest.mark.parametrize("name", ["index.html", "one-file.html"])
def test_a_page_says_all_that_the_book_says_in_its_order(made: Made, name: str) -> None:
    assert not in_order(Read(made.read(name)).text(), told(made.book, pictures=True))


@pytest.mark.parametrize("name", ["index.html", "one-file.html"])
def test_the_words_alone_tell_every_step(made: Made, name: str) -> None:
    without = re.sub(r"<img[^>]*>", "", made.read(name))
    assert not in_order(Read(without).text(), told(made.book, pictures=False))


def test_each_step_can_be_led_to(made: Made) -> None:
    there = {given.get("id") for _, given in Read(made.read("index.html")).tags}
    wanted = {each.slug for each in made.book.chapters} | {
        f"{each.slug}-{line.name}" for each in made.book.chapters for line in each.lines
    }
    assert wanted <= there


@pytest.mark.parametrize("name", ["index.html", "one-file.html"])
def test_what_is_led_to_is_there(made: Made, name: str) -> None:
    page = Read(made.read(name))
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(ids) == len(set(ids))
    for address in page.refers:
        if address.startswith("#"):
            assert address[1:] in ids
        elif not address.startswith(("data:", "tel:", "../")):
            assert (made.folder / address.partition("#")[0]).is_file(), address


def test_the_page_refers_to_nothing_outside_the_guide(made: Made) -> None:
    other = {"sv": "en", "en": "sv"}[made.book.language]
    outside = [
        address
        for address in Read(made.read("index.html")).refers
        if re.match(r"/|\.\.|[a-z]+:", address)
    ]
    assert sorted({each.partition(":")[0] for each in outside}) == sorted(
        [f"../{other}/", "data", "tel"]
    )
    assert "url(" not in made.read("book.css")


def test_the_page_has_no_script_and_no_style_of_its_own(made: Made) -> None:
    page = Read(made.read("index.html"))
    assert not [tag for tag, _ in page.tags if tag in ("script", "style")]
    assert not [
        name for _, given in page.tags for name in given if name == "style" or name.startswith("on")
    ]


def test_the_one_file_refers_to_nothing_but_itself(made: Made) -> None:
    page = made.read("one-file.html")
    assert {each[:1] if each[0] == "#" else each[:15] for each in Read(page).refers} == {
        "#",
        "data:image/png;",
    }
    assert "url(" not in page
    assert "@import" not in page


def test_pictures_come_when_they_are_needed_and_have_their_room(made: Made) -> None:
    pictures = [line.picture for chapter in made.book.chapters for line in chapter.lines]
    shown = [given for tag, given in Read(made.read("index.html")).tags if tag == "img"]
    assert [
        (given["src"], given["width"], given["height"], given["loading"]) for given in shown
    ] == [(each.file, str(each.width), str(each.height), "lazy") for each in pictures if each]


def test_the_film_plays_with_captions_in_the_language_of_the_page(made: Made) -> None:
    tags = Read(made.read("index.html")).tags
    (video,) = [given for tag, given in tags if tag == "video"]
    assert video["preload"] == "none"
    assert "controls" in video
    tracks = {
        given["srclang"]: "default" in given
        for tag, given in tags
        if tag == "track" and given["kind"] == "captions"
    }
    assert tracks == {language: language == made.book.language for language in LANGUAGES}
    assert [given["type"] for tag, given in tags if tag == "source"] == ["video/mp4", "video/webm"]
    assert "films/register-app.mp4#t=12.5" in Read(made.read("index.html")).refers


def test_a_guide_without_films_speaks_of_none(tmp_path: Path) -> None:
    book = a_book(tmp_path)
    write_pages(book, None, tmp_path, TEXTS)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<video" not in page
    assert "film" not in Read(page).text().split("Lägg till appen")[0].lower()


def test_the_page_says_how_much_the_other_files_weigh(made: Made) -> None:
    size = (made.folder / "guide.pdf").stat().st_size
    language = made.book.language
    said = TEXTS.say(
        language, "guide.page_pdf_hint", pages=made.pages(), size=in_words(size, language)
    )
    assert said in Read(made.read("index.html")).text()


def test_sizes_are_said_as_people_say_them() -> None:
    assert in_words(3_140_000, "sv") == "3,1 MB"
    assert in_words(3_140_000, "en") == "3.1 MB"
    assert in_words(640_400, "sv") == "640 kB"
    assert in_words(12, "sv") == "1 kB"


def test_the_foot_says_which_document_it_is(made: Made) -> None:
    read = Read(made.read("index.html")).text()
    foot = read[read.rindex(TEXTS.say(made.book.language, "guide.page_document")) :]
    for said in ("06-1234567", "3", "23 nov", "2026", "IT-avdelningen", "mfa.norrskog.example"):
        assert said.lower() in foot.lower()


def test_the_organisations_colour_is_the_guides(tmp_path: Path) -> None:
    book = a_book(tmp_path)
    green = replace(book, colour="#2E7D32")
    for name in ("book.css", "one_file.css", "print.css"):
        assert "#2E7D32" not in stylesheet(book, name)
        own = stylesheet(green, name)
        assert "--accent:#2E7D32" in own
        # On dark pages it is lightened, as on every page of ours.
        assert re.search(r"prefers-color-scheme:dark\)\{:root\{--accent:#(?!2E7D32)", own)


def test_a_name_is_never_markup(tmp_path: Path) -> None:
    book = replace(
        a_book(tmp_path), organisation=HOSTILE, owner=HOSTILE, number=HOSTILE, version=HOSTILE
    )
    write_one_file(book, tmp_path, TEXTS)
    one_file = (tmp_path / "one-file.html").read_text(encoding="utf-8")
    printed = Pages(book, TEXTS).render("print.html")
    for page in (one_file, printed):
        assert "evil.example" in Read(page).text()
        assert "<script" not in page
        assert not [each for each in Read(page).refers if "evil.example" in each]


def test_the_steps_are_enough_to_follow(tmp_path: Path) -> None:
    book = a_book(tmp_path)
    write_steps(book, tmp_path)
    chapters = json.loads((tmp_path / "steps.json").read_text(encoding="utf-8"))
    assert [each["slug"] for each in chapters] == ["register-app", "reset-password"]
    first = chapters[0]["lines"][0]
    assert first["pressed"] == [{"act": "press", "label": "Fortsätt"}]
    assert (first["at"], first["sees"], first["ringed"]) == ("desk", "Klart!", True)
    assert "shots" not in first


def test_two_narrow_pictures_share_a_paper_and_a_third_stands_alone(tmp_path: Path) -> None:
    lines = a_book(tmp_path).chapters[0].lines

    def told(*given: Line) -> list[list[int]]:
        return [[line.number for line in row] for row in rows(given)]

    assert told(*lines) == [[1], [2], [3, 4], [5]]
    assert told(lines[2], lines[3], lines[2]) == [[3, 4], [3]]
    assert told() == []


def test_letters_are_equally_large_in_pictures_on_paper_that_have_room(tmp_path: Path) -> None:
    picture = a_book(tmp_path).chapters[0].lines[0].picture
    assert picture
    assert on_paper(replace(picture, width=560, height=500)) == (84, False)
    assert on_paper(replace(picture, width=600, height=500)) == (90, False)
    high, _ = on_paper(replace(picture, width=560, height=1300))
    assert high == pytest.approx(56)
    assert on_paper(replace(picture, width=1000, height=400)) == (150, True)


def test_an_address_breaks_between_its_parts_and_nothing_else_does() -> None:
    told = str(breakable("Öppna https://a.region.example/in. Skriv <b> 1.5 & gå."))
    assert told.startswith(
        "Öppna https://<wbr>a.<wbr>region.<wbr>example/<wbr>in. Skriv &lt;b&gt; "
    )
    assert str(breakable("Slut. Nästa.")) == "Slut. Nästa."
