"""Random walks through what people can reach: start, take only what is offered, look at each step.

Arbitrary states hide real holes; a walk finds them. On the way the world may change: an account is
disabled, a method suspended, a rule added, the person moves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

import pytest

from portvakt.core.assurance import (
    METHODS,
    SIGN_IN,
    Requirement,
)
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    in_force,
)
from portvakt.core.first_registration import First, first_registration_of
from portvakt.core.ids import AuthenticatorId, ClientId, RuleId
from portvakt.core.people import Account, AccountState
from portvakt.core.policy import Condition, Decision, Require, Rule, RuleState, evaluate
from portvakt.core.roles import Role
from portvakt.core.sign_in import (
    AskAuthenticator,
    AskPassword,
    AskPhone,
    AskProofFirst,
    AskSecondProof,
    AskStartCode,
    SignIn,
    Step,
    next_step,
    record,
)
from tests import make
from tests.make import LAN, NOW, PASSWORD, PHONE_SIGN_IN, PUSH, SHOP, STAFF, START_CODE, TOTP

WALKS = 8000
LONGEST_WALK = 10
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NO_SUCH_APP = frozenset({ClientId("borta")})
NO_SIGN_IN = [each for each in AuthenticatorType if each is not PHONE_SIGN_IN]


@dataclass(frozen=True)
class World:
    """One person, what they have, where they are and what the organisation asks."""

    account: Account
    bound: tuple[Authenticator, ...]
    rules: tuple[Rule, ...]
    inside: bool
    app: str | None
    first: First
    texts_count: bool
    """Whether a restricted proof counts: nothing in this part asks otherwise yet."""

    def decision(self, rules: Sequence[Rule] | None = None) -> Decision:
        decided = evaluate(
            self.rules if rules is None else rules,
            make.signals(app=self.app, networks=frozenset({LAN} if self.inside else set())),
            known_groups=frozenset({STAFF}),
            known_networks=frozenset({LAN}),
            known_apps=frozenset({SHOP}),
        )
        more = Requirement(no_restricted=not self.texts_count)
        return replace(decided, requirement=decided.requirement + more)

    def step(self, state: SignIn, rules: Sequence[Rule] | None = None) -> Step:
        facts = first_registration_of(
            self.account, self.bound, first=self.first, inside=self.inside, now=NOW
        )
        asked = self.decision(rules)
        return next_step(state, self.account, self.bound, asked, NOW, facts)

    def usable(self, *kinds: AuthenticatorType) -> list[Authenticator]:
        return [each for each in in_force(self.bound, NOW) if each.type in kinds]


def some_rule(chance: Random, name: str) -> Rule:
    return Rule(
        id=RuleId(name),
        state=chance.choice([RuleState.ON, RuleState.ON, RuleState.ON, RuleState.REPORT_ONLY]),
        when=Condition(
            networks_not=chance.choice([frozenset(), frozenset({LAN})]),
            apps=chance.choice([frozenset(), frozenset(), frozenset({SHOP}), NO_SUCH_APP]),
        ),
        require=chance.choice([*[Require.MULTIFACTOR] * 6, *Require]),
    )


def some_method(chance: Random, kind: AuthenticatorType, number: int) -> Authenticator:
    return make.bound(
        kind,
        id=AuthenticatorId(f"{kind}-{number}"),
        state=chance.choice([AuthenticatorState.ACTIVE] * 6 + [*AuthenticatorState]),
        source=chance.choice(["self", "hr"]),
        preferred=chance.random() < 1 / 4,
        expires_at=chance.choice([None] * 8 + [NOW, NOW + MINUTE]),
    )


def some_phone(chance: Random, number: int) -> list[Authenticator]:
    """A phone with its codes, and mostly with its sign-in; each row in any state."""
    phone = some_method(chance, PUSH, number)
    codes = some_method(chance, TOTP, number + 10)
    parts = [phone, replace(codes, detail=phone.id)]
    if chance.random() < 3 / 4:
        parts.append(replace(some_method(chance, PHONE_SIGN_IN, number), detail=phone.id))
    return parts


def some_world(chance: Random) -> World:
    kinds = chance.choices(NO_SIGN_IN, k=chance.randrange(4))
    kinds += [PASSWORD] * (chance.random() < 9 / 10)
    bound = [some_method(chance, kind, number) for number, kind in enumerate(kinds)]
    for number in range(chance.choice([0, 0, 1, 1, 2])):
        bound += some_phone(chance, 20 + number)
    account = make.account(
        state=chance.choice([AccountState.ACTIVE] * 9 + [AccountState.DISABLED]),
        roles=chance.choice([frozenset()] * 4 + [frozenset({Role.SUPPORT})]),
        created_at=chance.choice([NOW - 7 * DAY, NOW - 200 * DAY]),
        last_sign_in_at=chance.choice([None, NOW - DAY, NOW - 100 * DAY]),
        welcome_used_at=chance.choice([None, None, NOW - DAY]),
    )
    return World(
        account=account,
        bound=tuple(bound),
        rules=tuple(some_rule(chance, name) for name in "abc"[: chance.randrange(4)]),
        inside=chance.random() < 1 / 2,
        app=chance.choice([None, SHOP]),
        first=chance.choice(list(First)),
        texts_count=chance.random() < 3 / 4,
    )


def some_start(chance: Random) -> SignIn:
    return make.sign_in(
        purpose=chance.choice([SIGN_IN, SIGN_IN, METHODS]),
        guarded=chance.random() < 1 / 4,
        chosen=chance.choice([*[None] * 9, *AuthenticatorType, *[PHONE_SIGN_IN] * 3]),
    )


def answers(world: World, step: Step) -> list[Authenticator]:
    """What the person can answer this step with, rightly."""
    if isinstance(step, AskAuthenticator):
        return list(step.offered)
    if isinstance(step, AskSecondProof):
        return world.usable(START_CODE)
    return world.usable(*TAKEN.get(type(step), ())) if world.account.usable else []


TAKEN: dict[type[Step], tuple[AuthenticatorType, ...]] = {
    # a start code is typed where the password goes; the flow tells them apart
    AskPassword: (PASSWORD, START_CODE),
    AskStartCode: (START_CODE,),
    AskPhone: (PHONE_SIGN_IN,),
    AskProofFirst: tuple(SECOND_FACTORS),
}


@dataclass(frozen=True)
class Moment:
    """One look at a sign-in under way."""

    world: World
    state: SignIn
    step: Step

    @property
    def shown(self) -> set[AuthenticatorType]:
        return {each.type for each in self.state.evidence}


def changed(world: World, chance: Random) -> World:
    """Let something happen, mostly nothing."""
    match chance.randrange(16):
        case 0:
            return replace(world, account=replace(world.account, state=AccountState.DISABLED))
        case 1 if world.bound:
            one = chance.choice(world.bound)
            suspended = replace(one, state=AuthenticatorState.SUSPENDED)
            return replace(world, bound=(*(b for b in world.bound if b != one), suspended))
        case 2:
            late = make.rule(Require.BLOCK, id="late")
            return replace(world, rules=(*(r for r in world.rules if r.id != "late"), late))
        case 3:
            return replace(world, inside=not world.inside)
        case _:
            return world


def walk(world: World, start: SignIn, chance: Random) -> Iterator[Moment]:
    """Take offered steps until there is none; each answer spends a start code, as it does.

    Whoever is asked for the password may choose the phone instead, and whoever is asked for a
    number in the phone may go back, as everybody does whose phone does not answer.
    """
    state = start
    spent: set[str] = set()
    turned = False
    for _ in range(LONGEST_WALK + 1):
        step = world.step(state)
        yield Moment(world, state, step)
        possible = [each for each in answers(world, step) if each.id not in spent]
        if isinstance(step, AskPhone) and (not possible or chance.random() < 1 / 4):
            state = replace(state, chosen=None)
            world = changed(world, chance)
            continue
        if isinstance(step, AskPassword | AskProofFirst) and not turned and chance.random() < 1 / 4:
            state, turned = replace(state, chosen=PHONE_SIGN_IN), True
            continue
        if not possible:
            return
        used = chance.choice(possible)
        if used.type is START_CODE:
            spent.add(used.id)
        state = record(state, make.evidence(used, purpose=state.purpose))
        world = changed(world, chance)
    pytest.fail(f"it does not end: {state}")
