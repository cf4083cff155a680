"""Prints the mail, or appends it to a file: the mailer for development and for tests."""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from portvakt.mail import Letter, Mailer, Refused, Sent
from portvakt.plugins import Tools
from portvakt.wire.addresses import Destination


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to print."""

    file: str | None = None
    """A file to append to, one JSON object a line; standard output if not given."""

    def destinations(self) -> tuple[Destination, ...]:
        """Reach no place at all."""
        return ()

    def open(self, tools: Tools) -> Mailer:
        """Open the mailer."""
        del tools
        return ConsoleMailer(None if self.file is None else Path(self.file))


@dataclass(frozen=True, slots=True)
class ConsoleMailer:
    """Writes each letter as one line of JSON."""

    file: Path | None

    async def send(self, letter: Letter) -> Sent | Refused:
        """Write the letter; a full disk refuses it, and trying again may help."""
        shown = {
            "to": letter.to,
            "subject": letter.subject,
            "text": letter.text,
            "key": letter.key,
        }
        line = msgspec.json.encode(shown).decode() + "\n"
        if self.file is None:
            sys.stdout.write(line)
            sys.stdout.flush()
            return Sent(letter.key)
        try:
            await asyncio.to_thread(_append, self.file, line)
        except OSError as error:
            return Refused(f"the file cannot be written: {error.strerror}", retry=True)
        return Sent(letter.key)


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(line)
