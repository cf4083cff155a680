from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from portvakt.core.roles import Role
from portvakt.core.sessions import SHARED_IDLE, SessionKind, ends_at, is_live, lifetime_of
from tests import make
from tests.make import NOW

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})


def test_a058_an_hour_without_an_act_ends_a_session() -> None:
    session = make.session(seen_at=NOW)
    assert is_live(session, NOW + 59 * MINUTE)
    assert not is_live(session, NOW + HOUR)


def test_a059_twelve_hours_end_a_session_however_busy_it_is() -> None:
    session = make.session(created_at=NOW - 12 * HOUR, seen_at=NOW)
    assert is_live(session, NOW - timedelta(seconds=1))
    assert not is_live(session, NOW)


def test_a_session_with_power_lives_shorter() -> None:
    session = make.session(created_at=NOW, seen_at=NOW)
    assert is_live(session, NOW + 14 * MINUTE, ADMINISTRATOR)
    assert not is_live(session, NOW + 15 * MINUTE, ADMINISTRATOR)
    old = make.session(created_at=NOW - 8 * HOUR, seen_at=NOW)
    assert not is_live(old, NOW, ADMINISTRATOR)
    assert is_live(old, NOW)


def test_a_registration_session_lives_for_half_an_hour() -> None:
    session = make.session(kind=SessionKind.REGISTRATION, created_at=NOW, seen_at=NOW + 20 * MINUTE)
    assert ends_at(session) == NOW + 30 * MINUTE
    assert ends_at(session, ADMINISTRATOR) == NOW + 30 * MINUTE
    assert not is_live(session, NOW + 30 * MINUTE)


def test_a057_a_closed_session_is_dead() -> None:
    assert not is_live(make.session(closed_at=NOW), NOW)


def test_ten_minutes_without_an_act_end_a_session_on_a_shared_computer() -> None:
    session = make.session(created_at=NOW, seen_at=NOW)
    assert is_live(session, NOW + 10 * MINUTE - timedelta(seconds=1), shared=True)
    assert not is_live(session, NOW + 10 * MINUTE, shared=True)
    busy = make.session(created_at=NOW - 12 * HOUR, seen_at=NOW)
    assert not is_live(busy, NOW, shared=True)


@given(
    kind=st.sampled_from(SessionKind),
    roles=st.frozensets(st.sampled_from(Role)),
    idle=st.timedeltas(timedelta(), timedelta(days=1)),
)
def test_a_shared_computer_never_makes_a_session_live_longer(
    kind: SessionKind, roles: frozenset[Role], idle: timedelta
) -> None:
    session = make.session(kind=kind, created_at=NOW, seen_at=NOW + idle)
    shared, own = (ends_at(session, roles, shared=each) for each in (True, False))
    assert shared <= own
    assert shared <= session.seen_at + SHARED_IDLE
    assert not lifetime_of(kind, roles, shared=True).absolute > lifetime_of(kind, roles).absolute
