"""Ends a session whose cookie comes from another browser somewhere else, and tells of it (A066).

Looked at wherever a session is read from its cookie. What an app or its proxy sends carries no such
cookie, so where an app calls from is no sign of anything.
"""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.elsewhere import seen_elsewhere
from portvakt.core.events import SessionSeenElsewhere
from portvakt.core.networks import network_name
from portvakt.core.people import Account
from portvakt.core.sessions import Session
from portvakt.core.user_agents import browser_of
from portvakt.mail import Notice, What, Where
from portvakt.proving.notices import Notices
from portvakt.records.configuration import Configuration
from portvakt.records.unit import Records, Unit
from portvakt.web.request import Here


@dataclass(frozen=True, slots=True)
class StolenCookies:
    """Compares each request with how its session began: two strings, and seldom more."""

    records: Records
    notices: Notices

    async def ends(
        self,
        session: Session,
        account: Account,
        at: Here,
        configuration: Configuration,
        now: datetime,
    ) -> bool:
        """Say whether the session has ended by this; told once, by whoever ended it.

        Raises RecordsUnavailable.
        """
        opened, seen = (session.address, session.user_agent), (at.address, at.user_agent)
        if not seen_elsewhere(opened, seen, configuration.networks):
            return False
        event = SessionSeenElsewhere(
            at=now,
            account_id=account.id,
            request_id=at.request_id,
            address=at.address,
            session_id=session.id,
            user_agent=at.user_agent,
            opened_from=session.address,
            opened_in=session.user_agent,
        )
        network = network_name(at.address, configuration.networks) or None
        told = browser_of(at.user_agent)
        label = ", ".join(each for each in (told.name, told.system) if each is not None)
        what = What(notice=Notice.SEEN_ELSEWHERE, label=label)

        async def act(unit: Unit) -> None:
            if not await unit.sessions.close(session.id, account.id, now):
                return
            await unit.audit.write(event)
            where = Where(address=at.address, network=network)
            await self.notices.tell(unit, account, what, None, at=now, where=where)

        await self.records.write(act)
        return True
