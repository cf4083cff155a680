"""A phone in a test's hand: paired with the tiny service, in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from portvakt.phone.acts import Phone
from portvakt.phone.answers import Paired, Request
from portvakt.phone.line import Clock, Line
from portvakt.phone.pairing import Invitation, pair
from tests.phone.service import CODE, Service


@dataclass
class Hand:
    """A service, a way to it, and the pauses that were made."""

    service: Service
    line: Line
    pauses: list[float] = field(default_factory=list)

    async def paired(self, code: str = CODE, name: str = "Annas telefon") -> Phone:
        phone, _ = await self.pairing(code, name)
        return phone

    async def pairing(self, code: str = CODE, name: str = "Annas telefon") -> tuple[Phone, Paired]:
        identity, said = await pair(self.line, Invitation(self.line.origin, code), name)
        return Phone(identity, self.line), said

    async def one(self, phone: Phone) -> Request:
        """Return the one request that waits."""
        (request,) = (await phone.fetch()).requests
        return request


@asynccontextmanager
async def hand(service: Service | None = None, ahead: int = 0) -> AsyncIterator[Hand]:
    """Open a hand whose clock is so many milliseconds ahead of the service's."""
    mine = service or Service()
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    transport = httpx.ASGITransport(app=mine)
    async with httpx.AsyncClient(transport=transport) as client:
        clock = Clock(lambda: mine.now + ahead)
        yield Hand(mine, Line(client, mine.origin, clock, pause), pauses)
