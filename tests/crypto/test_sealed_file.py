"""A sealed file opens whole, as it was written, and for the holder of its key; else not at all."""

import io
import os
from collections.abc import Callable

import orjson
import pytest

from portvakt.crypto.randomness import SystemRandom
from portvakt.crypto.sealed_file import (
    CHUNK,
    FORMAT,
    MAGIC,
    SealedFileError,
    SealedWriter,
    read_data,
    read_header,
)
from portvakt.crypto.sealing import MasterKeys

KEYS = MasterKeys({"k2": b"2" * 32, "k1": b"1" * 32})
BLOCK = CHUNK + 16
ABOUT = {"made_at": "then"}


def written(*pieces: bytes, keys: MasterKeys = KEYS) -> bytes:
    file = io.BytesIO()
    writer = SealedWriter(file, keys, SystemRandom(), ABOUT)
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    return file.getvalue()


def read(octets: bytes, keys: MasterKeys = KEYS) -> bytes:
    file = io.BytesIO(octets)
    return b"".join(read_data(file, read_header(file), keys))


def start_of(octets: bytes) -> int:
    """Where the chunks begin."""
    return len(MAGIC) + 4 + int.from_bytes(octets[len(MAGIC) : len(MAGIC) + 4], "big")


def noise(length: int) -> bytes:
    """What cannot be made smaller, so that it is so long in the file."""
    return os.urandom(length)


@pytest.mark.parametrize("length", [0, 1, CHUNK - 100, CHUNK, CHUNK + 1, 3 * CHUNK, 5_000_000])
def test_what_was_written_is_read(length: int) -> None:
    data = noise(length)
    octets = written(data[: length // 3], data[length // 3 :])
    assert read(octets) == data
    assert length < 20 or data[:20] not in octets


def test_what_is_the_same_all_over_is_small_and_read_in_pieces() -> None:
    octets = written(*[b"a" * 1_000_000] * 40)
    assert len(octets) < 1_000_000
    file = io.BytesIO(octets)
    pieces = [len(piece) for piece in read_data(file, read_header(file), KEYS)]
    assert sum(pieces) == 40_000_000
    assert max(pieces) <= 1024 * 1024


def test_the_header_says_which_key_and_nothing_of_it() -> None:
    octets = written(b"x")
    header = read_header(io.BytesIO(octets))
    assert (header.key, dict(header.about)) == ("k2", ABOUT)
    assert KEYS.keys["k2"] not in octets
    assert KEYS.derive("sealed-file") not in octets


def test_two_files_of_the_same_have_nothing_in_common_after_the_header() -> None:
    first, second = written(b"x" * 100), written(b"x" * 100)
    assert first[start_of(first) :] != second[start_of(second) :]


def changed_at(place: Callable[[bytes], int]) -> Callable[[bytes], bytes]:
    def change(octets: bytes) -> bytes:
        at = place(octets)
        return octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]

    return change


def without(first: int, last: int) -> Callable[[bytes], bytes]:
    """Leave out chunks."""

    def change(octets: bytes) -> bytes:
        begin = start_of(octets)
        return octets[: begin + first * BLOCK] + octets[begin + last * BLOCK :]

    return change


def swapped(octets: bytes) -> bytes:
    begin = start_of(octets)
    one, two = octets[begin : begin + BLOCK], octets[begin + BLOCK : begin + 2 * BLOCK]
    return octets[:begin] + two + one + octets[begin + 2 * BLOCK :]


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "first chunk changed": changed_at(start_of),
    "tag changed": changed_at(lambda octets: len(octets) - 1),
    "salt changed": changed_at(lambda octets: octets.index(b'"salt":"') + 8),
    "about changed": lambda octets: octets.replace(b"then", b"them", 1),
    "one octet cut off": lambda octets: octets[:-1],
    "cut off after whole chunks": lambda octets: octets[: start_of(octets) + 2 * BLOCK],
    "first chunk left out": without(0, 1),
    "middle chunk left out": without(1, 2),
    "only the header": lambda octets: octets[: start_of(octets)],
    "within the header": lambda octets: octets[: start_of(octets) - 3],
    "within its length": lambda octets: octets[: len(MAGIC) + 2],
    "something after it": lambda octets: octets + b"x",
    "another whole chunk after it": lambda octets: octets + octets[-BLOCK:],
    "swapped": swapped,
    "header of no kind": lambda octets: octets[: len(MAGIC) + 4] + b"[" + octets[-20:],
}


@pytest.mark.parametrize("how", DAMAGED)
def test_what_is_damaged_or_cut_off_is_refused(how: str) -> None:
    octets = written(noise(3 * CHUNK + 100))
    with pytest.raises(SealedFileError, match="is damaged or cut off"):
        read(DAMAGED[how](octets))


def test_a_foreign_file_is_told_from_a_damaged_one() -> None:
    for octets in (b"", b"SQLite format 3\x00" + b"x" * 100, b"PGDMP" * 10):
        with pytest.raises(SealedFileError, match="is not a backup that Portvakt made"):
            read(octets)


def test_a_newer_format_is_said_to_be_newer() -> None:
    header = orjson.dumps({"format": FORMAT + 1, "key": "k2"})
    with pytest.raises(SealedFileError, match="made by a newer Portvakt"):
        read(MAGIC + len(header).to_bytes(4, "big") + header)


def test_the_key_it_needs_is_named() -> None:
    octets = written(b"x")
    with pytest.raises(SealedFileError, match="needs the master key k2, which"):
        read(octets, MasterKeys({"k1": b"1" * 32}))
    with pytest.raises(SealedFileError, match="another master key, which also is called k2"):
        read(octets, MasterKeys({"k2": b"9" * 32, "k1": b"1" * 32}))
    turned = MasterKeys({"k3": b"3" * 32, **KEYS.keys})
    assert read(octets, turned) == b"x"
