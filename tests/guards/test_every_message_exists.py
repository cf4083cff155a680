"""Each sentence exists in both languages, is used, and is filled in the same way."""

import re
from functools import cache

import pytest

from portvakt.guide.told import JOURNEYS, words_of
from portvakt.texts import LANGUAGES, Texts
from tests.guards.tree import shown, tracked

TEXTS = Texts.load()
IDS = frozenset[str]().union(*(TEXTS.ids(language) for language in LANGUAGES))
AREAS = sorted({name.split(".")[0] for name in IDS})

AREA = "|".join(AREAS)
LITERAL = re.compile(rf"""["']((?:{AREA})\.(?!pdf["'])[a-z0-9_]*[a-z0-9])["']""")
"""An id; `guide.pdf` is a file."""
TOLD = frozenset(each for journey in JOURNEYS for each in words_of(journey))
"""The guide's sentences: their ids follow from the names of its journeys and their steps."""
COMPOSED = re.compile(rf"""["']((?:{AREA})\.[a-z0-9_]*)(?:\{{|["']\s*~)""")
"""An id whose end is put in when the program runs: `f"sign_in.wrong_{kind}"`, `"x.y_" ~ kind`."""


@cache
def source() -> dict[str, str]:
    """Every file of the product that may name a message."""
    return {
        shown(path): path.read_text(encoding="utf-8")
        for path in tracked()
        if shown(path).startswith("src/portvakt/")
        and path.suffix in {".py", ".html", ".txt", ".js"}
    }


def named(pattern: re.Pattern[str]) -> dict[str, str]:
    """Each id (or start of one) that the source names, and one file that does."""
    return {name: file for file, text in source().items() for name in pattern.findall(text)}


def test_every_message_exists_in_both_languages() -> None:
    for language in LANGUAGES:
        missing = sorted(IDS - TEXTS.ids(language))
        assert not missing, language


@pytest.mark.parametrize("area", AREAS)
def test_the_placeholders_of_both_languages_are_the_same(area: str) -> None:
    common = frozenset.intersection(*(TEXTS.ids(language) for language in LANGUAGES))
    different = {
        name
        for name in common
        if name.startswith(f"{area}.")
        and len({TEXTS.placeholders(language, name) for language in LANGUAGES}) > 1
    }
    assert not different


def test_no_message_is_empty_or_untranslated() -> None:
    empty = [
        f"{language} {name}"
        for language in LANGUAGES
        for name in TEXTS.ids(language)
        if not TEXTS.pattern(language, name).strip()
    ]
    assert not empty


def test_every_message_that_is_named_exists() -> None:
    unknown = {name: file for name, file in named(LITERAL).items() if name not in IDS}
    assert not unknown
    assert sorted(TOLD - IDS) == []


@pytest.mark.parametrize("area", AREAS)
def test_every_message_is_used(area: str) -> None:
    whole = named(LITERAL).keys() | TOLD
    starts = tuple(start for start in named(COMPOSED) if not start.endswith("."))
    unused = sorted(
        name
        for name in IDS
        if name.startswith(f"{area}.") and name not in whole and not name.startswith(starts)
    )
    assert not unused
