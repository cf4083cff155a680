"""Making a list out of what others give out: hashes in order, a folder of them, or plain text.

*Hashes*: one to a line, 40 hexadecimal digits of SHA-1, sorted, with `:` and how often it was seen
after it if that is known. *Folder*: files named by the first 5 digits, in which each line has the
other 35. Both are read as they come and never held. *Plain*: one password to a line; these are held
in memory, 8 bytes of hash for each and what Python needs around it.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from portvakt.common_passwords.blocklist import BrokenListError, digest
from portvakt.core.password_rules import prepare

_PREFIX = re.compile(r"[0-9A-Fa-f]{5}")
_DIGITS = 40
_LONGEST_LINE = 4096


def hashes(source: Path, *, least: int = 1) -> Iterator[bytes]:
    """Read a file or a folder of hashes, leaving out what was seen fewer times than `least`.

    A line without a number counts as seen once. Raises `BrokenListError` for anything else that
    is not such a line, with its number; OSError where it cannot be read.
    """
    if not source.is_dir():
        yield from _read(source, "", least)
        return
    parts = sorted((each.stem.upper(), each) for each in source.iterdir() if each.is_file())
    if not parts:
        raise BrokenListError(f"{source} holds no files")
    for prefix, file in parts:
        if _PREFIX.fullmatch(prefix) is None:
            raise BrokenListError(f"{file} is not named by five hexadecimal digits")
        yield from _read(file, prefix, least)


def plain(source: Path) -> list[bytes]:
    """Read one password to a line, and give their hashes in order.

    What cannot be a password, or is not UTF-8, is left out: lists of leaked passwords hold both.
    """
    return sorted(set(_digests(source)))


def _digests(source: Path) -> Iterator[bytes]:
    with source.open("r", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for line in file:
            password = prepare(line.rstrip("\r\n"))
            if password:
                yield digest(password)


def _read(file: Path, prefix: str, least: int) -> Iterator[bytes]:
    with file.open("r", encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(_bounded(lines), 1):
            found, _, seen = line.strip().partition(":")
            if not found:
                continue
            try:
                made, times = bytes.fromhex(prefix + found), int(seen or "1")
            except ValueError:
                made, times = b"", 0
            if len(made) * 2 != _DIGITS:
                raise BrokenListError(f"{file}, line {number}: not a SHA-1 hash and a number")
            if times >= least:
                yield made


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    """Stop at a line that is no line of such a file, before it is looked at."""
    for line in lines:
        yield line[:_LONGEST_LINE]
