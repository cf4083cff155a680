"""What a mail looks like: the same words as its plain text, on a page like ours.

The page is made from the text, so that the two can never say different things. Everything is
escaped, nothing is fetched: no pictures, no fonts, no trace of who has read it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_LINES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Shade:
    """A colour, and the colour of text on it."""

    colour: str
    on: str


DAY = Shade("#0B5A8A", "#FFFFFF")
NIGHT = Shade("#7CC4F2", "#10161C")
"""The colours of buttons and links where no organisation has chosen one."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One paragraph: words, or names with values, or the link."""

    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    link: str = ""


def html_of(
    subject: str,
    text: str,
    *,
    language: str,
    organisation: str,
    link: str = "",
    button: str = "",
    accent: Shade = DAY,
    night: Shade = NIGHT,
) -> str:
    """Write the page of a mail whose text this is; its last paragraph is the foot.

    `link` stands on a line of its own in the text, and becomes a button that says `button`.
    """
    *paragraphs, foot = text.strip().split("\n\n")
    return _LINES.get_template("mail_page.html").render(
        subject=subject,
        language=language,
        organisation=organisation,
        button=button,
        parts=[part for each in paragraphs for part in _parts(each.split("\n"), link)],
        foot=foot.split("\n"),
        accent=accent,
        night=night,
    )


def _parts(lines: list[str], link: str) -> Iterator[_Part]:
    facts = tuple(tuple(line.split(": ", 1)) for line in lines)
    if len(lines) > 1 and all(len(each) > 1 for each in facts):
        yield _Part(facts=tuple((each[0], each[1]) for each in facts))
        return
    for is_link, some in groupby(lines, key=lambda line: bool(link) and line == link):
        yield _Part(link=link) if is_link else _Part(lines=tuple(some))
