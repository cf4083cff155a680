"""Random walks through what people can reach: start, take only what is offered, look at each step.

Arbitrary states hide real holes; a walk finds them. On the way the world may change: an account is
disabled, a method suspended, a rule added, the person moves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from portvakt.core.asking import AllOf, AnyOf, Own
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
    is_beside,
)
from portvakt.core.first_registration import First, first_registration_of
from portvakt.core.ids import AuthenticatorId, ClientId, RuleId
from portvakt.core.people import Account, AccountState
from portvakt.core.policy import Condition, Decision, Require, Rule, RuleSet, RuleState
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
from portvakt.core.signals import ClientKind, Device, Platform, Risk
from tests import make
from tests.core.ruling import KNOWN, NAMES
from tests.make import (
    LAN,
    NOW,
    PASSKEY,
    PASSWORD,
    PHONE_SIGN_IN,
    PUSH,
    SHOP,
    START_CODE,
    TOTP,
)

WALKS = 8000
LONGEST_WALK = 10
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NO_SUCH_APP = frozenset({ClientId("borta")})
NO_TEXTS = Own("no-texts", frozenset({PUSH, TOTP}))
PRINTED = Own("printed", frozenset({AuthenticatorType.RECOVERY_CODE}))
JOINED = (
    NO_TEXTS,
    AnyOf((Require.OUR_DEVICE, Require.MULTIFACTOR)),
    AnyOf((Require.KNOWN_BROWSER, Require.MULTIFACTOR)),
    AnyOf((Require.KNOWN_BROWSER, Require.PHISHING_RESISTANT)),
    AnyOf((Require.PASSWORDLESS, NO_TEXTS)),
    AnyOf((Require.PHISHING_RESISTANT, NO_TEXTS)),
    AllOf((Require.PASSWORDLESS, NO_TEXTS)),
    AllOf((PRINTED, AnyOf((Require.OUR_DEVICE, NO_TEXTS)))),
)
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
    ours: bool
    """Whether the device is the organisation's."""
    texts_count: bool
    """Whether a restricted proof counts: nothing in this part asks otherwise yet."""
    around: Mapping[str, Any]
    """What else rules look at, by the fields of `Signals`."""

    def decision(self, rules: Sequence[Rule] | None = None) -> Decision:
        signals = make.signals(
            app=self.app,
            networks=frozenset({LAN} if self.inside else set()),
            device=Device.OURS if self.ours else Device.OTHER,
            groups=self.account.groups,
            roles=self.account.roles,
            **self.around,
        )
        decided = RuleSet(self.rules if rules is None else rules, KNOWN).decide(signals)
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
    """Mostly about networks and apps, and now and then about anything else there is."""
    when: dict[str, Any] = {
        "networks_not": chance.choice([frozenset(), frozenset({LAN})]),
        "apps": chance.choice([frozenset(), frozenset(), frozenset({SHOP}), NO_SUCH_APP]),
    }
    if chance.random() < 1 / 4:
        kind = chance.choice(sorted(NAMES))
        named = frozenset(chance.sample(NAMES[kind], k=1))
        when[kind + chance.choice(["", "_not"])] = named
    return Rule(
        id=RuleId(name),
        state=chance.choice([RuleState.ON, RuleState.ON, RuleState.ON, RuleState.REPORT_ONLY]),
        when=Condition(**when),
        require=chance.choice([*[Require.MULTIFACTOR] * 6, *Require, *JOINED]),
        sign_in_every=chance.choice([None] * 7 + [HOUR]),
        session_at_most=chance.choice([None] * 7 + [HOUR]),
        remember=chance.choice([None, HOUR, DAY]),
    )


def some_facts(chance: Random) -> Mapping[str, Any]:
    """What rules may look at beside network, device and app; often not known."""
    return {
        "known_for": chance.choice([None, None, MINUTE, 2 * HOUR]),
        "country": chance.choice([None, "SE", "NO"]),
        "platform": chance.choice([None, *Platform]),
        "client_kind": chance.choice([None, *ClientKind]),
        "risk": frozenset(chance.sample(sorted(Risk), k=chance.choice([0, 0, 1, 2]))),
        "at": NOW - chance.randrange(48) * HOUR,
    }


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
        ours=chance.random() < 1 / 2,
        texts_count=chance.random() < 3 / 4,
        around=some_facts(chance),
    )


def some_start(chance: Random, world: World) -> SignIn:
    """Mostly from nothing; else from a session, with what was shown in it some time ago."""
    before = []
    if world.bound and chance.random() < 1 / 8:
        kept = [each for each in world.bound if each.type is not START_CODE]
        before = chance.sample(kept, k=min(len(kept), chance.choice([1, 2])))
    return make.sign_in(
        evidence=tuple(
            make.evidence(each, NOW - chance.choice([MINUTE, 2 * HOUR]), device_bound=True)
            for each in before
        ),
        purpose=chance.choice([SIGN_IN, SIGN_IN, METHODS]),
        guarded=chance.random() < 1 / 4,
        chosen=None
        if before
        else chance.choice([*[None] * 9, *AuthenticatorType, *[PHONE_SIGN_IN] * 3]),
    )


def answers(world: World, step: Step) -> list[Authenticator]:
    """What the person can answer this step with, rightly."""
    if isinstance(step, AskAuthenticator):
        return list(step.offered)
    if isinstance(step, AskSecondProof):
        return world.usable(START_CODE)
    usable = world.usable(*TAKEN.get(type(step), ())) if world.account.usable else []
    alone = isinstance(step, AskPassword)
    return [each for each in usable if not (alone and is_beside(each))]


TAKEN: dict[type[Step], tuple[AuthenticatorType, ...]] = {
    # a start code is typed where the password goes; the flow tells them apart
    # and so does a key that verifies who holds it
    AskPassword: (PASSWORD, START_CODE, PASSKEY),
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


def changed(world: World, chance: Random) -> World:  # noqa: PLR0911  # one for each thing
    """Let something happen, mostly nothing."""
    match chance.randrange(20):
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
        case 4:
            return replace(world, ours=not world.ours)
        case 5 if world.bound:
            gone = chance.choice(world.bound)
            return replace(world, bound=tuple(each for each in world.bound if each != gone))
        case 6:
            return replace(world, around=some_facts(chance))
        case 7:
            roles = frozenset() if world.account.roles else frozenset({Role.SUPPORT})
            return replace(world, account=replace(world.account, roles=roles))
        case 8:
            return replace(world, account=replace(world.account, groups=frozenset()))
        case _:
            return world


def walk(world: World, start: SignIn, chance: Random) -> Iterator[Moment]:
    """Take offered steps until there is none; each answer spends a start code, not a pass.

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
        passes = used.type is START_CODE and chance.random() < 1 / 4
        if used.type is START_CODE and not passes:
            spent.add(used.id)
        verified = (
            used.type is PASSKEY
            and not is_beside(used)
            and (isinstance(step, AskPassword) or chance.random() < 1 / 2)
        )
        # a computer's ticket comes first or not at all, and never where methods are changed
        ticket = used.type is PASSWORD and not state.evidence and state.purpose == SIGN_IN
        proof = make.evidence(
            used,
            purpose=state.purpose,
            user_verified=verified,
            device_bound=used.type is PASSKEY and chance.random() < 1 / 2,
            until=NOW + HOUR if passes else None,
            by_ticket=ticket and chance.random() < 1 / 4,
        )
        state = record(state, proof)
        world = changed(world, chance)
    pytest.fail(f"it does not end: {state}")
