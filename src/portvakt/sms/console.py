"""Prints the texts, or appends them to a file: the gateway for development and for tests.

It shows codes in clear by its nature, so it takes a word in the settings to name it.
"""

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from portvakt.plugins import Tools
from portvakt.sms import ReceiptReader, Refused, Sent, SmsGateway, TextMessage
from portvakt.wire.addresses import Destination


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to print."""

    file: str | None = None
    """A file to append to, one JSON object a line; standard output if not given."""

    def destinations(self) -> tuple[Destination, ...]:
        """Reach no place at all."""
        return ()

    def open(self, tools: Tools) -> SmsGateway:
        """Open the gateway."""
        del tools
        return ConsoleGateway(None if self.file is None else Path(self.file))

    def receipts(self) -> ReceiptReader | None:
        """Get none: nobody carries what is printed any further."""
        return None


@dataclass(frozen=True, slots=True)
class ConsoleGateway:
    """Writes each text as one line of JSON."""

    file: Path | None

    async def send(self, message: TextMessage) -> Sent | Refused:
        """Write the text; a full disk refuses it, and trying again may help."""
        shown = {"to": message.to, "text": message.text.open(), "key": message.key}
        line = msgspec.json.encode(shown).decode() + "\n"
        if self.file is None:
            sys.stdout.write(line)
            sys.stdout.flush()
            return Sent(message.key)
        try:
            await asyncio.to_thread(_append, self.file, line)
        except OSError as error:
            return Refused(f"the file cannot be written: {error.strerror}", retry=True)
        return Sent(message.key)

    async def close(self) -> None:
        """Close nothing: the file is opened for each line."""


def _append(file: Path, line: str) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(line)
