"""Reading one's own sign-ins, and ending them."""

from collections.abc import Iterable
from dataclasses import dataclass

from portvakt.core.events import SessionsEnded
from portvakt.core.ids import AccountId, SessionId
from portvakt.core.sessions import Session
from portvakt.proving.visit import Visit
from portvakt.records.audit import LAST, StoredEvent
from portvakt.records.unit import Records, Unit

SHOWN = 50
"""Rows on a page."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored about one person's sign-ins, the newest first."""

    sessions: list[Session]
    events: list[StoredEvent]
    older: int | None
    """The row after which there is more."""


async def look(
    records: Records, account_id: AccountId, names: Iterable[str], before: int | None
) -> Found:
    """Read events of these names, and sessions; before a row no sessions.

    Two statements, or one. Each page is read by the index from where the last one ended, whatever
    has come since. Raises RecordsUnavailable.
    """

    async def act(unit: Unit) -> Found:
        sessions = await unit.sessions.of(account_id) if before is None else []
        last = LAST if before is None else before
        events = await unit.audit.page(account_id, names, SHOWN + 1, last)
        older = events[SHOWN - 1].id if len(events) > SHOWN else None
        return Found(sessions, events[:SHOWN], older)

    return await records.read(act)


async def end_one(
    records: Records, account_id: AccountId, session_id: SessionId, visit: Visit
) -> bool:
    """End a session of this person, and what apps were given in it.

    False where they have no such session open.
    """

    async def act(unit: Unit) -> bool:
        closed = await unit.sessions.close(session_id, account_id, visit.now)
        if closed:
            await unit.grants.revoke_of_session(session_id, visit.now)
            await unit.audit.write(_ended(account_id, 1, visit))
        return closed

    return await records.write(act)


async def end_others(records: Records, account_id: AccountId, kept: SessionId, visit: Visit) -> int:
    """End every session of this person but one; returns how many that were.

    What apps may ask for while nobody is signed in stays: it is taken back at `/app-access`.
    """

    async def act(unit: Unit) -> int:
        closed = await unit.sessions.close_all(account_id, visit.now, except_id=kept)
        if closed:
            await unit.grants.revoke_of_others(account_id, kept, visit.now)
            await unit.audit.write(_ended(account_id, closed, visit))
        return closed

    return await records.write(act)


async def end_all(records: Records, account_id: AccountId, visit: Visit) -> None:
    """End every session of this person, and all that apps hold, offline too."""

    async def act(unit: Unit) -> None:
        closed = await unit.sessions.close_all(account_id, visit.now)
        await unit.grants.revoke_of_account(account_id, visit.now)
        if closed:
            await unit.audit.write(_ended(account_id, closed, visit))

    await records.write(act)


def _ended(account_id: AccountId, sessions: int, visit: Visit) -> SessionsEnded:
    return SessionsEnded(
        at=visit.now,
        account_id=account_id,
        request_id=visit.request_id,
        address=visit.address,
        sessions=sessions,
        reason="by_owner",
    )
