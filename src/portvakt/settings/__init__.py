"""The settings: read once from `portvakt.toml` and the environment, checked whole.

`load_settings` gives frozen structs or raises with every problem and its line; nothing starts on
settings that are half right. Owns what can be set and what contradicts what. Next door:
`portvakt.strict_toml` finds problems of form, adapters own their part of `[[sms]]`, `[mail]` and
`[wake]`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portvakt.settings import adapters
from portvakt.settings.adapters import push_hosts
from portvakt.settings.break_glass_checks import check_break_glass
from portvakt.settings.checks import check, check_file
from portvakt.settings.environment import overlay
from portvakt.settings.structs import Settings
from portvakt.strict_toml import BrokenDocumentError, Problem, Problems, fill, read

MAX_BYTES = 1_000_000
"""A settings file larger than this is some other file."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file of settings turned out to be; `settings` is None where there are errors."""

    source: str
    settings: Settings | None
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def examine(source: Path, environ: Mapping[str, str]) -> Examined:
    """Read settings and say everything that is wrong or unwise in them. Never raises for content.

    `environ` is passed in because only the roots read the world. A file that cannot be read is
    an error without a line.
    """
    return _examined(source, *read(source, MAX_BYTES), environ)


def load_settings(source: Path, environ: Mapping[str, str]) -> Settings:
    """Return the settings, or raise `BrokenDocumentError` with every problem."""
    examined = examine(source, environ)
    if examined.settings is None:
        raise BrokenDocumentError(examined.source, examined.errors)
    return examined.settings


def _examined(
    source: Path, table: dict[str, Any], problems: Problems, environ: Mapping[str, str]
) -> Examined:
    if problems.found:  # where the file cannot be read, what is missing means nothing
        return Examined(str(source), None, problems.errors, ())
    check_file(table, problems)
    overlay(table, environ, problems)
    adapters.part(table, problems)
    settings = fill(Settings, table, problems)
    problems.settle()
    if settings is not None:
        adapters.check_adapters(settings, problems)
        problems.settle()
        check(settings, problems)
        check_break_glass(settings, problems)
    return Examined(
        str(source), None if problems.errors else settings, problems.errors, problems.warnings
    )


__all__ = ["Examined", "Settings", "examine", "load_settings", "push_hosts"]
