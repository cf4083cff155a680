from datetime import datetime, timedelta

import pytest

from portvakt.core.authenticators import AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AccountId, ApprovalId, AuthenticatorId
from portvakt.core.phones import PhoneState
from portvakt.core.push_approval import PAIRING_LIVES, ApprovalState
from portvakt.records import Records, Standing, Unit
from tests import make
from tests.records import a_phone
from tests.records.stored import opened, person, somebody, with_anna

BO = AccountId("id7")
LATER = make.NOW + timedelta(minutes=1)


async def loaded(records: Records, at: datetime = make.NOW) -> bool:
    return await records.read(lambda unit: unit.phones.load(a_phone.ID, at)) is not None


async def bound_types(records: Records) -> set[AuthenticatorType]:
    found = await records.read(lambda unit: unit.people.load(make.ANNA))
    assert found is not None
    return {each.type for each in found.authenticators}


async def state_of(records: Records, id_: str = "approval") -> ApprovalState:
    found = await records.read(lambda unit: unit.approvals.load(ApprovalId(id_)))
    assert found is not None
    return ApprovalState(found.state)


async def listening(records: Records) -> None:
    """PostgreSQL says what is rung from now on."""
    await records.listen()
    assert not await records.wait("nothing", 0.01)


async def test_a_phone_is_read_as_it_was_kept_with_its_person_in_one_statement(
    database_url: str,
) -> None:
    one = a_phone.phone(
        credential_id=b"id", credential_key=b"key", sign_count=7, subscription=b"x", seen_at=LATER
    )

    async def put(unit: Unit) -> None:
        await unit.phones.add(one, b"sealed")
        for each in a_phone.parts():
            await unit.authenticators.bind(each)

    async with with_anna(database_url, put) as records:
        before = records.counted
        found = await records.read(lambda unit: unit.phones.load(one.id, make.NOW))
        assert records.counted == before + 1
        standing = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert isinstance(standing, Standing)
        assert found == (one, standing)
        assert len(standing.bound) == 3
        assert await records.read(lambda unit: unit.phones.of(make.ANNA)) == [one]
        assert await records.read(lambda unit: unit.phones.totp_of(one.id)) == b"sealed"


async def test_a034_a_removed_phone_is_gone_with_all_that_belongs_to_it(database_url: str) -> None:
    """Its codes, its passwordless sign-in, and what it had approved or was alone to approve."""
    async with with_anna(
        database_url,
        a_phone.put,
        lambda unit: unit.authenticators.bind(make.bound(make.TOTP)),
        lambda unit: unit.approvals.start(a_phone.approval()),
        lambda unit: unit.approvals.start(
            a_phone.approval(id=ApprovalId("only"), phone_id=a_phone.ID)
        ),
        lambda unit: unit.approvals.start(a_phone.approval(id=ApprovalId("others"))),
        lambda unit: unit.approvals.answer(
            ApprovalId("approval"),
            make.ANNA,
            a_phone.ID,
            a_phone.NUMBER,
            make.NOW,
            approve=True,
        ),
    ) as records:
        assert not await records.write(lambda unit: unit.phones.remove(a_phone.ID, BO))
        assert await loaded(records)
        await listening(records)
        assert await records.write(lambda unit: unit.phones.remove(a_phone.ID, make.ANNA))
        assert not await loaded(records)
        assert await bound_types(records) == {make.TOTP}
        assert [await state_of(records, each) for each in ("approval", "only", "others")] == [
            ApprovalState.CLOSED,
            ApprovalState.CLOSED,
            ApprovalState.WAITING,
        ]
        for topic in ("phone:anna", "approval:approval", "approval:only"):
            assert await records.wait(topic, 5)
        assert not await records.write(lambda unit: unit.phones.remove(a_phone.ID, make.ANNA))


async def test_a034_whoever_removes_what_a_phone_is_bound_with_removes_the_phone(
    database_url: str,
) -> None:
    async with with_anna(database_url, a_phone.put) as records:
        assert await records.write(lambda unit: unit.authenticators.remove(a_phone.ID, make.ANNA))
        assert not await loaded(records)
        assert await records.read(lambda unit: unit.phones.any()) is False
        await records.write(a_phone.put)
        await records.write(lambda unit: a_phone.put(unit, a_phone.OTHER))
        gone = await records.write(
            lambda unit: unit.authenticators.remove_type(make.ANNA, make.PUSH)
        )
        assert gone == 2
        assert await records.read(lambda unit: unit.phones.of(make.ANNA)) == []
        assert await bound_types(records) == set()


async def test_the_codes_of_a_phone_go_with_the_phone_only(database_url: str) -> None:
    async with with_anna(
        database_url,
        a_phone.put,
        lambda unit: unit.authenticators.bind(make.bound(make.TOTP)),
    ) as records:
        gone = await records.write(
            lambda unit: unit.authenticators.remove_type(make.ANNA, make.TOTP)
        )
        assert gone == 1
        assert make.TOTP in await bound_types(records)


async def test_sign_in_is_turned_off_without_removing_the_phone(database_url: str) -> None:
    sign_in = a_phone.parts()[2]
    async with with_anna(database_url, a_phone.put) as records:
        assert await records.write(lambda unit: unit.authenticators.remove(sign_in.id, make.ANNA))
        assert await loaded(records)
        assert await bound_types(records) == {make.PUSH, make.TOTP}


@pytest.mark.parametrize("state", [AuthenticatorState.SUSPENDED, AuthenticatorState.DISABLED])
async def test_a034_a_phone_that_is_put_aside_is_gone_at_once(
    database_url: str, state: AuthenticatorState
) -> None:
    async with with_anna(
        database_url,
        a_phone.put,
        lambda unit: unit.authenticators.bind(make.bound(make.TOTP)),
    ) as records:
        await listening(records)
        done = await records.write(
            lambda unit: unit.authenticators.set_state(a_phone.ID, state, make.NOW)
        )
        assert done
        assert not await loaded(records)
        assert await records.wait("phone:anna", 5)
        assert await records.read(lambda unit: unit.phones.of(make.ANNA)) == []
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        usable = [each.id for each in found.authenticators if each.usable(make.NOW)]
        assert usable == ["anna-totp"]
        await records.write(
            lambda unit: unit.authenticators.set_state(
                a_phone.ID, AuthenticatorState.ACTIVE, make.NOW
            )
        )
        assert await loaded(records)


async def test_what_was_disabled_in_a_phone_does_not_come_back_with_it(database_url: str) -> None:
    codes = AuthenticatorId(f"{a_phone.ID}-totp")
    async with with_anna(database_url, a_phone.put) as records:
        for id_, state in (
            (codes, AuthenticatorState.DISABLED),
            (a_phone.ID, AuthenticatorState.SUSPENDED),
            (a_phone.ID, AuthenticatorState.ACTIVE),
        ):
            await records.write(
                lambda unit, i=id_, s=state: unit.authenticators.set_state(i, s, make.NOW)
            )
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert found is not None
        states = {each.id: each.state for each in found.authenticators}
        assert states[codes] is AuthenticatorState.DISABLED
        assert states[a_phone.ID] is AuthenticatorState.ACTIVE


async def test_a034_suspending_everything_wakes_the_phones(database_url: str) -> None:
    async with with_anna(database_url, a_phone.put) as records:
        await listening(records)
        await records.write(lambda unit: unit.authenticators.suspend_all(make.ANNA, make.NOW))
        assert await records.wait("phone:anna", 5)
        assert not await loaded(records)


async def test_a034_a_closed_account_has_no_phone_and_no_request(database_url: str) -> None:
    async with with_anna(
        database_url,
        a_phone.put,
        lambda unit: unit.approvals.start(a_phone.approval()),
    ) as records:
        await listening(records)
        await records.write(lambda unit: unit.people.disable_many([make.ANNA], make.NOW))
        assert not await loaded(records)
        assert await state_of(records) is ApprovalState.CLOSED
        for topic in ("phone:anna", "approval:approval"):
            assert await records.wait(topic, 5)


async def test_a040_a_phone_that_is_proving_lives_as_long_as_its_code(database_url: str) -> None:
    async with with_anna(database_url, a_phone.put_proving) as records:
        over = make.NOW + PAIRING_LIVES
        assert await loaded(records, over - timedelta(milliseconds=1))
        assert not await loaded(records, over)


async def test_a040_a_phone_without_a_code_does_not_prove_anything(database_url: str) -> None:
    proving = a_phone.phone(state=PhoneState.PROVING)
    async with with_anna(database_url, lambda unit: unit.phones.add(proving, None)) as records:
        assert not await loaded(records)


async def test_a_phone_that_says_active_and_is_not_bound_is_none(database_url: str) -> None:
    async with with_anna(
        database_url, lambda unit: unit.phones.add(a_phone.phone(), None)
    ) as records:
        assert not await loaded(records)


async def test_a_phone_becomes_active_once_and_its_secret_is_forgotten(database_url: str) -> None:
    async with with_anna(database_url, a_phone.put_proving) as records:
        for each in a_phone.parts():
            await records.write(lambda unit, each=each: unit.authenticators.bind(each))
        done = [
            await records.write(lambda unit: unit.phones.activate(a_phone.ID, LATER))
            for _ in range(2)
        ]
        assert done == [True, False]
        assert await records.read(lambda unit: unit.phones.totp_of(a_phone.ID)) is None
        found = await records.read(
            lambda unit: unit.phones.load(a_phone.ID, make.NOW + timedelta(days=9))
        )
        assert found is not None
        assert (found[0].state, found[0].seen_at) == (PhoneState.ACTIVE, LATER)


async def test_a_phone_signs_somebody_in_once_and_has_one_set_of_codes(database_url: str) -> None:
    async with with_anna(database_url, a_phone.put) as records:
        for each in a_phone.parts()[1:]:
            again = make.bound(each.type, id=AuthenticatorId("again"), detail=each.detail)
            assert not await records.write(lambda unit, o=again: unit.authenticators.bind(o))


@pytest.mark.parametrize("by", ["phones", "authenticators"])
async def test_a_phone_has_one_name(database_url: str, by: str) -> None:
    async with with_anna(database_url, a_phone.put) as records:

        async def call(unit: Unit, account: AccountId, name: str) -> bool:
            named = unit.phones if by == "phones" else unit.authenticators
            return await named.rename(a_phone.ID, account, name)

        assert not await records.write(lambda unit: call(unit, BO, "Bos"))
        assert await records.write(lambda unit: call(unit, make.ANNA, "Jobbtelefon"))
        found = await records.read(lambda unit: unit.phones.load(a_phone.ID, make.NOW))
        assert found is not None
        labels = {each.label for each in found[1].authenticators}
        assert (found[0].name, labels) == ("Jobbtelefon", {"Jobbtelefon"})


async def test_a_newer_push_address_is_not_forgotten_for_an_older_one(database_url: str) -> None:
    async with with_anna(database_url, a_phone.put) as records:
        await records.write(lambda unit: unit.phones.subscribe(a_phone.ID, b"old"))
        await records.write(lambda unit: unit.phones.subscribe(a_phone.ID, b"new"))
        done = [
            await records.write(lambda unit, b=before: unit.phones.unsubscribe(a_phone.ID, b))
            for before in (b"old", b"new", b"new")
        ]
        assert done == [False, True, False]


async def test_a_screen_lock_is_made_once_and_its_counter_rises(database_url: str) -> None:
    async with with_anna(database_url, a_phone.put) as records:
        assert not await records.write(lambda unit: unit.phones.signed(a_phone.ID, 1))
        made = [
            await records.write(lambda unit, key=key: unit.phones.lock(a_phone.ID, b"id", key, 0))
            for key in (b"first", b"second")
        ]
        assert made == [True, False]
        counts = [
            await records.write(lambda unit, n=n: unit.phones.signed(a_phone.ID, n))
            for n in (0, 0, 4, 4, 3, 0, 5)
        ]
        assert counts == [True, True, True, False, False, False, True]
        found = await records.read(lambda unit: unit.phones.load(a_phone.ID, make.NOW))
        assert found is not None
        assert (found[0].credential_key, found[0].sign_count) == (b"first", 5)


async def test_when_a_phone_was_last_seen_never_goes_back(database_url: str) -> None:
    async with with_anna(database_url, a_phone.put) as records:
        for at in (make.NOW, LATER, make.NOW):
            await records.write_one(lambda unit, at=at: unit.phones.seen(a_phone.ID, at))
        found = await records.read(lambda unit: unit.phones.load(a_phone.ID, make.NOW))
        assert found is not None
        assert found[0].seen_at == LATER


async def test_whether_there_is_any_phone_at_all(database_url: str) -> None:
    async with opened(database_url) as records:
        await records.write(lambda unit: unit.people.upsert_many([person(), somebody(7)]))
        assert not await records.read(lambda unit: unit.phones.any())
        await records.write(a_phone.put)
        assert await records.read(lambda unit: unit.phones.any())
        assert await records.read(lambda unit: unit.phones.of(BO)) == []


async def test_what_is_over_is_swept_and_nothing_else(database_url: str) -> None:
    """An hour after it ended, so that who comes late is told that, and not that it never was."""
    async with with_anna(
        database_url,
        lambda unit: a_phone.put(unit, a_phone.OTHER),
        a_phone.put_proving,
        lambda unit: unit.approvals.start(a_phone.approval()),
    ) as records:
        kept = make.NOW + timedelta(hours=1)
        assert await records.write(lambda unit: unit.expired.sweep(kept)) == 0
        gone = await records.write(lambda unit: unit.expired.sweep(kept + timedelta(minutes=11)))
        assert gone == 3
        assert await records.read(lambda unit: unit.approvals.load(ApprovalId("approval"))) is None
        left = await records.read(lambda unit: unit.phones.of(make.ANNA))
        assert [each.id for each in left] == [a_phone.OTHER]


async def test_what_only_we_may_know_is_not_shown() -> None:
    shown = repr(a_phone.phone(subscription=b"secret", credential_key=b"secret"))
    shown += repr(a_phone.pairing()) + repr(a_phone.approval(number="987654"))
    assert not any(word in shown for word in ("secret", "987654", "cccc", "ssss", "bbbb"))
