"""Rows as octets and back: the inside of a backup.

A frame is its length (4 bytes) and one MessagePack value:

    ["table", name, [column, …]]    the rows that follow are of this table
    ["rows", [[value, …], …]]       some of them
    ["end", {table: count}, {key id: count}]
                                    how many there were, and with which keys how many are sealed
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from portvakt.records.copying import Shape

_LENGTH: Final = 4
_LONGEST: Final = 256 * 1024 * 1024


class BrokenFramesError(Exception):
    """What should be a backup's inside is something else."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table."""

    shape: Shape
    rows: Sequence[Sequence[Any]]


@dataclass(slots=True)
class End:
    """What there was in all."""

    rows: Mapping[str, int]
    keys: Mapping[str, int] = field(default_factory=Counter)


def table_frame(shape: Shape) -> bytes:
    """Return the frame that a table begins with."""
    return _framed(["table", shape.table, list(shape.columns)])


def rows_frame(rows: Sequence[Sequence[Any]]) -> bytes:
    """Return a frame of rows: text, whole numbers, truth, octets and None."""
    return _framed(["rows", rows])


def end_frame(end: End) -> bytes:
    """Return the last frame."""
    return _framed(["end", dict(end.rows), dict(end.keys)])


def _framed(value: Any) -> bytes:
    octets = msgspec.msgpack.encode(value)
    return len(octets).to_bytes(_LENGTH, "big") + octets


def read_frames(pieces: Iterator[bytes]) -> Iterator[Rows | End]:
    """Read frames out of pieces of any size; the last is an `End`. Raises `BrokenFramesError`."""
    shape: Shape | None = None
    for octets in _cut(pieces):
        try:
            match msgspec.msgpack.decode(octets):
                case ["table", str(name), [*columns]]:
                    shape = Shape(name, tuple(map(str, columns)))
                    yield Rows(shape, [])
                case ["rows", [*rows]] if shape is not None:
                    yield Rows(shape, rows)
                case ["end", dict(rows), dict(keys)]:
                    yield End(rows, keys)
                case _:
                    raise BrokenFramesError("an unknown frame")
        except msgspec.DecodeError as error:
            raise BrokenFramesError(str(error)) from error


def _cut(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= _LENGTH:
            end = _LENGTH + int.from_bytes(held[:_LENGTH], "big")
            if end > _LONGEST:
                raise BrokenFramesError("a frame that is too long")
            if len(held) < end:
                break
            yield bytes(held[_LENGTH:end])
            del held[:end]
    if held:
        raise BrokenFramesError("a frame that is cut off")
