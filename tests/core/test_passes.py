"""The terms of a temporary pass, and what ends with it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.assurance import Evidence
from portvakt.core.authenticators import Authenticator, AuthenticatorType
from portvakt.core.ids import AuthenticatorId
from portvakt.core.passes import PLAIN, Terms, detail_of, may_bind, terms_of, until
from portvakt.core.sessions import SessionKind, ends_at, goes_on, is_live
from tests import make
from tests.make import NOW

KINDS = list(AuthenticatorType)
PUSH, TOTP = AuthenticatorType.PUSH, AuthenticatorType.TOTP
ENDS = NOW + timedelta(minutes=20)


def code(terms: Terms) -> Authenticator:
    return make.bound(
        make.START_CODE, id=AuthenticatorId("pass"), detail=detail_of(terms), expires_at=ENDS
    )


def shown(at: Authenticator) -> Evidence:
    return Evidence(make.START_CODE, at.id, NOW, until=until(at))


@given(
    length=st.integers(13, 48),
    uses=st.integers(1, 20),
    later=st.one_of(st.none(), st.integers(0, 10**9)),
    binds=st.one_of(st.none(), st.frozensets(st.sampled_from(KINDS), min_size=1)),
)
def test_terms_are_written_and_read(
    length: int, uses: int, later: int | None, binds: frozenset[AuthenticatorType] | None
) -> None:
    starts = None if later is None else NOW + timedelta(milliseconds=later)
    terms = Terms(length=length, uses=uses, starts_at=starts, binds=binds)
    assert terms_of(code(terms)) == terms


def test_a_plain_start_code_says_nothing_and_ends_nothing() -> None:
    assert detail_of(PLAIN) == ""
    assert terms_of(code(PLAIN)) == PLAIN
    assert until(code(PLAIN)) is None
    assert may_bind(TOTP, [shown(code(PLAIN))], [])


def test_a_pass_begins_when_it_says() -> None:
    terms = Terms(starts_at=NOW)
    assert [terms.begun(NOW + timedelta(seconds=each)) for each in (-1, 0, 1)] == [
        False,
        True,
        True,
    ]


def test_a_pass_binds_what_it_names_and_nothing_when_it_is_gone() -> None:
    mine = code(Terms(binds=frozenset({PUSH})))
    evidence = [shown(mine), Evidence(make.PASSWORD, AuthenticatorId("password"), NOW)]
    assert may_bind(PUSH, evidence, [mine])
    assert not may_bind(TOTP, evidence, [mine])
    assert not may_bind(PUSH, evidence, [])
    assert may_bind(TOTP, evidence[1:], [mine])


@pytest.mark.parametrize("kind", list(SessionKind))
def test_a_session_ends_with_the_pass_that_was_shown_in_it(kind: SessionKind) -> None:
    mine = make.session(kind=kind, created_at=NOW, seen_at=NOW)
    with_pass = replace(mine, evidence=(*mine.evidence, shown(code(Terms(uses=2)))))
    assert ends_at(with_pass) == ENDS
    assert is_live(with_pass, ENDS - timedelta(seconds=1))
    assert not is_live(with_pass, ENDS)
    plain = replace(mine, evidence=(*mine.evidence, shown(code(PLAIN))))
    assert is_live(plain, ENDS)


def test_nobody_goes_on_in_a_session_whose_pass_is_about_to_end() -> None:
    mine = make.session(created_at=NOW, seen_at=NOW)
    assert goes_on(mine, NOW)
    assert not goes_on(replace(mine, evidence=(shown(code(Terms(uses=2))),)), NOW)
