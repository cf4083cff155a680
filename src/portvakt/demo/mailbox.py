"""Everybody's mailbox: a small mail server (RFC 5321) whose letters can be read on a page.

It takes what the product sends to it from this machine, and nothing leaves it.
"""

import asyncio
import email
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.policy import default as in_unicode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portvakt.demo import pages

_KEPT = 200
LARGEST = 1_000_000
"""Bytes of a letter that are taken."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter that arrived."""

    to: str
    subject: str
    text: str
    at: datetime


class Mailbox:
    """Every mailbox of the region, in memory."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """Take a clock."""
        self._clock = clock
        self._letters: deque[Letter] = deque(maxlen=_KEPT)

    def routes(self) -> list[Route]:
        """Return the page."""
        return [Route("/letters", self.show)]

    async def show(self, _: Request) -> Response:
        """Show the letters, newest first."""
        return pages.page("letters.html", letters=list(self._letters))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with one client until it leaves."""
        writer.write(b"220 localhost ESMTP\r\n")
        try:
            while line := await reader.readline():
                said = await self._said(line.strip().upper(), reader, writer)
                writer.write(said + b"\r\n")
                await writer.drain()
                if said.startswith(b"221"):
                    break
        except (ConnectionError, EOFError, ValueError, asyncio.LimitOverrunError):
            # It hung up, or sent a line or a letter that never ends.
            return
        finally:
            writer.close()

    async def _said(
        self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """Return the answer to one command."""
        match line.split(b" ")[0].split(b":")[0]:
            case b"EHLO":
                return b"250-localhost\r\n250-8BITMIME\r\n250 SMTPUTF8"
            case b"DATA":
                writer.write(b"354 go on\r\n")
                await writer.drain()
                return self._keep(await reader.readuntil(b"\r\n.\r\n"))
            case b"QUIT":
                return b"221 bye"
            case b"HELO" | b"MAIL" | b"RCPT" | b"RSET" | b"NOOP":
                return b"250 ok"
            case _:
                return b"502 not here"

    def _keep(self, raw: bytes) -> bytes:
        # A line that begins with a dot was sent with one more (RFC 5321 section 4.5.2).
        body = raw.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        letter = email.message_from_bytes(body, policy=in_unicode)
        plain = letter.get_body(("plain",))
        text = plain.get_content() if plain is not None else ""
        self._letters.appendleft(
            Letter(str(letter["to"]), str(letter["subject"]), text, self._clock())
        )
        return b"250 kept"
