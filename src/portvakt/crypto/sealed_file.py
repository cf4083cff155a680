"""A file that only the holder of the master key can read, written and read in pieces.

    magic | length of the header (4 bytes) | header (JSON) | chunks

The header says which master key, which salt, and whatever the writer tells `about` it; it can be
read by anybody. The key of the file is HKDF-SHA256 of the master key with the file's own salt. What
is written is compressed and cut into chunks of 64 KiB, each AES-256-GCM with the header as
associated data. A nonce is the chunk's number and whether it is the last: the STREAM construction
(Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption, 2015), as in age. So chunks
that are changed, moved, left out or cut off do not open, and no key ever sees a nonce twice.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portvakt.crypto.randomness import Random
from portvakt.crypto.sealing import MasterKeys, SealError, UnknownKeyError

MAGIC: Final = b"Portvakt backup\n"
FORMAT: Final = 1
CHUNK: Final = 64 * 1024
_PURPOSE: Final = "sealed-file"
_SALT: Final = 32
_TAG: Final = 16
_LENGTH: Final = 4
_LONGEST_HEADER: Final = 64 * 1024
_COMPRESSION: Final = 1  # half the size for a third of the time of the usual 6
_MOST_AT_ONCE: Final = 1024 * 1024


class SealedFileError(SealError):
    """The file cannot be read; the message is the end of a sentence that begins with its name."""


@dataclass(frozen=True, slots=True)
class Header:
    """What anybody may read. It is known to be true once a chunk has opened."""

    key: str
    """The id of the master key that opens it."""
    mark: str
    """Tells that key from another one with the same id."""
    salt: bytes
    about: Mapping[str, Any]
    octets: bytes
    """As it stands in the file."""


def mark_of(keys: MasterKeys, key_id: str) -> str:
    """Return what tells a master key from others, and nothing of it. Raises `UnknownKeyError`."""
    return keys.derive("mark", key_id)[:8].hex()


class SealedWriter:
    """Writes one file. Without `finish` it is cut off, and is found to be."""

    def __init__(
        self, file: BinaryIO, keys: MasterKeys, random: Random, about: Mapping[str, Any]
    ) -> None:
        """Write the header; the file's key comes from the current master key."""
        known = keys.now()
        salt = random.bytes(_SALT)
        header = orjson.dumps(
            {
                "format": FORMAT,
                "key": known.current,
                "mark": mark_of(known, known.current),
                "salt": salt.hex(),
                "about": dict(about),
            }
        )
        self._file = file
        self._header = MAGIC + len(header).to_bytes(_LENGTH, "big") + header
        self._cipher = _cipher(known, known.current, salt)
        self._squeezed = zlib.compressobj(_COMPRESSION)
        self._waiting = bytearray()
        self._number = 0
        file.write(self._header)

    def write(self, data: bytes) -> None:
        """Add something."""
        self._waiting += self._squeezed.compress(data)
        while len(self._waiting) > CHUNK:  # a full one may be the last
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def finish(self) -> None:
        """Write the rest, marked as the last."""
        self._waiting += self._squeezed.flush()
        while len(self._waiting) > CHUNK:
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        self._put(bytes(self._waiting), last=True)

    def _put(self, chunk: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._file.write(self._cipher.encrypt(nonce, chunk, self._header))
        self._number += 1


def read_header(file: BinaryIO) -> Header:
    """Read the beginning of a file. Raises `SealedFileError`."""
    start = file.read(len(MAGIC) + _LENGTH)
    if not start.startswith(MAGIC):
        raise SealedFileError("is not a backup that Portvakt made")
    length = int.from_bytes(start[len(MAGIC) :], "big")
    if len(start) < len(MAGIC) + _LENGTH or length > _LONGEST_HEADER:
        raise SealedFileError("is damaged or cut off")
    octets = file.read(length)
    try:
        found = orjson.loads(octets)
        if found["format"] > FORMAT:
            raise SealedFileError(
                f"was made by a newer Portvakt (its format is {found['format']}, and {FORMAT} is "
                "the newest one known here)"
            )
        return Header(
            key=str(found["key"]),
            mark=str(found["mark"]),
            salt=bytes.fromhex(found["salt"]),
            about=dict(found["about"]),
            octets=start + octets,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SealedFileError("is damaged or cut off") from error


def read_data(file: BinaryIO, header: Header, keys: MasterKeys) -> Iterator[bytes]:
    """Yield what was written, in pieces of at most 1 MiB. Raises `SealedFileError`.

    What comes is authentic, but it is whole only once the end is reached without an error.
    """
    known = keys.now()
    try:
        if mark_of(known, header.key) != header.mark:
            raise SealedFileError(
                f"was made with another master key, which also is called {header.key}"
            )
    except UnknownKeyError as error:
        raise SealedFileError(
            f"needs the master key {header.key}, which the master key file does not hold"
        ) from error
    plain = zlib.decompressobj()
    try:
        for chunk in _chunks(file, header, _cipher(known, header.key, header.salt)):
            yield plain.decompress(chunk, _MOST_AT_ONCE)
            while plain.unconsumed_tail:
                yield plain.decompress(plain.unconsumed_tail, _MOST_AT_ONCE)
    except zlib.error as error:
        raise SealedFileError("is damaged or cut off") from error


def _chunks(file: BinaryIO, header: Header, cipher: AESGCM) -> Iterator[bytes]:
    number, chunk = 0, file.read(CHUNK + _TAG)
    while True:
        after = file.read(CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not after), chunk, header.octets)
        except InvalidTag:
            raise SealedFileError("is damaged or cut off") from None
        if not after:
            return
        number, chunk = number + 1, after


def _cipher(keys: MasterKeys, key_id: str, salt: bytes) -> AESGCM:
    info = b"portvakt/backup-file"
    derived = HKDF(algorithm=SHA256(), length=32, salt=salt, info=info)
    return AESGCM(derived.derive(keys.derive(_PURPOSE, key_id)))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
