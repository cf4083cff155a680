"""A browser in which somebody asked not to be asked again for a second factor (ADR 60).

It is no proof: no evidence comes of it, and no app is told of one. A rule may name it beside a
second factor, and says how long after one it is enough. It is bound to the person and to the kind
of browser, and its secret is another after each use, so that a copy is noticed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId, KnownBrowserId
from portvakt.core.signals import KnownFrom
from portvakt.core.user_agents import browser_of

LONGEST_KNOWN: Final = timedelta(days=90)
"""The most that a rule may say."""
ANSWERED: Final = timedelta(seconds=30)
"""How long the answer with a new secret may be under way: what two tabs send at once is no copy."""
_REMEMBERS: Final = frozenset(
    {
        AuthenticatorType.PASSKEY,
        AuthenticatorType.PUSH,
        AuthenticatorType.TOTP,
        AuthenticatorType.HARDWARE_TOKEN,
        AuthenticatorType.SMS_CODE,
    }
)
"""Second factors that somebody has at hand. Whoever answers with a printed code has lost the other,
and may sit at any computer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBrowser:
    """One browser of one person, as it is stored."""

    id: KnownBrowserId
    account_id: AccountId
    authenticator_id: AuthenticatorId
    """What the second factor was shown with: it goes when that goes."""
    browser: bytes = field(repr=False)
    """The hash of what the browser is called by (`__Host-browser`)."""
    user_agent: str
    address: str | None
    since: datetime
    used_at: datetime
    until: datetime

    @property
    def known(self) -> KnownFrom:
        """What a session keeps of it."""
        return KnownFrom(self.id, self.since, self.until)


class Brought(Enum):
    """What a secret that a browser brings amounts to."""

    COUNTS = "counts"
    NOTHING = "nothing"
    """It is another person's, too old, or in another browser than it was given to."""
    COPIED = "copied"
    """It was used before, and another took its place that was used, too."""


def judge(
    stored: KnownBrowser,
    account_id: AccountId,
    browser: bytes,
    user_agent: str,
    now: datetime,
    *,
    live: bool,
) -> Brought:
    """Say what a secret amounts to; `live` is whether it is the newest or the one before.

    Browsers change their version every month and their name never: the name and the system count.
    """
    if stored.account_id != account_id or not stored.since <= now < stored.until:
        return Brought.NOTHING
    if not live:
        return Brought.COPIED
    same = stored.browser == browser and browser_of(stored.user_agent) == browser_of(user_agent)
    return Brought.COUNTS if same else Brought.NOTHING


def remembering(evidence: tuple[Evidence, ...], began: datetime) -> Evidence | None:
    """Return the second factor that was shown in a sign-in since it began, if one may be used."""
    shown = [each for each in evidence if each.type in _REMEMBERS and each.at >= began]
    return max(shown, key=lambda each: each.at, default=None)


def may_remember(kind: AuthenticatorType) -> bool:
    """Whether a browser may be known from then on when this has been shown."""
    return kind in _REMEMBERS
