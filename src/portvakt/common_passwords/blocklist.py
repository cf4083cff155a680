"""A list of passwords as sorted, shortened hashes: found in thirty steps, whatever its size.

The file: `PVBL`, one byte version (1), one byte bytes per hash (8), two bytes of nought, the number
of hashes as eight bytes, all big-endian; then the hashes, sorted, each the first 8 bytes of the
SHA-1 of the password's UTF-8. SHA-1 because that is how lists of leaked passwords are given out; it
protects nothing here. Of a thousand million entries, one good password in 18 thousand million is
refused by mistake.
"""

import hashlib
import mmap
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from portvakt.durable_files import replace_durably

MAGIC = b"PVBL"
VERSION = 1
SIZE = 8
_HEAD = struct.Struct(">4sBBHQ")
_AT_ONCE = 1 << 16


class BrokenListError(ValueError):
    """The file is not such a list, or is cut off; the message names it."""


def digest(password: str) -> bytes:
    """Shorten the hash of a password that `password_rules.prepare` made."""
    return hashlib.sha1(password.encode(), usedforsecurity=False).digest()[:SIZE]


@dataclass(frozen=True, slots=True)
class Blocklist:
    """Looked up from memory or from a file that stays on disk. Reading a file blocks."""

    _hashes: bytes | mmap.mmap = field(repr=False)
    _start: int
    count: int

    @classmethod
    def of(cls, passwords: Iterable[str]) -> Self:
        """Make one in memory: 8 bytes for each."""
        hashes = sorted({digest(each) for each in passwords})
        return cls(b"".join(hashes), 0, len(hashes))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file. Raises `BrokenListError`, and OSError where it cannot be read."""
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size:
                raise BrokenListError(f"{path} is no list of passwords")
            magic, version, size, _, count = _HEAD.unpack(head)
            if (magic, version, size) != (MAGIC, VERSION, SIZE):
                raise BrokenListError(f"{path} is no list of passwords that this version reads")
            if os.fstat(file.fileno()).st_size != _HEAD.size + count * SIZE:
                raise BrokenListError(f"{path} is cut off: make it again")
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), _HEAD.size, count)

    def __contains__(self, password: object) -> bool:
        """Whether a password, as `prepare` made it, is in the list."""
        if not isinstance(password, str):
            return False
        wanted, low, high = digest(password), 0, self.count
        while low < high:
            middle = (low + high) // 2
            here = self._at(middle)
            if here == wanted:
                return True
            low, high = (middle + 1, high) if here < wanted else (low, middle)
        return False

    def _at(self, place: int) -> bytes:
        start = self._start + place * SIZE
        return self._hashes[start : start + SIZE]


def write(path: Path, hashes: Iterable[bytes]) -> int:
    """Write a file from sorted hashes, whole or not at all, and return how many there are.

    Hashes may be longer than 8 bytes, and the same may come twice. Raises `BrokenListError` where
    they are not sorted.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(bytes(_HEAD.size))
            count = 0
            for part in _parts(hashes):
                file.write(part)
                count += len(part) // SIZE
            file.seek(0)
            file.write(_HEAD.pack(MAGIC, VERSION, SIZE, 0, count))
        made.chmod(0o644)
        replace_durably(made, path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    return count


def _parts(hashes: Iterable[bytes]) -> Iterator[bytes]:
    """Shorten, check the order, drop what comes twice, and hand over in large parts."""
    part = bytearray()
    before = b""
    for each in hashes:
        short = each[:SIZE]
        if short < before:
            raise BrokenListError("the hashes are not sorted: sort the file first")
        if short != before:
            part += short
        before = short
        if len(part) >= _AT_ONCE:
            yield bytes(part)
            part.clear()
    yield bytes(part)
