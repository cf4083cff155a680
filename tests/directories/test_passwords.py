"""Passwords where they live: asked, written, refused and unlocked, in both kinds of directories.

Whatever was written is seen afterwards by somebody else: Kerberos and a file server for Active
Directory, `ldapwhoami` for OpenLDAP.
"""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from portvakt.core.password_outcomes import (
    Refused,
    RefusedFor,
    Unreachable,
    Written,
)
from portvakt.core.secret import Secret
from portvakt.directories import (
    AccountOff,
    DirectoryAway,
    Expired,
    LockedOut,
    MustChange,
    PasswordPolicy,
    PasswordRight,
    PasswordWrong,
)
from tests.directories.homes import (
    NEW,
    NOBODY,
    RIGHT,
    WRONG,
    AtSamba,
    Home,
    somebody,
    with_policy,
)
from tests.servers import slapd as openldap
from tests.servers.authority import Authority
from tests.servers.region import State
from tests.wire.reach import GARBAGE, SILENT, Proxy, stranger

pytestmark = pytest.mark.slow
STATES: tuple[tuple[State, type], ...] = (
    ("well", PasswordRight),
    ("expired", Expired),
    ("must_change", MustChange),
    ("locked", LockedOut),
    ("disabled", AccountOff),
    ("account_expired", AccountOff),
)
EMPTY = Secret("")


@pytest.fixture(params=["samba", "slapd"])
def home(request: pytest.FixtureRequest) -> Home:
    """A directory of each kind in turn."""
    found: Home = request.getfixturevalue(f"at_{request.param}")
    return found


@pytest.mark.parametrize(("state", "expected"), STATES)
async def test_a012_the_right_password_says_how_the_account_stands(
    home: Home, state: State, expected: type
) -> None:
    id_, _ = home.add(somebody(state))
    async with home.passwords() as passwords:
        assert isinstance(await passwords.check(id_, RIGHT), expected)


@pytest.mark.parametrize("state", ["well", "expired", "must_change"])
async def test_a_wrong_password_is_wrong_and_tells_nothing_of_the_account(
    home: Home, state: State
) -> None:
    id_, _ = home.add(somebody(state))
    async with home.passwords() as passwords:
        assert await passwords.check(id_, WRONG) == PasswordWrong()


async def test_whoever_is_in_no_directory_has_no_right_password(home: Home) -> None:
    async with home.passwords() as passwords:
        assert await passwords.check(NOBODY, RIGHT) == PasswordWrong()
        assert await passwords.set(NOBODY, NEW) == Refused(RefusedFor.NOT_ALLOWED)
        assert await passwords.change(NOBODY, RIGHT, NEW) == PasswordWrong()
        assert await passwords.unlock(NOBODY) == Refused(RefusedFor.NOT_ALLOWED)


async def test_a001_an_empty_password_never_reaches_the_wire(home: Home) -> None:
    id_, _ = home.add(somebody())
    parts = home.server.ldaps.removeprefix("ldaps://").partition(":")
    async with Proxy(parts[0], int(parts[2] or 636)) as listening:
        async with home.passwords_by(f"ldaps://127.0.0.1:{listening.port}") as passwords:
            assert await passwords.check(id_, EMPTY) == PasswordWrong()
            assert await passwords.change(id_, EMPTY, NEW) == PasswordWrong()
        assert listening.connections == 0


async def test_a003_a_name_full_of_signs_that_mean_something_is_one_object(home: Home) -> None:
    one = somebody(given_name="Öberg,", family_name='Åsa + "Chef" <#;=>\\2c')
    other = somebody()
    id_, dn = home.add(one)
    _, other_dn = home.add(other)
    async with home.passwords() as passwords:
        assert await passwords.check(id_, RIGHT) == PasswordRight()
        assert await passwords.change(id_, RIGHT, NEW) == Written()
        assert await passwords.check(id_, NEW) == PasswordRight()
    assert home.knows(one, dn, NEW)
    assert home.knows(other, other_dn, RIGHT)
    assert not home.knows(other, other_dn, NEW)


async def test_a_password_that_was_set_holds_at_once_and_for_everybody(home: Home) -> None:
    one = somebody()
    id_, dn = home.add(one)
    async with home.passwords() as passwords:
        assert await passwords.set(id_, NEW) == Written()
        assert await passwords.check(id_, NEW) == PasswordRight()
        assert await passwords.check(id_, RIGHT) == PasswordWrong()
    assert home.knows(one, dn, NEW)
    assert not home.knows(one, dn, RIGHT)


@pytest.mark.parametrize("state", ["expired", "must_change", "locked"])
async def test_a_password_that_was_set_mends_what_stood_in_the_way(
    home: Home, state: State
) -> None:
    one = somebody(state)
    id_, dn = home.add(one)
    async with home.passwords() as passwords:
        assert await passwords.set(id_, NEW) == Written()
        assert await passwords.check(id_, NEW) == PasswordRight()
    assert home.knows(one, dn, NEW)


async def test_setting_a_password_switches_no_account_on(home: Home) -> None:
    one = somebody("disabled")
    id_, dn = home.add(one)
    async with home.passwords() as passwords:
        await passwords.set(id_, NEW)
        await passwords.unlock(id_)
        assert not isinstance(await passwords.check(id_, NEW), PasswordRight)
    assert not home.knows(one, dn, NEW)


@pytest.mark.parametrize("state", ["well", "expired", "must_change"])
async def test_whoever_knows_the_old_password_changes_it(home: Home, state: State) -> None:
    one = somebody(state)
    id_, dn = home.add(one)
    async with home.passwords() as passwords:
        assert await passwords.change(id_, WRONG, NEW) == PasswordWrong()
        assert await passwords.change(id_, RIGHT, NEW) == Written()
        assert await passwords.check(id_, NEW) == PasswordRight()
    assert home.knows(one, dn, NEW)


async def test_a_locked_account_is_unlocked_and_the_password_stays(home: Home) -> None:
    one = somebody("locked")
    id_, dn = home.add(one)
    async with home.passwords() as passwords:
        assert isinstance(await passwords.change(id_, RIGHT, NEW), LockedOut)
        assert await passwords.unlock(id_) == Written()
        assert await passwords.unlock(id_) == Written()  # not locked any more: no fault
        assert await passwords.check(id_, RIGHT) == PasswordRight()
    assert home.knows(one, dn, RIGHT)


async def test_a007_too_short_a_password_is_refused_with_what_is_asked(home: Home) -> None:
    id_, _ = home.add(somebody())
    short = Secret("Åtta-26!")
    async with home.passwords() as passwords:
        policy = await passwords.policy(id_)
        assert isinstance(policy, PasswordPolicy)
        assert policy.least_length == 10
        assert await passwords.set(id_, short) == Refused(RefusedFor.TOO_SHORT, 10)
        assert await passwords.change(id_, RIGHT, short) == Refused(RefusedFor.TOO_SHORT, 10)
        for long in ("a" * 15 + "B1", "Fyra ord med mellanrum 9 " * 3, "Åäö-9" * 25 + "Åäö"):
            assert await passwords.set(id_, Secret(long)) == Written()
            assert await passwords.check(id_, Secret(long)) == PasswordRight()


async def test_a_change_to_an_earlier_password_is_refused_by_history(home: Home) -> None:
    id_, _ = home.add(somebody())
    async with home.passwords() as passwords:
        assert await passwords.change(id_, RIGHT, NEW) == Written()
        assert await passwords.change(id_, NEW, RIGHT) == Refused(RefusedFor.HISTORY)


async def test_a_reset_to_an_earlier_password_is_refused_or_ours_to_refuse(home: Home) -> None:
    """Samba has no policy hints: `history_on_reset` says that our own memory must hold it."""
    id_, _ = home.add(somebody())
    async with home.passwords() as passwords:
        policy = await passwords.policy(id_)
        assert isinstance(policy, PasswordPolicy)
        assert policy.history == 3
        outcome = await passwords.set(id_, RIGHT)
    assert policy.history_on_reset is not isinstance(home, AtSamba)
    assert outcome == (Refused(RefusedFor.HISTORY) if policy.history_on_reset else Written())


async def test_what_a_policy_asks_is_known_before_it_is_asked(home: Home) -> None:
    id_, _ = home.add(somebody())
    async with home.passwords() as passwords:
        policy, strictest = await passwords.policy(id_), await passwords.lockout()
    assert isinstance(policy, PasswordPolicy)
    assert isinstance(strictest, PasswordPolicy)
    assert policy.locked_after == strictest.locked_after == openldap.LOCKED_AFTER
    assert policy.most_age == timedelta(days=180)
    assert policy.complexity is isinstance(home, AtSamba)
    assert policy.changed_at is not None


async def test_a_policy_of_somebodys_own_is_read_before_the_domains(at_samba: AtSamba) -> None:
    one, other = somebody(), somebody()
    id_, _ = at_samba.add(one)
    other_id, _ = at_samba.add(other)
    with_policy(at_samba.server, one, least_length=20)
    async with at_samba.passwords() as passwords:
        mine, others = await passwords.policy(id_), await passwords.policy(other_id)
        assert isinstance(mine, PasswordPolicy)
        assert isinstance(others, PasswordPolicy)
        assert (mine.least_length, others.least_length) == (20, 10)
        refused = await passwords.set(id_, Secret("Sexton tecken-26"))
        assert refused == Refused(RefusedFor.TOO_SHORT, 20)
        assert await passwords.set(id_, NEW) == Written()


async def test_a_change_at_the_next_sign_in_is_asked_for_and_taken_back(at_samba: AtSamba) -> None:
    one = somebody()
    id_, dn = at_samba.add(one)
    async with at_samba.passwords() as passwords:
        assert await passwords.must_change(id_, must=True) == Written()
        assert await passwords.check(id_, RIGHT) == MustChange()
        _, said = at_samba.server.kinit(one.user_name, RIGHT.open())
        assert "expired" in said
        assert await passwords.must_change(id_, must=False) == Written()
        assert await passwords.check(id_, RIGHT) == PasswordRight()
    assert at_samba.knows(one, dn, RIGHT)


async def test_a_wrong_password_of_the_service_account_makes_the_directory_silent(
    home: Home,
) -> None:
    id_, _ = home.add(somebody())
    async with home.passwords(bind_password=lambda: WRONG) as passwords:
        away = await passwords.check(id_, RIGHT)
        assert isinstance(away, DirectoryAway)
        assert "service account" in away.why
        assert await passwords.set(id_, NEW) == Unreachable()
        assert await passwords.change(id_, RIGHT, NEW) == Unreachable()
        assert isinstance(await passwords.policy(id_), DirectoryAway)


async def test_a_certificate_of_somebody_else_gets_no_password(home: Home, tmp_path: Path) -> None:
    id_, _ = home.add(somebody())
    stranger_ca = Authority(tmp_path).ca_file
    async with home.passwords(ca_file=stranger_ca) as passwords:
        assert isinstance(await passwords.check(id_, RIGHT), DirectoryAway)
        assert await passwords.set(id_, NEW) == Unreachable()
        assert await passwords.unlock(id_) == Unreachable()


@pytest.mark.parametrize("kind", [SILENT, GARBAGE])
async def test_a_server_of_no_use_is_away_and_never_a_wrong_password(home: Home, kind: str) -> None:
    async with stranger(kind) as server:
        async with home.passwords_by(server.url) as passwords:
            assert isinstance(await passwords.check(NOBODY, RIGHT), DirectoryAway)
            assert isinstance(await passwords.lockout(), DirectoryAway)
        await asyncio.sleep(0.1)  # lets the stranger hear that we are gone
