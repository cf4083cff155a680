"""Where an act comes from, as far as flows may know it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from portvakt.core.event import SELF
from portvakt.core.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request, without HTTP.

    `address` is the client's IP address behind trusted proxies, or None where it is unknown, which
    means outside. `binding` and `browser` are SHA-256 digests of the two cookies (32 bytes);
    `browser` is None in a browser that has no such cookie yet, and on a computer that many people
    share, which is known to nobody.
    """

    now: datetime
    address: str | None
    binding: bytes
    browser: bytes | None
    language: str
    request_id: str
    user_agent: str


class Said(TypedDict):
    """What every event of a visit tells."""

    at: datetime
    account_id: AccountId | None
    request_id: str
    address: str | None


def said(visit: Visit, account_id: AccountId | None) -> Said:
    """Return what every event of a visit tells: when, about whom, in which request, from where."""
    return Said(
        at=visit.now,
        account_id=account_id,
        request_id=visit.request_id,
        address=visit.address,
    )


def said_unasked(at: datetime, account_id: AccountId) -> Said:
    """Return what an event tells that no request led to."""
    return Said(at=at, account_id=account_id, request_id="", address=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doer:
    """Who does something to an account, and when.

    `visit` is None in the background, and where an operator does it.
    """

    at: datetime
    actor: str = SELF
    visit: Visit | None = None

    def told(self, account_id: AccountId) -> Said:
        """Return what its events tell, apart from the actor."""
        if self.visit is not None:
            return said(self.visit, account_id)
        return said_unasked(self.at, account_id)


def visitor(visit: Visit) -> Doer:
    """Return the one who sent a request, about an own account."""
    return Doer(at=visit.now, visit=visit)
