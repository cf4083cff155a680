"""What opens a break-glass account, and that it is nobody else who is let past the rules."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.assurance import Evidence, meets
from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.break_glass import (
    SOURCE,
    TEST_EVERY,
    BreakGlass,
    KeyStands,
    decision,
    roles_of,
)
from portvakt.core.policy import Rule
from portvakt.core.roles import Role
from portvakt.core.sessions import is_live
from portvakt.core.sign_in import Finish, Refuse, next_step
from portvakt.core.signals import Action, Signals
from portvakt.proving.rules import ADMINISTERING, decide
from portvakt.records.configuration import Configuration
from tests import make
from tests.core.ruling import rule_lists, situations
from tests.make import NOW

proofs = st.builds(
    Evidence,
    st.sampled_from(sorted(AuthenticatorType)),
    st.just(make.bound(make.PASSKEY).id),
    st.sampled_from([NOW, NOW - timedelta(hours=8)]),
    user_verified=st.booleans(),
    device_bound=st.booleans(),
)


def opens(shown: list[Evidence]) -> bool:
    return meets(shown, decision(here=True).requirement, NOW)


@given(st.lists(proofs, max_size=4))
def test_nothing_opens_it_but_a_key_that_stays_put_and_asks_who_holds_it(
    shown: list[Evidence],
) -> None:
    enough = [
        each
        for each in shown
        if each.type is make.PASSKEY and each.user_verified and each.device_bound
    ]
    assert opens(shown) is bool(enough)


@given(st.lists(proofs, max_size=3))
def test_a_sign_in_ends_with_such_a_key_and_with_nothing_less(shown: list[Evidence]) -> None:
    roles = roles_of(SOURCE, [])
    account = make.account(source=SOURCE, roles=roles)
    bound = [make.bound(make.PASSKEY)]
    state = make.sign_in(evidence=tuple(shown))
    step = next_step(state, account, bound, decision(here=True), NOW, make.first(applies=False))
    kept = [each for each in shown if each.type is make.PASSKEY]
    assert isinstance(step, Finish) is opens(kept)
    fenced = next_step(state, account, bound, decision(here=False), NOW, make.first(applies=False))
    assert not isinstance(fenced, Finish)
    assert isinstance(fenced, Refuse) or not opens(kept)


@given(rule_lists, situations)
def test_whatever_the_rules_are_they_count_for_everybody_else_and_for_none_of_these(
    rules: list[Rule], signals: Signals
) -> None:
    configuration = Configuration(frozenset(), (), tuple(rules), (), {})
    roles = (signals.roles or frozenset()) - {Role.BREAK_GLASS}
    usual = replace(signals, roles=roles, action=Action.SIGN_IN)
    assert decide(configuration, usual) == configuration.rule_set.decide(usual)
    glass = replace(signals, roles=roles | {Role.BREAK_GLASS})
    assert decide(configuration, glass) == decision(here=True)
    assert decide(configuration, replace(glass, fenced=True)).blocked


@given(rule_lists, situations)
def test_a088_administering_takes_what_phishing_cannot_take_whatever_the_rules_are(
    rules: list[Rule], signals: Signals
) -> None:
    configuration = Configuration(frozenset(), (), tuple(rules), (), {})
    administering = replace(
        signals, action=Action.ADMINISTER, roles=frozenset({Role.ADMINISTRATOR})
    )
    found = decide(configuration, administering)
    before = configuration.rule_set.decide(administering)
    assert found.requirement == before.requirement + ADMINISTERING
    assert found.requirement.phishing_resistant
    assert found.blocked is before.blocked
    weak = [make.evidence(make.PASSWORD, NOW), make.evidence(make.SMS_CODE, NOW)]
    assert not meets(weak, found.requirement, NOW)


def test_what_it_is_follows_from_its_source_alone() -> None:
    assert roles_of(SOURCE, []) == {Role.BREAK_GLASS}
    assert roles_of("hr", ["break_glass", "support"]) == {Role.SUPPORT}
    assert not make.account().break_glass
    assert make.account(roles=roles_of(SOURCE, [])).break_glass


def test_its_sessions_are_short() -> None:
    roles = roles_of(SOURCE, [])
    session = make.session(created_at=NOW, seen_at=NOW)
    assert is_live(session, NOW + timedelta(minutes=14), roles)
    assert not is_live(session, NOW + timedelta(minutes=15), roles)
    busy = replace(session, seen_at=NOW + timedelta(minutes=59))
    assert not is_live(busy, NOW + timedelta(minutes=60), roles)


def key(**given: object) -> KeyStands:
    fields = {"id": "a", "label": "A", "made_at": NOW, "used_at": NOW + timedelta(hours=1)}
    return KeyStands(**(fields | given))  # type: ignore[arg-type]  # what a test gives


def test_it_is_tested_when_each_of_two_keys_was_used_lately() -> None:
    now = NOW + timedelta(hours=20)
    stands = BreakGlass(
        name="n", usable=True, keys=(key(), key(id="b")), added_at=NOW, tested_at=None
    )
    assert stands.is_ready()
    assert stands.was_tested(now)
    for other in (key(used_at=None), key(used_at=NOW - timedelta(days=2)), key(made_at=now)):
        assert not replace(stands, keys=(key(), other)).was_tested(now)
    assert not replace(stands, keys=(key(),)).was_tested(now)
    assert not replace(stands, usable=False).was_tested(now)
    assert not stands.is_overdue(NOW + TEST_EVERY - timedelta(seconds=1))
    assert stands.is_overdue(NOW + TEST_EVERY)
    tested = replace(stands, tested_at=NOW + timedelta(days=1))
    assert not tested.is_overdue(NOW + TEST_EVERY)
