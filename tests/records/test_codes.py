from dataclasses import replace
from datetime import timedelta

from portvakt.core.ids import AuthenticatorId
from portvakt.records import Code, CodeExpired, CodeWrong, Spent
from portvakt.records.codes import TRIES
from tests import make
from tests.records.stored import with_anna

MAC, WRONG = b"m" * 32, b"w" * 32
PHONE = AuthenticatorId("phone")
CODE = Code(
    id="code",
    flow="flow",
    account_id=make.ANNA,
    authenticator_id=PHONE,
    purpose="sign_in",
    mac=MAC,
    created_at=make.NOW,
    expires_at=make.NOW + timedelta(minutes=5),
)


async def test_a_right_code_is_spent_once(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.codes.issue(CODE)) as records:
        outcomes = [
            await records.write(
                lambda unit, mac=mac: unit.codes.spend("flow", "sign_in", mac, make.NOW)
            )
            for mac in (WRONG, MAC, MAC)
        ]
        assert outcomes == [CodeWrong(), Spent(PHONE), CodeWrong()]


async def test_a019_a_code_lives_five_minutes(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.codes.issue(CODE)) as records:
        for second, outcome in ((301, CodeExpired()), (300, CodeExpired()), (299, Spent(PHONE))):
            at = make.NOW + timedelta(seconds=second)
            found = await records.write(
                lambda unit, at=at: unit.codes.spend("flow", "sign_in", MAC, at)
            )
            assert found == outcome


async def test_a020_a_code_belongs_to_one_attempt_and_one_purpose(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.codes.issue(CODE)) as records:
        for flow, purpose in (("other", "sign_in"), ("flow", "methods")):
            found = await records.write(
                lambda unit, f=flow, p=purpose: unit.codes.spend(f, p, MAC, make.NOW)
            )
            assert found == CodeWrong()


async def test_the_newest_code_is_the_only_one(database_url: str) -> None:
    newer = replace(CODE, id="newer", mac=b"n" * 32)
    async with with_anna(
        database_url, lambda unit: unit.codes.issue(CODE), lambda unit: unit.codes.issue(newer)
    ) as records:
        outcomes = [
            await records.write(
                lambda unit, mac=mac: unit.codes.spend("flow", "sign_in", mac, make.NOW)
            )
            for mac in (MAC, newer.mac)
        ]
        assert outcomes == [CodeWrong(), Spent(PHONE)]


async def test_a_code_that_was_answered_wrongly_too_often_is_dead(database_url: str) -> None:
    async with with_anna(database_url, lambda unit: unit.codes.issue(CODE)) as records:
        for _ in range(TRIES):
            await records.write(lambda unit: unit.codes.spend("flow", "sign_in", WRONG, make.NOW))
        found = await records.write(lambda unit: unit.codes.spend("flow", "sign_in", MAC, make.NOW))
        assert found == CodeWrong()


async def test_a_mac_is_not_shown() -> None:
    assert "mmm" not in repr(CODE)
