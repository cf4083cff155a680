"""Reading one's own sign-ins, and ending them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from portvakt.core.events import BrowserForgotten, SessionsEnded
from portvakt.core.ids import AccountId, KnownBrowserId, SessionId
from portvakt.core.known_browsers import KnownBrowser
from portvakt.core.sessions import Session
from portvakt.proving.visit import Visit, said
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
    browsers: list[KnownBrowser] = field(default_factory=list)
    """Those in which they are not asked for a second factor again."""


async def look(
    records: Records,
    account_id: AccountId,
    names: Iterable[str],
    before: int | None,
    known: datetime | None = None,
) -> Found:
    """Read events of these names, and sessions; before a row no sessions.

    Where browsers may be `known` at a moment, read those that are. Two statements, or one; a third
    for browsers. Each page is read by the index from where the last one ended, whatever
    has come since. Raises RecordsUnavailable.
    """

    async def act(unit: Unit) -> Found:
        sessions = await unit.sessions.of(account_id) if before is None else []
        browsers: list[KnownBrowser] = []
        if before is None and known is not None:
            browsers = await unit.known_browsers.of(account_id, known)
        last = LAST if before is None else before
        events = await unit.audit.page(account_id, names, SHOWN + 1, last)
        older = events[SHOWN - 1].id if len(events) > SHOWN else None
        return Found(sessions, events[:SHOWN], older, browsers)

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


async def forget_browser(
    records: Records, account_id: AccountId, browser_id: KnownBrowserId, visit: Visit
) -> bool:
    """Ask again in a browser of this person's; False where they have no such.

    A session that stood by it stands by what was shown from now on.
    """

    async def act(unit: Unit) -> bool:
        gone = await unit.known_browsers.forget(browser_id, account_id)
        if gone:
            told = said(visit, account_id)
            await unit.audit.write(BrowserForgotten(**told, browsers=1, reason="by_owner"))
        return gone

    return await records.write(act)


async def end_others(records: Records, account_id: AccountId, kept: SessionId, visit: Visit) -> int:
    """End every session of this person but one; returns how many that were.

    Every browser but this one is asked for a second factor again.
    What apps may ask for while nobody is signed in stays: it is taken back at `/app-access`.
    """

    async def act(unit: Unit) -> int:
        closed = await unit.sessions.close_all(account_id, visit.now, except_id=kept)
        mine = None if visit.brought is None else visit.brought.family_hash
        await unit.known_browsers.forget_all(account_id, mine)
        if closed:
            await unit.grants.revoke_of_others(account_id, kept, visit.now)
            await unit.audit.write(_ended(account_id, closed, visit))
        return closed

    return await records.write(act)


async def end_all(records: Records, account_id: AccountId, visit: Visit) -> None:
    """End every session of this person, and all that apps hold, offline too.

    Every browser is asked for a second factor again.
    """

    async def act(unit: Unit) -> None:
        closed = await unit.sessions.close_all(account_id, visit.now)
        await unit.known_browsers.forget_all(account_id)
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
