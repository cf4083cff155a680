import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portvakt.core import freezing
from portvakt.core.events import MethodRemoved, MethodRenamed
from portvakt.core.ids import AccountId, AuthenticatorId, FlowId, SessionId
from portvakt.core.password_reset import Stage, next_step
from portvakt.core.people import AccountState
from portvakt.core.sessions import SessionKind
from portvakt.core.vouchers import (
    LIVES,
    MayVouch,
    Sort,
    Vouch,
    Voucher,
    may_vouch,
    sorts_open,
)
from portvakt.records import Records, Unit
from tests import make
from tests.core.resets import facts
from tests.records import a_reset
from tests.records.a_reset import BO, BOSS, CILLA, ELSEWHERE, ID, MINE, MINUTE, give
from tests.records.stored import person, somebody, with_anna

EVERYBODY = (BOSS, BO, CILLA, ELSEWHERE)
COLLEAGUE, MANAGER = Sort.COLLEAGUE, Sort.MANAGER
Change = Callable[[Unit], Awaitable[Any]]


async def asked(records: Records, after: timedelta = timedelta()) -> list[AccountId]:
    """Who of them finds something that waits for them."""
    found = []
    for each in (*EVERYBODY, make.ANNA):
        waiting = await records.read(
            lambda unit, e=each: unit.vouches.waiting_for(e, make.NOW + after)
        )
        found += [each] if waiting else []
    return found


async def gave(records: Records, *args: Any, **given: Any) -> bool:
    return await records.write(lambda unit: give(unit, *args, **given))


async def of_attempt(records: Records, attempt: FlowId = ID) -> list[Vouch]:
    return await records.read(lambda unit: unit.vouches.of_attempt(attempt))


def upsert(*people: Any) -> Change:
    return lambda unit: unit.people.upsert_many(people)


def disable(account: AccountId) -> Change:
    return lambda unit: unit.people.disable_many([account], make.NOW)


async def test_the_manager_and_colleagues_are_asked_and_nobody_else(database_url: str) -> None:
    async with with_anna(database_url, a_reset.ask) as records:
        assert await asked(records) == [BOSS, BO, CILLA]
        before = records.counted
        waiting = await records.read(lambda unit: unit.vouches.waiting_for(BO, make.NOW))
        assert records.counted == before + 1
        anna = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert anna is not None
        assert [(each.attempt, each.target, each.asked_at, each.given) for each in waiting] == [
            (ID, anna.account, make.NOW, ())
        ]


async def test_what_waits_may_be_answered_as_the_core_says(database_url: str) -> None:
    async with with_anna(database_url, a_reset.ask) as records:
        (request,) = await records.read(lambda unit: unit.vouches.waiting_for(BOSS, make.NOW))
        boss = await records.read(lambda unit: unit.people.load(BOSS))
        assert boss is not None
        bound = [make.bound(make.PASSWORD, account_id=BOSS), make.bound(make.TOTP, account_id=BOSS)]
        voucher = Voucher(
            account=boss.account, bound=(*bound,), evidence=tuple(map(make.evidence, bound))
        )
        assert may_vouch(request, voucher, make.NOW) == MayVouch(MANAGER, named=True)


@pytest.mark.parametrize(
    ("target", "others"),
    [
        pytest.param({"unit": ""}, {"unit": ""}, id="no unit"),
        pytest.param({"unit": " "}, {"unit": " "}, id="an empty unit"),
        pytest.param({"protected": True}, {}, id="a protected person"),
        pytest.param({}, {"source": "apply"}, id="another source"),
        pytest.param({}, {"email": "Anna.Berg@region.example"}, id="one's own other account"),
        pytest.param({}, {"state": AccountState.DISABLED}, id="disabled colleagues"),
        pytest.param({"state": AccountState.DISABLED}, {}, id="a disabled person"),
    ],
)
async def test_no_colleague_is_asked_for(
    database_url: str, target: dict[str, Any], others: dict[str, Any]
) -> None:
    people = upsert(person(**target), somebody(2, **others), somebody(3, **others))
    async with with_anna(database_url, people, a_reset.ask, people) as records:
        assert not set(await asked(records)) & {BO, CILLA}


@pytest.mark.parametrize(
    "change",
    [
        {"stage": Stage.WRITING, "writing_since": make.NOW},
        {"stage": Stage.DONE},
        {"asked_at": None},
        {"account_id": None},
        {"expires_at": make.NOW},
        {"asked_at": make.NOW - LIVES},
    ],
)
async def test_an_attempt_that_is_over_or_of_nobody_asks_nobody(
    database_url: str, change: dict[str, Any]
) -> None:
    async with with_anna(database_url, lambda u: a_reset.ask(u, **change)) as records:
        assert await asked(records) == []
        assert not await gave(records)


async def test_people_are_asked_for_fifteen_minutes(database_url: str) -> None:
    last = LIVES - timedelta(milliseconds=1)
    async with with_anna(database_url, a_reset.ask) as records:
        assert await asked(records, last) == [BOSS, BO, CILLA]
        assert await asked(records, LIVES) == []
        assert not await gave(records, after=LIVES)
        assert await gave(records, after=last)


async def test_who_vouches_is_in_the_attempt_and_wakes_its_page(database_url: str) -> None:
    async with with_anna(database_url, a_reset.ask) as records:
        await records.listen()
        rings: list[str] = []
        stop = records.on_ring(f"reset:{ID}", lambda: rings.append("rung"))
        assert await gave(records, CILLA, after=MINUTE)
        assert await gave(records, BO)
        assert await records.wait("nothing", 0.3) is False
        assert rings
        stop()
        given = (Vouch(ID, BO, COLLEAGUE, make.NOW), Vouch(ID, CILLA, COLLEAGUE, make.NOW + MINUTE))
        assert await of_attempt(records) == list(given)
        found = await records.read(lambda unit: unit.resets.load(ID, MINE, make.NOW))
        assert found is not None
        assert found[0] == a_reset.asking(vouches=given)
        for each in (BO, BOSS):
            (request,) = await records.read(
                lambda unit, e=each: unit.vouches.waiting_for(e, make.NOW)
            )
            assert request.given == given


async def test_a_vouch_counts_once_and_again_when_it_counts_no_more(database_url: str) -> None:
    """She may ask again within the hour, and the same colleague may answer again."""
    async with with_anna(database_url, a_reset.ask) as records:
        assert await gave(records)
        assert not await gave(records)
        assert not await gave(records, after=MINUTE)
        again = a_reset.asking(asked_at=make.NOW + 10 * MINUTE)
        assert await records.write(lambda unit: unit.resets.save(again))
        assert not await gave(records, after=LIVES - timedelta(milliseconds=1))
        assert await gave(records, after=LIVES)
        assert await of_attempt(records) == [Vouch(ID, BO, COLLEAGUE, make.NOW + LIVES)]


async def test_a_vouch_is_for_one_attempt_and_one_person(database_url: str) -> None:
    async def two(unit: Unit) -> None:
        await a_reset.ask(unit)
        await unit.resets.start(a_reset.asking(id=FlowId("second")), MINE)

    async with with_anna(database_url, two) as records:
        assert await gave(records)
        assert await of_attempt(records, FlowId("second")) == []
        other_name = a_reset.asking(account_id=CILLA, claimed="cilla")
        assert await records.write(lambda unit: unit.resets.save(other_name))
        assert await of_attempt(records) == []
        found = await records.read(lambda unit: unit.resets.load(ID, MINE, make.NOW))
        assert found is not None
        assert found[0] == replace(other_name, version=1)


@pytest.mark.parametrize(
    ("voucher", "sort"),
    [
        (BO, MANAGER),
        (BOSS, COLLEAGUE),
        (ELSEWHERE, COLLEAGUE),
        (ELSEWHERE, MANAGER),
        (AccountId("nobody"), MANAGER),
    ],
)
async def test_who_is_not_that_to_the_person_cannot_vouch(
    database_url: str, voucher: AccountId, sort: Sort
) -> None:
    async with with_anna(database_url, a_reset.ask) as records:
        assert not await gave(records, voucher, sort)


async def test_nobody_vouches_for_themselves(database_url: str) -> None:
    """Nor with a session of their own, as their own manager."""

    async def act(unit: Unit) -> None:
        await a_reset.ask(unit)
        await unit.people.upsert_many([person(manager=person().external_id)])
        session = make.session(id=a_reset.session_of(make.ANNA))
        await unit.sessions.open(session, b"a" * 32)

    async with with_anna(database_url, act) as records:
        assert not await gave(records, make.ANNA, MANAGER)
        assert not await gave(records, make.ANNA, COLLEAGUE)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(disable(BO), id="the voucher is disabled"),
        pytest.param(disable(make.ANNA), id="she is disabled"),
        pytest.param(upsert(person(unit="Ekonomi")), id="she has moved"),
        pytest.param(upsert(person(protected=True)), id="she is protected"),
        pytest.param(
            lambda unit: unit.sessions.close(a_reset.session_of(BO), BO, make.NOW),
            id="the session is closed",
        ),
    ],
)
async def test_nobody_vouches_when_things_have_changed_in_between(
    database_url: str, change: Change
) -> None:
    async with with_anna(database_url, a_reset.ask, change) as records:
        assert not await gave(records)


async def test_nobody_vouches_in_the_session_of_somebody_else(database_url: str) -> None:
    async with with_anna(database_url, a_reset.ask) as records:
        assert not await records.write(
            lambda unit: unit.vouches.give(ID, BO, a_reset.session_of(CILLA), COLLEAGUE, make.NOW)
        )


async def test_a_session_for_registration_only_vouches_for_nobody(database_url: str) -> None:
    begun = make.session(id=SessionId("registering"), account_id=BO, kind=SessionKind.REGISTRATION)
    async with with_anna(
        database_url, a_reset.ask, lambda unit: unit.sessions.open(begun, b"r" * 32)
    ) as records:
        assert not await records.write(
            lambda unit: unit.vouches.give(ID, BO, begun.id, COLLEAGUE, make.NOW)
        )


async def test_a117_the_word_of_somebody_disabled_counts_no_more(database_url: str) -> None:
    async with with_anna(database_url, a_reset.ask, give, disable(BO)) as records:
        assert await of_attempt(records) == []


async def test_a_word_can_be_taken_back(database_url: str) -> None:
    async with with_anna(database_url, a_reset.ask, give) as records:
        for voucher, taken in ((CILLA, False), (BO, True), (BO, False)):
            assert taken is await records.write(
                lambda unit, v=voucher: unit.vouches.withdraw(ID, v)
            )
        assert await of_attempt(records) == []
        assert await gave(records)


async def test_an_attempt_that_ends_takes_its_vouches_along(database_url: str) -> None:
    async with with_anna(database_url, a_reset.ask, give) as records:
        assert await records.write(lambda unit: unit.resets.close(ID, 0))
        assert await of_attempt(records) == []
        await records.write(lambda unit: unit.resets.start(a_reset.asking(), MINE))
        assert await of_attempt(records) == []


async def test_with_a_manager_the_stored_attempt_leads_to_a_new_password(
    database_url: str,
) -> None:
    async def act(unit: Unit) -> None:
        await a_reset.ask(unit)
        await give(unit, BOSS, MANAGER)

    async with with_anna(database_url, act) as records:
        found = await records.read(lambda unit: unit.resets.load(ID, MINE, make.NOW))
        assert found is not None
        known = facts(make.bound(make.SMS_CODE), sorts=frozenset(Sort))
        assert type(next_step(found[0], known, make.NOW)).__name__ == "AskPassword"


async def test_whom_somebody_could_ask_is_read_in_one_statement(database_url: str) -> None:
    async def could(records: Records, account: AccountId, limit: int = 50) -> Iterable[AccountId]:
        found = await records.read(lambda u: u.vouches.could_stand_up(account, limit))
        return [each.id for each in found]

    async with with_anna(database_url, a_reset.ask) as records:
        before = records.counted
        assert await could(records, make.ANNA) == [BOSS, BO, CILLA]
        assert records.counted == before + 1
        assert await could(records, make.ANNA, 1) == [BOSS, BO]
        assert await could(records, ELSEWHERE) == []
        anna = await records.read(lambda unit: unit.people.load(make.ANNA))
        near = await records.read(lambda unit: unit.vouches.could_stand_up(make.ANNA))
        assert anna is not None
        assert sorts_open(anna.account, near) == set(Sort)
        await records.write(lambda unit: unit.people.disable_many([BOSS, BO], make.NOW))
        assert await could(records, make.ANNA) == [CILLA]


async def test_many_people_and_attempts_hold_nobody_up(database_url: str) -> None:
    """A guard against reading them all; in the last 15 minutes 500 people have asked."""
    many = 500

    async def put(unit: Unit) -> None:
        people = [somebody(1_000 + n, unit=f"Enhet {n // 20}") for n in range(40 * many)]
        await unit.people.upsert_many(people)
        for n in range(many):
            id_, whose = FlowId(f"many{n}"), somebody(1_000 + 7 * n).id
            await unit.resets.start(a_reset.asking(id=id_, account_id=whose), MINE)

    async with with_anna(database_url, a_reset.ask, put) as records:
        begun = time.monotonic()
        for _ in range(20):
            assert len(await records.read(lambda u: u.vouches.waiting_for(BO, make.NOW))) == 1
            assert len(await records.read(lambda u: u.vouches.could_stand_up(make.ANNA))) == 3
            await gave(records)
            await of_attempt(records)
            await records.read(lambda u: u.resets.load(ID, MINE, make.NOW))
            await records.read(lambda u: u.resets.unsettled(make.NOW))
        assert time.monotonic() - begun < 3


async def test_a_method_removed_a_reset_and_a_disowned_change_count_as_changes(
    database_url: str,
) -> None:
    since = make.NOW - timedelta(days=1)
    about: dict[str, Any] = {
        "account_id": make.ANNA,
        "type": make.TOTP,
        "authenticator_id": AuthenticatorId("totp"),
    }

    async with with_anna(database_url) as records:

        async def changed() -> Any:
            return await records.read(lambda unit: unit.vouches.changed_at(make.ANNA, since))

        await records.write(lambda u: u.audit.write(MethodRenamed(at=make.NOW, label="x", **about)))
        await records.write(lambda u: u.audit.write(MethodRemoved(at=since, **about)))
        assert await changed() is None
        removed = since + MINUTE
        await records.write(lambda u: u.audit.write(MethodRemoved(at=removed, **about)))
        assert await changed() == removed
        await records.write(lambda u: u.resets.finished(make.ANNA, make.NOW, []))
        assert await changed() == make.NOW
        gone = freezing.Disowned(freezing.Change.ADDED, since, make.NOW + MINUTE)
        await records.write(lambda u: u.freezes.freeze(make.ANNA, gone))
        assert await changed() == make.NOW + MINUTE
