"""A guide takes the place of the one before it whole, in each language, or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portvakt.guide.errors import GuideError


@contextmanager
def place_for(out: Path) -> Iterator[Path]:
    """Make `out` where it is not there, and give an empty folder in it to make guides in.

    It is gone at the end, whatever has become of the making. Raises `GuideError` where the folder
    cannot be written, or where another process makes guides in it.
    """
    fresh = out / ".fresh"
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = os.open(out / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise GuideError(f"{out} cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GuideError(f"another process is making guides in {out}") from error
        shutil.rmtree(fresh, ignore_errors=True)  # of a making that was killed
        fresh.mkdir()
        try:
            yield fresh
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    finally:
        os.close(lock)


def lay_down(made: Path, out: Path, language: str) -> None:
    """Put a made guide where guides of its language lie; the one that was there goes.

    `made` is in a folder that `place_for` gave, so both moves are names that change.
    """
    there, old = out / language, made.parent / f"old-{language}"
    if there.exists():
        there.rename(old)
    try:
        made.rename(there)
    except OSError:
        if old.exists():
            old.rename(there)
        raise
    shutil.rmtree(old, ignore_errors=True)
