"""What a request is granted: which scopes, and for how long. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from portvakt.core.people import Account
from portvakt.core.relying_parties import OFFLINE_ACCESS, REFRESH_TOKEN, RelyingParty
from portvakt.core.sessions import Session, ends_with, lifetime_of

ONCE = timedelta(minutes=10)
"""Longer than the code and the access token together; after that nothing hangs on the grant."""
LATER = timedelta(hours=12)
"""Of `offline_access`, counted from when the app was opened (ASVS 10.4.8)."""
LATER_ON_A_PHONE = timedelta(days=30)
"""The same for an app that people carry with them."""


def granted_scope(asked: Iterable[str], app: RelyingParty) -> tuple[str, ...]:
    """Return what was asked for and is assigned to the app, in the order of its entry.

    The rest is left out without an error (OpenID Connect Core section 5.4, ASVS 10.4.11), and so is
    `offline_access` where no refresh token could come of it (section 11).
    """
    wanted = set(asked)
    if REFRESH_TOKEN not in app.grant_types:
        wanted.discard(OFFLINE_ACCESS)
    return tuple(scope for scope in app.scope if scope in wanted)


def ends_at(
    app: RelyingParty, scope: Iterable[str], session: Session, account: Account, now: datetime
) -> datetime:
    """Return when nothing hangs on the grant any more, whatever is refreshed meanwhile.

    What a temporary pass was shown for ends with the pass.
    """
    return min((_latest(app, scope, session, account, now), *ends_with(session.evidence)))


def _latest(
    app: RelyingParty, scope: Iterable[str], session: Session, account: Account, now: datetime
) -> datetime:
    if REFRESH_TOKEN not in app.grant_types:
        return now + ONCE
    if OFFLINE_ACCESS in scope:
        return now + (LATER_ON_A_PHONE if app.application_type == "native" else LATER)
    of_session = session.created_at + lifetime_of(session.kind, account.roles).absolute
    return max(of_session, now + ONCE)
