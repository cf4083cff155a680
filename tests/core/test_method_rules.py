"""Which methods somebody may register and use, by the groups that they are in."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.assurance import still_bound
from portvakt.core.authenticators import (
    SECOND_FACTORS,
    AuthenticatorType,
    in_force,
    is_beside,
    usable_second_factors,
    withdrawn_second_factors,
)
from portvakt.core.best_shown import lacks_best, measure
from portvakt.core.ids import AuthenticatorId, GroupId
from portvakt.core.key_models import KeyDemand
from portvakt.core.method_rules import (
    ALONE,
    EVERYTHING,
    NAMEABLE,
    Allowed,
    AskedFirst,
    MethodEntry,
    MethodRules,
)
from tests import make
from tests.core.method_entries import entry_lists, groups
from tests.make import NOW, PASSKEY, PASSWORD, PHONE_SIGN_IN, PUSH, SMS_CODE, START_CODE, TOTP

VARD, IT = GroupId("vard"), GroupId("it")
NO_TEXTS = MethodEntry(id="a", groups=frozenset({VARD}), second_factor=SECOND_FACTORS - {SMS_CODE})
KEYS = MethodEntry(id="b", groups=frozenset({IT}), second_factor=frozenset({PASSKEY}))
Entries = Sequence[MethodEntry]


def uses(may: Allowed) -> list[frozenset[AuthenticatorType]]:
    return [may.may_register, may.second_factor, may.passwordless, may.password_reset]


def test_without_an_entry_everything_may_be_registered_and_used() -> None:
    assert MethodRules().of({VARD}) is EVERYTHING
    assert MethodRules([NO_TEXTS]).of({IT}) is EVERYTHING
    assert uses(EVERYTHING) == [NAMEABLE, SECOND_FACTORS, ALONE, SECOND_FACTORS]


def test_somebody_in_two_groups_has_what_both_leave() -> None:
    rules = MethodRules([NO_TEXTS, KEYS])
    assert rules.of({VARD}).second_factor == SECOND_FACTORS - {SMS_CODE}
    assert rules.of({IT}).second_factor == {PASSKEY}
    both = rules.of({VARD, IT})
    assert both.second_factor == {PASSKEY}
    assert [each.id for each in both.entries] == ["a", "b"]


def test_an_entry_without_groups_is_for_everybody_but_those_it_leaves_out() -> None:
    rules = MethodRules([replace(KEYS, groups=frozenset(), groups_not=frozenset({VARD}))])
    assert rules.of(()).second_factor == {PASSKEY}
    assert rules.of({IT}).second_factor == {PASSKEY}
    assert rules.of({IT, VARD}) is EVERYTHING


def test_what_stands_in_place_of_a_password_may_be_used_beside_one() -> None:
    only = MethodEntry(id="a", second_factor=frozenset({TOTP}))
    assert MethodRules([only]).of(()).passwordless == frozenset()
    apps = MethodEntry(id="a", second_factor=frozenset({PUSH, TOTP}))
    assert MethodRules([apps]).of(()).passwordless == {PHONE_SIGN_IN}


def test_nothing_is_registered_that_could_not_be_used() -> None:
    only = MethodEntry(
        id="a",
        second_factor=frozenset({TOTP}),
        password_reset=frozenset({SMS_CODE}),
        may_register=frozenset({TOTP, SMS_CODE, PUSH}),
    )
    may = MethodRules([only]).of(())
    assert may.may_register == {TOTP, SMS_CODE}
    assert may.registers(TOTP)
    assert not may.registers(PUSH)
    assert may.registers(PASSWORD)


def test_a_method_that_is_withdrawn_is_there_and_counts_for_nothing() -> None:
    may = Allowed(second_factor=frozenset({TOTP}), passwordless=frozenset())
    bound = [make.bound(PASSWORD), make.bound(SMS_CODE), make.bound(TOTP)]
    marked = [may.at_sign_in(each) for each in bound]
    assert [each.withdrawn for each in marked] == [False, True, False]
    assert [each.type for each in usable_second_factors(marked, NOW)] == [TOTP]
    assert [each.type for each in withdrawn_second_factors(marked, NOW)] == [SMS_CODE]
    shown = [make.evidence(each) for each in bound]
    assert [each.type for each in still_bound(shown, marked, NOW)] == [PASSWORD, TOTP]


def test_a_key_that_may_not_stand_alone_stands_beside_the_password() -> None:
    may = Allowed(passwordless=frozenset())
    key = may.at_sign_in(make.bound(PASSKEY))
    assert is_beside(key)
    assert not key.withdrawn
    alone = make.evidence(make.bound(PASSKEY), user_verified=True)
    assert still_bound([alone], [key], NOW) == ()
    beside = replace(alone, user_verified=False)
    assert still_bound([beside], [key], NOW) == (beside,)


def test_the_codes_of_a_phone_that_may_not_approve_count_while_the_phone_is_there() -> None:
    may = Allowed(second_factor=frozenset({TOTP}), passwordless=frozenset())
    phone = make.bound(PUSH)
    codes = make.bound(TOTP, id=AuthenticatorId("codes"), detail=phone.id)
    sign_in = make.bound(PHONE_SIGN_IN, detail=phone.id)
    marked = [may.at_sign_in(each) for each in (phone, codes, sign_in)]
    assert in_force(marked, NOW) == (codes,)
    assert in_force(marked[1:], NOW) == ()


def test_a_reset_has_methods_of_its_own() -> None:
    may = Allowed(second_factor=frozenset({TOTP}), password_reset=frozenset({SMS_CODE}))
    at_reset = [may.at_reset(make.bound(each)) for each in (SMS_CODE, TOTP, PASSWORD, START_CODE)]
    assert [each.withdrawn for each in at_reset] == [False, True, False, False]


def test_the_strongest_is_asked_first_where_nobody_may_choose_another() -> None:
    chosen = make.bound(SMS_CODE, preferred=True)
    app = make.bound(PUSH)
    free = MethodEntry(id="a")
    strict = MethodEntry(id="b", asked_first=AskedFirst.STRONGEST)
    for entries, first in (([free], SMS_CODE), ([strict], PUSH), ([free, strict], PUSH)):
        may = MethodRules(entries).of(())
        marked = [may.at_sign_in(each) for each in (chosen, app)]
        assert usable_second_factors(marked, NOW)[0].type is first


def test_what_was_withdrawn_is_still_the_measure_of_what_may_change_methods() -> None:
    text, app = make.bound(SMS_CODE), replace(make.bound(TOTP), withdrawn=True)
    assert lacks_best([text], [app])
    assert not lacks_best([app], [text])
    assert not lacks_best([text], [])
    shown = [make.evidence(PASSWORD), make.evidence(text)]
    assert measure(shown, [text], [app]) == (text, app)
    assert measure([*shown, make.evidence(START_CODE)], [text], [app]) == (text,)


@given(entry_lists, groups)
def test_one_more_entry_never_opens_a_way(some: Entries, mine: frozenset[GroupId]) -> None:
    every = uses(MethodRules(some).of(mine))
    for each in some:
        fewer = uses(MethodRules(other for other in some if other is not each).of(mine))
        assert all(now <= before for now, before in zip(every, fewer, strict=True))


@given(entry_lists, groups, st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(
    some: Entries, mine: frozenset[GroupId], random: Random
) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert MethodRules(shuffled).of(mine) == MethodRules(some).of(mine)


@given(entry_lists, groups, st.sampled_from(sorted(NAMEABLE)))
def test_marking_twice_is_as_good_as_once(
    some: Entries, mine: frozenset[GroupId], kind: AuthenticatorType
) -> None:
    may = MethodRules(some).of(mine)
    once = may.at_sign_in(make.bound(kind, preferred=True))
    assert may.at_sign_in(once) == once
    assert may.at_reset(may.at_reset(once)) == may.at_reset(once)


def test_what_every_entry_asks_of_a_key_is_asked() -> None:
    bound, certified = KeyDemand(device_bound=True), KeyDemand(level=2)
    rules = MethodRules(
        [
            MethodEntry(id="a", groups=frozenset({VARD}), keys=bound),
            MethodEntry(id="b", groups=frozenset({IT}), keys=certified),
        ]
    )
    assert rules.of({VARD}).keys == (bound,)
    assert set(rules.of({VARD, IT}).keys) == {bound, certified}
    assert rules.of(()).keys == ()
