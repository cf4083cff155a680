"""Random walks through `/reset`: start with a name, take only what is offered, look at each step.

On the way the world may change: an account is disabled, a method suspended or changed, time goes.
The directory takes a password, refuses it, is away, or nobody knows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId, FlowId
from portvakt.core.password_outcomes import (
    Refused,
    RefusedFor,
    UnknownOutcome,
    Unreachable,
    WriteOutcome,
    Written,
)
from portvakt.core.password_reset import (
    STANDARD,
    AskAnother,
    AskName,
    AskPassword,
    AskProof,
    AskUnlock,
    AwaitAnswer,
    AwaitLater,
    AwaitPeople,
    Facts,
    Goal,
    Reset,
    Step,
    Unsure,
    Way,
    ask_people,
    came_back,
    name,
    next_step,
    provable,
    record,
    start_writing,
    vouched,
    wait,
)
from portvakt.core.people import AccountState
from portvakt.core.push_approval import RESET
from portvakt.core.roles import Role
from portvakt.core.vouchers import Sort, Vouch
from tests import make
from tests.make import NOW, PASSWORD, PUSH, SMS_CODE, START_CODE, TOTP

WALKS = 3000
LONGEST_WALK = 40
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ATTEMPT = FlowId("reset")
OUTCOMES: tuple[WriteOutcome, ...] = (
    Written(),
    Refused(RefusedFor.HISTORY),
    Refused(RefusedFor.POLICY),
    Unreachable(),
    UnknownOutcome(),
)
OWN = [
    PUSH,
    AuthenticatorType.PASSKEY,
    TOTP,
    AuthenticatorType.HARDWARE_TOKEN,
    SMS_CODE,
    AuthenticatorType.RECOVERY_CODE,
    START_CODE,
]


def reset(**given: Any) -> Reset:
    """An attempt that Anna has just begun: her name is typed."""
    fields: dict[str, Any] = {
        "id": ATTEMPT,
        "account_id": make.ANNA,
        "claimed": "anna.berg",
        "created_at": NOW,
        "expires_at": NOW + 15 * MINUTE,
    }
    return Reset(**(fields | given))


def facts(*bound: Authenticator, **given: Any) -> Facts:
    """Anna, with a password and these."""
    return Facts(
        account=given.pop("account", make.account()),
        bound=(make.bound(PASSWORD), *bound),
        **given,
    )


def shown(state: Reset, *authenticators: Authenticator, at: datetime = NOW) -> Reset:
    for each in authenticators:
        state = record(state, make.evidence(each, at, RESET))
    return state


def vouch(sort: Sort, person: str = "bo", at: datetime = NOW) -> Vouch:
    return Vouch(ATTEMPT, AccountId(person), sort, at)


@dataclass(frozen=True)
class Moment:
    """One look at an attempt."""

    facts: Facts
    ways: frozenset[Way]
    state: Reset
    now: datetime
    spent: bool
    step: Step

    def again(self, **given: Any) -> Step:
        """Ask once more, with something else."""
        fields: dict[str, Any] = {"state": self.state, "facts": self.facts, "now": self.now}
        return next_step(**(fields | {"ways": self.ways, "spent": self.spent} | given))


def some_method(chance: Random, kind: AuthenticatorType, number: int) -> Authenticator:
    changed = chance.choice([NOW - 90 * DAY, NOW - 2 * DAY, NOW - 2 * DAY, NOW - HOUR])
    return make.bound(
        kind,
        id=AuthenticatorId(f"{kind}-{number}"),
        state=chance.choice([AuthenticatorState.ACTIVE] * 8 + [*AuthenticatorState]),
        source=chance.choice(["self", "self", "hr"]) if kind is SMS_CODE else "self",
        created_at=min(changed, NOW - 2 * DAY),
        changed_at=changed,
        expires_at=NOW + HOUR if kind is START_CODE else None,
    )


def some_phone(chance: Random, number: int) -> list[Authenticator]:
    phone = some_method(chance, PUSH, number)
    return [phone, replace(some_method(chance, TOTP, number + 10), detail=phone.id)]


def some_facts(chance: Random) -> Facts:
    bound = [some_method(chance, kind, n) for n, kind in enumerate(chance.choices(OWN[1:], k=2))]
    for number in range(chance.choice([0, 1, 2])):
        bound += some_phone(chance, 20 + number)
    roles = chance.choice([frozenset[Role]()] * 6 + [frozenset({Role.SUPPORT})])
    states = [AccountState.ACTIVE] * 12 + [AccountState.DISABLED]
    return Facts(
        account=make.account(
            roles=roles,
            state=chance.choice(states),
            created_at=chance.choice([NOW - 200 * DAY, NOW - HOUR]),
        ),
        bound=(*[make.bound(PASSWORD)] * (chance.random() < 19 / 20), *bound),
        sorts=frozenset(each for each in Sort if chance.random() < 1 / 2),
        strict=chance.random() < 1 / 4,
        directory_admin=chance.random() < 1 / 20,
        privileged_may=chance.random() < 1 / 2,
    )


def changed(facts: Facts, now: datetime, chance: Random) -> Facts:
    """Let something happen, mostly nothing."""
    match chance.randrange(20):
        case 0:
            return replace(facts, account=replace(facts.account, state=AccountState.DISABLED))
        case 1 if facts.bound:
            one = chance.choice(facts.bound)
            put_aside = replace(one, state=AuthenticatorState.SUSPENDED, changed_at=now)
            return replace(facts, bound=(*(b for b in facts.bound if b != one), put_aside))
        case _:
            return facts


def walk(chance: Random) -> Iterator[Moment]:
    """Take offered steps until there is none."""
    facts, now = some_facts(chance), NOW
    ways = STANDARD | {Way.LATER} if chance.random() < 1 / 3 else STANDARD
    ways -= frozenset(each for each in Way if chance.random() < 1 / 20)
    state = reset(claimed="", account_id=None)
    spent = False
    for _ in range(LONGEST_WALK + 1):
        spent = spent or chance.random() < 1 / 40
        step = next_step(state, facts, now, ways=ways, spent=spent)
        yield Moment(facts, ways, state, now, spent, step)
        moved = answered(state, step, facts, ways, now, chance)
        if moved is None:
            return
        state, now = moved
        now += chance.choice([timedelta()] * 7 + [MINUTE] * 3 + [8 * MINUTE])
        facts = changed(facts, now, chance)
    pytest.fail(f"it does not end: {state}")


def answered(
    state: Reset, step: Step, facts: Facts, ways: frozenset[Way], now: datetime, chance: Random
) -> tuple[Reset, datetime] | None:
    """Answer rightly, with one of what is offered; None where there is nothing to answer with."""
    answer: Reset | None = None
    match step:
        case AskName():
            answer = name(state, "anna.berg", make.ANNA, chance.choice(list(Goal)))
        case AskProof(open_ways):
            answer = proved(state, open_ways, facts, ways, now, chance)
        case AskAnother(offered):
            answer = more(state, [each.way for each in offered], facts, ways, now, chance)
        case AskPassword() | AskUnlock():
            answer = start_writing(state, facts, now, ways=ways)
            assert answer is not None
        case _:
            return waited(state, step, now, chance)
    return None if answer is None else (answer, now)


def waited(
    state: Reset, step: Step, now: datetime, chance: Random
) -> tuple[Reset, datetime] | None:
    """Let what is waited for come, or not; None at an end."""
    match step:
        case AwaitPeople(sorts):
            if chance.random() < 1 / 5:
                return replace(state, chosen=None), now + 16 * MINUTE
            person = AccountId(f"voucher-{len(state.vouches)}")
            sort = chance.choice(sorted(sorts))
            return vouched(state, Vouch(state.id, person, sort, now)), now
        case AwaitLater(until):
            return state, until
        case AwaitAnswer():
            cut_off = chance.random() < 1 / 10
            return (state, now + MINUTE) if cut_off else (some_outcome(state, chance), now)
        case Unsure():
            read_back: list[WriteOutcome] = [Written(), Unreachable()]
            return came_back(state, chance.choice(read_back)), now
        case _:
            return None


def some_outcome(state: Reset, chance: Random) -> Reset:
    return came_back(state, chance.choice(OUTCOMES))


def proof_of(used: Authenticator, now: datetime) -> Evidence:
    """What an answer shows; a key that is asked for here verifies who holds it."""
    verified = used.type is AuthenticatorType.PASSKEY
    return make.evidence(used, now, RESET, user_verified=verified)


def proved(
    state: Reset,
    open_ways: Sequence[Way],
    facts: Facts,
    ways: frozenset[Way],
    now: datetime,
    chance: Random,
) -> Reset | None:
    """Give a proof of one of these kinds, where the person has one."""
    for way in chance.sample(open_ways, len(open_ways)):
        possible = provable(state, facts, way, now, ways=ways)
        if possible:
            used = chance.choice(possible)
            return record(replace(state, chosen=way), proof_of(used, now))
    return None


def more(
    state: Reset,
    offered: Sequence[Way],
    facts: Facts,
    ways: frozenset[Way],
    now: datetime,
    chance: Random,
) -> Reset | None:
    """Take one of the second kinds; people and a day's wait are asked for before they answer."""
    for way in chance.sample(offered, len(offered)):
        if way is Way.PEOPLE:
            return ask_people(state, facts, now, ways=ways)
        if way is Way.LATER and state.slow_since is None:
            return wait(state, facts, now, ways=ways)
        answer = proved(state, (way,), facts, ways, now, chance)
        if answer is not None:
            return answer
    return None
