"""Whose a Kerberos ticket is, and from where one is taken at all (ADR 59)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, assert_never

from portvakt.core.ids import NetworkId
from portvakt.core.networks import is_shared, networks_of
from portvakt.directories import DirectoryAway, KnowsTickets, TicketOwner
from portvakt.records.configuration import Configuration
from portvakt.wire.tickets import NotTaken, Reads, Ticket

WITHIN: Final = 9.0
"""Seconds for the directory, all its servers together; as for a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """It is this person's, as a source knows people."""

    source: str
    external_id: str
    at: datetime
    """When the password behind it was given; never after now."""
    stale: bool
    """That password must be changed before it opens anything."""
    refused: str
    """Why the directory would let nobody in with it, "disabled" or "locked"; else empty."""
    answer: bytes
    """What proves to the browser who we are."""


@dataclass(frozen=True, slots=True)
class TicketNotTaken:
    """It opens nothing: why, for the log and never for the page."""

    reason: str
    said: str = ""
    """What the library says of what is no ticket, or none for us."""
    realm: str = ""


@dataclass(frozen=True, slots=True)
class TicketUnanswered:
    """Nobody can say: the directory gives no answer."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tickets:
    """Takes tickets; with no reader there is no such way in, and no network for it."""

    reader: Reads | None = None
    realms: Mapping[str, tuple[str, KnowsTickets]] = field(default_factory=dict)
    """Realm to the name of its directory, and the directory."""
    networks: frozenset[NetworkId] = frozenset()

    def taken_at(self, address: str | None, configuration: Configuration) -> bool:
        """Say whether tickets are asked for and taken at this address; never where many share."""
        if self.reader is None or is_shared(address, configuration.networks):
            return False
        return bool(self.networks & networks_of(address, configuration.networks))

    async def judge(self, written: str, now: datetime) -> Whose | TicketNotTaken | TicketUnanswered:
        """Read a ticket, and ask the directory of its realm whose it is and how they stand."""
        if self.reader is None:
            return TicketNotTaken("unsupported")
        ticket = await self.reader.read(written)
        if isinstance(ticket, NotTaken):
            return TicketNotTaken(ticket.reason, ticket.said)
        return await self._whose(ticket, now)

    async def _whose(
        self, ticket: Ticket, now: datetime
    ) -> Whose | TicketNotTaken | TicketUnanswered:
        home = self.realms.get(ticket.realm)
        if home is None:
            return TicketNotTaken("realm", realm=ticket.realm)
        source, directory = home
        try:
            async with asyncio.timeout(WITHIN):
                said = await directory.whose(ticket.sid, now)
        except TimeoutError:
            return TicketUnanswered(source)
        match said:
            case TicketOwner(external_id, off, locked, stale):
                return Whose(
                    source=source,
                    external_id=external_id,
                    at=min(ticket.given_at, now),  # a domain's clock may be ahead of ours
                    stale=stale,
                    refused="disabled" if off else "locked" if locked else "",
                    answer=ticket.answer,
                )
            case DirectoryAway():
                return TicketUnanswered(source)
            case None:
                return TicketNotTaken("unknown")
            case _:
                assert_never(said)
