"""When somebody's ways to sign in stand still: since when, by what, and what sets them free.

Two things make them so. A reset of the password, for a day (`after_reset`); and somebody who
answers a notice with «Det var inte jag». That freezes and never restores or removes: what is as
young as the change is put aside, and nothing can be changed until something older is shown.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from portvakt.core.after_reset import Act, PastReset, may_after_reset
from portvakt.core.assurance import CLOCK_BOUND, Aal, Evidence, assurance_of, still_bound
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    in_force,
    phone_of,
)

LINK_LIVES = timedelta(hours=72)
"""How long the link in a notice freezes: over a weekend."""


class Change(StrEnum):
    """A change of how somebody signs in whose notice carries a link, by the notice's own name.

    Not what we did by ourselves after wrong answers, nor what a person must act upon elsewhere:
    a request on a phone, the resets of others. Nor what a link led to: that would go round.
    """

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    PREFERRED = "preferred"
    PASSWORD = "password"  # noqa: S105  # the name of a change
    RECOVERY_MADE = "recovery_made"
    WELCOME = "welcome"
    PHONE_MOVED = "phone_moved"
    RESET = "reset"
    UNLOCKED = "unlocked"
    START_CODE = "start_code"
    """Support made one: for whoever talked them into it, it is the way in."""
    SUSPENDED = "suspended"
    """The same, in place of everything the person had."""
    NEW_PHONE = "new_phone"
    """Somebody who knows the password asked people to stand up for them: a way in, too."""
    NEW_PLACE = "new_place"
    """A sign-in, and no change by itself: what comes after it may be somebody else's."""
    SIGN_IN = "sign_in"
    """Something in the person's own list of what happened. The one that no notice tells of."""


OF_PASSWORD = frozenset({Change.PASSWORD, Change.RESET})
"""What makes the password itself new. One that lives in a directory has no time of its own here."""


@dataclass(frozen=True, slots=True)
class Disowned:
    """Somebody said of a change that it was not theirs, and nothing has set them free since."""

    change: Change
    since: datetime
    """When the oldest change was made that was said so of."""
    at: datetime
    """When it was said last. Proof counts from here on."""


@dataclass(frozen=True, slots=True)
class Freezing:
    """All that may make one account stand still, as it is stored."""

    reset: PastReset | None = None
    disowned: Disowned | None = None


def disown(before: Disowned | None, change: Change, made: datetime, now: datetime) -> Disowned:
    """Say what stands once a change, made at `made`, is disowned; it may have been frozen before.

    The older change holds: what came after it is not trusted either.
    """
    if before is not None and before.since <= made:
        return Disowned(before.change, before.since, now)
    return Disowned(change, made, now)


def put_aside_by(
    since: datetime, bound: Iterable[Authenticator], *, password_too: bool
) -> tuple[Authenticator, ...]:
    """Pick what is put aside when a change at `since` is disowned: what works, and is no older.

    `password_too` where the password was changed then or later, whatever its own row says. What
    lives in a phone that goes is not named beside it.
    """
    working = [each for each in bound if each.state is AuthenticatorState.ACTIVE]
    young = {
        each.id
        for each in working
        if not is_older(each, since) or (password_too and each.type is AuthenticatorType.PASSWORD)
    }
    return tuple(
        each
        for each in working
        if each.id in young and (phone_of(each) in {None, each.id} or phone_of(each) not in young)
    )


def is_older(authenticator: Authenticator, since: datetime) -> bool:
    """Whether it was bound, and changed last, before that."""
    return max(authenticator.created_at, authenticator.changed_at) < since


def sets_free(
    disowned: Disowned,
    evidence: Iterable[Evidence],
    bound: Collection[Authenticator],
    now: datetime,
) -> bool:
    """Whether this proof shows the person who was there before the change.

    Two kinds of factor, shown after it was frozen, with methods that are older than the change: the
    password alone does not do, nor does a start code.
    """
    shown = [
        each
        for each in _shown_with_older(disowned.since, evidence, bound, now)
        if disowned.at <= each.at <= now + CLOCK_BOUND
    ]
    return assurance_of(shown).aal >= Aal.TWO


def freezes_from(
    made: datetime, evidence: Iterable[Evidence], bound: Collection[Authenticator], now: datetime
) -> datetime:
    """Say from when on what is new is frozen, for a session in which something is disowned.

    From then on, where the session has shown two kinds of factor that are older. Any other reaches
    no further back than a link in a mail does: somebody at a computer that stands open could else
    put aside everything its owner has.
    """
    older = _shown_with_older(made, evidence, bound, now)
    return made if assurance_of(older).aal >= Aal.TWO else max(made, now - LINK_LIVES)


def _shown_with_older(
    since: datetime, evidence: Iterable[Evidence], bound: Collection[Authenticator], now: datetime
) -> list[Evidence]:
    older = {each.id for each in bound if each.type in _COUNT and is_older(each, since)}
    return [each for each in still_bound(evidence, bound, now) if each.authenticator_id in older]


_COUNT = SECOND_FACTORS | {AuthenticatorType.PHONE_SIGN_IN, AuthenticatorType.PASSWORD}


def given_back(disowned: Disowned, bound: Collection[Authenticator]) -> tuple[Authenticator, ...]:
    """Pick what support may give back: what was put aside since the change, but no start code.

    What lives in a phone comes back with the phone, and is not named beside it.
    """
    aside = [
        each
        for each in bound
        if each.state is AuthenticatorState.SUSPENDED
        and each.type is not AuthenticatorType.START_CODE
        and each.changed_at >= disowned.since
    ]
    phones = {each.id for each in aside if each.type is AuthenticatorType.PUSH}
    return tuple(each for each in aside if each.id in phones or phone_of(each) not in phones)


def could_set_free(disowned: Disowned, bound: Iterable[Authenticator], now: datetime) -> bool:
    """Whether there is anything beside a password that the person could still show for it."""
    return any(
        is_older(each, disowned.since)
        for each in in_force(bound, now)
        if each.type in _COUNT - {AuthenticatorType.PASSWORD}
    )


def may(
    act: Act,
    freezing: Freezing,
    evidence: Iterable[Evidence],
    bound: Collection[Authenticator],
    now: datetime,
) -> bool:
    """Whether this may be done to a method, as far as any freezing has a say.

    While a change is disowned nothing may be changed at all: proof first sets the account free
    (`sets_free`), in an act of its own that everybody is told of. Putting aside is always open.
    """
    if act is Act.SUSPEND:
        return True
    if freezing.disowned is not None:
        return False
    return may_after_reset(act, freezing.reset, evidence, bound, now)
