"""Telling people of a sign-in from a new place: a new browser, somewhere they were not before.

Once for each browser, and never of what looks the same every morning: not on a network of the
organisation, nor at an address from which the person has signed in during the last month, so that
whoever clears a browser of its cookies is not written to each day.
"""

from datetime import timedelta

from portvakt.core.events import SignInSucceeded
from portvakt.core.user_agents import browser_of
from portvakt.mail import Notice, What
from portvakt.proving.notices import Notices
from portvakt.proving.rules import Verdict
from portvakt.proving.visit import Visit
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit

REMEMBERED = timedelta(days=30)
LOOKED_AT = 100
"""Sign-ins that are looked through for the address; more in a month are no person's."""


async def tell_of_new_place(
    unit: Unit, notices: Notices, standing: Standing, verdict: Verdict, visit: Visit
) -> None:
    """Queue the mail, where this is one; before the sign-in itself is noted.

    The first sign-in of all is told of as what it is: something new was registered.
    """
    account = standing.account
    if standing.known_browser or verdict.inside or account.last_sign_in_at is None:
        return
    names = (SignInSucceeded.name,)
    since = visit.now - REMEMBERED
    before = await unit.audit.of_kind(account.id, names, LOOKED_AT, since)
    if visit.address is not None and visit.address in {each.address for each in before}:
        return
    browser = browser_of(visit.user_agent)
    label = ", ".join(each for each in (browser.name, browser.system) if each is not None)
    what = What(notice=Notice.NEW_PLACE, label=label)
    await notices.tell(unit, account, what, visit, verdict.configuration)
