"""What follows when a phone is gone: nobody waits for an answer that cannot come."""

from datetime import datetime

from portvakt.core.ids import AccountId
from portvakt.core.phones import PhoneState
from portvakt.core.push_approval import ApprovalState
from portvakt.records.unit import Unit


async def close_unanswerable(unit: Unit, account_id: AccountId, at: datetime) -> int:
    """Close what waits for a person who has no phone left, and wake the pages that show it (A034).

    Part of the act that took the phone away; returns how many requests that were. With a phone
    left a request may still be answered in that one.
    """
    if any(each.state is PhoneState.ACTIVE for each in await unit.phones.of(account_id)):
        return 0
    waiting = [each.id for each in await unit.approvals.waiting(account_id, at)]
    if not waiting:
        return 0
    closed = await unit.approvals.end(waiting, ApprovalState.CLOSED, at)
    for id_ in waiting:
        await unit.wakeups.ring(f"approval:{id_}")
    return closed
