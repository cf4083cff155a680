"""The file in which a phone is kept: JSON, readable by its owner alone.

It holds the phone's keys as they are. A real phone's cannot be read out; this one is for tests and
for people at a terminal.
"""

import json
import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from portvakt.phone.acts import Identity
from portvakt.phone.answers import Strict, Totp
from portvakt.phone.encoding import b64u, from_b64u
from portvakt.phone.errors import PhoneFileError
from portvakt.phone.keys import Key
from portvakt.phone.screen_lock import ScreenLock

ABOUT = (
    "A phone made by `portvakt phone`. It has no real screen lock: whoever reads this file is "
    "this phone. For tests, and for people at a terminal."
)
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class _Lock(Strict, frozen=True):
    id: str
    key: str


class _File(Strict, frozen=True):
    about: str
    version: Literal[1]
    origin: str
    phone: str
    key: str
    totp: Totp | None
    screen_lock: _Lock | None
    clock_offset: int
    ca: str | None
    gone: bool


@dataclass(slots=True)
class Kept:
    """What stands in the file: the phone, and what this machine learned about its service."""

    identity: Identity
    offset: int = 0
    """Milliseconds from this machine's clock to the service's."""
    ca: str | None = None
    """A file with the certificate of a private authority, where there is one."""
    gone: bool = False
    """Whether the service said that this phone was removed."""


def place(environ: Mapping[str, str]) -> Path:
    """Return where the phone is where nobody says otherwise: PORTVAKT_PHONE, else XDG's place."""
    if named := environ.get("PORTVAKT_PHONE"):
        return Path(named)
    if base := environ.get("XDG_DATA_HOME"):
        return Path(base) / "portvakt" / "phone.json"
    home = environ.get("HOME")
    return (Path(home) if home else Path.home()) / ".local/share/portvakt/phone.json"


def load(path: Path) -> Kept:
    """Read a phone. Raises `PhoneFileError` where there is none, or others can read it."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except FileNotFoundError as error:
        raise PhoneFileError(f"there is no phone in {path}: `portvakt phone pair`") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PhoneFileError(f"{path} cannot be read: {_why(error)}") from error
    if mode & _OTHERS:
        raise PhoneFileError(f"{path} is open to others: chmod 600 it")
    try:
        found = msgspec.json.decode(text, type=_File)
        lock = found.screen_lock
        identity = Identity(
            origin=found.origin,
            phone=found.phone,
            key=Key.from_pem(found.key),
            totp=found.totp,
            lock=None
            if lock is None
            else ScreenLock(from_b64u(lock.id), Key.from_pem(lock.key), found.origin),
        )
    except ValueError as error:  # never with its text: that could hold a key
        raise PhoneFileError(f"{path} is not the file of a phone") from error
    return Kept(identity, found.clock_offset, found.ca, found.gone)


def save(path: Path, kept: Kept) -> None:
    """Write a phone, whole or not at all. Raises `PhoneFileError` where that cannot be done."""
    mine = kept.identity
    totp = None if mine.totp is None else msgspec.to_builtins(mine.totp)
    lock = None if mine.lock is None else {"id": b64u(mine.lock.id), "key": mine.lock.key.to_pem()}
    content = {
        "about": ABOUT,
        "version": 1,
        "origin": mine.origin,
        "phone": mine.phone,
        "key": mine.key.to_pem(),
        "totp": totp,
        "screen_lock": lock,
        "clock_offset": kept.offset,
        "ca": kept.ca,
        "gone": kept.gone,
    }
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise PhoneFileError(f"{path} cannot be written: {_why(error)}") from error


def make_room(path: Path) -> None:
    """See to it that a phone can be written here, before a code is spent.

    Raises `PhoneFileError` where it cannot be, or where another phone is: that one is not lost by
    accident.
    """
    if path.exists() and not load(path).gone:
        raise PhoneFileError(f"there is a phone in {path}: remove it first, or give --phone")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise PhoneFileError(f"{path.parent} cannot be made: {_why(error)}") from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PhoneFileError(f"{path.parent} cannot be written to")


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
