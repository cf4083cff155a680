"""What follows from a new password: what the old one had opened ends, and everybody is told."""

from datetime import datetime

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, SessionId
from portvakt.mail import Notice, What
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Visit
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit


async def end_what_it_opened(
    unit: Unit,
    account_id: AccountId,
    at: datetime,
    *,
    session: SessionId | None = None,
    browser: bytes | None = None,
) -> int:
    """End what may be a stranger's: sessions, known browsers, grants, requests (A076).

    `session` and `browser` stay: those of whoever has just shown everything there is to show.
    Returns how many sessions that were.
    """
    ended = await unit.sessions.close_all(account_id, at, session)
    await unit.browsers.forget_all(account_id, browser)
    await unit.grants.revoke_of_account(account_id, at)
    for each in await unit.approvals.deny_all(account_id, at):
        await unit.wakeups.ring(f"approval:{each}")
    await unit.flows.close_all(account_id)
    return ended


async def tell_everywhere(
    unit: Unit,
    notices: Notices,
    standing: Standing,
    notice: Notice,
    text: str,
    visit: Visit | None,
    at: datetime | None = None,
) -> None:
    """Queue a mail, and a text to every number of the account, those put aside too.

    One of them is the owner's. `text` names the sentence of the texts; `at` is for what the
    background does, which has no visit.
    """
    account, when = standing.account, at if visit is None else visit.now
    if when is None:
        raise AssertionError("what the background does has a time")
    configuration = await unit.configuration.load()
    await notices.tell(unit, account, What(notice=notice), visit, configuration, at=when)
    numbers = {
        each.detail for each in standing.authenticators if each.type is AuthenticatorType.SMS_CODE
    }
    for number in sorted(numbers):
        await notices.tell_number(unit, account, number, text, when)
