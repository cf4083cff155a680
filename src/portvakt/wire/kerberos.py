"""Kerberos tickets that browsers bring (SPNEGO), read with the keys of a keytab.

Sources: RFC 4559 (HTTP), RFC 4178 (SPNEGO), RFC 4121 (the Kerberos mechanism), RFC 6680.
python-gssapi is an extra of its own (`portvakt[kerberos]`), so only a root imports this.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import gssapi
from gssapi import raw
from gssapi.raw import ext_rfc6680
from gssapi.raw.named_tuples import AcceptSecContextResult

from portvakt.wire.tickets import NotTaken, Ticket, sid_of, token_of

SPNEGO: Final = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
KRB5: Final = gssapi.MechType.kerberos
_WHOSE: Final = b"urn:mspac:upn-dns-info"
_DELEGATED: Final = b"urn:mspac:delegation-info"
_NOBODYS: Final = "the ticket does not say which account it is for"


class TicketReader:
    """Reads tickets for our service, in a thread of its own.

    It is a fifth of a millisecond, but it waits for files that other processes lock.
    """

    def __init__(self, keytab: Path, services: Sequence[str]) -> None:
        """Use the keys of `services` (`HTTP/<host>@<REALM>`) in `keytab`, read for each ticket.

        The names are whole: one without its realm would have the library ask DNS what the host is
        called, and look for keys of that.
        """
        # bytes: of text, python-gssapi 1.12 hands on memory that it has let go of (ADR 59)
        self._store: dict[bytes | str, bytes | str] = {b"keytab": f"FILE:{keytab}".encode()}
        self._services = tuple(services)
        self._held: dict[str, raw.Creds] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="tickets")

    async def read(self, written: str) -> Ticket | NotTaken:
        """Read what stands after `Negotiate` in a header. What was used once is not taken again."""
        token = token_of(written)
        if isinstance(token, NotTaken):
            return token
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, token)

    def examine(self) -> dict[str, str]:
        """Say for each service why its keys cannot be used; empty where they can."""
        said = self._thread.map(self._trouble, self._services)
        return dict(zip(self._services, said, strict=True))

    def _trouble(self, service: str) -> str:
        try:
            self._keys(service)
        except raw.GSSError as error:
            return str(error)
        return ""

    def _keys(self, service: str) -> raw.Creds:
        """Return the keys, for Kerberos and nothing else: SPNEGO then offers no other mechanism.

        They hold the file's name: what stands in it is read for each ticket.
        """
        if service not in self._held:
            name = raw.import_name(service.encode(), gssapi.NameType.kerberos_principal)
            made = raw.acquire_cred_from(self._store, name, None, [SPNEGO], "accept").creds
            raw.set_neg_mechs(made, [KRB5])
            self._held[service] = made
        return self._held[service]

    def _read(self, token: bytes) -> Ticket | NotTaken:
        """Try the keys of each service: a ticket is for one of them."""
        said = []
        for service in self._services:
            try:
                return _judged(raw.accept_sec_context(token, self._keys(service)))
            except raw.GSSError as error:
                said.append(str(error))
        return NotTaken("unreadable", "; ".join(dict.fromkeys(said)))


def _judged(accepted: AcceptSecContextResult) -> Ticket | NotTaken:
    """Say whose a genuine token is. Raises `GSSError`."""
    if accepted.more_steps or accepted.mech != KRB5:
        return NotTaken("unsupported", "not one token of Kerberos")
    owner = accepted.initiator_name
    told = ext_rfc6680.inquire_name(owner).attrs
    if _WHOSE not in told:
        return NotTaken("unsupported", _NOBODYS)
    if _DELEGATED in told:
        return NotTaken("unsupported", "another service asked for it in its owner's name")
    shown = raw.display_name(owner).name.decode("utf-8", "replace")
    given = raw.krb5_extract_authtime_from_sec_context(accepted.context)
    whose = ext_rfc6680.get_name_attribute(owner, _WHOSE)
    sid = sid_of(whose.values[0]) if whose.authenticated and whose.values else None
    if sid is None:
        return NotTaken("unsupported", _NOBODYS)
    at = datetime.fromtimestamp(given, UTC)
    realm = shown.rpartition("@")[2]
    return Ticket(realm=realm, sid=sid, given_at=at, answer=accepted.token or b"")
