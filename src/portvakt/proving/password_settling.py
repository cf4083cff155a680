"""What follows from a write, once: everything that the old password opened ends, and who is told.

From the page that wrote it, or from the background that read it back (`password_reading_back`).
"""

from portvakt.core.event import Event
from portvakt.core.ids import AccountId
from portvakt.core.password_change_events import (
    PasswordChanged,
    PasswordChangeUnsure,
    PasswordNotChanged,
)
from portvakt.core.password_outcomes import Refused, UnknownOutcome, Unreachable, WriteOutcome
from portvakt.core.password_reset import Goal, Reset, Stage, came_back
from portvakt.core.reset_events import (
    PasswordReset,
    PasswordResetNotWritten,
    PasswordResetUnsure,
)
from portvakt.mail import Notice
from portvakt.proving.after_new_password import (
    NOTHING,
    Kept,
    end_what_it_opened,
    tell_everywhere,
)
from portvakt.proving.freezing import hold_back_password
from portvakt.proving.notices import Notices
from portvakt.proving.password_homes import Home, listen_again
from portvakt.proving.visit import Doer
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

_TOLD = {
    Goal.NEW_PASSWORD: (Notice.RESET, "reset"),
    Goal.UNLOCK: (Notice.UNLOCKED, "unlocked"),
    Goal.CHANGE: (Notice.PASSWORD, "reset"),
}
"""What the mail and the texts are about."""


async def settle(
    unit: Unit,
    sent: Reset,
    outcome: WriteOutcome,
    standing: Standing,
    home: Home,
    notices: Notices,
    doer: Doer,
    kept: Kept = NOTHING,
) -> bool:
    """Keep what came of a write, and all that follows from it; False where somebody was first.

    `sent` is the attempt as it was stored last. What was unsure has ended everything and told
    everybody already: when it turns out to be written, only that is kept. `kept` stays open.
    """
    settled, account_id = came_back(sent, outcome), standing.account.id
    if not await _stored(unit, settled):
        return False
    if isinstance(outcome, Refused | Unreachable):
        await unit.audit.write(_not_written(settled, outcome, account_id, doer))
        return True
    unsure = isinstance(outcome, UnknownOutcome)
    is_new = settled.goal is not Goal.UNLOCK
    if not unsure:
        stands = not is_new or await home.keep(unit, doer.at)
        if not stands and settled.goal is Goal.CHANGE:
            return False  # the old one that it was judged by does not hold any more
        await listen_again(unit, standing.account, doer.at)
    if is_new:
        await hold_back_password(unit, account_id, doer.at)
    first = sent.stage is not Stage.UNKNOWN
    ended = await _end_everything(unit, settled, standing, doer, kept) if first else 0
    await unit.audit.write(_written(settled, standing, doer, ended, unsure=unsure))
    if first:
        notice, text = _TOLD[settled.goal]
        await tell_everywhere(unit, notices, standing, notice, text, doer)
    return True


async def _stored(unit: Unit, settled: Reset) -> bool:
    """Keep how far it has come. Nobody comes back to a change that is settled."""
    if settled.goal is Goal.CHANGE and settled.stage is not Stage.UNKNOWN:
        return await unit.resets.close(settled.id, settled.version)
    return await unit.resets.save(settled)


def _not_written(
    settled: Reset, outcome: Refused | Unreachable, account_id: AccountId, doer: Doer
) -> Event:
    told, actor = doer.told(account_id), doer.actor
    why = outcome.why.value if isinstance(outcome, Refused) else "unreachable"
    if settled.goal is Goal.CHANGE:
        return PasswordNotChanged(**told, actor=actor, why=why)
    return PasswordResetNotWritten(**told, actor=actor, goal=settled.goal, why=why)


def _written(settled: Reset, standing: Standing, doer: Doer, ended: int, *, unsure: bool) -> Event:
    told, actor = doer.told(standing.account.id), doer.actor
    if settled.goal is Goal.CHANGE:
        changed = PasswordChangeUnsure if unsure else PasswordChanged
        return changed(**told, actor=actor, sessions=ended)
    methods = tuple(each.type.value for each in settled.evidence)
    methods += ("people",) if settled.vouches else ()
    reset = PasswordResetUnsure if unsure else PasswordReset
    return reset(**told, actor=actor, goal=settled.goal, methods=methods, sessions=ended)


async def _end_everything(
    unit: Unit, settled: Reset, standing: Standing, doer: Doer, kept: Kept
) -> int:
    """End what the old password opened, and every other attempt; keep what a reset rested on."""
    account_id = standing.account.id
    ended = await end_what_it_opened(unit, account_id, doer, kept)
    await unit.resets.close_others(account_id, settled.id)
    if settled.goal is not Goal.CHANGE:
        used = {each.authenticator_id for each in settled.evidence}
        await unit.resets.finished(account_id, doer.at, used)
    return ended
