"""What every page of the portal begins with: who is here, and what they may open."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portvakt.core.sessions import SessionKind
from portvakt.journeys.my_apps.flow import Entry, openable
from portvakt.proving.gate import Current, Gate
from portvakt.proving.rules import Rules
from portvakt.proving.visit import Visit
from portvakt.records.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Mine:
    """The person of this request, and what they may open from here, by name."""

    current: Current
    visit: Visit
    configuration: Configuration
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalDoor:
    """Lets people in to the portal who have shown enough for it."""

    issuer: str
    gate: Gate
    rules: Rules

    async def mine(self, request: Request, to: str = "") -> Mine | Response:
        """Return who is here, or send the browser to sign in and back to `to` (this address)."""
        current = await self.gate.current(request)
        if current is None or current.session.kind is not SessionKind.FULL:
            return self.gate.sign_in(request, to=to)
        if not await self.gate.enough(request, current, None):
            return self.gate.sign_in(request, to=to)
        visit = (await self.gate.visit(request)).within(current.session)
        configuration = await self.rules.current(visit.now)
        account, evidence = current.standing.account, current.session.evidence
        entries = openable(configuration, account, evidence, visit, self.issuer)
        return Mine(current, visit, configuration, entries)
