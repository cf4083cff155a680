"""On which line everything of a TOML document stands, which `tomllib` does not say."""

import re
import tomllib
from collections.abc import Iterator

Path = tuple[str | int, ...]
"""Where something stands: keys, and places (from 0) in arrays."""


class Locator:
    """Finds the line of every key and every array element of a valid TOML document.

    The text has passed `tomllib`, so this scanner may be lax about everything but strings, brackets
    and comments.
    """

    _BARE = re.compile(r"[A-Za-z0-9_-]+")
    _STRINGS = ('"""', "'''", '"', "'")

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n")
        self._at = 0
        self._line = 1
        self._counts: dict[Path, int] = {}

    def locate(self) -> Iterator[tuple[Path, int]]:
        """Yield each path with its line, as it stands in the text."""
        table: Path = ()
        self._skip(newlines=True)
        while self._at < len(self._text):
            line = self._line
            if self._text[self._at] == "[":
                table = self._header()
                if table[-1] == 0:  # the first of an array also says where the array is
                    yield table[:-1], line
                yield table, line
            else:
                path = (*table, *self._keys())
                yield path, line
                self._move(1)  # the equals sign
                yield from self._value_lines(path)
            self._skip(newlines=True)

    def _header(self) -> Path:
        many = self._text.startswith("[[", self._at)
        self._move(2 if many else 1)
        keys = self._keys()
        self._move(2 if many else 1)
        path: Path = ()
        for place, key in enumerate(keys):
            path = (*path, key)
            if many and place == len(keys) - 1:
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _keys(self) -> tuple[str, ...]:
        keys = []
        while True:
            self._skip(newlines=False)
            if self._text[self._at] in "\"'":
                start = self._at
                self._string()
                keys.append(tomllib.loads(f"k = {self._text[start : self._at]}")["k"])
            else:
                match = self._BARE.match(self._text, self._at)
                keys.append(match[0] if match else "")
                self._move(len(keys[-1]))
            self._skip(newlines=False)
            if not self._text.startswith(".", self._at):
                return tuple(keys)
            self._move(1)

    def _value_lines(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._skip(newlines=True)
        first = self._text[self._at]
        if first in "\"'":
            self._string()
        elif first == "[":
            yield from self._elements(path)
        elif first == "{":
            yield from self._pairs(path)
        else:
            while self._at < len(self._text) and self._text[self._at] not in ",]}#\n":
                self._move(1)

    def _elements(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._move(1)
        place = 0
        while True:
            self._skip(newlines=True)
            if self._text[self._at] == "]":
                break
            if self._text[self._at] == ",":
                self._move(1)
                place += 1
                continue
            yield (*path, place), self._line
            yield from self._value_lines((*path, place))
        self._move(1)

    def _pairs(self, path: Path) -> Iterator[tuple[Path, int]]:
        self._move(1)
        while True:
            self._skip(newlines=True)
            if self._text[self._at] == "}":
                break
            if self._text[self._at] == ",":
                self._move(1)
                continue
            inner = (*path, *self._keys())
            yield inner, self._line
            self._move(1)
            yield from self._value_lines(inner)
        self._move(1)

    def _string(self) -> None:
        """Pass over a string of any kind."""
        quote = next(q for q in self._STRINGS if self._text.startswith(q, self._at))
        end = self._at + len(quote)
        while not self._text.startswith(quote, end):
            end += 2 if self._text[end] == "\\" and quote[0] == '"' else 1
        while len(quote) > 1 and self._text.startswith(quote[0], end + len(quote)):
            end += 1  # a multi-line string may end in quotes of its own
        self._move(end + len(quote) - self._at)

    def _skip(self, *, newlines: bool) -> None:
        """Pass over blanks and comments, and line ends where asked."""
        blanks = " \t\n" if newlines else " \t"
        while self._at < len(self._text):
            if self._text[self._at] in blanks:
                self._move(1)
            elif self._text[self._at] == "#" and newlines:
                end = self._text.find("\n", self._at)
                self._move((len(self._text) if end < 0 else end) - self._at)
            else:
                return

    def _move(self, by: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + by)
        self._at += by
