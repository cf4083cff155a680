from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.authenticators import Authenticator, AuthenticatorState, AuthenticatorType
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.records import Records, Unit
from tests import make
from tests.records.stored import with_anna

LATER = make.NOW + timedelta(minutes=1)
STRANGER = AccountId("stranger")


async def bound_now(records: Records) -> dict[AuthenticatorType, Authenticator]:
    found = await records.read(lambda unit: unit.people.load(make.ANNA))
    assert found is not None
    return {each.type: each for each in found.authenticators}


@pytest.mark.parametrize("kind", AuthenticatorType)
async def test_every_type_is_read_as_it_was_bound(
    database_url: str, kind: AuthenticatorType
) -> None:
    one = make.bound(kind, label="Min telefon", preferred=True, last_used_at=make.NOW)
    async with with_anna(database_url) as records:
        assert await records.write(lambda unit: unit.authenticators.bind(one))
        assert await bound_now(records) == {kind: one}


@pytest.mark.parametrize(
    "kind",
    [AuthenticatorType.PASSWORD, AuthenticatorType.START_CODE, AuthenticatorType.SMS_CODE],
)
async def test_one_password_one_start_code_and_each_number_once(
    database_url: str, kind: AuthenticatorType
) -> None:
    one = make.bound(kind)
    other = replace(one, id=AuthenticatorId("other"))
    async with with_anna(database_url) as records:
        assert await records.write(lambda unit: unit.authenticators.bind(one))
        assert not await records.write(lambda unit: unit.authenticators.bind(other))
        assert await records.write(lambda unit: unit.authenticators.remove(one.id, make.ANNA))
        assert await records.write(lambda unit: unit.authenticators.bind(other))


async def test_a016_a_time_step_is_spent_with_all_before_it(database_url: str) -> None:
    totp = make.bound(make.TOTP)
    async with with_anna(
        database_url, lambda unit: unit.authenticators.bind(totp, sealed=b"x", last_step=10)
    ) as records:
        burnt = [
            await records.write(
                lambda unit, step=step: unit.authenticators.burn_step(totp.id, step, LATER)
            )
            for step in (10, 11, 11, 9, 13, 12)
        ]
        assert burnt == [False, True, False, False, True, False]
        assert (await bound_now(records))[make.TOTP].last_used_at == LATER


async def test_a_suspended_method_spends_nothing(database_url: str) -> None:
    totp = make.bound(make.TOTP, state=AuthenticatorState.SUSPENDED)
    async with with_anna(
        database_url, lambda unit: unit.authenticators.bind(totp, sealed=b"x")
    ) as records:
        assert not await records.write(
            lambda unit: unit.authenticators.burn_step(totp.id, 1, make.NOW)
        )


async def test_a046_a_start_code_works_once_and_not_too_late(database_url: str) -> None:
    code = make.bound(make.START_CODE)
    assert code.expires_at is not None
    async with with_anna(
        database_url, lambda unit: unit.authenticators.bind(code, verifier="$x")
    ) as records:
        burnt = [
            await records.write(
                lambda unit, at=at: unit.authenticators.start_code_burn(code.id, at)
            )
            for at in (code.expires_at, make.NOW, make.NOW)
        ]
        assert burnt == [False, True, False]


async def test_a022_a_printed_code_works_once_and_only_hashes_are_kept(database_url: str) -> None:
    card = make.bound(make.RECOVERY_CODE)

    async def put(unit: Unit) -> None:
        await unit.authenticators.bind(card)
        await unit.authenticators.recovery_put(
            card.id, [(n, f"h{n % 9}", f"$argon2id${n}") for n in range(10)]
        )

    async with with_anna(database_url, put) as records:
        assert await records.read(lambda unit: unit.authenticators.recovery_left(make.ANNA)) == 10
        rows = await records.read(lambda unit: unit.authenticators.recovery_find(make.ANNA, "h0"))
        assert [(row.authenticator_id, row.hash) for row in rows] == [
            (card.id, "$argon2id$0"),
            (card.id, "$argon2id$9"),
        ]
        assert "argon2id" not in repr(rows)
        burnt = [
            await records.write(
                lambda unit: unit.authenticators.recovery_burn(rows[0].id, make.NOW)
            )
            for _ in range(2)
        ]
        assert burnt == [True, False]
        assert await records.read(lambda unit: unit.authenticators.recovery_left(make.ANNA)) == 9
        rows = await records.read(lambda unit: unit.authenticators.recovery_find(make.ANNA, "h0"))
        assert len(rows) == 1
        assert await records.read(lambda u: u.authenticators.recovery_find(STRANGER, "h0")) == []


async def test_a_new_card_makes_the_old_one_worthless(database_url: str) -> None:
    card = make.bound(make.RECOVERY_CODE)

    async def put(unit: Unit) -> None:
        await unit.authenticators.bind(card)
        await unit.authenticators.recovery_put(card.id, [(0, "old", "$1"), (1, "old", "$2")])
        await unit.authenticators.recovery_put(card.id, [(0, "new", "$3")])

    async with with_anna(database_url, put) as records:
        assert await records.read(lambda u: u.authenticators.recovery_find(make.ANNA, "old")) == []
        assert await records.read(lambda unit: unit.authenticators.recovery_left(make.ANNA)) == 1


async def test_only_its_owner_renames_and_removes(database_url: str) -> None:
    totp = make.bound(make.TOTP)

    async def act(unit: Unit) -> list[bool]:
        of = unit.authenticators
        return [
            await of.rename(totp.id, STRANGER, "min"),
            await of.rename(totp.id, make.ANNA, "min"),
            await of.remove(totp.id, STRANGER),
            await of.remove(totp.id, make.ANNA),
            await of.remove(totp.id, make.ANNA),
        ]

    async with with_anna(database_url, lambda unit: unit.authenticators.bind(totp)) as records:
        assert await records.write(act) == [False, True, False, True, False]


async def test_one_is_preferred_at_a_time(database_url: str) -> None:
    async def bind(unit: Unit) -> None:
        await unit.authenticators.bind(make.bound(make.TOTP, preferred=True))
        await unit.authenticators.bind(make.bound(make.SMS_CODE))

    async with with_anna(database_url, bind) as records:
        phone = make.bound(make.SMS_CODE).id
        await records.write(lambda unit: unit.authenticators.set_preferred(make.ANNA, phone))
        bound = await bound_now(records)
        assert bound[make.SMS_CODE].preferred
        assert not bound[make.TOTP].preferred


async def test_all_but_some_types_are_suspended(database_url: str) -> None:
    async def bind(unit: Unit) -> None:
        for kind in (make.TOTP, make.SMS_CODE, make.PASSWORD):
            await unit.authenticators.bind(make.bound(kind))

    async with with_anna(database_url, bind) as records:
        count = await records.write(
            lambda unit: unit.authenticators.suspend_all(make.ANNA, LATER, {make.PASSWORD})
        )
        assert count == 2
        bound = await bound_now(records)
        assert bound[make.PASSWORD].state is AuthenticatorState.ACTIVE
        assert bound[make.TOTP].state is AuthenticatorState.SUSPENDED
        assert bound[make.TOTP].changed_at == LATER


async def test_a_state_and_a_last_use_are_kept(database_url: str) -> None:
    totp = make.bound(make.TOTP)

    async def act(unit: Unit) -> None:
        await unit.authenticators.touch(totp.id, LATER)
        assert await unit.authenticators.set_state(totp.id, AuthenticatorState.DISABLED, LATER)

    async with with_anna(database_url, lambda unit: unit.authenticators.bind(totp), act) as records:
        found = (await bound_now(records))[make.TOTP]
        assert (found.last_used_at, found.state) == (LATER, AuthenticatorState.DISABLED)


async def test_the_same_password_at_newer_parameters_is_no_change_of_method(
    database_url: str,
) -> None:
    password = make.bound(make.PASSWORD)
    async with with_anna(
        database_url, lambda unit: unit.authenticators.bind(password, verifier="old")
    ) as records:
        assert await records.write(
            lambda unit: unit.authenticators.rehash(password.id, "newer", instead_of="old")
        )
        assert (await bound_now(records))[make.PASSWORD].changed_at == password.changed_at
        await records.write(
            lambda unit: unit.authenticators.replace_verifier(password.id, "chosen", LATER)
        )
        assert (await bound_now(records))[make.PASSWORD].changed_at == LATER
        assert not await records.write(
            lambda unit: unit.authenticators.rehash(password.id, "late", instead_of="newer")
        )


async def test_a_password_is_changed_over_the_one_that_was_judged_and_no_other(
    database_url: str,
) -> None:
    password = make.bound(make.PASSWORD)

    async def put_aside(unit: Unit) -> None:
        await unit.authenticators.set_state(password.id, AuthenticatorState.SUSPENDED, LATER)

    async with with_anna(
        database_url, lambda unit: unit.authenticators.bind(password, verifier="old")
    ) as records:

        async def change(new: str, old: str) -> bool:
            return await records.write(
                lambda unit: unit.authenticators.change_verifier(
                    password.id, new, LATER, instead_of=old
                )
            )

        assert await change("new", "old")
        assert not await change("late", "old")
        assert (await bound_now(records))[make.PASSWORD].changed_at == LATER
        await records.write(put_aside)
        assert not await change("newer", "new")


async def test_what_is_compared_is_not_shown(database_url: str) -> None:
    async with with_anna(
        database_url,
        lambda unit: unit.authenticators.bind(make.bound(make.PASSWORD), verifier="$argon2id$v"),
    ) as records:
        found = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert "argon2id" not in repr(found)


async def test_a_pass_is_used_so_many_times_and_no_more(database_url: str) -> None:
    code = make.bound(
        make.START_CODE, id=AuthenticatorId("pass"), expires_at=make.NOW + timedelta(hours=1)
    )

    async def act(unit: Unit) -> list[bool]:
        await unit.authenticators.bind(code, verifier="$x")
        return [await unit.authenticators.start_code_burn(code.id, make.NOW, 3) for _ in range(4)]

    async with with_anna(database_url) as records:
        assert await records.write(act) == [True, True, True, False]
