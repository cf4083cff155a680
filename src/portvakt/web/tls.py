"""TLS of our own, where no proxy ends it: two versions, few ciphers, and renewals by themselves.

A certificate lives for weeks and is renewed by another program, which only replaces two files. They
are looked at when somebody connects, so that no restart is needed and none is forgotten.
"""

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

LOOKS_EVERY: Final = 10.0
"""Seconds between two looks for new files."""
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2, those with forward secrecy and authenticated encryption (RFC 9325 section 4.2); TLS
1.3 has no others."""

_log = structlog.get_logger("portvakt.tls")

Stamp = tuple[tuple[int, int, int], ...]


def server_context(
    certificate: Path, key: Path, clock: Callable[[], float] = time.monotonic
) -> ssl.SSLContext:
    """Return what a server speaks TLS with, which takes up the files anew when they change.

    `certificate` is a PEM file with the chain, the server's own first; `key` its private key;
    `clock` counts seconds. Raises `OSError` (`ssl.SSLError` among them) where they cannot be read
    or do not belong together.
    """
    context = _context(certificate, key)
    context.sni_callback = _Renewing(certificate, key, clock)
    return context


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


class _Renewing:
    """Called for every connection before its certificate is chosen."""

    def __init__(self, certificate: Path, key: Path, clock: Callable[[], float]) -> None:
        self._files = (certificate, key)
        self._clock = clock
        self._looked = clock()
        self._stamp = self._stamps()
        self._newest: ssl.SSLContext | None = None

    def __call__(
        self, connection: ssl.SSLObject, _name: str | None, _first: ssl.SSLContext
    ) -> None:
        """Give the connection the newest certificate that can be used."""
        now = self._clock()
        if now - self._looked >= LOOKS_EVERY:
            self._looked = now
            self._look()
        if self._newest is not None:
            connection.context = self._newest

    def _look(self) -> None:
        stamp = self._stamps()
        if stamp == self._stamp:
            return
        try:
            self._newest = _context(*self._files)
        except OSError as error:
            # half of a renewal, perhaps: the one in use goes on, and the next look tries again
            _log.warning("tls.not_renewed", why=str(error))
            return
        self._stamp = stamp
        _log.info("tls.renewed")

    def _stamps(self) -> Stamp | None:
        try:
            found = [each.stat() for each in self._files]
        except OSError:
            return None
        return tuple((each.st_ino, each.st_mtime_ns, each.st_size) for each in found)
