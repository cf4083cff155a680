"""What follows from a write, once: everything that the old password opened ends, and who is told.

From the page that wrote it, or from the background that read it back (`reading_back`).
"""

from dataclasses import dataclass
from datetime import datetime

from portvakt.core.event import SELF
from portvakt.core.ids import AccountId
from portvakt.core.password_outcomes import Refused, UnknownOutcome, Unreachable, WriteOutcome
from portvakt.core.password_reset import Goal, Reset, Stage, came_back
from portvakt.core.reset_events import (
    PasswordReset,
    PasswordResetNotWritten,
    PasswordResetUnsure,
)
from portvakt.mail import Notice
from portvakt.proving.after_new_password import end_what_it_opened, tell_everywhere
from portvakt.proving.freezing import hold_back_password
from portvakt.proving.notices import Notices
from portvakt.proving.password_homes import Home, listen_again
from portvakt.proving.visit import Said, Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

WORKER = "worker"
"""Who tells of what was read back."""


@dataclass(frozen=True, slots=True)
class Teller:
    """Who settles it, and when. `visit` is None in the background."""

    at: datetime
    visit: Visit | None
    actor: str

    def told(self, account_id: AccountId) -> Said:
        """Return what its events tell."""
        if self.visit is not None:
            return said(self.visit, account_id)
        return Said(at=self.at, account_id=account_id, request_id="", address=None)


def of_visit(visit: Visit) -> Teller:
    """Settle what a page wrote."""
    return Teller(visit.now, visit, SELF)


async def settle(
    unit: Unit,
    sent: Reset,
    outcome: WriteOutcome,
    standing: Standing,
    home: Home,
    notices: Notices,
    teller: Teller,
) -> bool:
    """Keep what came of a write, and all that follows from it; False where somebody was first.

    `sent` is the attempt as it was stored last. What was unsure has ended everything and told
    everybody already: when it turns out to be written, only that is kept.
    """
    settled = came_back(sent, outcome)
    if not await unit.resets.save(settled):
        return False
    told, goal = teller.told(standing.account.id), settled.goal
    actor = teller.actor
    if isinstance(outcome, Refused | Unreachable):
        why = outcome.why.value if isinstance(outcome, Refused) else "unreachable"
        await unit.audit.write(PasswordResetNotWritten(**told, actor=actor, goal=goal, why=why))
        return True
    unsure = isinstance(outcome, UnknownOutcome)
    if not unsure:
        if goal is Goal.NEW_PASSWORD:
            await home.keep(unit, teller.at)
        await listen_again(unit, standing.account, teller.at)
    if goal is Goal.NEW_PASSWORD:
        await hold_back_password(unit, standing.account.id, teller.at)
    first = sent.stage is not Stage.UNKNOWN
    ended = await _end_everything(unit, settled, standing, teller.at) if first else 0
    methods = tuple(each.type.value for each in settled.evidence)
    methods += ("people",) if settled.vouches else ()
    event = PasswordResetUnsure if unsure else PasswordReset
    await unit.audit.write(event(**told, actor=actor, goal=goal, methods=methods, sessions=ended))
    if first:
        await _tell(unit, goal, standing, notices, teller)
    return True


async def _end_everything(unit: Unit, settled: Reset, standing: Standing, at: datetime) -> int:
    """End what the old password opened, and every other attempt; keep what this one rested on."""
    account_id = standing.account.id
    ended = await end_what_it_opened(unit, account_id, at)
    await unit.resets.close_others(account_id, settled.id)
    used = {each.authenticator_id for each in settled.evidence}
    await unit.resets.finished(account_id, at, used)
    return ended


async def _tell(
    unit: Unit, goal: Goal, standing: Standing, notices: Notices, teller: Teller
) -> None:
    """Tell every channel there is, those put aside too: one of them is the owner's (A076)."""
    notice, text = (Notice.UNLOCKED, "unlocked") if goal is Goal.UNLOCK else (Notice.RESET, "reset")
    await tell_everywhere(unit, notices, standing, notice, text, teller.visit, teller.at)
