"""One server for all processes of a test run."""

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, Self, TypeVar

S = TypeVar("S", bound="Shareable")


class Shareable(Protocol):
    """A server that another process can find by its `place`."""

    @property
    def place(self) -> str: ...

    @classmethod
    def at(cls, place: str) -> Self: ...

    def remove(self) -> None: ...


@contextlib.contextmanager
def shared(folder: Path, kind: type[S], make: Callable[[], S]) -> Iterator[S]:
    """Share one server among all processes that name the same folder; the last one removes it.

    The first one makes and starts it.

    Whoever uses the server holds a shared lock on `folder/users`; the lock goes away with its
    process, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "place"
    with (folder / "turn").open("w") as turn, (folder / "users").open("w") as users:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if place.exists():
            server = kind.at(place.read_text(encoding="utf-8"))
        else:
            server = make()
            place.write_text(server.place, encoding="utf-8")
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        try:
            yield server
        finally:
            fcntl.flock(turn, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_UN)
            with contextlib.suppress(BlockingIOError):  # somebody else still uses it
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                place.unlink()
                server.remove()
