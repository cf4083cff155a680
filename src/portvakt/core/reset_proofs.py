"""What proves that it is the owner who wants a new password, and when two proofs are enough.

Rules R10 and R12 of the security page, and decision 21: two of different kinds, none of them the
password, none younger than 24 hours. E-mail is no proof. A person is a kind; so is a printed code.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations
from types import MappingProxyType

from portvakt.core.assurance import CLOCK_BOUND, Evidence, still_bound
from portvakt.core.authenticators import (
    Authenticator,
    AuthenticatorType,
    is_beside,
    phone_of,
    usable_second_factors,
)
from portvakt.core.ids import AuthenticatorId
from portvakt.core.people import Account
from portvakt.core.push_approval import RESET
from portvakt.core.roles import is_privileged
from portvakt.core.vouchers import Sort, is_ripe

SLOW = timedelta(hours=24)
"""How long lies between the two texts of the slow way."""


class Way(StrEnum):
    """A kind of proof, in the order of the page; also the end of its sentence's name."""

    PHONE = "phone"
    """Our app approves, with six digits and the purpose in words."""
    KEY = "key"
    """A key that verifies who holds it, and says itself whose it is."""
    CODE = "code"
    """The code of an authenticator app."""
    TOKEN = "token"  # noqa: S105  # the name of a way
    """The code of a hardware token."""
    TEXT = "text"
    CARD = "card"
    """A printed recovery code."""
    PEOPLE = "people"
    """The manager, or two colleagues."""
    SUPPORT = "support"
    """A start code from support, who has checked who is calling."""
    LATER = "later"
    """A second text, 24 hours after the first; off unless the organisation switches it on."""


FIRST = (Way.PHONE, Way.KEY, Way.CODE, Way.TOKEN, Way.TEXT, Way.CARD)
"""What an attempt begins with. The others stand beside one of these: nobody is troubled for a name
that a stranger typed."""
STANDARD: frozenset[Way] = frozenset(Way) - {Way.LATER}
"""What is on where the settings say nothing."""

_WAYS: Mapping[AuthenticatorType, Way] = MappingProxyType(
    {
        AuthenticatorType.PASSKEY: Way.KEY,
        AuthenticatorType.PUSH: Way.PHONE,
        AuthenticatorType.TOTP: Way.CODE,
        AuthenticatorType.HARDWARE_TOKEN: Way.TOKEN,
        AuthenticatorType.SMS_CODE: Way.TEXT,
        AuthenticatorType.RECOVERY_CODE: Way.CARD,
        AuthenticatorType.START_CODE: Way.SUPPORT,
    }
)
_ON_A_PHONE = frozenset({Way.PHONE, Way.KEY, Way.CODE, Way.TEXT, Way.LATER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of somebody, read afresh for every request."""

    account: Account
    bound: tuple[Authenticator, ...]
    sorts: frozenset[Sort] = frozenset()
    """Whom they could ask: `vouchers.sorts_open`."""
    strict: bool = False
    """In a group whose two proofs must not both live on one phone."""
    directory_admin: bool = False
    """Whether the directory says that this account opens others."""
    frozen: bool = False
    """Whether somebody said of a change that it was not theirs (`core.freezing`)."""
    privileged_may: bool = False
    """Whether a rule lets privileged people reset here."""
    shut_by_rule: bool = False
    """Whether a rule about resetting says no, from where they are now."""

    @property
    def privileged(self) -> bool:
        """Whether taking over this account would open others."""
        return self.directory_admin or is_privileged(self.account.roles)

    @property
    def apart(self) -> bool:
        """Whether the two proofs must not both live on one phone."""
        return self.strict or self.privileged


class Closed(StrEnum):
    """Why somebody is treated as a name that nobody has. For the event, never for the page."""

    UNUSABLE = "unusable"
    """The account is disabled."""
    PRIVILEGED = "privileged"
    """To be told to those who watch (A078)."""
    FROZEN = "frozen"
    """A change was disowned, and nothing is changed before something older is shown."""
    BY_RULE = "by_rule"
    """A rule about resetting says no."""
    NO_PASSWORD = "no_password"  # noqa: S105  # a word
    """There is none in use that could be replaced."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One proof that counts."""

    way: Way
    phone: AuthenticatorId | None = None
    """The phone with our app that it lives in; None where that is not known or does not apply."""


def closed(facts: Facts, now: datetime) -> Closed | None:
    """Say why this account is not reset here; None where it is."""
    if not facts.account.usable:
        return Closed.UNUSABLE
    if facts.privileged and not facts.privileged_may:
        return Closed.PRIVILEGED
    if facts.frozen:
        return Closed.FROZEN
    if facts.shut_by_rule:
        return Closed.BY_RULE
    password = AuthenticatorType.PASSWORD
    if not any(each.type is password and each.usable(now) for each in facts.bound):
        return Closed.NO_PASSWORD
    return None


def way_of(authenticator: Authenticator) -> Way | None:
    """Say which kind of proof an authenticator gives here; None for a password and the like.

    A key that was made to stand beside the password is none: the password is what is forgotten.
    """
    return None if is_beside(authenticator) else _WAYS.get(authenticator.type)


def shown_by(authenticator: Authenticator) -> Shown:
    """Say what an answer with this would show; of a kind that `way_of` knows."""
    return Shown(_WAYS[authenticator.type], phone_of(authenticator))


def ripe(facts: Facts, now: datetime) -> tuple[Authenticator, ...]:
    """List the methods that may be asked for here, best to offer first (rule R10).

    What lives in a phone is as young as the phone. A start code is not among them.
    """
    old = {each.id for each in facts.bound if is_ripe(each, facts.account, now)}
    return tuple(
        each
        for each in usable_second_factors(facts.bound, now)
        if way_of(each) is not None and {each.id, phone_of(each) or each.id} <= old
    )


def own_proofs(
    evidence: Iterable[Evidence],
    facts: Facts,
    ways: AbstractSet[Way],
    now: datetime,
    *,
    since: datetime,
    slow_since: datetime | None = None,
) -> tuple[Shown, ...]:
    """Pick what the person has shown that counts now.

    Given for this purpose, since the attempt began, with what is still bound and may be used here.
    A start code counts beside something else only, since it was handed out for registration.
    """
    usable = {each.id: each for each in ripe(facts, now)}
    shown: list[Shown] = []
    texts: list[datetime] = []
    support = False
    for each in still_bound(evidence, facts.bound, now):
        way = _WAYS.get(each.type)
        if way not in ways or each.purpose != RESET or not _within(each.at, since, now):
            continue
        if way is Way.KEY and not each.user_verified:
            continue
        if way is Way.SUPPORT:
            support = True
        elif each.authenticator_id in usable:
            shown.append(shown_by(usable[each.authenticator_id]))
            texts += [each.at] if way is Way.TEXT else []
    if Way.LATER in ways and slow_since is not None and _apart(texts, slow_since):
        shown.append(Shown(Way.LATER))
    return (*shown, Shown(Way.SUPPORT)) if support and shown else tuple(shown)


def are_enough(shown: Iterable[Shown], *, apart: bool) -> bool:
    """Whether two of these are of different kinds, and not on one phone where that is asked."""
    return any(
        one.way is not other.way and not (apart and _may_share_a_phone(one, other))
        for one, other in combinations(shown, 2)
    )


def leads_on(shown: tuple[Shown, ...], more: Shown, *, apart: bool) -> bool:
    """Whether this, beside what was shown, would be enough."""
    return are_enough((*shown, more), apart=apart)


def _within(at: datetime, since: datetime, now: datetime) -> bool:
    return since - CLOCK_BOUND <= at <= now + CLOCK_BOUND


def _apart(texts: Iterable[datetime], slow_since: datetime) -> bool:
    """Whether one text was answered before the wait began and one after it was over."""
    times = tuple(texts)
    before = any(each <= slow_since + CLOCK_BOUND for each in times)
    return before and any(each >= slow_since + SLOW for each in times)


def _may_share_a_phone(one: Shown, other: Shown) -> bool:
    """Whether both could be answered on one phone. What is not known counts as the same (R6)."""
    if not {one.way, other.way} <= _ON_A_PHONE:
        return False
    return None in (one.phone, other.phone) or one.phone == other.phone
