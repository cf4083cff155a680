"""The reset state machine: the only place that says what happens next at `/reset`.

What must always hold, and is walked through by the tests: nothing is written without two kinds of
proof, neither of them the password; nothing of what somebody has is told before a proof; a name
that nobody has, a disabled account and a privileged one walk the same steps; methods younger than
24 hours open nothing; three refused passwords end it; what was finished is not used again;
answering what is offered always ends.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from portvakt.core import vouchers
from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import Authenticator
from portvakt.core.ids import AccountId, FlowId
from portvakt.core.messages import MessageId
from portvakt.core.password_outcomes import (
    Refused,
    UnknownOutcome,
    Unreachable,
    WriteOutcome,
    Written,
)
from portvakt.core.reset_proofs import (
    FIRST,
    SLOW,
    STANDARD,
    Closed,
    Facts,
    Shown,
    Way,
    are_enough,
    closed,
    leads_on,
    own_proofs,
    ripe,
    shown_by,
    way_of,
)
from portvakt.core.reset_steps import (
    AskAnother,
    AskName,
    AskPassword,
    AskProof,
    AskUnlock,
    AwaitAnswer,
    AwaitLater,
    AwaitPeople,
    Done,
    Goal,
    NoOtherWay,
    Offer,
    Refuse,
    Reset,
    Stage,
    Step,
    Unsure,
)
from portvakt.core.vouchers import Vouch

__all__ = [
    "ANSWERS_WITHIN",
    "LIVES",
    "LONGEST",
    "STANDARD",
    "TRIES",
    "AskAnother",
    "AskName",
    "AskPassword",
    "AskProof",
    "AskUnlock",
    "AwaitAnswer",
    "AwaitLater",
    "AwaitPeople",
    "Closed",
    "Done",
    "Facts",
    "Goal",
    "NoOtherWay",
    "Offer",
    "Refuse",
    "Reset",
    "Stage",
    "Step",
    "Unsure",
    "Way",
    "ask_people",
    "begin_change",
    "came_back",
    "closed",
    "name",
    "next_step",
    "provable",
    "record",
    "start_writing",
    "vouched",
    "wait",
]

LIVES = timedelta(minutes=15)
"""How long an attempt lives while the person types."""
WITH_PEOPLE = timedelta(minutes=30)
"""How long it lives from when people were asked: 15 minutes for them, 15 to choose."""
LONGEST = timedelta(hours=1)
"""How long it lives at most, however often people are asked; the slow way apart."""
TRIES = 3
"""Passwords that may be refused in one attempt where they are kept (rule R12). What our own rules
stop was never tried there, so it does not count."""
ANSWERS_WITHIN = timedelta(seconds=30)
"""A write that has not come back by then was cut off: its outcome is not known (F08)."""


EXPIRED = MessageId("passwords.reset_expired")
NOT_NOW = MessageId("passwords.reset_not_now")
"""The small budget of reset is used up, for this name as for any other."""
NOT_HERE = MessageId("passwords.reset_not_here")
"""The account was closed while its owner was at it."""
TOO_MANY = MessageId("passwords.reset_too_many")


def next_step(
    state: Reset,
    facts: Facts | None,
    now: datetime,
    *,
    ways: AbstractSet[Way] = STANDARD,
    spent: bool = False,
) -> Step:
    """Say what happens next. Asked afresh for every request; no page says it.

    `facts` is None for a name that nobody has. `ways` are those that the organisation has
    switched on. `spent` is whether the name's budget of unproven tries is used up
    (`throttle.Kind.RESET`): it stops whoever has not proved enough, and nobody's sign-in.
    """
    written = _after_writing(state, now)
    if written is not None:
        return written
    if now >= state.expires_at:
        return Refuse(EXPIRED)
    if not state.claimed:
        return AskName()
    if facts is None or closed(facts, now) is not None:
        # whoever proved something while the account was open may be told that it no longer is
        return Refuse(NOT_HERE) if state.evidence else _opening(state, ways, spent=spent)
    return _for_known(state, facts, ways, now, spent=spent)


def _for_known(
    state: Reset, facts: Facts, ways: AbstractSet[Way], now: datetime, *, spent: bool
) -> Step:
    shown = _shown(state, facts, ways, now)
    if not shown:
        return _opening(state, ways, spent=spent)
    if not are_enough(shown, apart=facts.apart):
        return _another(state, facts, shown, ways, now, spent=spent)
    if state.refused >= TRIES:
        return Refuse(TOO_MANY)
    ask = AskUnlock if state.goal is Goal.UNLOCK else AskPassword
    return ask(TRIES - state.refused, state.last)


def provable(
    state: Reset,
    facts: Facts | None,
    way: Way,
    now: datetime,
    *,
    ways: AbstractSet[Way] = STANDARD,
    spent: bool = False,
) -> tuple[Authenticator, ...]:
    """List what an answer of this kind may be checked against now, best first.

    Nothing for a name that nobody has, for a closed account, for a kind that was not offered, and
    for methods younger than 24 hours. The caller does the same counted work against nothing.
    """
    step = next_step(state, facts, now, ways=ways, spent=spent)
    if facts is not None and closed(facts, now) is None:
        if isinstance(step, AskProof) and way in step.ways:
            return tuple(each for each in ripe(facts, now) if way_of(each) is way)
        if isinstance(step, AskAnother):
            offer = next((each for each in step.offered if each.way is way), None)
            return () if offer is None else offer.authenticators
    return ()


def name(state: Reset, claimed: str, account_id: AccountId | None, goal: Goal) -> Reset:
    """Take a typed name. What was shown for another name is worth nothing for this one."""
    return replace(
        state,
        claimed=claimed,
        account_id=account_id,
        goal=goal,
        evidence=(),
        vouches=(),
        chosen=None,
        asked_at=None,
        slow_since=None,
    )


def record(state: Reset, evidence: Evidence) -> Reset:
    """Add what was just shown. How it was asked for is no longer chosen."""
    return replace(state, evidence=(*state.evidence, evidence), chosen=None)


def vouched(state: Reset, vouch: Vouch) -> Reset:
    """Add somebody who stood up, once `vouchers.may_vouch` has let them."""
    return replace(state, vouches=(*state.vouches, vouch))


def ask_people(
    state: Reset, facts: Facts | None, now: datetime, *, ways: AbstractSet[Way] = STANDARD
) -> Reset | None:
    """Begin to wait for people; None where they are not offered. The attempt lives a while more."""
    if not _is_offered(state, facts, Way.PEOPLE, now, ways):
        return None
    until = min(now + WITH_PEOPLE, state.created_at + LONGEST)
    return replace(state, asked_at=now, chosen=Way.PEOPLE, expires_at=max(state.expires_at, until))


def wait(
    state: Reset, facts: Facts | None, now: datetime, *, ways: AbstractSet[Way] = STANDARD
) -> Reset | None:
    """Begin the slow way; None where it is not offered. It lives for a day after the wait."""
    if state.slow_since is not None or not _is_offered(state, facts, Way.LATER, now, ways):
        return None
    return replace(state, slow_since=now, chosen=None, expires_at=now + 2 * SLOW)


def start_writing(
    state: Reset, facts: Facts | None, now: datetime, *, ways: AbstractSet[Way] = STANDARD
) -> Reset | None:
    """Begin to write: to be stored before a byte is sent. None where nothing may be written.

    The one way to a write, and it is closed until two kinds were proved.
    """
    if not isinstance(next_step(state, facts, now, ways=ways), AskPassword | AskUnlock):
        return None
    return replace(state, stage=Stage.WRITING, writing_since=now, last=None)


def begin_change(id_: FlowId, account_id: AccountId, now: datetime) -> Reset:
    """Begin to write a new password over a known one: to be stored before a byte is sent.

    What the old password and a session are worth was judged before; no step of `/reset` leads here.
    """
    return Reset(
        id=id_,
        goal=Goal.CHANGE,
        account_id=account_id,
        stage=Stage.WRITING,
        writing_since=now,
        created_at=now,
        expires_at=now + LIVES,
    )


def came_back(state: Reset, outcome: WriteOutcome) -> Reset:
    """Take what became of a write: from the directory at once, or from reading it back later.

    Whoever reads back says `Written`, or `Unreachable` where nothing was written. What has been
    settled stays: an answer that comes after that changes nothing.
    """
    if state.stage not in {Stage.WRITING, Stage.UNKNOWN}:
        return state
    match outcome:
        case Written():
            return replace(state, stage=Stage.DONE)
        case Refused():
            return replace(state, stage=Stage.OPEN, refused=state.refused + 1, last=outcome)
        case Unreachable():
            return replace(state, stage=Stage.OPEN, last=outcome)
        case UnknownOutcome():
            return replace(state, stage=Stage.UNKNOWN)
        case _ as never:  # pragma: no cover
            assert_never(never)


def _after_writing(state: Reset, now: datetime) -> AwaitAnswer | Unsure | Done | None:
    match state.stage:
        case Stage.OPEN:
            return None
        case Stage.WRITING:
            since = state.writing_since
            late = since is None or now - since > ANSWERS_WITHIN
            return Unsure() if late else AwaitAnswer()
        case Stage.UNKNOWN:
            return Unsure()
        case Stage.DONE:
            return Done(state.goal)
        case _ as never:  # pragma: no cover
            assert_never(never)


def _opening(state: Reset, ways: AbstractSet[Way], *, spent: bool) -> AskProof | Refuse:
    """Say what comes before anything is proved: the same for every name there is or is not."""
    if spent:
        return Refuse(NOT_NOW)
    first = tuple(each for each in FIRST if each in ways)
    return AskProof(first, state.chosen if state.chosen in first else None)


def _shown(state: Reset, facts: Facts, ways: AbstractSet[Way], now: datetime) -> tuple[Shown, ...]:
    shown = own_proofs(
        state.evidence,
        facts,
        ways,
        now,
        since=state.created_at,
        slow_since=state.slow_since,
    )
    stood_up = vouchers.is_complete(vouchers.counting(state.vouches, state.id, now))
    if shown and stood_up and Way.PEOPLE in ways:
        return (*shown, Shown(Way.PEOPLE))
    return shown


def _another(
    state: Reset,
    facts: Facts,
    shown: tuple[Shown, ...],
    ways: AbstractSet[Way],
    now: datetime,
    *,
    spent: bool,
) -> Step:
    """Ask for a second proof, or wait for it. What is waited for cannot be guessed."""
    offered = _offers(state, facts, shown, ways, now)
    people = next((each for each in offered if each.way is Way.PEOPLE), None)
    asked = state.asked_at
    if people and asked is not None and state.chosen is Way.PEOPLE and vouchers.is_open(asked, now):
        given = vouchers.counting(state.vouches, state.id, now)
        return AwaitPeople(people.sorts, len(given), asked + vouchers.LIVES)
    if Way.LATER in ways and state.slow_since is not None and now < state.slow_since + SLOW:
        return AwaitLater(state.slow_since + SLOW)
    if spent:
        return Refuse(NOT_NOW)
    if not offered:
        return NoOtherWay()
    possible = {each.way for each in offered}
    return AskAnother(offered, state.chosen if state.chosen in possible else None)


def _offers(
    state: Reset,
    facts: Facts,
    shown: tuple[Shown, ...],
    ways: AbstractSet[Way],
    now: datetime,
) -> tuple[Offer, ...]:
    """List what would be enough beside what was shown, in the order of the page."""
    found: list[Offer] = []
    for way in Way:
        if way not in ways:
            continue
        if way in FIRST:
            held = tuple(
                each
                for each in ripe(facts, now)
                if way_of(each) is way and leads_on(shown, shown_by(each), apart=facts.apart)
            )
            found += [Offer(way, held)] if held else []
        elif leads_on(shown, Shown(way), apart=facts.apart):
            offer = _from_elsewhere(way, state, facts, shown, now)
            found += [] if offer is None else [offer]
    return tuple(found)


def _from_elsewhere(
    way: Way, state: Reset, facts: Facts, shown: tuple[Shown, ...], now: datetime
) -> Offer | None:
    """Offer what comes from somebody else, or from the same number a day later."""
    if way is Way.PEOPLE:
        return Offer(way, sorts=facts.sorts) if facts.sorts else None
    if way is Way.SUPPORT:
        # offered whether support has given one or not: the page says where to call
        return Offer(way, tuple(e for e in facts.bound if way_of(e) is way and e.usable(now)))
    if all(each.way is not Way.TEXT for each in shown):
        return None
    texts = tuple(each for each in ripe(facts, now) if way_of(each) is Way.TEXT)
    return Offer(way, texts if state.slow_since is not None else ())


def _is_offered(
    state: Reset, facts: Facts | None, way: Way, now: datetime, ways: AbstractSet[Way]
) -> bool:
    step = next_step(state, facts, now, ways=ways)
    return isinstance(step, AskAnother) and any(each.way is way for each in step.offered)
