"""At the host of an app: a ticket is traded for the cookie there, once.

A ticket is the code of a grant, so one conditional statement spends it. Two things keep it apart
from the codes of OpenID Connect, which live in the same rows: it is found by a hash of its own
kind, host included, and what it is bound to is no PKCE challenge, so that no verifier fits.
"""

import base64
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from portvakt.core.events import CodeReused
from portvakt.core.ids import GrantId
from portvakt.core.relying_parties import RelyingParty
from portvakt.crypto.digests import lookup_hash, same
from portvakt.proving.rules import Rules
from portvakt.records.grants import AuthorizationCode, Reused
from portvakt.records.unit import Records, Unit

_BOUND = "browser:"
"""No challenge of RFC 7636 section 4.2 has a colon."""


def ticket_hash(ticket: str, host: str) -> bytes:
    """Return what a ticket is stored by: at another host there is no such ticket."""
    return lookup_hash(f"ticket:{host}:{ticket}")


def browser_digest(binding: str, host: str) -> str:
    """Return what tells one browser at one host from all others, and nothing of its secret."""
    digest = sha256(f"{host}\0{binding}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def bound_to(browser: str) -> str:
    """Return what a ticket for the browser with this digest is stored with."""
    return _BOUND + browser


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A ticket, the host that it was brought to, and the browser that brought it."""

    ticket: str
    host: str
    binding: str | None
    address: str | None
    request_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Traded:
    """The grant that the browser is let in by, and where it goes on."""

    grant_id: GrantId
    location: str


@dataclass(frozen=True, slots=True)
class Trading:
    """Spends tickets."""

    records: Records
    rules: Rules

    async def answer(self, brought: Brought) -> Traded | None:
        """Spend a ticket, then hold it against the browser; None where it does not count.

        One that turns out to be for another browser stays spent, and its grant ends: it has been
        in wrong hands. So does the grant of one that comes twice. Raises RecordsUnavailable.
        """
        app = (await self.rules.current(brought.now)).by_host.get(brought.host)
        if app is None or not brought.ticket:
            return None
        hashed = ticket_hash(brought.ticket, brought.host)

        async def act(unit: Unit) -> Traded | None:
            found = await unit.grants.spend_code(hashed, brought.now)
            if found is None:
                return None
            if isinstance(found, Reused):
                if await unit.grants.revoke(found.grant_id, brought.now):  # said once
                    await unit.audit.write(_reused(found.grant_id, app, brought))
                return None
            if not _is_of_browser(found, brought):
                await unit.grants.revoke(found.grant.id, brought.now)
                return None
            return Traded(found.grant.id, found.redirect_uri)

        return await self.records.write(act)


def _is_of_browser(code: AuthorizationCode, brought: Brought) -> bool:
    if brought.binding is None or code.code_challenge is None:
        return False
    wanted = bound_to(browser_digest(brought.binding, brought.host))
    return same(wanted.encode(), code.code_challenge.encode())


def _reused(grant_id: GrantId, app: RelyingParty, brought: Brought) -> CodeReused:
    return CodeReused(
        at=brought.now,
        actor=f"app:{app.client_id}",
        request_id=brought.request_id,
        address=brought.address,
        app=app.client_id,
        grant_id=grant_id,
    )
