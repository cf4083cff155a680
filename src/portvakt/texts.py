"""Every sentence a person can be shown, by message id and language.

The catalogues are `locale/<language>/<area>.toml`, flat files of `name = "text {placeholder}"`.
A message id is `area.name`. This module knows nothing of HTML: the web part escapes, text messages
and mail do not need to.
"""

import string
import tomllib
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Self

LANGUAGES = ("sv", "en")
"""The languages every message exists in; the first one is the default."""

_CATALOGUES = Path(__file__).parent / "locale"


class BrokenCatalogueError(ValueError):
    """A catalogue file says something other than `name = "text"`; the message names the file."""


class Texts:
    """All catalogues, read once.

    Messages are kept as patterns and filled on demand. A message id or a placeholder that does not
    exist is a mistake of ours and a `KeyError`, so that no page shows a bare id.
    """

    def __init__(self, patterns: Mapping[str, Mapping[str, str]]) -> None:
        """Take `{language: {message id: pattern}}`."""
        self._patterns = patterns

    @classmethod
    def load(cls, folder: Path = _CATALOGUES) -> Self:
        """Read every `<language>/<area>.toml` under the folder."""
        return cls({language: _read_language(folder / language) for language in LANGUAGES})

    def say(self, language: str, message: str, **values: object) -> str:
        """Return the message in the language with its placeholders filled in."""
        return self._patterns[language][message].format_map(values)

    def pattern(self, language: str, message: str) -> str:
        """Return the message with its placeholders still in it, for callers that escape."""
        return self._patterns[language][message]

    def mark(self, language: str) -> bytes:
        """Return a digest of all that is said in the language."""
        return sha256(repr(sorted(self._patterns[language].items())).encode()).digest()

    def has(self, message: str) -> bool:
        """Say whether the message exists in every language."""
        return all(message in self._patterns[language] for language in LANGUAGES)

    def ids(self, language: str) -> frozenset[str]:
        """Return the ids of all messages in the language."""
        return frozenset(self._patterns[language])

    def placeholders(self, language: str, message: str) -> frozenset[str]:
        """Return the names of the placeholders that the message has in the language."""
        return _placeholders(self._patterns[language][message])


def _placeholders(pattern: str) -> frozenset[str]:
    parsed = string.Formatter().parse(pattern)
    return frozenset(name for _, name, _, _ in parsed if name is not None)


def _read_language(folder: Path) -> dict[str, str]:
    """Read the catalogues of one language into `{area.name: pattern}`."""
    patterns: dict[str, str] = {}
    for file in sorted(folder.glob("*.toml")):
        for name, pattern in tomllib.loads(file.read_text(encoding="utf-8")).items():
            patterns[f"{file.stem}.{name}"] = _checked(file, name, pattern)
    return patterns


def _checked(file: Path, name: str, pattern: object) -> str:
    """Refuse anything but plain text with plain placeholders.

    A placeholder such as `{person.secret}` or `{value!r}` would reach into what it is given, so
    only names are let through.
    """
    if not isinstance(pattern, str):
        raise BrokenCatalogueError(f"{file}: {name} is not a text")
    try:
        names = _placeholders(pattern)
        plain = all(
            spec in ("", None) and conversion is None
            for _, _, spec, conversion in string.Formatter().parse(pattern)
        )
    except ValueError as error:
        raise BrokenCatalogueError(f"{file}: {name}: {error}") from error
    if not plain or not all(placeholder.isidentifier() for placeholder in names):
        raise BrokenCatalogueError(f"{file}: {name} has a placeholder that is not a plain name")
    return pattern
