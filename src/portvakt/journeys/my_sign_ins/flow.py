"""Reading one's own sign-ins, and ending them."""

from dataclasses import dataclass

from portvakt.core.events import SessionsEnded
from portvakt.core.ids import AccountId, SessionId
from portvakt.core.sessions import Session
from portvakt.proving.visit import Visit
from portvakt.records.audit import StoredEvent
from portvakt.records.unit import Records, Unit

READ = 200
"""Events to look through: some of them are about other things than signing in."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored about one person's sign-ins, the newest first."""

    sessions: list[Session]
    events: list[StoredEvent]


async def look(records: Records, account_id: AccountId) -> Found:
    """Read it in two statements. Raises RecordsUnavailable."""

    async def act(unit: Unit) -> Found:
        sessions = await unit.sessions.of(account_id)
        return Found(sessions, await unit.audit.of_account(account_id, READ))

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
