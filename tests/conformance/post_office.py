"""Mail servers on loopback: a real one, and ones that behave badly line by line."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as LINES

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.listening import stop_listening

USER, PASSWORD = "portvakt", "hemligt"


@dataclass(slots=True)
class PostOffice:
    """What arrived at a real server."""

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    """Recipients that it does not know."""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if address in self.refused:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's own name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        self.envelopes.append(envelope)
        return "250 2.0.0 Ok: queued as 4F1"

    def message(self) -> EmailMessage:
        """The only mail that arrived."""
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        found = message_from_bytes(envelope.content, policy=LINES)
        assert isinstance(found, EmailMessage)
        return found

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        """Let one user in."""
        del server, session, envelope, mechanism
        assert isinstance(data, LoginPassword)
        self.users.append(data.login.decode())
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)


@asynccontextmanager
async def post_office(
    port: int = 0,
    /,
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    login: bool = False,
) -> AsyncIterator[PostOffice]:
    """Run a real mail server on a free port of loopback, or on this one."""
    office = PostOffice()
    open_lines: list[SMTP] = []

    def answer() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it does not see that the line is TLS from the start
            line = SMTP(
                office,
                hostname="mail.test",
                tls_context=starttls,
                require_starttls=starttls is not None,
                authenticator=office.authenticate if login else None,
                auth_required=login,
                auth_require_tls=starttls is not None,
                enable_SMTPUTF8=True,
            )
        open_lines.append(line)
        return line

    loop = asyncio.get_running_loop()
    server = await loop.create_server(answer, "127.0.0.1", port, ssl=tls)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        await stop_listening(server)
        for line in open_lines:
            if line.transport is not None:
                line.transport.close()
        await asyncio.sleep(0.05)  # aiosmtpd has no way to wait for its handlers


@asynccontextmanager
async def rude(
    replies: Mapping[str, bytes | None], banner: bytes = b"220 x\r\n"
) -> AsyncIterator[int]:
    """Run a server that answers commands by their first word; None hangs up, "" hangs.

    What is not named gets 250. A name missing from `replies` but `DATA` gets 354, and the dot 250.
    """
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        known = {"DATA": b"354 go\r\n"} | dict(replies)
        with suppress(ConnectionError, asyncio.CancelledError):
            writer.write(banner)
            while line := await reader.readline():
                word = line.split()[0].decode("ascii", "replace").upper() if line.split() else ""
                reply = known.get("." if line == b".\r\n" else word, b"250 ok\r\n")
                if reply is None:
                    break
                if _is_command(word, line):
                    writer.write(reply)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await stop_listening(server)
        for task in serving:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in serving if task), return_exceptions=True)


def _is_command(word: str, line: bytes) -> bool:
    """Tell commands from the lines of a mail."""
    return line == b".\r\n" or word in {"EHLO", "HELO", "MAIL", "RCPT", "DATA", "QUIT", "STARTTLS"}
