"""Passwords that people in Sweden are likely to choose, written down by ourselves as patterns.

No published list is copied. A word with what usually follows it, the same word twice, walks over a
Swedish keyboard, and phrases: of these only what is long enough to be chosen at all.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path

from portvakt.common_passwords.blocklist import Blocklist
from portvakt.core.password_rules import ALWAYS_MULTIFACTOR, LONGEST, prepare

_FILE = Path(__file__).parent / "words.toml"
_WALKS = range(ALWAYS_MULTIFACTOR, 25)
_FOLDED = str.maketrans("åäöÅÄÖéÉ", "aaoAAOeE")


@lru_cache(maxsize=1)
def shipped() -> Blocklist:
    """Give the list that comes with the product; made once, in some tenths of a second."""
    return Blocklist.of(expand(tomllib.loads(_FILE.read_text(encoding="utf-8"))))


def expand(lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Write out the patterns: `words`, `ends`, `twice`, `between`, `phrases`, `rows` of keys.

    What comes is in NFC and long enough to pass the shortest minimum; some of it comes twice.
    """
    for each in _all(lists):
        password = prepare(each)
        if password is not None and ALWAYS_MULTIFACTOR <= len(password) <= LONGEST:
            yield password


def _all(lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    ends = ("", *lists["ends"])
    for word in _spelt(lists["words"]):
        yield from (word + end for end in ends)
        yield from ((word + end) * 2 for end in lists["twice"])
        for between in lists["between"]:
            yield word + between + word
    for phrase, end in product(_spelt(lists["phrases"]), ends):
        yield phrase + end
        yield phrase.replace(" ", "") + end
        yield "".join(part.capitalize() for part in phrase.split(" ")) + end
    for row in lists["rows"]:
        yield from _walks(row)


def _spelt(words: Iterable[str]) -> Iterator[str]:
    """Each as it stands and with a capital, with and without dots and rings."""
    for word in words:
        for each in dict.fromkeys((word, word.translate(_FOLDED))):
            yield each
            yield each.capitalize()


def _walks(row: str) -> Iterator[str]:
    """Walk along a row of keys, there and back and round again, from each key."""
    for way in (row, row[::-1]):
        for start, length in product(range(len(way)), _WALKS):
            walk = (way * (length // len(way) + 2))[start : start + length]
            yield walk
            yield walk.capitalize()
    for key, length in product(dict.fromkeys(row), _WALKS):
        yield key * length
