"""Browsers that are known: one row each, whose secret is another after each use."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AuthenticatorId, KnownBrowserId
from portvakt.core.known_browsers import ANSWERED, KnownBrowser
from portvakt.records import Records, Unit
from portvakt.records.after_restore import AfterRestore
from tests import make
from tests.make import ANNA, NOW
from tests.records.stored import somebody, with_anna

FAMILY, FIRST, SECOND, THIRD = b"f" * 32, b"1" * 32, b"2" * 32, b"3" * 32
TOTP = AuthenticatorId("totp")
SECONDS = timedelta(seconds=1)
LATER = NOW + ANSWERED
HOME = KnownBrowser(
    id=KnownBrowserId("home"),
    account_id=ANNA,
    authenticator_id=TOTP,
    browser=b"b" * 32,
    user_agent="Firefox",
    address="203.0.113.7",
    since=NOW,
    used_at=NOW,
    until=NOW + timedelta(days=30),
)


async def put_home(unit: Unit, browser: KnownBrowser = HOME, family: bytes = FAMILY) -> None:
    if family == FAMILY:
        method = make.bound(AuthenticatorType.TOTP, id=TOTP)
        await unit.authenticators.bind(method, sealed=b"sealed")
    await unit.known_browsers.begin(browser, family, FIRST)


async def put(unit: Unit, n: int) -> None:
    """One of many, for `test_spent_once`."""
    id_, person = AuthenticatorId(f"totp{n}"), somebody(n)
    await unit.people.upsert_many([person])
    method = make.bound(AuthenticatorType.TOTP, id=id_, account_id=person.id)
    await unit.authenticators.bind(method, sealed=b"sealed")
    browser = replace(HOME, id=KnownBrowserId(f"k{n}"), account_id=person.id, authenticator_id=id_)
    await unit.known_browsers.begin(browser, b"f%d" % n, FIRST)


async def use(unit: Unit, n: int) -> bool:
    """Many tabs at once, each with a secret of its own to follow."""
    used = await unit.known_browsers.rotate(b"f%d" % n, FIRST, os.urandom(32), NOW)
    assert used is not None, "who came later is not called a thief"
    return used


async def put_copied(unit: Unit, n: int) -> None:
    await put(unit, n)
    for old, new in ((FIRST, SECOND), (SECOND, THIRD)):
        await unit.known_browsers.rotate(b"f%d" % n, old, new, NOW)


async def end_copied(unit: Unit, n: int) -> bool:
    return await unit.known_browsers.end_copied(b"f%d" % n, FIRST)


async def rotate(
    records: Records, old: bytes, new: bytes, at: datetime = NOW, family: bytes = FAMILY
) -> bool | None:
    return await records.write(lambda unit: unit.known_browsers.rotate(family, old, new, at))


async def is_live(records: Records, secret: bytes) -> bool | None:
    found = await records.read(lambda unit: unit.known_browsers.look(FAMILY, secret))
    return None if found is None else found.live


async def listed(records: Records, at: datetime = NOW) -> list[str]:
    return [each.id for each in await records.read(lambda u: u.known_browsers.of(ANNA, at))]


async def test_a_browser_is_found_by_the_half_that_stays_and_told_by_the_other(
    database_url: str,
) -> None:
    async with with_anna(database_url, put_home) as records:
        found = await records.read(lambda unit: unit.known_browsers.look(FAMILY, FIRST))
        assert found is not None
        assert found.stored == HOME
        assert found.live
        assert await is_live(records, SECOND) is False
        strange = await records.read(lambda unit: unit.known_browsers.look(b"x" * 32, FIRST))
        assert strange is None


async def test_each_use_brings_another_secret_and_never_a_second_browser(
    database_url: str,
) -> None:
    async with with_anna(database_url, put_home) as records:
        assert await rotate(records, FIRST, SECOND) is True
        assert await rotate(records, SECOND, THIRD, LATER) is True
        assert [await is_live(records, each) for each in (FIRST, SECOND, THIRD)] == [
            False,
            True,
            True,
        ]
        assert await rotate(records, FIRST, b"x" * 32, LATER) is None
        assert await rotate(records, THIRD, b"x" * 32, LATER, b"x" * 32) is None
        (home,) = await records.read(lambda unit: unit.known_browsers.of(ANNA, LATER))
        assert home == replace(HOME, used_at=LATER)  # nothing makes it last longer


async def test_two_tabs_at_once_are_both_let_in_and_one_is_given_what_follows(
    database_url: str,
) -> None:
    async with with_anna(database_url, put_home) as records:
        assert await rotate(records, FIRST, SECOND) is True
        assert await rotate(records, FIRST, THIRD, LATER - SECONDS) is False
        assert await is_live(records, SECOND)
        assert await is_live(records, THIRD) is False


async def test_where_the_answer_was_lost_the_secret_before_counts_and_what_was_lost_never_does(
    database_url: str,
) -> None:
    """Whoever has the lost one has it from the answer: two of them cannot go on side by side."""
    async with with_anna(database_url, put_home) as records:
        assert await rotate(records, FIRST, SECOND) is True
        assert await rotate(records, FIRST, THIRD, LATER) is True
        assert await is_live(records, SECOND) is False
        assert await rotate(records, SECOND, b"x" * 32, LATER) is None
        assert await rotate(records, THIRD, b"4" * 32, LATER) is True
        assert await is_live(records, FIRST) is False


async def test_no_secret_counts_when_the_time_is_over(database_url: str) -> None:
    async with with_anna(database_url, put_home) as records:
        assert await rotate(records, FIRST, SECOND, HOME.until) is None
        assert await rotate(records, FIRST, SECOND, HOME.until - SECONDS) is True
        assert await rotate(records, FIRST, THIRD, HOME.until) is None
        assert await listed(records, HOME.until - SECONDS) == ["home"]
        assert await listed(records, HOME.until) == []
        await records.write(lambda unit: unit.expired.sweep(HOME.until))
        assert await is_live(records, SECOND)
        await records.write(lambda unit: unit.expired.sweep(HOME.until + SECONDS))
        assert await is_live(records, SECOND) is None


async def test_a_copy_ends_the_browser_once_and_a_live_secret_does_not(database_url: str) -> None:
    async with with_anna(database_url, put_home) as records:

        async def ends(secret: bytes) -> bool:
            return await records.write(lambda unit: unit.known_browsers.end_copied(FAMILY, secret))

        assert await ends(FIRST) is False
        await rotate(records, FIRST, SECOND)
        assert [await ends(each) for each in (FIRST, SECOND)] == [False, False]
        await rotate(records, SECOND, THIRD)
        assert [await ends(each) for each in (FIRST, FIRST)] == [True, False]
        assert await listed(records) == []


async def test_a_session_knows_its_browser_until_that_is_forgotten(database_url: str) -> None:
    session = make.session(known=HOME.known)

    async def sign_in(unit: Unit) -> None:
        await put_home(unit)
        await unit.sessions.open(session, b"s" * 32)

    async with with_anna(database_url, sign_in) as records:

        async def known() -> list[Any]:
            loaded = await records.read(lambda unit: unit.sessions.load(session.id, b"s" * 32))
            (mine,) = await records.read(lambda unit: unit.sessions.of(ANNA))
            assert loaded is not None
            return [loaded[0].known, mine.known]

        assert await known() == [HOME.known] * 2
        grown = replace(session, known=None)
        assert await records.write(lambda unit: unit.sessions.update(grown, None, 0))
        assert await known() == [None] * 2
        again = replace(session, version=1)
        assert await records.write(lambda unit: unit.sessions.update(again, None, 1))
        assert await known() == [HOME.known] * 2
        assert await records.write(lambda unit: unit.known_browsers.forget(HOME.id, ANNA))
        assert await known() == [None] * 2


async def test_the_sessions_that_a_browser_was_known_in_end_with_it(database_url: str) -> None:
    other = make.session(id="other")

    async def sign_in(unit: Unit) -> None:
        await put_home(unit)
        await unit.sessions.open(make.session(known=HOME.known), b"s" * 32)
        await unit.sessions.open(other, b"t" * 32)

    async with with_anna(database_url, sign_in) as records:
        for whose, stands in ((ANNA, True), (somebody(1).id, False)):
            found = await records.read(lambda u, w=whose: u.known_browsers.stands(HOME.id, w))
            assert found is stands
        for gone in ([make.session().id], []):
            ended = await records.write(
                lambda unit: unit.known_browsers.end_sessions(HOME.id, ANNA, NOW)
            )
            assert ended == gone
        left = await records.read(lambda unit: unit.sessions.of(ANNA))
        assert [each.id for each in left] == [other.id]


async def test_one_is_forgotten_by_its_own_person_and_all_but_one(database_url: str) -> None:
    async def two(unit: Unit) -> None:
        await put_home(unit)
        work = replace(HOME, id=KnownBrowserId("work"), used_at=LATER)
        await put_home(unit, work, b"g" * 32)
        await put(unit, 1)

    async with with_anna(database_url, two) as records:
        theirs = somebody(1).id
        assert await listed(records) == ["work", "home"]
        assert not await records.write(lambda unit: unit.known_browsers.forget(HOME.id, theirs))
        assert await records.write(lambda unit: unit.known_browsers.forget_all(ANNA, FAMILY)) == 1
        assert await listed(records) == ["home"]
        assert await records.write(lambda unit: unit.known_browsers.forget_all(ANNA)) == 1
        assert await listed(records) == []
        left = await records.read(lambda unit: unit.known_browsers.of(theirs, NOW))
        assert len(left) == 1


async def test_all_there_are_are_forgotten_in_parts(database_url: str) -> None:
    async def three(unit: Unit) -> None:
        for n in (1, 2):
            await put(unit, n)

    async with with_anna(database_url, three) as records:

        async def some(at: datetime) -> int:
            return await records.write(lambda unit: unit.known_browsers.forget_some(at, 1))

        assert [await some(NOW - SECONDS), *[await some(NOW) for _ in range(3)]] == [0, 1, 1, 0]


async def test_a_browser_that_is_given_another_loses_what_it_had(database_url: str) -> None:
    async with with_anna(database_url, put_home) as records:
        await rotate(records, FIRST, SECOND)
        await rotate(records, SECOND, THIRD)
        for secret, left in ((FIRST, ["home"]), (SECOND, [])):
            await records.write(lambda unit, s=secret: unit.known_browsers.replace(FAMILY, s))
            assert await listed(records) == left


@pytest.mark.parametrize("state", [AuthenticatorState.SUSPENDED, AuthenticatorState.DISABLED])
async def test_a_method_that_is_put_aside_leaves_no_browser_known_though_it_comes_back(
    database_url: str, state: AuthenticatorState
) -> None:
    async with with_anna(database_url, put_home) as records:
        for each in (state, AuthenticatorState.ACTIVE):
            await records.write(lambda unit, s=each: unit.authenticators.set_state(TOTP, s, NOW))
        assert await is_live(records, FIRST) is None


async def test_methods_that_are_all_put_aside_or_removed_leave_no_browser_known(
    database_url: str,
) -> None:
    async with with_anna(database_url, put_home) as records:
        await records.write(lambda unit: unit.authenticators.suspend_all(ANNA, NOW))
        assert await is_live(records, FIRST) is None


async def test_a_method_that_is_removed_takes_its_browsers_along(database_url: str) -> None:
    async with with_anna(database_url, put_home) as records:
        await records.write(lambda unit: unit.authenticators.remove(TOTP, ANNA))
        assert await listed(records) == []


async def test_an_account_that_is_disabled_has_no_browser_when_it_comes_back(
    database_url: str,
) -> None:
    async with with_anna(database_url, put_home) as records:
        assert await records.write(lambda unit: unit.people.disable_many([ANNA], NOW)) == 1
        assert await listed(records) == []


@pytest.mark.parametrize("forgetful", [False, True])
async def test_no_browser_is_known_after_a_restore_for_its_secret_may_have_changed_since(
    database_url: str, *, forgetful: bool
) -> None:
    """An old secret does not revive, and a new one is not taken for a copy."""

    async def after(unit: Unit) -> None:
        work = AfterRestore(unit._run)  # noqa: SLF001  # as `records.restoring` does
        if forgetful:
            await work.void(NOW, cards=False)
        else:
            await work.end_all(NOW, keep_cards=True)

    async with with_anna(database_url, put_home) as records:
        await records.write(after)
        assert await is_live(records, FIRST) is None
