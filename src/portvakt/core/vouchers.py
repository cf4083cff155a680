"""Who may stand up for somebody: the manager, or two colleagues.

For whoever resets a password, and for whoever knows it and has a new phone (`core.new_phone`).

A voucher is a kind of proof of its own (rule R12), beside one that the person gives. It is given in
the voucher's own session with two factors, for one attempt, within 15 minutes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portvakt.core.assurance import CLOCK_BOUND, Aal, Evidence, assurance_of, still_bound
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorType,
    is_work_phone,
)
from portvakt.core.ids import AccountId, FlowId
from portvakt.core.people import Account

LIVES = timedelta(minutes=15)
"""How long people may answer once they were asked, and how long each answer counts (R13)."""
FRESH = timedelta(minutes=5)
"""How old the voucher's own proof may be (rule R15)."""
COLLEAGUES = 2
"""How many colleagues take the place of a manager."""
RING = timedelta(days=30)
"""For how long somebody whom a person stood up for does not stand up for that person."""
RIPE = timedelta(hours=24)
"""How long a method must have been as it is before it opens a reset, or vouches (rule R10)."""


class Sort(StrEnum):
    """What a voucher is to the person."""

    MANAGER = "manager"
    COLLEAGUE = "colleague"


@dataclass(frozen=True, slots=True)
class Vouch:
    """Somebody has stood up for the person of one attempt."""

    attempt: FlowId
    person: AccountId
    """The voucher."""
    sort: Sort
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One attempt that asks for people."""

    attempt: FlowId
    target: Account
    asked_at: datetime
    given: tuple[Vouch, ...] = ()
    new_phone: bool = False
    """What it is for: a new phone, or else a reset of the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voucher:
    """Somebody who wants to stand up, and what their session has shown."""

    account: Account
    bound: tuple[Authenticator, ...]
    """All that the account has, in every state: what was put aside yesterday counts as changed."""
    evidence: tuple[Evidence, ...]
    changed_at: datetime | None = None
    """When a method of theirs was last removed or their password reset; None: never."""
    stood_up_for_them: frozenset[AccountId] = frozenset()
    """Who did within `RING`."""


class WhyNot(StrEnum):
    """Why somebody may not vouch; also the end of its sentence's name.

    UNRELATED is what everybody is told who must not learn more: it is the same for an attempt that
    does not exist.
    """

    UNRELATED = "unrelated"
    """Neither the manager nor of the same unit, or this may not be known; or oneself."""
    OVER = "over"
    """Not asked within the last 15 minutes."""
    TWICE = "twice"
    """Has vouched for this attempt already."""
    ONE_FACTOR = "one_factor"
    """The session was not opened with two factors."""
    CHANGED = "changed"
    """Own methods changed less than 24 hours ago."""
    MUTUAL = "mutual"
    """The person stood up for them not long ago: two people must not carry each other."""
    OFTEN = "often"
    """Has vouched as often as anybody may in a day."""
    NOT_FRESH = "not_fresh"
    """Showed two factors too long ago (rule R15): to be shown again, and nothing else is amiss."""


@dataclass(frozen=True, slots=True)
class MayVouch:
    """Go on. `named` is whether others may be told who it was: not with protected identity."""

    sort: Sort
    named: bool


@dataclass(frozen=True, slots=True)
class MayNotVouch:
    """It ends here, and this is why."""

    why: WhyNot


def may_vouch(request: Request, voucher: Voucher, now: datetime) -> MayVouch | MayNotVouch:
    """Say whether this person may stand up for that attempt now.

    What depends on the voucher alone is asked first, so that a stolen password tells nothing of
    anybody's attempt. A start code is no part of a session with two factors.
    """
    shown = still_bound(_of_now(voucher.evidence, now), voucher.bound, now)
    if assurance_of(shown).aal < Aal.TWO:
        return MayNotVouch(WhyNot.ONE_FACTOR)
    if _changed_lately(voucher, now):
        return MayNotVouch(WhyNot.CHANGED)
    sort = sort_of(request.target, voucher.account)
    if sort is None:
        return MayNotVouch(WhyNot.UNRELATED)
    why = _not_now(request, voucher, shown, now)
    if why is not None:
        return MayNotVouch(why)
    return MayVouch(sort, named=not voucher.account.protected)


def _not_now(
    request: Request, voucher: Voucher, shown: Collection[Evidence], now: datetime
) -> WhyNot | None:
    """Say why somebody who is near enough may not vouch all the same."""
    if not is_open(request.asked_at, now):
        return WhyNot.OVER
    if any(each.person == voucher.account.id for each in request.given):
        return WhyNot.TWICE
    if request.target.id in voucher.stood_up_for_them:
        return WhyNot.MUTUAL
    return None if _just_shown(shown, now) else WhyNot.NOT_FRESH


def sort_of(target: Account, other: Account) -> Sort | None:
    """Say what somebody is to the person: as HR or the directory has it, and nobody else.

    Both belong to one source, since names of units and managers are unique within it only. For
    somebody with protected identity the manager alone may vouch: colleagues would have to be told
    of them.
    """
    if other.id == target.id or not other.usable or other.source != target.source:
        return None
    if other.external_id == target.external_id or _same_address(target, other):
        return None  # one person with two accounts
    if target.manager and other.external_id == target.manager:
        return Sort.MANAGER
    same_unit = bool(target.unit.strip()) and other.unit == target.unit
    return Sort.COLLEAGUE if same_unit and not target.protected else None


def sorts_open(target: Account, others: Iterable[Account]) -> frozenset[Sort]:
    """Say whom the person could ask, of these: what the page offers after the first proof."""
    sorts = [sort_of(target, each) for each in {each.id: each for each in others}.values()]
    needed = {Sort.MANAGER: 1, Sort.COLLEAGUE: COLLEAGUES}
    return frozenset(sort for sort, least in needed.items() if sorts.count(sort) >= least)


def is_open(asked_at: datetime, now: datetime) -> bool:
    """Whether people may still answer."""
    return asked_at <= now + CLOCK_BOUND and now < asked_at + LIVES


def counting(given: Iterable[Vouch], attempt: FlowId, now: datetime) -> tuple[Vouch, ...]:
    """Pick those that count now: for this attempt, not too old, each person once."""
    once: dict[AccountId, Vouch] = {}
    for each in given:
        if each.attempt == attempt and each.at <= now + CLOCK_BOUND and now < each.at + LIVES:
            once.setdefault(each.person, each)
    return tuple(once.values())


def is_complete(given: Collection[Vouch]) -> bool:
    """Whether those that count are enough: a manager, or two colleagues."""
    return any(each.sort is Sort.MANAGER for each in given) or len(given) >= COLLEAGUES


def _same_address(one: Account, other: Account) -> bool:
    return bool(one.email) and one.email.casefold() == other.email.casefold()


def _of_now(evidence: Iterable[Evidence], now: datetime) -> tuple[Evidence, ...]:
    return tuple(
        each
        for each in evidence
        if each.at - now <= CLOCK_BOUND and each.type is not AuthenticatorType.START_CODE
    )


def _just_shown(shown: Collection[Evidence], now: datetime) -> bool:
    """Whether a second factor, or what stands alone, was shown within five minutes."""
    return any(
        now - each.at <= FRESH and each.type is not AuthenticatorType.PASSWORD for each in shown
    )


def _changed_lately(voucher: Voucher, now: datetime) -> bool:
    """Whether somebody could have taken the voucher's account over within the last 24 hours."""
    if voucher.changed_at is not None and now - voucher.changed_at < RIPE:
        return True
    kinds = SECOND_FACTORS | {AuthenticatorType.PASSWORD, AuthenticatorType.PHONE_SIGN_IN}
    return any(
        each.type in kinds and not is_ripe(each, voucher.account, now) for each in voucher.bound
    )


def is_ripe(authenticator: Authenticator, account: Account, now: datetime) -> bool:
    """Whether a method may open a reset or vouch: as it is for 24 hours (rule R10).

    What came with the account from HR or the directory, and has not changed since, counts from
    the first second.
    """
    if now - authenticator.changed_at >= RIPE:
        return True
    came_along = is_work_phone(authenticator) or authenticator.source == account.source
    newest = max(authenticator.created_at, authenticator.changed_at)
    return came_along and newest - account.created_at <= CLOCK_BOUND
