"""Where an act comes from, as far as flows may know it."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypedDict

from portvakt.core.event import SELF
from portvakt.core.ids import AccountId
from portvakt.core.our_devices import ShownDevice
from portvakt.core.sessions import Session
from portvakt.core.signals import Device, KnownFrom, Risk, Seen
from portvakt.crypto.families import Member


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
    our_device: ShownDevice | None = None
    """The device of ours that this browser is on, as far as it has shown and still counts."""
    known: KnownFrom | None = None
    """The browser, where its person asked in it not to be asked again and that still holds."""
    brought: Member | None = field(default=None, repr=False)
    """What this browser brings that it would be known by, looked at by nobody yet; None on a
    computer that many people share."""
    remember: bool = False
    """Whether the person asks in this request not to be asked again in this browser."""
    risk: frozenset[Risk] = frozenset()

    @property
    def device(self) -> Device:
        """Whose device it is."""
        return Device.OTHER if self.our_device is None else Device.OURS

    def beside(self, risk: frozenset[Risk]) -> "Visit":
        """Return the same request in a sign-in or session about which this was found amiss."""
        return replace(self, risk=self.risk | risk) if risk else self

    @property
    def seen(self) -> Seen:
        """What rules may look at beside the address."""
        return Seen(
            device=self.device,
            shown_device=self.our_device,
            known=self.known,
            user_agent=self.user_agent,
            risk=self.risk,
        )

    def within(self, session: Session) -> "Visit":
        """Return the same request with what its session has: of the browser, and of risk."""
        return replace(self.beside(session.risks), known=session.known)


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
