"""Seals what is stored, and derives every other key from the same master key file.

An envelope is `version (1 byte) | length of key id (1 byte) | key id | nonce (12) | AES-256-GCM`.
Table, column and row are associated data, so an envelope cannot be moved to another place, and the
key id says which line of the master key file opens it, so keys can be replaced one row at a time.

The master key file holds one `key-id:base64-of-32-bytes` per line, with the day it was made after
it; lines beginning with `#` are comments. The first key seals. The others only open what they once
sealed. A `+` before the first line's id makes that key wait: it opens, and does not seal yet
(`key_file` turns keys). The last line is the founding key: what must never change
(`derive_lasting`) comes from it, so it stays, as the last.
"""

import base64
import binascii
import hmac
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portvakt.crypto.randomness import Random, SystemRandom
from portvakt.durable_files import keep_name

KEY_BYTES = 32
_VERSION = 1
_NONCE_BYTES = 12  # SP 800-38D section 8.2.2: random, so at most 2^32 envelopes per key
_TAG_BYTES = 16
_KEY_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
WORLD = stat.S_IRWXO
"""Rights that nobody may have on a master key file; its group may read it."""
WAITING = "+"
"""Stands before the id of a key that does not seal yet."""


class SealError(Exception):
    """Base of what can go wrong with keys and envelopes.

    SealError
    ├── CannotOpenError     damaged, of another table, column or row, or not an envelope
    ├── UnknownKeyError     sealed with a key that the master key file no longer holds
    └── MasterKeyFileError  the file is missing, unsafe or unreadable
    """


class CannotOpenError(SealError):
    """The envelope does not open here. One error for every cause (ASVS 11.2.5)."""


class UnknownKeyError(SealError):
    """The envelope names a key that is not in the master key file."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"no key “{key_id}” in the master key file")
        self.key_id = key_id


class MasterKeyFileError(SealError):
    """The master key file cannot be used; the message says why and names the line, never a key."""


@dataclass(frozen=True, repr=False)
class MasterKeys:
    """The keys of the file, in its order. `repr` names them and shows nothing else."""

    keys: Mapping[str, bytes]
    waiting: str | None = None
    """The first key, where it only opens as yet."""
    made: Mapping[str, date] = field(default_factory=dict)
    """The day each key was made, where the file says it."""

    def __repr__(self) -> str:
        return f"MasterKeys({', '.join(self.keys)})"

    def now(self) -> "MasterKeys":
        """Return the keys as they are now: what stays one state of the file while it is used."""
        return self

    @property
    def current(self) -> str:
        """Return the id of the key that seals."""
        return _sealing(self.now())

    @property
    def neighbour(self) -> str:
        """Return the id of the key that sealed before, or will seal next; else the current one.

        What two processes make at the moment when keys are turned is of one of these two.
        """
        known = self.now()
        if known.waiting is not None:
            return known.waiting
        ids = list(known.keys)
        return ids[min(1, len(ids) - 1)]

    @property
    def founding(self) -> str:
        """Return the id of the key that never goes."""
        return list(self.now().keys)[-1]

    def derive(self, purpose: str, key_id: str | None = None) -> bytes:
        """Derive 32 bytes for a purpose from the current key, or from the one named.

        HKDF-SHA256 (RFC 5869) with the purpose as info: keys of different purposes tell nothing of
        each other. It changes when the master key is replaced. Raises `UnknownKeyError`.
        """
        known = self.now()
        wanted = key_id or _sealing(known)
        if wanted not in known.keys:
            raise UnknownKeyError(wanted)
        return _hkdf(known.keys[wanted], purpose)

    def derive_lasting(self, purpose: str) -> bytes:
        """Derive 32 bytes that stay the same for the life of the installation.

        For what other systems remember, such as the salt of pairwise subject identifiers.
        """
        known = self.now()
        return _hkdf(known.keys[known.founding], purpose)


def _sealing(known: MasterKeys) -> str:
    return next(each for each in known.keys if each != known.waiting)


def _hkdf(key: bytes, purpose: str) -> bytes:
    info = f"portvakt/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


def read_master_keys(path: Path) -> MasterKeys:
    """Read the master key file. Raises `MasterKeyFileError`."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise MasterKeyFileError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MasterKeyFileError(f"{path}: not a text file") from error
    if mode & WORLD:
        raise MasterKeyFileError(f"{path}: everybody may read it; do `chmod o= {path}`")
    return parse_master_keys(text, path)


def parse_master_keys(text: str, path: Path) -> MasterKeys:
    """Read the text of a master key file; `path` is for messages. Raises `MasterKeyFileError`."""
    keys: dict[str, bytes] = {}
    made: dict[str, date] = {}
    waiting: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            where = f"{path}: line {number}"
            key_id, key, day = _key_line(where, line.strip().removeprefix(WAITING))
            if key_id in keys:
                raise MasterKeyFileError(f"{where}: “{key_id}” stands there twice")
            if line.startswith(WAITING):
                if keys:
                    raise MasterKeyFileError(f"{where}: only the first key may wait")
                waiting = key_id
            keys[key_id] = key
            if day is not None:
                made[key_id] = day
    if not set(keys) - {waiting}:
        raise MasterKeyFileError(f"{path}: no key in it" + (" that seals" if keys else ""))
    return MasterKeys(keys, waiting, made)


def _key_line(where: str, line: str) -> tuple[str, bytes, date | None]:
    key_id, colon, rest = line.partition(":")
    if not colon or not _KEY_ID.fullmatch(key_id):
        raise MasterKeyFileError(f"{where}: not `key-id:base64`")
    encoded, _, day = rest.strip().partition(" ")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MasterKeyFileError(f"{where}: the key is not base64") from error
    if len(key) != KEY_BYTES:
        raise MasterKeyFileError(f"{where}: the key is {len(key)} bytes, not {KEY_BYTES}")
    try:
        return key_id, key, date.fromisoformat(day.strip()) if day.strip() else None
    except ValueError as error:
        raise MasterKeyFileError(f"{where}: after the key stands no date") from error


def new_key_line(key_id: str, made: date | None = None) -> str:
    """Return a line with a new key, for the top of the file."""
    key = base64.b64encode(SystemRandom().bytes(KEY_BYTES)).decode("ascii")
    return f"{key_id}:{key} {made}\n" if made else f"{key_id}:{key}\n"


def make_master_key_file(path: Path, key_id: str = "k1", made: date | None = None) -> None:
    """Make a file with one new key that only its owner may read, and write it through to the disk.

    Raises `FileExistsError` rather than replace a key that may have sealed something.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("# Portvakt's master key. Without it nothing sealed can be read: back it up,\n")
        file.write("# apart from the database. New keys go on top; the last line stays.\n")
        file.write(new_key_line(key_id, made))
        file.flush()
        os.fsync(file.fileno())
    keep_name(path)


class Sealer:
    """Seals and opens bytes for one place: a table, a column and a row."""

    def __init__(self, keys: MasterKeys, random: Random | None = None) -> None:
        """Derive the sealing key of every line, and again when the file has changed."""
        self._random = random or SystemRandom()
        self._keys = keys
        self._known = keys.now()
        self._ciphers = _ciphers(self._known)

    def _fresh(self) -> Mapping[str, AESGCM]:
        known = self._keys.now()
        if known is not self._known:
            self._known, self._ciphers = known, _ciphers(known)
        return self._ciphers

    def seal(self, data: bytes, *, table: str, column: str, row: str) -> bytes:
        """Return an envelope that opens only for the same table, column and row."""
        ciphers = self._fresh()
        current = self._known.current
        head = _head(current)
        nonce = self._random.bytes(_NONCE_BYTES)
        place = _place(head, table, column, row)
        return head + nonce + ciphers[current].encrypt(nonce, data, place)

    def open(self, envelope: bytes, *, table: str, column: str, row: str) -> bytes:
        """Return what was sealed. Raises `UnknownKeyError` or `CannotOpenError`."""
        key_id = key_id_of(envelope)
        cipher = self._fresh().get(key_id)
        if cipher is None:
            raise UnknownKeyError(key_id)
        head, sealed = _head(key_id), envelope[len(_head(key_id)) :]
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, body, _place(head, table, column, row))
        except InvalidTag:
            raise CannotOpenError("the envelope does not open here") from None

    def state(self) -> object:
        """Return what is another object as soon as the keys are others, and the same until then."""
        return self._keys.now()

    def needs_reseal(self, envelope: bytes) -> bool:
        """Say whether an older key than the current one sealed it."""
        return key_id_of(envelope) != self._keys.current


def _ciphers(keys: MasterKeys) -> dict[str, AESGCM]:
    return {key_id: AESGCM(keys.derive("sealing", key_id)) for key_id in keys.keys}


def key_id_of(envelope: bytes) -> str:
    """Read which key sealed an envelope. Raises `CannotOpenError` where it is not one."""
    shortest = 2 + 1 + _NONCE_BYTES + _TAG_BYTES
    if len(envelope) < shortest or envelope[0] != _VERSION:
        raise CannotOpenError("not an envelope")
    length = envelope[1]
    key_id = envelope[2 : 2 + length].decode("ascii", "replace")
    if len(envelope) < shortest - 1 + length or not _KEY_ID.fullmatch(key_id):
        raise CannotOpenError("not an envelope")
    return key_id


def _head(key_id: str) -> bytes:
    return bytes((_VERSION, len(key_id))) + key_id.encode("ascii")


def _place(head: bytes, *names: str) -> bytes:
    return head + _joined(*names)


def _joined(*parts: str) -> bytes:
    """Join so that no two lists of parts give the same bytes: each part carries its length."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


class Mac:
    """HMAC-SHA256 over a list of texts, under a key of its own for each purpose."""

    def __init__(self, keys: MasterKeys, purpose: str) -> None:
        self._keys = keys
        self._purpose = f"mac/{purpose}"
        self._known: MasterKeys | None = None
        self._pair = (b"", b"")

    def of(self, *parts: str) -> bytes:
        """Return 32 bytes that only this installation can make for these parts."""
        return hmac.digest(self._both()[0], _joined(*parts), "sha256")

    def by_neighbour(self, *parts: str) -> bytes:
        """Return what `of` returned before the master key was last turned, or will return next.

        Whoever compares takes either, so that what was made a moment ago still counts.
        """
        return hmac.digest(self._both()[1], _joined(*parts), "sha256")

    def _both(self) -> tuple[bytes, bytes]:
        known = self._keys.now()
        if known is not self._known:
            ids = (known.current, known.neighbour)
            self._pair = (known.derive(self._purpose, ids[0]), known.derive(self._purpose, ids[1]))
            self._known = known
        return self._pair


class CodeMac:
    """What is stored of a one-time code that was sent.

    A plain hash of six digits is undone by a million guesses, so the key is what protects them;
    flow and purpose are inside, so a code is right only where it was asked for (R3).
    """

    def __init__(self, keys: MasterKeys) -> None:
        self._mac = Mac(keys, "one-time-code")

    def of(self, digits: str, *, flow: str, purpose: str) -> bytes:
        """Return the MAC of a code for one flow and one purpose."""
        return self._mac.of(digits, flow, purpose)

    def by_neighbour(self, digits: str, *, flow: str, purpose: str) -> bytes:
        """Return what `of` would under the master key before or after this one."""
        return self._mac.by_neighbour(digits, flow, purpose)
