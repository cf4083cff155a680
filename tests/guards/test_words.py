"""Plain Swedish: short sentences, easy words, the same word for the same thing.

The measure is LIX (Björnsson 1968): words per sentence plus the share of words longer than six
letters. Under 30 reads like a book for children, 40 like a newspaper.
"""

import re
from itertools import chain

import pytest

from portvakt.texts import Texts

TEXTS = Texts.load()
MESSAGES = {name: TEXTS.pattern("sv", name) for name in sorted(TEXTS.ids("sv"))}
AREAS = sorted({name.split(".")[0] for name in MESSAGES})

MOST_LIX = 35
MOST_WORDS = 20
FEWEST_WORDS_OF_A_SENTENCE = 4  # shorter ones are labels, which say nothing about reading

FROM_THE_DOCUMENT = (
    "Textkod till min telefon för autentisering",
    "Konfigurera Authenticator-appen",
    "Vilket kontaktalternativ föredrar du?",
    "Klart!",
    "Jag vill använda en annan autentiseringsapp",
)
"""The instruction that staff follow names these, and the last is what the button has been called
where they come from, so they stand as they are."""

FORBIDDEN = {
    r"autentiser": "tvåstegsverifiering, or say what the person does",
    r"\btoken": "kod, or the thing's own name",
    r"\b(o?giltig)": "say what is wrong and what to do",
    r"\bsession": "inloggning",
    r"hoppsan|oj då|tyvärr|ledsen": "no fuss",
    r"!": "no exclamation marks but the document's own",
    r"\bOTP\b|\bTOTP\b|\bMFA\b|\bPIN\b": "kod, app, tvåstegsverifiering",
    r"\bklick": "tryck or välj: many use a phone or a keyboard",
    r"\bvänligen\b": "say what to do",
    r"\bni\b|\bEr\b|\bNi\b": "du",
}


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence; a placeholder counts as one word."""
    filled = re.sub(r"\{\w+\}", "X", text)
    words = [
        re.findall(r"[^\W\d_][\w'-]*", sentence) for sentence in re.split(r"(?<=[.?!:])\s+", filled)
    ]
    return [found for found in words if len(found) >= FEWEST_WORDS_OF_A_SENTENCE]


def lix(texts: list[str]) -> float:
    found = list(chain.from_iterable(sentences(text) for text in texts))
    words = list(chain.from_iterable(found))
    if not words:
        return 0.0
    return len(words) / len(found) + 100 * sum(len(word) > 6 for word in words) / len(words)


def test_lix_is_counted_as_it_is_defined() -> None:
    assert lix(["Katten sitter på mattan. Hunden springer efter den stora bilen."]) == 10 / 2 + 10


@pytest.mark.parametrize("area", AREAS)
def test_the_swedish_texts_are_easy_to_read(area: str) -> None:
    texts = [text for name, text in MESSAGES.items() if name.startswith(f"{area}.")]
    assert lix(texts) <= MOST_LIX


def test_no_sentence_has_more_than_20_words() -> None:
    long = {
        name: " ".join(words)
        for name, text in MESSAGES.items()
        for words in sentences(text)
        if len(words) > MOST_WORDS
    }
    assert not long


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_words_that_pages_do_not_use(pattern: str) -> None:
    """Outside the labels that the document itself names."""
    found = {}
    for name, text in MESSAGES.items():
        rest = text
        for label in FROM_THE_DOCUMENT:
            rest = rest.replace(label, "")
        if re.search(pattern, rest, 0 if pattern.isupper() or "Er" in pattern else re.IGNORECASE):
            found[name] = text
    assert not found, FORBIDDEN[pattern]


def test_the_document_s_own_labels_are_there() -> None:
    everything = "\n".join(MESSAGES.values())
    missing = [label for label in FROM_THE_DOCUMENT if label not in everything]
    assert not missing
