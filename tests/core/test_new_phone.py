"""People stand up for somebody who has a new phone: what it takes, and what it opens."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portvakt.core.after_reset import PastReset
from portvakt.core.assurance import METHODS, SIGN_IN, Requirement
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.enrolment import (
    Basis,
    First,
    MayChange,
    NeedsFreshProof,
    first_registration_of,
    may_change,
    may_remove,
)
from portvakt.core.freezing import Change, Disowned, Freezing
from portvakt.core.ids import AccountId, AuthenticatorId, FlowId, GroupId
from portvakt.core.new_phone import (
    LIVES,
    Closed,
    Facts,
    Policy,
    ask,
    closed,
    progress_of,
    with_word,
    word_of_people,
)
from portvakt.core.passes import may_bind, terms_of, vouched_by
from portvakt.core.policy import Decision
from portvakt.core.roles import Role
from portvakt.core.sessions import Session, SessionKind, ends_at
from portvakt.core.sign_in import (
    BLOCKED,
    AskAuthenticator,
    AskEnrolment,
    AskNewPassword,
    AskPassword,
    Refuse,
    SignIn,
    Step,
    next_step,
)
from portvakt.core.vouchers import LIVES as ANSWERED_WITHIN
from portvakt.core.vouchers import Sort, Vouch
from tests import make
from tests.make import NOW, PASSKEY, PASSWORD, PUSH, SMS_CODE, TOTP

MINUTE = timedelta(minutes=1)
ANNA = make.account(created_at=NOW - timedelta(days=90), last_sign_in_at=NOW - timedelta(days=1))
BOUND = (make.bound(PASSWORD), make.bound(PUSH))
WORD = word_of_people(AuthenticatorId("word"), ANNA, NOW)


def state(*shown: Authenticator, purpose: str = SIGN_IN) -> SignIn:
    return SignIn(
        id=FlowId("flow"),
        purpose=purpose,
        to="/apps",
        app=None,
        account_id=ANNA.id,
        claimed="anna.berg",
        evidence=tuple(replace(make.evidence(each), purpose=purpose) for each in shown),
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=30),
    )


def step(at: SignIn, bound: tuple[Authenticator, ...], decision: Decision | None = None) -> Step:
    first = first_registration_of(ANNA, bound, first=First.SECOND_PROOF, inside=False, now=NOW)
    return next_step(at, ANNA, bound, decision or make.decision(), NOW, first)


def facts(**given: Any) -> Facts:
    fields: dict[str, Any] = {
        "account": ANNA,
        "bound": BOUND,
        "freezing": Freezing(),
        "sorts": frozenset({Sort.MANAGER}),
        "by_rules": True,
    }
    return Facts(**(fields | given))


def test_with_a_password_and_a_phone_gone_it_is_open() -> None:
    assert closed(facts(), Policy(), NOW) is None


@pytest.mark.parametrize(
    ("given", "policy", "why"),
    [
        ({}, Policy(on=False), Closed.OFF),
        ({"account": replace(ANNA, roles=frozenset({Role.SUPPORT}))}, Policy(), Closed.PRIVILEGED),
        (
            {"account": replace(ANNA, groups=frozenset({GroupId("Domain Admins")}))},
            Policy(),
            Closed.PRIVILEGED,
        ),
        (
            {"freezing": Freezing(disowned=Disowned(Change.ADDED, NOW, NOW))},
            Policy(),
            Closed.FROZEN,
        ),
        (
            {"freezing": Freezing(reset=PastReset(NOW - timedelta(hours=23), frozenset()))},
            Policy(),
            Closed.FROZEN,
        ),
        ({"bound": BOUND[:1]}, Policy(), Closed.NOTHING_LOST),
        ({"bound": (*BOUND, make.bound(PASSKEY))}, Policy(), Closed.HAS_KEY),
        ({"bound": (*BOUND, make.bound(PASSKEY))}, Policy(key_owners_may=True), None),
        ({"by_rules": False}, Policy(), Closed.BY_RULE),
        ({"sorts": frozenset()}, Policy(), Closed.NOBODY),
    ],
)
def test_to_whom_it_is_closed(given: dict[str, Any], policy: Policy, why: Closed | None) -> None:
    assert closed(facts(**given), policy, NOW) is why


@pytest.mark.parametrize("purpose", [SIGN_IN, METHODS])
def test_the_password_and_people_open_registration_and_nothing_else(purpose: str) -> None:
    shown = with_word(state(BOUND[0], purpose=purpose), WORD, NOW)
    assert step(shown, (*BOUND, WORD)) == AskEnrolment(Basis.VOUCHED)
    rule = make.decision(Requirement(multifactor=True))
    assert step(shown, (*BOUND, WORD), rule) == AskEnrolment(Basis.VOUCHED)


def test_people_open_nothing_without_the_password_or_without_their_word_as_stored() -> None:
    asked = state(BOUND[0], purpose=METHODS)
    assert isinstance(step(asked, (*BOUND, WORD)), AskAuthenticator)
    assert isinstance(step(with_word(asked, WORD, NOW), BOUND), AskAuthenticator)
    assert isinstance(step(with_word(state(), WORD, NOW), (*BOUND, WORD)), AskPassword)
    support = replace(WORD, detail=WORD.detail.replace("vouched", "pass"))
    assert isinstance(step(with_word(asked, support, NOW), (*BOUND, support)), AskAuthenticator)


def test_people_go_round_no_rule_and_no_forced_change() -> None:
    shown = with_word(state(BOUND[0]), WORD, NOW)
    blocked = step(shown, (*BOUND, WORD), make.decision(blocked=True))
    assert blocked == Refuse(BLOCKED)
    old = replace(shown.evidence[0], stale=True)
    stale = replace(shown, evidence=(old, *shown.evidence[1:]))
    assert step(stale, (*BOUND, WORD)) == AskNewPassword()


def test_their_word_binds_an_app_once_and_takes_nothing_away() -> None:
    bound = (*BOUND, WORD)
    shown = with_word(state(BOUND[0]), WORD, NOW).evidence
    first = first_registration_of(ANNA, bound, first=First.SECOND_PROOF, inside=False, now=NOW)
    assert may_change(bound, shown, first, NOW, registering=True) == MayChange(Basis.VOUCHED)
    able = {each for each in AuthenticatorType if may_bind(each, shown, bound)}
    assert able == {PUSH, TOTP}
    assert vouched_by(shown, BOUND) is None, "taken away when it has bound something"
    assert not any(may_bind(each, shown, BOUND) for each in AuthenticatorType)
    assert may_change(BOUND, shown, first, NOW, registering=True) == NeedsFreshProof()
    fresh = with_word(state(BOUND[0], purpose=METHODS), WORD, NOW).evidence
    taken = may_remove(BOUND[1], bound, fresh, first, NOW, second_factor_required=False)
    assert taken == NeedsFreshProof()


def test_what_it_opens_ends_within_a_quarter_of_an_hour() -> None:
    shown = with_word(state(BOUND[0]), WORD, NOW).evidence
    session = Session(
        id=make.session().id,
        account_id=ANNA.id,
        kind=SessionKind.FULL,
        evidence=shown,
        created_at=NOW,
        seen_at=NOW,
    )
    assert ends_at(session) == NOW + LIVES
    assert terms_of(WORD).vouched


def test_how_far_people_have_come() -> None:
    asked = ask(state(BOUND[0]), NOW)
    assert (asked.id, asked.account_id) == (FlowId("flow"), ANNA.id)

    def vouch(who: str, sort: Sort) -> Vouch:
        return Vouch(asked.id, AccountId(who), sort, NOW + MINUTE)

    for given, complete in (
        ((), False),
        ((vouch("bo", Sort.COLLEAGUE),), False),
        ((vouch("bo", Sort.COLLEAGUE), vouch("bo", Sort.COLLEAGUE)), False),
        ((vouch("bo", Sort.COLLEAGUE), vouch("eva", Sort.COLLEAGUE)), True),
        ((vouch("chef", Sort.MANAGER),), True),
    ):
        progress = progress_of(replace(asked, vouches=given), NOW + MINUTE)
        assert progress is not None
        assert progress.complete is complete
        assert progress.until == NOW + ANSWERED_WITHIN
    assert progress_of(asked, NOW + ANSWERED_WITHIN) is None
    assert progress_of(None, NOW) is None


def test_a_text_that_is_left_is_no_reason_to_ask_nobody() -> None:
    """Whoever has texts beside the app may change nothing by them (`best_shown`)."""
    assert closed(facts(bound=(*BOUND, make.bound(SMS_CODE))), Policy(), NOW) is None
