"""The printed guide is a controlled document that a screen reader can read (PDF/UA-1)."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pdfua import Severity, validate

from portvakt.guide.errors import GuideError
from portvakt.guide.pdf import Printed, opened, write_pdf
from portvakt.guide.telling import Book, Chapter
from portvakt.texts import LANGUAGES, Texts
from tests.guide.a_book import a_book

TEXTS = Texts.load()
A4 = (595.28, 841.89)
HOSTILE = '"><img src="https://evil.example/x.png"><b>'


def ran(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Paper:
    """A printed guide, and what there is in it."""

    def __init__(self, folder: Path, book: Book) -> None:
        self.book = book
        self.made: Printed = write_pdf(book, folder, TEXTS)
        self.file = folder / "guide.pdf"
        self.pdf = pikepdf.open(self.file)

    def words(self) -> str:
        return " ".join(ran("pdftotext", "-layout", self.file, "-").split())

    def structure(self) -> list[str]:
        """What `pdfinfo -struct` shows: the tags, in the order in which they are read."""
        return [line.strip() for line in ran("pdfinfo", "-struct", self.file).splitlines()]

    def figures(self) -> list[str]:
        return [
            str(each.get("/Alt"))
            for each in elements(self.pdf.Root.StructTreeRoot)
            if each.get("/S") == "/Figure"
        ]


def elements(within: Any) -> Iterator[pikepdf.Dictionary]:
    """Every element of the structure, in its order."""
    below = within.get("/K", [])
    for each in below if isinstance(below, pikepdf.Array) else [below]:
        if isinstance(each, pikepdf.Dictionary):
            yield each
            yield from elements(each)


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Paper:
    folder = tmp_path_factory.mktemp("guide")
    return Paper(folder, a_book(folder))


def test_nothing_is_amiss_by_pdf_ua(paper: Paper) -> None:
    found = [each for each in validate(str(paper.file)).findings if each.severity > Severity.INFO]
    assert not found
    metadata = str(paper.pdf.Root.Metadata.read_bytes(), "utf-8")
    assert re.search(r'pdfuaid:part(>|=")1', metadata)


def test_headings_lists_and_figures_are_tagged(paper: Paper) -> None:
    tags = [line.split()[0].rstrip(":") for line in paper.structure() if line]
    assert tags.count("H1") == 1
    assert tags.count("H2") == 1 + len(paper.book.chapters)
    steps = sum(len(chapter.lines) for chapter in paper.book.chapters)
    assert tags.count("Lbl") == steps + len(paper.book.chapters)
    assert tags.count("LBody") == tags.count("LI") > steps
    assert tags.index("H1") < tags.index("H2")


def test_every_picture_is_told_in_words(paper: Paper) -> None:
    pictures = [line.picture for chapter in paper.book.chapters for line in chapter.lines]
    assert paper.figures() == [each.alt for each in pictures if each]


def test_the_document_says_its_title_and_its_language(paper: Paper) -> None:
    assert str(paper.pdf.Root.Lang) == "sv"
    assert paper.pdf.Root.ViewerPreferences.DisplayDocTitle
    assert f"Title: {TEXTS.say('sv', 'guide.page_title')} – Region Norrskog" in " ".join(
        ran("pdfinfo", paper.file).split()
    )


def test_the_paper_is_a4_and_the_pages_are_counted(paper: Paper) -> None:
    sizes = [[float(each) for each in page.mediabox[2:]] for page in paper.pdf.pages]
    assert sizes == [pytest.approx(A4, abs=0.1)] * paper.made.pages
    assert paper.made.size == paper.file.stat().st_size


def test_all_fonts_are_in_the_file(paper: Paper) -> None:
    fonts = ran("pdffonts", paper.file).splitlines()[2:]
    assert fonts
    assert not [font for font in fonts if font.split()[-5:-2] != ["yes", "yes", "yes"]]


def test_each_journey_is_a_chapter_with_a_bookmark(paper: Paper) -> None:
    with paper.pdf.open_outline() as outline:
        (title,) = outline.root
        chapters = [str(each.title) for each in title.children]
    assert title.title == TEXTS.say("sv", "guide.page_title")
    assert chapters == ["Innehåll", "1. Lägg till appen", "2. Välj ett nytt lösenord"]


def test_the_contents_lead_to_the_pages_that_they_name(paper: Paper) -> None:
    links = [each for page in paper.pdf.pages for each in page.get("/Annots", [])]
    assert [(str(each.Dest), str(each.Contents)) for each in links] == [
        (chapter.slug, chapter.title) for chapter in paper.book.chapters
    ]
    contents = ran("pdftotext", "-layout", "-f", "2", "-l", "2", paper.file, "-")
    for number, chapter in enumerate(paper.book.chapters, start=1):
        said = re.search(rf"{number}\.\s+{chapter.title}\s+(\d+)", contents)
        assert said
        page = ran("pdftotext", "-f", said[1], "-l", said[1], paper.file, "-")
        assert f"{number}. {chapter.title}" in page


def test_the_title_page_says_which_document_it_is(paper: Paper) -> None:
    first = " ".join(ran("pdftotext", "-layout", "-l", "1", paper.file, "-").split())
    for said in (
        "Region Norrskog",
        "Nummer 06-1234567",
        "Version 3",
        "Datum 23 november 2026",
        "Ägare IT-avdelningen",
        "010-123 45 67",
    ):
        assert said in first


def test_every_page_says_which_document_it_is_of(paper: Paper) -> None:
    for number in range(1, paper.made.pages + 1):
        page = " ".join(
            ran("pdftotext", "-f", f"{number}", "-l", f"{number}", paper.file, "-").split()
        )
        assert "Nummer 06-1234567 · Version 3" in page
        assert f"Sida {number} av {paper.made.pages}" in page


def test_a_step_is_never_on_another_page_than_its_picture(tmp_path: Path) -> None:
    """Steps of every height, so that many of them come to the end of a page."""
    chapter = a_book(tmp_path).chapters[0]
    lines = tuple(
        replace(
            chapter.lines[index % 4],
            number=index + 1,
            name=f"step{index}",
            do=" ".join([f"Begin{index}.", *["Läs det här."] * (index % 7), f"End{index}."]),
        )
        for index in range(16)
    )
    long = Paper(tmp_path, replace(a_book(tmp_path), chapters=(replace(chapter, lines=lines),)))
    shown: dict[int, int] = {}
    for number, page in enumerate(long.pdf.pages, start=1):
        words = ran("pdftotext", "-f", f"{number}", "-l", f"{number}", long.file, "-")
        begun = re.findall(r"Begin(\d+)\.", words)
        assert begun == re.findall(r"End(\d+)\.", words)
        shown[number] = len(begun)
        pictures = re.findall(rb"/\S+ Do\b", pikepdf.Page(page).obj.Contents.read_bytes())
        assert len(pictures) == len(begun), number
    assert sum(shown.values()) == len(lines)
    assert len([count for count in shown.values() if count]) > 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_book_is_the_same_bytes(tmp_path: Path, language: str) -> None:
    book = small(tmp_path, language)
    write_pdf(book, tmp_path, TEXTS)
    first = (tmp_path / "guide.pdf").read_bytes()
    write_pdf(book, tmp_path, TEXTS)
    assert (tmp_path / "guide.pdf").read_bytes() == first


def test_a_name_fetches_nothing_and_is_only_read(tmp_path: Path) -> None:
    paper = Paper(tmp_path, replace(small(tmp_path), organisation=HOSTILE, owner=HOSTILE))
    assert paper.words().count("evil.example") > 2
    assert not paper.figures()


@pytest.mark.parametrize(
    "file", ["https://evil.example/x.png", "../outside.png", "file:///etc/hostname", "gone.png"]
)
def test_a_picture_from_elsewhere_is_refused(tmp_path: Path, file: str) -> None:
    chapter: Chapter = a_book(tmp_path).chapters[0]
    (line,) = chapter.lines[:1]
    assert line.picture
    (tmp_path.parent / "outside.png").write_bytes((tmp_path / line.picture.file).read_bytes())
    stolen = replace(line, picture=replace(line.picture, file=file))
    book = replace(a_book(tmp_path), chapters=(replace(chapter, lines=(stolen,)),))
    with pytest.raises(GuideError, match="the guide's PDF cannot be made"):
        write_pdf(book, tmp_path, TEXTS)
    assert not (tmp_path / "guide.pdf").exists()


@pytest.mark.parametrize(
    ("lacks", "command"),
    [
        (ModuleNotFoundError("No module named 'weasyprint'"), "pip install 'portvakt[guide]'"),
        (OSError("cannot load library 'libpango-1.0-0'"), "apt-get install -y libpango-1.0-0"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_installs_it(
    lacks: Exception, command: str
) -> None:
    def load(_name: str) -> Any:
        raise lacks

    with pytest.raises(GuideError) as refused:
        opened(load)
    assert command in str(refused.value)
    assert "\n" not in str(refused.value)


def small(folder: Path, language: str = "sv") -> Book:
    """A guide of one step without a picture."""
    book = a_book(folder, language)
    chapter = book.chapters[0]
    return replace(book, chapters=(replace(chapter, lines=chapter.lines[-1:]),))
