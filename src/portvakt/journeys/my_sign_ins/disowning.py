"""«Det var inte jag» of something in one's own list: one act, and a case for support."""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.events import SignInDisowned
from portvakt.core.freezing import Change, freezes_from
from portvakt.core.ids import AccountId, SessionId
from portvakt.core.sessions import Session
from portvakt.journeys.my_sign_ins.words import NAMES
from portvakt.proving.freezing import freeze_since
from portvakt.proving.gate import Current
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Visit, said
from portvakt.records.audit import StoredEvent
from portvakt.records.freezes import Link
from portvakt.records.standing import Standing
from portvakt.records.unit import Records, Unit


@dataclass(frozen=True, slots=True)
class Row:
    """Something that is told, and from when on what is new is frozen if it is disowned."""

    event: StoredEvent
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Disowning:
    """Looks at a row, and disowns it. A row of somebody else is none."""

    records: Records
    notices: Notices

    async def look(self, current: Current, row: int, now: datetime) -> Row | None:
        """Read what is told of this person in that row of the trail."""
        account_id = current.standing.account.id
        return await self.records.read(
            lambda unit: _row(unit, account_id, row, current.session, current.standing, now)
        )

    async def disown(self, current: Current, row: int, visit: Visit) -> bool:
        """Freeze what is new since then and end all that is open, this session too.

        The events carry the number of this request, by which support finds the case. False where
        there is no such row, or the session has ended meanwhile: then nothing has happened.
        """
        account_id, session = current.standing.account.id, current.session

        async def act(unit: Unit) -> bool:
            await unit.turn(f"methods:{account_id}")
            standing = await unit.people.load(account_id)
            if standing is None or await unit.sessions.whose(session.id) != account_id:
                return False
            found = await _row(unit, account_id, row, session, standing, visit.now)
            if found is None:
                return False
            await unit.audit.write(
                SignInDisowned(
                    **said(visit, account_id),
                    event=found.event.id,
                    happened=found.event.name,
                    happened_at=found.event.at,
                    happened_from=found.event.address,
                )
            )
            what = Link(account_id, Change.SIGN_IN, found.since)
            await freeze_since(unit, self.notices, standing, what, visit)
            return True

        return await self.records.write(act)


async def _row(
    unit: Unit,
    account_id: AccountId,
    row: int,
    session: Session,
    standing: Standing,
    now: datetime,
) -> Row | None:
    """Read a row, and from when on what is new is frozen if this session disowns it.

    What was done in a session is as old as the session: whoever opened an app with it may have
    added a method just before.
    """
    event = await unit.audit.one(account_id, row)
    if event is None or event.name not in NAMES:
        return None
    within = event.detail.get("session_id")
    began = None if within is None else await unit.sessions.began(SessionId(within), account_id)
    made = event.at if began is None else min(began, event.at)
    return Row(event, freezes_from(made, session.evidence, standing.authenticators, now))
