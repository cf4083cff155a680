"""The inside of a backup: what was framed is read, however it was cut into pieces."""

from collections.abc import Iterator

import msgspec
import pytest

from portvakt.records.copying import Shape
from portvakt.records.frames import (
    BrokenFramesError,
    End,
    Rows,
    end_frame,
    read_frames,
    rows_frame,
    table_frame,
)

SHAPE = Shape("things", ("id", "count", "there", "octets"))
ROWS = [["å", 2**62, True, b"\x00\xff"], ["", -1, None, None]]
WHOLE = table_frame(SHAPE) + rows_frame(ROWS) + end_frame(End({"things": 2}, {"k1": 1}))


def pieces(octets: bytes, size: int) -> Iterator[bytes]:
    return (octets[at : at + size] for at in range(0, len(octets), size))


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_what_was_framed_is_read_in_whatever_pieces_it_comes(size: int) -> None:
    assert list(read_frames(pieces(WHOLE, size))) == [
        Rows(SHAPE, []),
        Rows(SHAPE, ROWS),
        End({"things": 2}, {"k1": 1}),
    ]


def framed(value: object) -> bytes:
    octets = msgspec.msgpack.encode(value)
    return len(octets).to_bytes(4, "big") + octets


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (WHOLE[:-1], "cut off"),
        (framed(["rows", []]), "unknown frame"),  # of no table
        (framed(["other", 1]), "unknown frame"),
        (framed(7), "unknown frame"),
        (b"\x00\x00\x00\x01\xc1", "MessagePack"),
        (b"\xff\xff\xff\xff", "too long"),
    ],
)
def test_anything_else_is_refused(octets: bytes, why: str) -> None:
    with pytest.raises(BrokenFramesError, match=why):
        list(read_frames(iter([octets])))
