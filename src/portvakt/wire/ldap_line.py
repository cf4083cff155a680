"""The way to one server of a directory: TCP and TLS by Python, for a library that wants a socket.

libldap would open its connections itself, but what it does with a server that accepts and then says
nothing depends on the TLS it was built with: with GnuTLS (Debian's) it waits for ever, and with a
time-out set it burns a processor for ever. It also takes `localhost` for the machine's own name
when it judges a certificate. So it gets one end of a pair of sockets, and what it writes there goes
out through the same TLS as everything else of ours.
"""

import asyncio
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from portvakt.wire.ldap_values import Server

# RFC 4511 §4.14: message 1, ExtendedRequest, requestName 1.3.6.1.4.1.1466.20037
_START_TLS: Final = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + b"1.3.6.1.4.1.1466.20037"
_LONGEST_ANSWER: Final = 4096


class NoLineError(Exception):
    """The server could not be reached, or is not the one it should be. Nothing was asked of it."""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Check names, dates and the authority, as HTTP does. Raises `OSError` for an unusable file."""
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(frozen=True, slots=True)
class Line:
    """An open way to a server. `end` is for libldap, which closes it."""

    end: socket.socket
    certificate: bytes | None = field(default=None, repr=False)
    tls: str | None = None


class _Relay(asyncio.Protocol):
    """One of two ends: what comes in here goes out at the other, at its pace."""

    def __init__(self, everyone: "set[_Relay]") -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _Relay | None = None
        self._everyone = everyone
        self._ended = asyncio.Event()
        self._early = bytearray()
        self._came = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are not its subclasses
        self._everyone.add(self)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        else:
            self._early += data
            self._came.set()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc  # libldap sees the end of its socket, which says as much
        self._everyone.discard(self)
        self._ended.set()
        self._came.set()
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    async def cut(self) -> None:
        """Close at once, whatever was still to be written."""
        if self.transport is not None:
            self.transport.abort()
            await self._ended.wait()

    async def answer(self) -> bytes:
        """Wait for a whole LDAP message, while nobody is at the other end. Raises `NoLineError`."""
        while True:
            await self._came.wait()
            self._came.clear()
            if self.transport is None or self.transport.is_closing():
                raise NoLineError("the server hung up when asked for StartTLS")
            length = message_length(self._early)
            if length is not None and len(self._early) >= length:
                # More than the answer would be words that somebody put in before TLS.
                if len(self._early) > length:
                    raise NoLineError("more than an answer came before TLS")
                return bytes(self._early)
            if len(self._early) > _LONGEST_ANSWER:
                raise NoLineError("no LDAP answer to StartTLS")


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
        self._open: set[_Relay] = set()

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
        far, near = _Relay(self._open), _Relay(self._open)
        at_once = self._tls if server.is_ldaps else None
        name = server.host if at_once else None
        connected = False
        try:
            transport, _ = await loop.create_connection(
                lambda: far, server.host, server.port, ssl=at_once, server_hostname=name
            )
            if self._start_tls and not server.is_ldaps:
                transport = await self._upgrade(transport, far, server)
            ours, theirs = socket.socketpair()
            ours.setblocking(False)  # noqa: FBT003 - the standard library's own
            far.other, near.other = near, far
            await loop.create_unix_connection(lambda: near, sock=ours)
            connected = True
        finally:
            if not connected and far.transport is not None:
                far.transport.abort()
        inside = transport.get_extra_info("ssl_object")
        if inside is None:
            return Line(theirs)
        return Line(theirs, inside.getpeercert(binary_form=True), inside.version())

    async def _upgrade(
        self, transport: asyncio.Transport, far: _Relay, server: Server
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
