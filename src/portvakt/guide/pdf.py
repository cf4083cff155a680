"""The guide as a controlled document: a tagged PDF (PDF/UA-1, ISO 14289-1) made by WeasyPrint."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from portvakt.guide.errors import GuideError
from portvakt.guide.rendering import Pages, stylesheet
from portvakt.guide.telling import Book
from portvakt.texts import Texts

PDF: Final = "guide.pdf"
VARIANT: Final = "pdf/ua-1"
_FOLDER: Final = "file:///"
"""Stands for the folder, so that no path of this machine gets into the document."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What was made."""

    pages: int
    size: int
    """In bytes."""


def write_pdf(book: Book, folder: Path, texts: Texts) -> Printed:
    """Write `guide.pdf` into the folder, whose `pictures/` it shows.

    The same book gives the same bytes. Raises `GuideError` where WeasyPrint or a library of it is
    missing, or a picture is.
    """
    weasyprint = opened()
    urls = import_module("weasyprint.urls")
    page = Pages(book, texts).render("print.html")

    def fetch(url: str) -> Any:
        """Give a picture of the folder; nothing else is ever fetched."""
        file = (folder / url.removeprefix(_FOLDER)).resolve()
        if not url.startswith(_FOLDER) or not file.is_relative_to(folder.resolve()):
            raise urls.FatalURLFetchingError(f"{url} is outside the guide's folder")
        if not file.is_file():
            raise urls.FatalURLFetchingError(f"{url.removeprefix(_FOLDER)} is missing")
        return urls.URLFetcherResponse(url, file.read_bytes())

    try:
        document = weasyprint.HTML(string=page, base_url=_FOLDER, url_fetcher=fetch).render(
            stylesheets=[weasyprint.CSS(string=stylesheet(book, "print.css"), url_fetcher=fetch)],
            pdf_variant=VARIANT,
            optimize_images=True,
        )
    except urls.FatalURLFetchingError as error:
        raise GuideError(f"the guide's PDF cannot be made: {error}") from error
    content: bytes = document.write_pdf(pdf_variant=VARIANT, finisher=_describe_links(book))
    (folder / PDF).write_bytes(content)
    return Printed(pages=len(document.pages), size=len(content))


def _describe_links(book: Book) -> Callable[[Any, Any], None]:
    """Let a link be described by the title of the chapter that it leads to, not by its anchor."""
    pydyf = import_module("pydyf")
    titles = {each.slug: each.title for each in book.chapters}

    def describe(_document: Any, pdf: Any) -> None:
        for each in pdf.objects:
            if isinstance(each, pydyf.Dictionary) and each.get("Subtype") == "/Link":
                each["Contents"] = pydyf.String(titles[each["Dest"].string])

    return describe


def opened(load: Callable[[str], Any] = import_module) -> Any:
    """Return WeasyPrint; raises `GuideError` with the command that installs what is missing."""
    try:
        return load("weasyprint")
    except ImportError as error:
        raise GuideError(
            "the guide's PDF needs WeasyPrint: pip install 'portvakt[guide]'"
        ) from error
    except OSError as error:  # it loads libraries of the system by their names
        raise GuideError(
            "the guide's PDF needs libraries of the system: sudo apt-get install -y "
            "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        ) from error
