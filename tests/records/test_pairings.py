from datetime import timedelta

import pytest

from portvakt.core.ids import AccountId, AuthenticatorId, PairingId, SessionId
from portvakt.core.push_approval import PAIRING_LIVES, PROVES_WITHIN, SHORT_TRIES
from portvakt.records import (
    Paired,
    PairingExpired,
    PairingUsed,
    Records,
    ShortWrong,
    Unit,
)
from tests import make
from tests.records import a_phone
from tests.records.stored import somebody, with_anna

NEWER = a_phone.pairing(id=PairingId("newer"), code_hash=b"d" * 32, short_hash=b"t" * 32)
TRANSFER = a_phone.pairing(session_id=None, old_phone=a_phone.OTHER)
Outcome = Paired | PairingUsed | PairingExpired | ShortWrong | None


async def start(unit: Unit) -> None:
    await unit.pairings.start(a_phone.pairing())


async def spend(
    records: Records, code: bytes = a_phone.CODE, after: timedelta = timedelta()
) -> Outcome:
    return await records.write(lambda unit: unit.pairings.spend(code, a_phone.ID, make.NOW + after))


async def spend_short(
    records: Records, code: bytes = a_phone.SHORT, account: AccountId = make.ANNA
) -> Outcome:
    return await records.write(
        lambda unit: unit.pairings.spend_short(account, code, a_phone.ID, make.NOW)
    )


async def test_a040_a_code_works_once_and_says_which_phone_came(database_url: str) -> None:
    spent = a_phone.pairing(spent_at=make.NOW, phone_id=a_phone.ID)
    async with with_anna(database_url, start) as records:
        assert await spend(records, b"x" * 32) is None
        assert await spend(records) == Paired(spent)
        assert await spend(records) == PairingUsed(make.ANNA)
        assert await spend_short(records) == PairingUsed(make.ANNA)
        found = await records.read(
            lambda unit: unit.pairings.load(spent.id, a_phone.SESSION, make.NOW)
        )
        assert found == spent


async def test_a040_a_code_lives_ten_minutes(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        assert await spend(records, after=PAIRING_LIVES) == PairingExpired()
        in_time = await spend(records, after=PAIRING_LIVES - timedelta(milliseconds=1))
        assert isinstance(in_time, Paired)


@pytest.mark.parametrize("short", [False, True])
async def test_a_phone_that_comes_late_has_two_minutes_to_be_proved(
    database_url: str, short: bool
) -> None:
    late = make.NOW + PAIRING_LIVES - timedelta(seconds=1)

    async def act(unit: Unit) -> Outcome:
        if short:
            return await unit.pairings.spend_short(make.ANNA, a_phone.SHORT, a_phone.ID, late)
        return await unit.pairings.spend(a_phone.CODE, a_phone.ID, late)

    async with with_anna(database_url, start) as records:
        paired = await records.write(act)
        assert isinstance(paired, Paired)
        assert paired.pairing.expires_at == late + PROVES_WITHIN


async def test_a_wrong_short_code_gives_no_more_time(database_url: str) -> None:
    late = make.NOW + PAIRING_LIVES - timedelta(seconds=1)
    async with with_anna(database_url, start) as records:
        await records.write(
            lambda unit: unit.pairings.spend_short(make.ANNA, b"x" * 32, a_phone.ID, late)
        )
        assert await spend(records, after=PAIRING_LIVES) == PairingExpired()


async def test_a040_the_newest_code_is_the_only_one(database_url: str) -> None:
    async with with_anna(database_url, start, lambda unit: unit.pairings.start(NEWER)) as records:
        assert await spend(records) == PairingExpired()
        assert await spend_short(records) == ShortWrong(SHORT_TRIES - 1)
        assert isinstance(await spend(records, NEWER.code_hash), Paired)


async def test_a040_a_newer_code_leaves_the_phone_that_is_proving_alone(database_url: str) -> None:
    async with with_anna(
        database_url, a_phone.put_proving, lambda unit: unit.pairings.start(NEWER)
    ) as records:
        found = await records.read(lambda unit: unit.phones.load(a_phone.ID, make.NOW))
        assert found is not None


async def test_a040_five_wrong_short_codes_end_both_codes(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        wrong = [await spend_short(records, b"x" * 32) for _ in range(SHORT_TRIES)]
        assert wrong == [ShortWrong(left) for left in (4, 3, 2, 1, 0)]
        assert await spend_short(records, b"x" * 32) is None
        assert await spend_short(records) == PairingExpired()
        assert await spend(records) == PairingExpired()


async def test_a040_a_short_code_is_the_accounts_own(database_url: str) -> None:
    bo = AccountId("id7")
    async with with_anna(
        database_url, start, lambda unit: unit.people.upsert_many([somebody(7)])
    ) as records:
        assert await spend_short(records, account=bo) is None
        assert await spend_short(records, b"x" * 32) == ShortWrong(4)
        paired = await spend_short(records)
        assert paired == Paired(a_phone.pairing(tries=1, spent_at=make.NOW, phone_id=a_phone.ID))


async def test_a040_a_page_sees_its_own_code_until_it_is_over(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        for id_, session, after in (
            ("other", a_phone.SESSION, timedelta()),
            ("pairing", SessionId("other"), timedelta()),
            ("pairing", a_phone.SESSION, PAIRING_LIVES),
        ):
            found = await records.read(
                lambda unit, i=id_, s=session, a=after: unit.pairings.load(
                    PairingId(i), s, make.NOW + a
                )
            )
            assert found is None


@pytest.mark.parametrize("removed", [False, True])
async def test_a034_a_phone_that_was_removed_hands_nothing_over(
    database_url: str, removed: bool
) -> None:
    async def act(unit: Unit) -> None:
        await a_phone.put(unit, a_phone.OTHER)
        await unit.pairings.start(TRANSFER)
        if removed:
            await unit.phones.remove(AuthenticatorId(a_phone.OTHER), make.ANNA)

    async with with_anna(database_url, act) as records:
        spent = a_phone.pairing(
            session_id=None, old_phone=a_phone.OTHER, spent_at=make.NOW, phone_id=a_phone.ID
        )
        assert await spend(records) == (PairingExpired() if removed else Paired(spent))


async def test_a034_a_closed_account_pairs_nothing(database_url: str) -> None:
    async with with_anna(database_url, start) as records:
        await records.write(lambda unit: unit.people.disable_many([make.ANNA], make.NOW))
        assert await spend(records) == PairingExpired()
        assert await spend_short(records) == PairingExpired()
