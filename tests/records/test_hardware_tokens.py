"""The pool of hardware tokens: whose a device is, and how far it has come."""

import os
from dataclasses import replace
from datetime import timedelta

from portvakt.core.authenticators import AuthenticatorType
from portvakt.core.hardware_tokens import Make, TokenKind
from portvakt.core.ids import AccountId, AuthenticatorId
from portvakt.records import Unit
from portvakt.records.after_restore import AfterRestore
from portvakt.records.hardware_tokens import StoredToken
from tests import make
from tests.records.stored import somebody, with_anna

MINE = AuthenticatorId("mine")


def token(n: int = 1, **given: object) -> StoredToken:
    fields: dict[str, object] = {
        "id": f"t{n}",
        "serial": f"23087{n:05}",
        "manufacturer": "Feitian",
        "model": "c200",
        "make": Make(kind=TokenKind.TOTP, algorithm="sha256", digits=8, period=60),
        "sealed": b"sealed",
        "last_step": None,
        "imported_at": make.NOW,
        "changed_at": make.NOW,
    }
    return StoredToken(**(fields | given))  # type: ignore[arg-type]  # a builder of tests


async def bound(unit: Unit, id_: AuthenticatorId = MINE, of: AccountId = make.ANNA) -> None:
    device = make.bound(AuthenticatorType.HARDWARE_TOKEN, id=id_, account_id=of, detail="x")
    await unit.authenticators.bind(device, sealed=b"sealed")


async def put(unit: Unit, n: int) -> None:
    """A spare one; whoever takes it has bound it first."""
    await unit.hardware_tokens.add([token(n)])
    await unit.people.upsert_many([somebody(n)])


async def take(unit: Unit, n: int) -> bool:
    mine = AuthenticatorId(f"token{n}-{os.getpid()}")
    device = make.bound(
        AuthenticatorType.HARDWARE_TOKEN, id=mine, account_id=somebody(n).id, detail="x"
    )
    await unit.authenticators.bind(device, sealed=b"x")
    return await unit.hardware_tokens.take(f"t{n}", somebody(n).id, mine, 11, make.NOW)


async def test_what_was_added_is_found_and_listed_in_order(database_url: str) -> None:
    button = Make(kind=TokenKind.HOTP, period=0)
    held = [token(2, make=button, last_step=9), token(1)]
    async with with_anna(database_url, lambda unit: unit.hardware_tokens.add(held)) as records:
        found = await records.read(lambda unit: unit.hardware_tokens.find("2308700002"))
        assert found == held[0]
        first = await records.read(lambda unit: unit.hardware_tokens.listed(most=1))
        assert first == [held[1]]
        rest = await records.read(
            lambda unit: unit.hardware_tokens.listed(after=first[0].serial, most=9)
        )
        assert rest == [held[0]]
        assert await records.read(lambda unit: unit.hardware_tokens.find("none")) is None


async def test_a_serial_number_is_in_the_pool_once(database_url: str) -> None:
    again = replace(token(1), id="other", manufacturer="Somebody else")
    async with with_anna(database_url) as records:
        await records.write(lambda unit: unit.hardware_tokens.add([token(1)]))
        await records.write(lambda unit: unit.hardware_tokens.add([again, token(2)]))
        found = await records.read(lambda unit: unit.hardware_tokens.listed(most=9))
        assert found == [token(1), token(2)]


async def test_a_device_is_taken_once_and_not_with_a_code_that_was_used(database_url: str) -> None:
    async def act(unit: Unit) -> list[bool]:
        await unit.hardware_tokens.add([token(1, last_step=10)])
        await bound(unit)
        return [
            await unit.hardware_tokens.take("t1", make.ANNA, MINE, step, make.NOW)
            for step in (10, 11, 12)
        ]

    async with with_anna(database_url) as records:
        assert await records.write(act) == [False, True, False]
        found = await records.read(lambda unit: unit.hardware_tokens.find("2308700001"))
        assert found is not None
        assert (found.account_id, found.authenticator_id) == (make.ANNA, MINE)
        assert (found.last_step, found.user_name) == (11, "anna.berg")


async def test_nobody_takes_what_is_kept_for_somebody_else_or_lost(database_url: str) -> None:
    bo = somebody(2)

    async def act(unit: Unit) -> list[bool]:
        await unit.people.upsert_many([bo])
        await unit.hardware_tokens.add([token(1), token(2)])
        await bound(unit)
        kept = await unit.hardware_tokens.keep_for("t1", bo.id, make.NOW)
        await unit.hardware_tokens.set_aside("t2", lost=True, at=make.NOW)
        return [
            kept,
            await unit.hardware_tokens.take("t1", make.ANNA, MINE, 1, make.NOW),
            await unit.hardware_tokens.take("t2", make.ANNA, MINE, 1, make.NOW),
            await unit.hardware_tokens.keep_for("t2", bo.id, make.NOW),
        ]

    async with with_anna(database_url) as records:
        assert await records.write(act) == [True, False, False, False]


async def test_a_device_is_still_its_owners_when_the_method_is_removed(database_url: str) -> None:
    async def act(unit: Unit) -> None:
        await unit.hardware_tokens.add([token(1)])
        await bound(unit)
        await unit.hardware_tokens.take("t1", make.ANNA, MINE, 11, make.NOW)
        await unit.hardware_tokens.used(MINE, 15)
        await unit.hardware_tokens.used(MINE, 13)
        await unit.authenticators.remove(MINE, make.ANNA)

    async with with_anna(database_url, act) as records:
        found = await records.read(lambda unit: unit.hardware_tokens.find("2308700001"))
        assert found is not None
        assert found.authenticator_id is None
        assert (found.account_id, found.last_step) == (make.ANNA, 15)
        back = make.NOW + timedelta(days=1)
        await records.write(lambda unit: unit.hardware_tokens.set_aside("t1", lost=False, at=back))
        spare = await records.read(lambda unit: unit.hardware_tokens.find("2308700001"))
        assert spare == token(1, last_step=15, changed_at=back)


async def test_a_device_stays_when_its_owner_is_erased(database_url: str) -> None:
    async def act(unit: Unit) -> None:
        await unit.hardware_tokens.add([token(1)])
        await bound(unit)
        await unit.hardware_tokens.take("t1", make.ANNA, MINE, 11, make.NOW)
        await unit.personal_data.forget(make.ANNA)

    async with with_anna(database_url, act) as records:
        found = await records.read(lambda unit: unit.hardware_tokens.find("2308700001"))
        assert found == token(1, last_step=11)


async def test_after_a_restore_a_device_must_show_where_it_is(database_url: str) -> None:
    clock, slow, button = (AuthenticatorId(name) for name in ("clock", "slow", "button"))
    details = {
        clock: "totp sha1 6 30 A1",
        slow: "totp sha256 8 60 B60",
        button: "hotp sha1 6 0 C1",
    }

    async def act(unit: Unit) -> None:
        for id_, detail in details.items():
            device = make.bound(
                AuthenticatorType.HARDWARE_TOKEN, id=id_, detail=detail, last_used_at=make.NOW
            )
            await unit.authenticators.bind(device, sealed=b"x", last_step=10)
        run = unit._run  # noqa: SLF001  # as a restore has it
        await AfterRestore(run).end_all(make.NOW, keep_cards=True)

    async with with_anna(database_url, act) as records:
        standing = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert standing is not None
        found = {each.authenticator.id: each for each in standing.bound}
        half, minute = (Make(kind=TokenKind.TOTP, period=period) for period in (30, 60))
        assert found[clock].last_step == half.step_of(make.NOW) + 1
        assert found[slow].last_step == minute.step_of(make.NOW) + 1
        assert found[button].last_step == 10
        assert all(found[id_].authenticator.last_used_at is None for id_ in details)
