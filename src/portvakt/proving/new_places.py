"""Telling people of a sign-in from a new place: a new browser, somewhere they were not before.

Once for each browser, and never of what looks the same every morning: not on a network of the
organisation, nor at an address from which the person has signed in during the last month, so that
whoever clears a browser of its cookies is not written to each day.
"""

from portvakt.core.events import SignInSucceeded
from portvakt.core.ids import AccountId
from portvakt.core.user_agents import browser_of
from portvakt.mail import Notice, What
from portvakt.proving.notices import Notices
from portvakt.proving.risk import HERE_LATELY
from portvakt.proving.rules import Verdict
from portvakt.proving.visit import Visit
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

LOOKED_AT = 100
"""Sign-ins that are looked through for the address; more in a month are no person's."""


async def tell_of_new_place(
    unit: Unit,
    notices: Notices,
    standing: Standing,
    verdict: Verdict,
    visit: Visit,
    *,
    been_here: bool | None = None,
) -> None:
    """Queue the mail, where this is one; before the sign-in itself is noted.

    The first sign-in of all is told of as what it is: something new was registered. `been_here`
    says whether the address is one of the last month, where that was found out already.
    """
    account = standing.account
    if standing.known_browser or verdict.inside or account.last_sign_in_at is None:
        return
    if been_here is None:
        been_here = await _been_here(unit, account.id, visit)
    if been_here:
        return
    browser = browser_of(visit.user_agent)
    label = ", ".join(each for each in (browser.name, browser.system) if each is not None)
    what = What(notice=Notice.NEW_PLACE, label=label)
    await notices.tell(unit, account, what, visit, verdict.configuration)


async def _been_here(unit: Unit, account_id: AccountId, visit: Visit) -> bool:
    names = (SignInSucceeded.name,)
    since = visit.now - HERE_LATELY
    before = await unit.audit.of_kind(account_id, names, LOOKED_AT, since)
    return visit.address is not None and visit.address in {each.address for each in before}
