"""What follows from a new password: what the old one had opened ends, and everybody is told."""

from dataclasses import dataclass

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, FlowId, SessionId
from portvakt.mail import Notice, What
from portvakt.proving.notices import Notices
from portvakt.proving.visit import Doer
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What stays open: that of whoever has just shown everything there is to show."""

    session: SessionId | None = None
    browser: bytes | None = None
    flow: FlowId | None = None
    """The sign-in under way."""


NOTHING = Kept()


async def end_what_it_opened(
    unit: Unit, account_id: AccountId, doer: Doer, kept: Kept = NOTHING
) -> int:
    """End what may be a stranger's: sessions, known browsers, grants, requests (A076).

    Returns how many sessions that were.
    """
    ended = await unit.sessions.close_all(account_id, doer.at, kept.session)
    await unit.browsers.forget_all(account_id, kept.browser)
    await unit.known_browsers.forget_all(account_id)
    await unit.grants.revoke_of_account(account_id, doer.at)
    for each in await unit.approvals.deny_all(account_id, doer.at):
        await unit.wakeups.ring(f"approval:{each}")
    await unit.flows.close_all(account_id, kept.flow)
    return ended


async def tell_everywhere(
    unit: Unit, notices: Notices, standing: Standing, notice: Notice, text: str, doer: Doer
) -> None:
    """Queue a mail, and a text to every number of the account, those put aside too.

    One of them is the owner's. `text` names the sentence of the texts.
    """
    account, at = standing.account, doer.at
    configuration = await unit.configuration.load()
    await notices.tell(unit, account, What(notice=notice), doer.visit, configuration, at=at)
    numbers = {
        each.detail for each in standing.authenticators if each.type is AuthenticatorType.SMS_CODE
    }
    for number in sorted(numbers):
        await notices.tell_number(unit, account, number, text, at)
