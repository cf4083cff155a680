"""A browser in which somebody asked not to be asked again: known, used, begun, ended (ADR 60).

Each function is a part of its caller's act. What a browser is known by is looked at only after a
right password, where a rule would ask for less, and never on a computer that many people share.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from portvakt.core.assurance import SIGN_IN
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.device_grant import asked_by_page
from portvakt.core.events import BrowserCopied, BrowserRemembered
from portvakt.core.ids import KnownBrowserId
from portvakt.core.known_browsers import Brought, KnownBrowser, judge, remembering
from portvakt.core.secret import Secret
from portvakt.core.sign_in import SignIn
from portvakt.core.signals import KnownFrom
from portvakt.crypto.families import Member, new_family
from portvakt.crypto.randomness import Random
from portvakt.mail import Notice, What
from portvakt.proving.notices import Notices
from portvakt.proving.rules import Verdict
from portvakt.proving.visit import Visit, said
from portvakt.records.standing import Standing
from portvakt.records.unit import Unit


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What the browser is to be known by from now on."""

    secret: Secret
    lives: timedelta


@dataclass(frozen=True, slots=True)
class Copied:
    """What was brought had been replaced long before."""

    stored: KnownBrowser
    brought: Member


Recognised = KnownFrom | Copied


@dataclass(frozen=True, slots=True)
class BrowserNow:
    """What a session has of its browser, and by what that is known from now on."""

    known: KnownFrom | None = None
    handed_out: HandedOut | None = None


STRANGE: Final = BrowserNow()


def matter(verdict: Verdict | None, state: SignIn, visit: Visit) -> bool:
    """Say whether it matters in a sign-in what this browser is known by: less may be asked then.

    Never before the password, beside one that is only to be changed, or beside a start code; and
    not for one's own methods.
    """
    shown = state.evidence
    if verdict is None or not verdict.decision.looks_at_browser:
        return False
    other = any(each.stale or each.type is AuthenticatorType.START_CODE for each in shown)
    return visit.brought is not None and state.purpose == SIGN_IN and bool(shown) and not other


async def recognise(unit: Unit, standing: Standing, visit: Visit) -> Recognised | None:
    """Look at what this browser brings; None where it is nothing to this person here and now."""
    brought = visit.brought
    if brought is None or visit.browser is None:
        return None
    found = await unit.known_browsers.look(brought.family_hash, brought.own_hash)
    if found is None:
        return None
    what = judge(
        found.stored,
        standing.account.id,
        visit.browser,
        visit.user_agent,
        visit.now,
        live=found.live,
    )
    if what is Brought.COPIED:
        return Copied(found.stored, brought)
    method = found.stored.authenticator_id
    usable = any(each.id == method and each.usable(visit.now) for each in standing.authenticators)
    return found.stored.known if usable and what is Brought.COUNTS else None


async def settle(
    unit: Unit,
    random: Random,
    state: SignIn,
    verdict: Verdict,
    recognised: Recognised | None,
    standing: Standing,
    visit: Visit,
) -> BrowserNow | None:
    """Say what a session that opens has of its browser; None where that counted and does no more.

    Whoever asks, after a second factor, not to be asked again is known from then on.
    """
    lives = offered(state, verdict, visit) if visit.remember else None
    begun = None
    if lives is not None:
        begun = await _begin(unit, random, state, lives, standing, visit)
    if begun is not None:
        return begun
    if isinstance(recognised, KnownFrom):
        return await _use(unit, random, recognised, visit)
    return STRANGE


async def _use(unit: Unit, random: Random, known: KnownFrom, visit: Visit) -> BrowserNow | None:
    """Use up what was brought; None where it counts no more.

    Nothing follows it where another tab was first: the answer to that holds what does.
    """
    brought = visit.brought
    if brought is None:
        return None
    secret, own_hash = brought.next(random)
    rotated = await unit.known_browsers.rotate(
        brought.family_hash, brought.own_hash, own_hash, visit.now
    )
    if rotated is None:
        return None
    follows = HandedOut(Secret(secret), known.until - visit.now)
    return BrowserNow(known, follows if rotated else None)


def offered(state: SignIn, verdict: Verdict | None, visit: Visit) -> timedelta | None:
    """Return how long the person may go unasked in this browser, if that may be offered."""
    if verdict is None or visit.browser is None or state.purpose != SIGN_IN:
        return None
    if asked_by_page(state.to).two_factors:
        return None
    return verdict.decision.remember


async def _begin(
    unit: Unit, random: Random, state: SignIn, lives: timedelta, standing: Standing, visit: Visit
) -> BrowserNow | None:
    """Know this browser from now on, by the second factor that was just shown; None without one."""
    shown = remembering(state.evidence, state.created_at)
    if shown is None or visit.browser is None:
        return None
    if visit.brought is not None:
        await unit.known_browsers.replace(visit.brought.family_hash, visit.brought.own_hash)
    family = new_family(random)
    browser = KnownBrowser(
        id=KnownBrowserId(random.id()),
        account_id=standing.account.id,
        authenticator_id=shown.authenticator_id,
        browser=visit.browser,
        user_agent=visit.user_agent,
        address=visit.address,
        since=shown.at,
        used_at=visit.now,
        until=shown.at + lives,
    )
    await unit.known_browsers.begin(browser, family.family_hash, family.own_hash)
    await unit.audit.write(
        BrowserRemembered(
            **said(visit, standing.account.id),
            browser_id=browser.id,
            method=shown.type,
            until=browser.until,
            user_agent=visit.user_agent,
        )
    )
    handed_out = HandedOut(Secret(family.secret), browser.until - visit.now)
    return BrowserNow(browser.known, handed_out)


async def end_copied(
    unit: Unit, notices: Notices, standing: Standing, copied: Copied, visit: Visit
) -> None:
    """Forget a browser of which there are two, end what was opened in it, and tell its person.

    Once, however often the old secret comes.
    """
    brought, stored, account = copied.brought, copied.stored, standing.account
    if not await unit.known_browsers.end_copied(brought.family_hash, brought.own_hash):
        return
    ended = await unit.known_browsers.end_sessions(stored.id, account.id, visit.now)
    await unit.grants.revoke_of_sessions(ended, visit.now)
    await unit.audit.write(
        BrowserCopied(
            **said(visit, account.id),
            browser_id=stored.id,
            user_agent=stored.user_agent,
            sessions=len(ended),
        )
    )
    await notices.tell(unit, account, What(notice=Notice.BROWSER_COPIED), visit)
