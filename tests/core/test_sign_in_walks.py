"""Random walks through what people can reach: start, take only what is offered, look at each step.

Arbitrary states hide real holes; a walk finds them. On the way the world may change: an account is
disabled, a method suspended, a rule added, the person moves. The numbers are those of the
invariants in `portvakt.core.sign_in`; 5 to 8 are properties of assurance and policy as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import get_args

import pytest

from portvakt.core.assurance import (
    METHODS,
    SIGN_IN,
    Aal,
    Requirement,
    assurance_of,
    meets,
    still_bound,
)
from portvakt.core.authenticators import (
    PROOFS,
    SECOND_FACTORS,
    Authenticator,
    AuthenticatorState,
    AuthenticatorType,
    is_work_phone,
    usable_second_factors,
)
from portvakt.core.first_registration import Basis, First, first_registration_of
from portvakt.core.ids import AuthenticatorId, ClientId, RuleId
from portvakt.core.people import Account, AccountState
from portvakt.core.policy import Condition, Decision, Require, Rule, RuleState, evaluate
from portvakt.core.roles import Role
from portvakt.core.sign_in import (
    BLOCKED,
    NEEDS_KEY,
    UNUSABLE,
    AskAuthenticator,
    AskEnrolment,
    AskPassword,
    AskProofFirst,
    AskSecondProof,
    AskStartCode,
    Finish,
    Refuse,
    SignIn,
    Step,
    next_step,
    record,
)
from tests import make
from tests.make import LAN, NOW, PASSWORD, SHOP, STAFF, START_CODE

LONGEST_WALK = 8
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NO_SUCH_APP = frozenset({ClientId("borta")})
ENDS = (Finish, AskEnrolment, Refuse)
BEFORE_THE_PASSWORD = (AskPassword, AskProofFirst, AskStartCode)


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
        return [each for each in self.bound if each.type in kinds and each.usable(NOW)]


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


def some_world(chance: Random) -> World:
    kinds = chance.choices(list(AuthenticatorType), k=chance.randrange(4))
    kinds += [PASSWORD] * (chance.random() < 9 / 10)
    account = make.account(
        state=chance.choice([AccountState.ACTIVE] * 9 + [AccountState.DISABLED]),
        roles=chance.choice([frozenset()] * 4 + [frozenset({Role.SUPPORT})]),
        created_at=chance.choice([NOW - 7 * DAY, NOW - 200 * DAY]),
        last_sign_in_at=chance.choice([None, NOW - DAY, NOW - 100 * DAY]),
        welcome_used_at=chance.choice([None, None, NOW - DAY]),
    )
    return World(
        account=account,
        bound=tuple(some_method(chance, kind, number) for number, kind in enumerate(kinds)),
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
        chosen=chance.choice([*[None] * 9, *AuthenticatorType]),
    )


def answers(world: World, step: Step) -> list[Authenticator]:
    """What the person can answer this step with, rightly."""
    match step:
        case AskPassword():
            # a start code is typed where the password goes; the flow tells them apart
            return world.usable(PASSWORD, START_CODE) if world.account.usable else []
        case AskStartCode():
            return world.usable(START_CODE) if world.account.usable else []
        case AskProofFirst():
            return world.usable(*SECOND_FACTORS) if world.account.usable else []
        case AskAuthenticator(offered):
            return list(offered)
        case AskSecondProof():
            return world.usable(START_CODE)
        case _:
            return []


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
    """Take offered steps until there is none; each answer spends a start code, as it does."""
    state = start
    spent: set[str] = set()
    for _ in range(LONGEST_WALK + 1):
        step = world.step(state)
        yield Moment(world, state, step)
        possible = [each for each in answers(world, step) if each.id not in spent]
        if not possible:
            return
        used = chance.choice(possible)
        if used.type is START_CODE:
            spent.add(used.id)
        state = record(state, make.evidence(used, purpose=state.purpose))
        world = changed(world, chance)
    pytest.fail(f"it does not end: {state}")


WALKS = 8000


@pytest.fixture(scope="module")
def walks() -> list[list[Moment]]:
    """The same walks in every run, the simplest first, so that what fails first is readable."""
    chance = Random(3111)  # noqa: S311  # chance that repeats is the point
    made = [list(walk(some_world(chance), some_start(chance), chance)) for _ in range(WALKS)]
    return sorted(made, key=lambda each: len(each[0].world.bound) + len(each[0].world.rules))


@pytest.fixture
def moments(walks: list[list[Moment]]) -> list[Moment]:
    return [moment for each in walks for moment in each]


def test_nobody_finishes_without_meeting_the_decision(moments: list[Moment]) -> None:
    """Invariant 1; a start code is no part of what is met, nor what is no longer bound."""
    for at in moments:
        if isinstance(at.step, Finish):
            decision = at.world.decision()
            counted = still_bound(at.state.evidence, at.world.bound, NOW)
            shown = [each for each in counted if each.type is not START_CODE]
            assert at.world.account.usable
            assert not decision.blocked
            assert meets(shown, decision.requirement, NOW)
            assert PASSWORD in {each.type for each in shown}


def test_nothing_unbound_or_unusable_is_offered(moments: list[Moment]) -> None:
    """Invariant 2; nor anything before the password, nor twice, nor from a disabled account."""
    for at in moments:
        if isinstance(at.step, AskAuthenticator):
            assert at.world.account.usable
            assert set(at.step.offered) <= set(at.world.usable(*SECOND_FACTORS))
            assert at.step.offered
            assert at.step.chosen in {each.type for each in at.step.offered}
            assert at.shown & {PASSWORD, START_CODE}
            counted = still_bound(at.state.evidence, at.world.bound, NOW)
            assert not {e.type for e in counted} & {a.type for a in at.step.offered}
            assert at.step.chosen is at.state.chosen or at.step.offered[0].type is at.step.chosen


def test_a_stranger_sees_what_everybody_sees_and_no_more(moments: list[Moment]) -> None:
    """Invariant 3: until something is proved, every name, usable or blocked or none, is alike."""
    for at in moments:
        if not at.shown:
            stranger = next_step(at.state, None, None, None, NOW)
            assert isinstance(stranger, BEFORE_THE_PASSWORD)
            assert at.step == stranger
        if not at.shown & {PASSWORD, START_CODE}:
            assert isinstance(at.step, BEFORE_THE_PASSWORD)
        if isinstance(at.step, Refuse):
            assert at.shown & {PASSWORD, START_CODE}
        if not at.world.account.usable:
            told = PASSWORD in at.shown
            assert at.step == Refuse(UNUSABLE) if told else isinstance(at.step, BEFORE_THE_PASSWORD)


def test_binding_takes_the_best_the_account_can_show(moments: list[Moment]) -> None:
    """Invariant 4, and the ground is one that stands."""
    for at in moments:
        if not isinstance(at.step, AskEnrolment):
            continue
        assert at.world.account.usable
        assert not at.world.decision().blocked
        counted = still_bound(at.state.evidence, at.world.bound, NOW)
        shown = {each.type for each in counted}
        if usable_second_factors(at.world.bound, NOW):
            assert assurance_of(counted).aal is Aal.TWO
        assert shown & {PASSWORD, START_CODE}
        assert not at.world.usable(PASSWORD) or PASSWORD in shown
        if at.step.basis is Basis.START_CODE:
            assert START_CODE in shown
            continue
        if at.step.basis is Basis.OWN_METHODS:
            assert not at.world.texts_count
            assert shown & SECOND_FACTORS
            continue
        assert not at.world.account.roles
        assert not any(each.type in SECOND_FACTORS for each in at.world.bound)
        if at.step.basis is Basis.INSIDE:
            assert at.world.inside
            assert at.world.first is not First.NEVER_PASSWORD_ALONE
        else:
            assert at.step.basis is Basis.WELCOME_WINDOW
            assert at.world.first is First.WELCOME_WINDOW
            assert at.world.account.welcome_used_at is None


def test_changing_methods_takes_the_best_for_that_purpose(moments: list[Moment]) -> None:
    for at in moments:
        if isinstance(at.step, Finish) and at.state.purpose == METHODS:
            best = Requirement(multifactor=True, purpose=METHODS)
            assert meets(still_bound(at.state.evidence, at.world.bound, NOW), best, NOW)
            second = usable_second_factors(at.world.bound, NOW)
            own = [each for each in second if not is_work_phone(each)]
            assert own or not at.world.account.roles


def test_one_more_rule_never_opens_a_door(moments: list[Moment]) -> None:
    """Invariant 6: who finishes under all the rules finishes under any of them."""
    for at in moments:
        if isinstance(at.step, Finish):
            rules = at.world.rules
            for number in range(len(rules)):
                fewer = rules[:number] + rules[number + 1 :]
                assert at.world.step(at.state, fewer) == Finish()


def test_neither_order_nor_report_only_changes_a_step(moments: list[Moment]) -> None:
    """Invariants 7 and 8."""
    for at in moments:
        in_force = [each for each in at.world.rules if each.state is RuleState.ON]
        assert at.world.step(at.state, at.world.rules[::-1]) == at.step
        assert at.world.step(at.state, in_force) == at.step


def test_answering_what_is_offered_always_ends(walks: list[list[Moment]]) -> None:
    """Invariant 9: at an end, or where the person has nothing to answer with."""
    for each in walks:
        last = each[-1].step
        stuck = isinstance(last, AskSecondProof | AskPassword | AskProofFirst | AskStartCode)
        assert isinstance(last, ENDS) or stuck


def test_more_evidence_never_leads_back(moments: list[Moment]) -> None:
    """Invariant 5: once somebody could finish, one more right answer does not change that."""
    for at in moments:
        if isinstance(at.step, Finish):
            for each in usable_second_factors(at.world.bound, NOW):
                more = record(at.state, make.evidence(each, purpose=at.state.purpose))
                assert at.world.step(more) == Finish()


def test_where_a_key_is_asked_for_nothing_weaker_opens_or_binds(moments: list[Moment]) -> None:
    """The same moments with a rule more, that nothing in this part can meet."""
    key = make.rule(Require.PHISHING_RESISTANT, id="key")
    assert not any(each.phishing_resistant for each in PROOFS.values())
    for at in moments:
        step = at.world.step(at.state, [*at.world.rules, key])
        assert not isinstance(step, Finish | AskEnrolment | AskAuthenticator | AskSecondProof)


def test_the_walks_come_everywhere(moments: list[Moment]) -> None:
    """A walk that never reaches a step proves nothing about it."""
    seen = {type(at.step) for at in moments}
    assert seen == set(get_args(Step))
    bases = {at.step.basis for at in moments if isinstance(at.step, AskEnrolment)}
    assert bases == set(Basis) - {Basis.WORK_PHONE}
    ends = {at.step.why for at in moments if isinstance(at.step, Refuse)}
    assert ends == {BLOCKED, NEEDS_KEY, UNUSABLE}
