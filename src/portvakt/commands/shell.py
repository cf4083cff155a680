"""What every command stands on: the clock, the environment, the settings, and how it answers."""

import getpass
import json
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from portvakt.directories import UnusableSourceError
from portvakt.plugins import AdapterSettingsError
from portvakt.records.errors import RecordsError
from portvakt.settings import Settings, load_settings
from portvakt.strict_toml import BrokenDocumentError


class CommandError(Exception):
    """A command cannot do what it was asked; the message is the one line that says why."""


@dataclass(frozen=True, slots=True)
class Shell:
    """The world as one command sees it."""

    command: str
    clock: Callable[[], datetime]
    environ: Mapping[str, str]
    config: Path

    @property
    def actor(self) -> str:
        """Who events say did it: the operator's account on this machine."""
        try:
            return f"cli:{self.environ.get('SUDO_USER') or getpass.getuser()}"
        except (KeyError, OSError):  # a container without a line in passwd
            return f"cli:{os.getuid()}"

    def settings(self) -> Settings:
        """Read the settings. Raises `BrokenDocumentError` with every problem."""
        return load_settings(self.config, self.environ)


_FORESEEN = (CommandError, UnusableSourceError, AdapterSettingsError, RecordsError)


def run(
    command: Callable[[Namespace, Shell], int],
    args: Namespace,
    name: str,
    clock: Callable[[], datetime],
    environ: Mapping[str, str],
) -> int:
    """Run a command, and turn what it could not do into one line and an exit status."""
    config = getattr(args, "config", None) or environ.get("PORTVAKT_CONFIG") or "portvakt.toml"
    try:
        return command(args, Shell(name, clock, environ, Path(config)))
    except BrokenDocumentError as broken:
        for problem in broken.problems:
            print(f"{broken.source}: {problem}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"portvakt {name}: stopped", file=sys.stderr)
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except _FORESEEN as error:
        print(f"portvakt {name}: {_one_line(error)}", file=sys.stderr)
    return 1


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def print_json(value: Any) -> None:
    """Print one JSON document, as every `--json` does."""
    print(as_json(value))


def as_json(value: Any) -> str:
    """Write a JSON document; sets become lists in order, and times ISO 8601."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value)


@contextmanager
def new_file(file: Path | None) -> Iterator[TextIO]:
    """Open a new file that only its owner may read, or the output where none is named.

    Raises `CommandError` where it cannot be written, or is there. Where what writes it raises,
    there is no file.
    """
    if file is None:
        yield sys.stdout
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yield out
    except BaseException as error:
        file.unlink()  # half a file would stand in the way of the next try
        if isinstance(error, OSError):
            raise CommandError(f"{file} cannot be written: {error.strerror}") from error
        raise


def print_table(
    head: tuple[str, ...], rows: Sequence[tuple[str, ...]], out: TextIO | None = None
) -> None:
    """Print rows in columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip(), file=out)


class Progress:
    """A bar on standard error, for work that has taken longer than two seconds.

    On a terminal it is drawn over itself; elsewhere each tenth is a line of its own. The label may
    change on the way.
    """

    PATIENCE = 2.0
    _WIDTH = 30
    _AGAIN = 0.1

    def __init__(self, label: str) -> None:
        self.label = label
        self._began = time.monotonic()
        self._drawn = self._began
        self._tenth = -1
        self._shown = False

    def __call__(self, done: int, of: int) -> None:
        """Show how far the work has come, where that is worth showing."""
        now = time.monotonic()
        if now - self._began < self.PATIENCE or of <= 0:
            return
        share = min(done / of, 1.0)
        if not sys.stderr.isatty():
            if int(share * 10) > self._tenth:
                self._tenth = int(share * 10)
                print(f"{self.label}: {share:.0%}", file=sys.stderr, flush=True)
        elif now - self._drawn >= self._AGAIN or share == 1.0:
            self._drawn, self._shown = now, True
            bar = "█" * round(share * self._WIDTH)
            line = f"\r{self.label} {bar:░<{self._WIDTH}} {share:4.0%}\x1b[K"
            print(line, end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line of the bar."""
        if self._shown:
            print(file=sys.stderr)
