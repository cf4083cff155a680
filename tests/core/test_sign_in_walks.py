"""Random walks through what people can reach: start, take only what is offered, look at each step.

Arbitrary states hide real holes; a walk finds them. The numbers are those of the invariants in
`portvakt.core.sign_in`; 5 to 8 are properties of assurance and policy as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from portvakt.core.ids import AuthenticatorId, RuleId
from portvakt.core.people import Account, AccountState
from portvakt.core.policy import Condition, Decision, Require, Rule, RuleState, evaluate
from portvakt.core.roles import Role
from portvakt.core.sign_in import (
    BLOCKED,
    NEEDS_KEY,
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
MINUTE = timedelta(minutes=1)
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

    def decision(self, rules: Sequence[Rule] | None = None) -> Decision:
        return evaluate(
            self.rules if rules is None else rules,
            make.signals(app=self.app, networks=frozenset({LAN} if self.inside else set())),
            known_groups=frozenset({STAFF}),
            known_networks=frozenset({LAN}),
            known_apps=frozenset({SHOP}),
        )

    def step(self, state: SignIn, rules: Sequence[Rule] | None = None) -> Step:
        facts = first_registration_of(
            self.account, self.bound, first=self.first, inside=self.inside, now=NOW
        )
        asked = self.decision(rules)
        return next_step(state, self.account, self.bound, asked, NOW, facts)

    def usable(self, *kinds: AuthenticatorType) -> list[Authenticator]:
        return [each for each in self.bound if each.type in kinds and each.usable(NOW)]


rules = st.lists(
    st.builds(
        Rule,
        id=st.sampled_from("abcde").map(RuleId),
        state=st.sampled_from([RuleState.ON, RuleState.ON, RuleState.REPORT_ONLY]),
        when=st.builds(
            Condition,
            networks_not=st.sampled_from([frozenset(), frozenset({LAN})]),
            apps=st.sampled_from([frozenset(), frozenset({SHOP}), frozenset({"borta"})]),
        ),
        require=st.sampled_from([*[Require.MULTIFACTOR] * 4, Require.PASSWORD, *list(Require)[2:]]),
    ),
    max_size=3,
    unique_by=lambda each: each.id,
).map(tuple)


@st.composite
def authenticators(draw: st.DrawFn) -> tuple[Authenticator, ...]:
    kinds = draw(st.lists(st.sampled_from(AuthenticatorType), max_size=5))
    if draw(st.integers(0, 9)):
        kinds.append(PASSWORD)
    return tuple(
        make.bound(
            kind,
            id=AuthenticatorId(f"{kind}-{number}"),
            state=draw(st.sampled_from([AuthenticatorState.ACTIVE] * 4 + [*AuthenticatorState])),
            source=draw(st.sampled_from(["self", "hr"])),
            preferred=draw(st.booleans()),
            expires_at=draw(st.sampled_from([None, NOW, NOW + MINUTE])),
        )
        for number, kind in enumerate(kinds)
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    ago = st.sampled_from([None, NOW - timedelta(days=1), NOW - timedelta(days=100)])
    account = make.account(
        state=draw(st.sampled_from([AccountState.ACTIVE] * 5 + [AccountState.DISABLED])),
        roles=draw(st.sampled_from([frozenset()] * 4 + [frozenset({Role.SUPPORT})])),
        created_at=draw(st.sampled_from([NOW - timedelta(days=7), NOW - timedelta(days=200)])),
        last_sign_in_at=draw(ago),
        welcome_used_at=draw(ago),
    )
    return World(
        account=account,
        bound=draw(authenticators()),
        rules=draw(rules),
        inside=draw(st.booleans()),
        app=draw(st.sampled_from([None, "shop"])),
        first=draw(st.sampled_from(First)),
    )


starts = st.builds(
    make.sign_in,
    purpose=st.sampled_from([SIGN_IN, SIGN_IN, METHODS]),
    guarded=st.booleans(),
    chosen=st.sampled_from([None, None, *AuthenticatorType]),
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


def walk(world: World, start: SignIn, data: st.DataObject) -> Iterator[tuple[SignIn, Step]]:
    """Take offered steps until there is none; each answer spends a start code, as it does."""
    state = start
    spent: set[str] = set()
    for _ in range(LONGEST_WALK + 1):
        step = world.step(state)
        yield state, step
        possible = [each for each in answers(world, step) if each.id not in spent]
        if not possible:
            return
        used = data.draw(st.sampled_from(possible))
        if used.type is START_CODE:
            spent.add(used.id)
        state = record(state, make.evidence(used, purpose=state.purpose))
    pytest.fail(f"it does not end: {state}")


@given(worlds(), starts, st.data())
def test_nobody_finishes_without_meeting_the_decision(
    world: World, start: SignIn, data: st.DataObject
) -> None:
    """Invariant 1; a start code is no part of what is met."""
    for state, step in walk(world, start, data):
        if isinstance(step, Finish):
            decision = world.decision()
            shown = [each for each in state.evidence if each.type is not START_CODE]
            assert world.account.usable
            assert not decision.blocked
            assert meets(shown, decision.requirement, NOW)
            assert PASSWORD in {each.type for each in shown}


@given(worlds(), starts, st.data())
def test_nothing_unbound_or_unusable_is_offered(
    world: World, start: SignIn, data: st.DataObject
) -> None:
    """Invariant 2; nor anything before the password, nor what cannot help."""
    for state, step in walk(world, start, data):
        if isinstance(step, AskAuthenticator):
            assert set(step.offered) <= set(world.usable(*SECOND_FACTORS))
            assert step.offered
            assert step.chosen in {each.type for each in step.offered}
            assert {each.type for each in state.evidence} & {PASSWORD, START_CODE}


@given(worlds(), starts, st.data())
def test_a_stranger_sees_what_everybody_sees_and_no_more(
    world: World, start: SignIn, data: st.DataObject
) -> None:
    """Invariant 3: until something is proved, every name, usable or blocked or none, is alike."""
    stranger = next_step(start, None, None, None, NOW)
    assert isinstance(stranger, BEFORE_THE_PASSWORD)
    assert world.step(start) == stranger
    for state, step in walk(world, start, data):
        proved = {each.type for each in state.evidence}
        if not proved & {PASSWORD, START_CODE}:
            assert isinstance(step, BEFORE_THE_PASSWORD)
        if step in {Refuse(BLOCKED), Refuse(NEEDS_KEY)}:
            assert proved & {PASSWORD, START_CODE}
        if not world.account.usable:
            assert step == stranger


@given(worlds(), starts, st.data())
def test_binding_takes_the_best_the_account_can_show(
    world: World, start: SignIn, data: st.DataObject
) -> None:
    """Invariant 4, and the ground is one that stands."""
    for state, step in walk(world, start, data):
        if not isinstance(step, AskEnrolment):
            continue
        shown = {each.type for each in state.evidence}
        second = usable_second_factors(world.bound, NOW)
        if second:
            assert assurance_of(state.evidence).aal is Aal.TWO
        assert shown & {PASSWORD, START_CODE}
        assert not world.usable(PASSWORD) or PASSWORD in shown
        match step.basis:
            case Basis.START_CODE:
                assert START_CODE in shown
            case Basis.INSIDE:
                assert world.inside
                assert world.first is not First.NEVER_PASSWORD_ALONE
                assert not second
            case Basis.WELCOME_WINDOW:
                assert world.first is First.WELCOME_WINDOW
                assert world.account.welcome_used_at is None
                assert not any(each.type in SECOND_FACTORS for each in world.bound)
            case Basis.WORK_PHONE | Basis.OWN_METHODS:
                pytest.fail("in this part nothing that is bound is too weak for a rule")
        if step.basis is not Basis.START_CODE:
            assert not world.account.roles
            assert not any(each.type in SECOND_FACTORS for each in world.bound)


@given(worlds(), starts, st.data())
def test_changing_methods_takes_the_best_for_that_purpose(
    world: World, start: SignIn, data: st.DataObject
) -> None:
    for state, step in walk(world, replace(start, purpose=METHODS), data):
        if isinstance(step, Finish):
            best = Requirement(multifactor=True, purpose=METHODS)
            assert meets(still_bound(state.evidence, world.bound, NOW), best, NOW)
            own = [e for e in usable_second_factors(world.bound, NOW) if not is_work_phone(e)]
            assert own or not world.account.roles


@given(worlds(), starts, st.data())
def test_one_more_rule_never_opens_a_door(world: World, start: SignIn, data: st.DataObject) -> None:
    """Invariant 6: who finishes under all the rules finishes under any of them."""
    for state, step in walk(world, start, data):
        if isinstance(step, Finish):
            for number in range(len(world.rules)):
                fewer = world.rules[:number] + world.rules[number + 1 :]
                assert world.step(state, fewer) == Finish()


@given(worlds(), starts, st.data())
def test_neither_order_nor_report_only_changes_a_step(
    world: World, start: SignIn, data: st.DataObject
) -> None:
    """Invariants 7 and 8."""
    in_force = [each for each in world.rules if each.state is RuleState.ON]
    for state, step in walk(world, start, data):
        assert world.step(state, world.rules[::-1]) == step
        assert world.step(state, in_force) == step


@given(worlds(), starts, st.data())
def test_answering_what_is_offered_always_ends(
    world: World, start: SignIn, data: st.DataObject
) -> None:
    """Invariant 9: at an end, or where the person has nothing to answer with."""
    *_, (_, last) = walk(world, start, data)
    stuck = isinstance(last, AskSecondProof | AskPassword | AskProofFirst | AskStartCode)
    assert isinstance(last, ENDS) or stuck
    assert not isinstance(last, AskAuthenticator)


@given(worlds(), starts, st.data())
def test_more_evidence_never_leads_back(world: World, start: SignIn, data: st.DataObject) -> None:
    """Invariant 5: once somebody could finish, one more right answer does not change that."""
    for state, step in walk(world, start, data):
        if isinstance(step, Finish):
            for each in usable_second_factors(world.bound, NOW):
                more = record(state, make.evidence(each, purpose=state.purpose))
                assert world.step(more) == Finish()


@given(worlds(), starts, st.data())
def test_where_a_key_is_asked_for_nothing_weaker_opens_or_binds(
    world: World, start: SignIn, data: st.DataObject
) -> None:
    """Walked with a rule that nothing in this part can meet."""
    key = make.rule(Require.PHISHING_RESISTANT, id="key")
    strict = replace(world, rules=(*world.rules, key))
    assert not any(each.phishing_resistant for each in PROOFS.values())
    for _, step in walk(strict, start, data):
        assert not isinstance(step, Finish | AskEnrolment | AskAuthenticator | AskSecondProof)
