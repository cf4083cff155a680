"""The way to one server of a directory: TCP and TLS by Python, for a library that wants a socket.

libldap would open its connections itself, but what it does with a server that accepts and then says
nothing depends on the TLS it was built with: with GnuTLS (Debian's) it waits for ever, and with a
time-out set it burns a processor for ever. It also takes `localhost` for the machine's own name
when it judges a certificate. So it gets one end of a pair of sockets: what it writes there goes out
through the same TLS as everything else of ours, and it is asked for an answer when one has come. It
never waits for anything, so nothing of ours does but the one who asked.
"""

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path
from typing import Final, cast

from portvakt.wire.ldap_values import Server

# RFC 4511 §4.14: message 1, ExtendedRequest, requestName 1.3.6.1.4.1.1466.20037
_START_TLS: Final = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + b"1.3.6.1.4.1.1466.20037"
_LONGEST_ANSWER: Final = 4096
_LARGEST: Final = 8_192
_MOST_WAITING: Final = 1024 * 1024
"""Bytes that may wait for libldap before the server is asked to wait."""


class NoLineError(Exception):
    """The server could not be reached, or is not the one it should be. Nothing was asked of it."""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Check names, dates and the authority, as HTTP does. Raises `OSError` for an unusable file."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _Far(asyncio.Protocol):
    """The server's side: keeps what comes until somebody takes it."""

    def __init__(self, everyone: "set[_Far]") -> None:
        self.transport: asyncio.Transport | None = None
        self.came = bytearray()
        self.ended = asyncio.Event()
        self._everyone = everyone
        self._waiting: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not its subclasses
        self._everyone.add(self)

    def data_received(self, data: bytes) -> None:
        self.came += data
        if len(self.came) > _MOST_WAITING and self.transport is not None:
            self.transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # whoever waits hears that the server hung up, which says as much
        self._everyone.discard(self)
        self.ended.set()
        self._wake()

    async def news(self) -> None:
        """Wait until something is there that nobody took. Raises `NoLineError` at the end."""
        while not self.came:
            if self.ended.is_set():
                raise NoLineError("the server hung up")
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    def taken(self, count: int) -> None:
        """Forget the first bytes."""
        del self.came[:count]
        if self.transport is not None and len(self.came) <= _MOST_WAITING:
            self.transport.resume_reading()

    async def answer(self) -> bytes:
        """Wait for one whole LDAP message and nothing else. Raises `NoLineError`."""
        seen = 0
        while True:
            while len(self.came) == seen:
                await self._more(seen)
            seen = len(self.came)
            length = message_length(self.came)
            if length is not None and seen > length:
                # More than the answer would be words that somebody put in before TLS.
                raise NoLineError("more than an answer came before TLS")
            if length == seen:
                answer = bytes(self.came)
                self.came.clear()
                return answer
            if seen > _LONGEST_ANSWER:
                raise NoLineError("no LDAP answer to StartTLS")

    async def cut(self) -> None:
        """Close at once, whatever was still to be written."""
        if self.transport is not None:
            self.transport.abort()
            await self.ended.wait()

    async def _more(self, seen: int) -> None:
        if self.ended.is_set():
            raise NoLineError("the server hung up when asked for StartTLS")
        if len(self.came) == seen:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


class Line:
    """An open way to a server. `end` is for libldap, which closes it."""

    def __init__(self, far: _Far, certificate: bytes | None, tls: str | None) -> None:
        """Join a new pair of sockets to the server's side."""
        self._ours, self.end = socket.socketpair()
        self._ours.setblocking(False)  # noqa: FBT003 - the standard library's own
        self._far = far
        self.certificate = certificate
        self.tls = tls

    @property
    def is_quiet(self) -> bool:
        """Say whether the server is still there and has said nothing unasked."""
        return not self._far.ended.is_set() and not self._far.came

    def send(self) -> None:
        """Pass on what libldap wrote."""
        transport = self._far.transport
        while transport is not None:
            try:
                asked = self._ours.recv(_LARGEST)
            except BlockingIOError:
                return
            if not asked:
                return
            transport.write(asked)
            if len(asked) < _LARGEST:
                return

    async def receive(self) -> None:
        """Wait until the server says something, and pass on what fits. Raises `NoLineError`."""
        await self._far.news()
        with contextlib.suppress(BlockingIOError):  # it has enough to read as it is
            self._far.taken(self._ours.send(self._far.came))

    def hang_up(self) -> None:
        """Pass on libldap's goodbye, and close."""
        self.send()
        self._ours.close()
        if self._far.transport is not None:
            self._far.transport.close()


def message_length(data: bytes | bytearray) -> int | None:
    """Read how long a BER message is that starts here, header and all; None: too little yet.

    Raises `NoLineError` for what cannot start an LDAP message.
    """
    if data and data[0] != 0x30:  # noqa: PLR2004 - a SEQUENCE
        raise NoLineError("not an LDAP server")
    if len(data) < 2:  # noqa: PLR2004 - tag and length
        return None
    if data[1] < 0x80:  # noqa: PLR2004 - the short form
        return 2 + data[1]
    many = data[1] & 0x7F
    if not 1 <= many <= 4:  # noqa: PLR2004 - libldap's own limit
        raise NoLineError("not an LDAP server")
    if len(data) < 2 + many:
        return None
    return 2 + many + int.from_bytes(data[2 : 2 + many], "big")


def _granted(answer: bytes) -> bool:
    """Say whether an answer to StartTLS is message 1, ExtendedResponse, success."""
    at = 2 if answer[1] < 0x80 else 2 + (answer[1] & 0x7F)  # noqa: PLR2004 - BER
    if answer[at : at + 4] != b"\x02\x01\x01\x78":
        return False
    at += 4
    at += 1 if answer[at] < 0x80 else 1 + (answer[at] & 0x7F)  # noqa: PLR2004 - BER
    return answer[at : at + 3] == b"\x0a\x01\x00"


class Lines:
    """Opens ways to servers, and knows those that are open. All belong to one event loop."""

    def __init__(self, tls: ssl.SSLContext, *, start_tls: bool, within: float) -> None:
        """`within` is how many seconds a server may take until TLS stands.

        Without `start_tls`, an `ldap` server is spoken to without TLS: the settings judged that.
        """
        self._tls = tls
        self._start_tls = start_tls
        self._within = within
        self._open: set[_Far] = set()

    async def open(self, server: Server) -> Line:
        """Reach a server. Raises `NoLineError` with what went wrong, in words for the log."""
        try:
            async with asyncio.timeout(self._within):
                return await self._connect(server)
        except TimeoutError as error:
            raise NoLineError("no answer in time") from error
        except ssl.SSLCertVerificationError as error:
            raise NoLineError(f"certificate: {error.verify_message}") from error
        except ssl.SSLError as error:
            raise NoLineError(f"TLS: {error.reason or 'broken off'}") from error
        except ConnectionRefusedError as error:
            raise NoLineError("refused") from error
        except OSError as error:
            raise NoLineError(error.strerror or type(error).__name__) from error

    async def close(self) -> None:
        """Cut whatever is still open, and wait until it is."""
        cut = [each.cut() for each in tuple(self._open)]
        await asyncio.gather(*cut)

    async def _connect(self, server: Server) -> Line:
        loop = asyncio.get_running_loop()
        far = _Far(self._open)
        at_once = self._tls if server.is_ldaps else None
        name = server.host if at_once else None
        connected = False
        try:
            transport, _ = await loop.create_connection(
                lambda: far, server.host, server.port, ssl=at_once, server_hostname=name
            )
            if self._start_tls and not server.is_ldaps:
                transport = await self._upgrade(transport, far, server)
            connected = True
        finally:
            if not connected and far.transport is not None:
                far.transport.abort()
        inside = transport.get_extra_info("ssl_object")
        if inside is None:
            return Line(far, None, None)
        return Line(far, inside.getpeercert(binary_form=True), inside.version())

    async def _upgrade(
        self, transport: asyncio.Transport, far: _Far, server: Server
    ) -> asyncio.Transport:
        """Ask for StartTLS and go over to TLS. Raises `NoLineError` and `ssl.SSLError`."""
        transport.write(_START_TLS)
        if not _granted(await far.answer()):
            raise NoLineError("StartTLS was refused")
        loop = asyncio.get_running_loop()
        upgraded = await loop.start_tls(transport, far, self._tls, server_hostname=server.host)
        if upgraded is None:
            raise NoLineError("TLS: broken off")
        far.transport = upgraded
        return upgraded
