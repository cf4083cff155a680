"""Turns the keys of the master key file, while other processes go on using it.

A new key comes in two steps. First it waits: everybody who reads the file can open what it seals.
Then it seals. On one machine both may follow each other at once, because every use of a key looks
whether the file has changed. Where each machine has a copy of its own, the copies are brought up to
date between the two steps.

The file is never written over: a new one takes its place, with the same owner and rights.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import structlog

from portvakt.crypto.sealing import (
    WAITING,
    MasterKeyFileError,
    MasterKeys,
    SealError,
    new_key_line,
    parse_master_keys,
    read_master_keys,
)
from portvakt.durable_files import replace_durably

_log = structlog.get_logger("portvakt.keys")
_NUMBERED = re.compile(r"k([1-9][0-9]{0,8})")
_Mark = tuple[int, int, int]


class CannotTurnError(SealError):
    """The master key file cannot be changed like this; the message says why."""


class WatchedKeys(MasterKeys):
    """The keys of a file that may change: each use sees the file as it is at that moment.

    That costs one look at the file's time of change. A file that cannot be read any more, or whose
    founding key is another one, is logged, and the keys that were read last stay in use.
    """

    def __init__(self, path: Path) -> None:
        """Read the file. Raises `MasterKeyFileError`."""
        state: dict[str, object] = {"_path": path, "_mark": _mark(path)}
        state["_known"] = read_master_keys(path)
        self.__dict__.update(state)  # a frozen dataclass lets nothing be set the usual way

    def now(self) -> MasterKeys:
        """Return the keys as the file has them now."""
        mark = _mark(self.__dict__["_path"])
        if mark != self.__dict__["_mark"]:
            self.__dict__["_mark"] = mark
            self._read_again()
        known: MasterKeys = self.__dict__["_known"]
        return known

    def _read_again(self) -> None:
        known: MasterKeys = self.__dict__["_known"]
        try:
            found = read_master_keys(self.__dict__["_path"])
        except MasterKeyFileError as error:
            _log.error("master_key_file.unusable", why=str(error))
            return
        if found.derive_lasting("same") != known.derive_lasting("same"):
            _log.error("master_key_file.unusable", why="its last line is another key")
            return
        self.__dict__["_known"] = found
        _log.info("master_key_file.read", current=found.current, keys=len(found.keys))

    @property
    def keys(self) -> Mapping[str, bytes]:
        """The keys, in the order of the file."""
        return self.now().keys

    @property
    def waiting(self) -> str | None:
        """The first key, where it only opens as yet."""
        return self.now().waiting

    @property
    def made(self) -> Mapping[str, date]:
        """The day each key was made, where the file says it."""
        return self.now().made


def _mark(path: Path) -> _Mark | None:
    """Return what changes whenever the file is replaced, written or given other rights.

    None where it is gone.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ctime_ns, found.st_ino, found.st_size


def prepare(path: Path, made: date) -> str:
    """Add a new key that waits, and return its id. Raises `CannotTurnError`."""

    def change(lines: list[str], keys: MasterKeys) -> list[str]:
        if keys.waiting is not None:
            raise CannotTurnError(f"the key {keys.waiting} waits already")
        new = WAITING + new_key_line(_next_id(keys), made)
        at = next(n for n, line in enumerate(lines) if _is_key(line))
        return [*lines[:at], new, *lines[at:]]

    waiting = _changed(path, change).waiting
    if waiting is None:
        raise AssertionError("the key that was just added does not wait")
    return waiting


def promote(path: Path) -> str:
    """Let the key that waits seal from now on, and return its id. Raises `CannotTurnError`."""

    def change(lines: list[str], keys: MasterKeys) -> list[str]:
        if keys.waiting is None:
            raise CannotTurnError("no key waits")
        return [line.removeprefix(WAITING) for line in lines]

    return _changed(path, change).current


def retire(path: Path, key_id: str) -> None:
    """Remove a key that only opens. Raises `CannotTurnError`.

    Whether something is sealed by it still is for the caller to find out first.
    """

    def change(lines: list[str], keys: MasterKeys) -> list[str]:
        check_can_go(keys, key_id)
        return [
            line for line in lines if not _is_key(line) or line.strip().partition(":")[0] != key_id
        ]

    _changed(path, change)


def check_can_go(keys: MasterKeys, key_id: str) -> None:
    """Raise `CannotTurnError` where a key's place in the file says that it stays."""
    if key_id not in keys.keys:
        raise CannotTurnError(f"there is no key {key_id} in the file")
    if key_id == keys.founding:
        raise CannotTurnError(f"{key_id} is the founding key, the last line: it always stays")
    if key_id in (keys.current, keys.waiting):
        raise CannotTurnError(f"{key_id} is in use: rotate first, then retire it")


def _next_id(keys: MasterKeys) -> str:
    """Count on: an id is never used twice, for old backups name them."""
    numbers = [int(found[1]) for each in keys.keys if (found := _NUMBERED.fullmatch(each))]
    return f"k{max(numbers, default=0) + 1}"


def _is_key(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _changed(path: Path, change: Callable[[list[str], MasterKeys], list[str]]) -> MasterKeys:
    """Put a changed file in the file's place, and return its keys; one process at a time."""
    try:
        real = path.resolve(strict=True)
        with _locked(real) as text:
            lines = change(text.splitlines(keepends=True), parse_master_keys(text, path))
            new = "".join(lines)
            keys = parse_master_keys(new, path)
            _replace(real, new)
            return keys
    except OSError as error:
        raise CannotTurnError(f"{path} cannot be changed: {error.strerror}") from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[str]:
    """Keep others from changing the file, and yield its text."""
    while True:
        with path.open(encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                yield file.read()
                return


def _replace(path: Path, text: str) -> None:
    """Write a new file beside it, through to the disk, and let it take its place."""
    was = path.stat()
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)  # of a process that was killed
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(file.fileno(), was.st_uid, was.st_gid)
        os.fchmod(file.fileno(), was.st_mode & 0o770)
        file.write(text)
    replace_durably(beside, path)
