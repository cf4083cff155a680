"""One signed-in browser, and how long it stays so."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from portvakt.core.assurance import Evidence
from portvakt.core.ids import AccountId, SessionId
from portvakt.core.our_devices import ShownDevice
from portvakt.core.risk import Finding
from portvakt.core.roles import Role, is_privileged
from portvakt.core.signals import KnownFrom, Risk


class SessionKind(StrEnum):
    """FULL opens apps; REGISTRATION opens the registration pages and nothing else."""

    FULL = "full"
    REGISTRATION = "registration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A row on the server. The browser holds its id and a secret of which we keep a hash."""

    id: SessionId
    account_id: AccountId
    kind: SessionKind
    evidence: tuple[Evidence, ...]
    created_at: datetime
    seen_at: datetime
    """The last act of the person. A page that polls is not one (A058)."""
    resume_to: str | None = None
    """Where a registration session goes when it has become a full one: a local path."""
    address: str | None = None
    """From where it began; it stays so when its browser moves to another network."""
    user_agent: str = ""
    our_device: ShownDevice | None = None
    """The device of ours that showed itself in it last. Whether that still counts is for
    `proving.our_devices` to say."""
    known: KnownFrom | None = None
    """The browser as it was known when this began, as long as it is not forgotten."""
    closed_at: datetime | None = None
    version: int = 0
    risk: tuple[Finding, ...] = ()
    """What was found amiss when it was opened: it goes on to count for the rules."""

    @property
    def risks(self) -> frozenset[Risk]:
        """The kinds of it."""
        return frozenset(each.risk for each in self.risk)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lives without an act, and at most."""

    idle: timedelta
    absolute: timedelta


USER = Lifetime(idle=timedelta(hours=1), absolute=timedelta(hours=12))
"""NIST SP 800-63B-4 section 2.2.3 (AAL2: at most 1 h idle, 24 h in all)."""
PRIVILEGED = Lifetime(idle=timedelta(minutes=15), absolute=timedelta(hours=8))
"""NIST SP 800-63B-4 section 2.3.3 (AAL3: at most 15 min idle, 12 h in all)."""
BREAK_GLASS = Lifetime(idle=timedelta(minutes=15), absolute=timedelta(hours=1))
"""Long enough to mend what keeps everybody else out."""
REGISTRATION = Lifetime(idle=timedelta(minutes=30), absolute=timedelta(minutes=30))
"""Long enough for someone new to five screens; it opens nothing else."""
SHARED_IDLE = timedelta(minutes=10)
"""Without an act, on a computer that many people share: the next one stands behind already."""


def lifetime_of(kind: SessionKind, roles: AbstractSet[Role], *, shared: bool = False) -> Lifetime:
    """Find the limits for a session of this kind, for somebody with these roles now.

    `shared` is whether it began on a computer that many people share; the strictest limit holds.
    """
    if kind is SessionKind.REGISTRATION:
        lifetime = REGISTRATION
    elif Role.BREAK_GLASS in roles:
        lifetime = BREAK_GLASS
    else:
        lifetime = PRIVILEGED if is_privileged(roles) else USER
    return replace(lifetime, idle=min(lifetime.idle, SHARED_IDLE)) if shared else lifetime


def ends_at(
    session: Session, roles: AbstractSet[Role] = frozenset(), *, shared: bool = False
) -> datetime:
    """Say when the session ends if nothing more is done in it."""
    lifetime = lifetime_of(session.kind, roles, shared=shared)
    latest = min(session.seen_at + lifetime.idle, session.created_at + lifetime.absolute)
    return min((latest, *ends_with(session.evidence)))


def ends_with(evidence: Iterable[Evidence]) -> tuple[datetime, ...]:
    """List when temporary passes that were shown end: nothing opened with one outlives it."""
    return tuple(each.until for each in evidence if each.until is not None)


def is_live(
    session: Session,
    now: datetime,
    roles: AbstractSet[Role] = frozenset(),
    *,
    shared: bool = False,
) -> bool:
    """Whether the session still stands. Expired is gone, swept or not (A058, A059)."""
    return session.closed_at is None and now < ends_at(session, roles, shared=shared)


def goes_on(
    session: Session, now: datetime, roles: AbstractSet[Role] = frozenset(), *, shared: bool = False
) -> bool:
    """Whether somebody who signs in anew in its browser goes on in it, and needs no other.

    One that would end while they are busy gives way: they would be asked again at once.
    """
    lifetime = lifetime_of(session.kind, roles, shared=shared)
    latest = min((session.created_at + lifetime.absolute, *ends_with(session.evidence)))
    rest = latest - now
    return session.kind is SessionKind.FULL and rest >= lifetime.idle
