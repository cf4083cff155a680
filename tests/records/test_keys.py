from dataclasses import replace
from datetime import timedelta

import pytest

from portvakt.core.assurance import CLOCK_BOUND
from portvakt.core.ids import AuthenticatorId
from portvakt.records import Unit
from portvakt.records.after_restore import CLOCKS_DIFFER, AfterRestore
from tests import make
from tests.records import a_key
from tests.records.stored import with_anna


async def test_a_key_is_found_by_its_own_id_and_by_its_owner(database_url: str) -> None:
    async with with_anna(database_url, a_key.put) as records:
        found = await records.read(lambda unit: unit.keys.find(b"credential"))
        assert found == a_key.KEY
        assert await records.read(lambda unit: unit.keys.of(make.ANNA)) == [a_key.KEY]
        assert await records.read(lambda unit: unit.keys.find(b"another")) is None
        assert "cose" not in repr(found)


async def test_one_credential_belongs_to_one_authenticator_of_all(database_url: str) -> None:
    """Section 7.1: an id that anybody has registered already is refused."""
    second = make.bound(make.PASSKEY, id=AuthenticatorId("second"))
    async with with_anna(
        database_url, a_key.put, lambda unit: unit.authenticators.bind(second)
    ) as records:
        again = replace(a_key.KEY, id=second.id)
        assert not await records.write(lambda unit: unit.keys.add(again))
        assert await records.read(lambda unit: unit.keys.find(b"credential")) == a_key.KEY


@pytest.mark.parametrize(
    ("before", "said", "rises"),
    [(9, 10, True), (9, 9, False), (10, 9, False), (9, 0, False), (0, 0, True), (0, 5, True)],
)
async def test_a052_a_count_may_only_rise_or_stay_nought(
    database_url: str, before: int, said: int, rises: bool
) -> None:
    async with with_anna(database_url, lambda unit: a_key.put(unit, sign_count=before)) as records:
        used = await records.write(
            lambda unit: unit.keys.used(a_key.ID, said, make.NOW, backed_up=True)
        )
        assert used is rises
        kept = await records.read(lambda unit: unit.keys.find(b"credential"))
        assert kept is not None
        assert (kept.sign_count, kept.backed_up) == ((said, True) if rises else (before, False))
        standing = await records.read(lambda unit: unit.people.load(make.ANNA))
        assert standing is not None
        last = standing.authenticators[0].last_used_at
        assert last == (make.NOW if rises else None)


async def test_a050_a_challenge_is_spent_once_and_in_its_time(database_url: str) -> None:
    late = a_key.CHALLENGE.expires_at
    async with with_anna(database_url) as records:
        assert not await records.write(lambda unit: unit.keys.spend(a_key.CHALLENGE, late))
        spent = [
            await records.write(lambda unit: unit.keys.spend(a_key.CHALLENGE, make.NOW))
            for _ in range(2)
        ]
        assert spent == [True, False]
        other = replace(a_key.CHALLENGE, challenge=b"d" * 32)
        assert await records.write(lambda unit: unit.keys.spend(other, make.NOW))


async def test_a050_a_challenge_of_a_clock_that_was_wrong_is_not_kept_for_later(
    database_url: str,
) -> None:
    """It would count for as long as the clock was ahead, and then for its time."""
    before = a_key.CHALLENGE.asked_at
    async with with_anna(database_url) as records:
        early = before - CLOCK_BOUND - timedelta(milliseconds=1)
        assert not await records.write(lambda unit: unit.keys.spend(a_key.CHALLENGE, early))
        of_another_node = before - CLOCK_BOUND
        assert await records.write(lambda unit: unit.keys.spend(a_key.CHALLENGE, of_another_node))


@pytest.mark.parametrize("ended", ["void", "end_all"])
async def test_a050_what_was_asked_before_a_restore_or_another_server_counts_no_more(
    ended: str, database_url: str
) -> None:
    """What was spent may be forgotten there, and the question itself is stored nowhere."""
    async with with_anna(database_url) as records:

        async def act(unit: Unit) -> None:
            after = AfterRestore(unit._run)  # noqa: SLF001  # as a restore has it
            if ended == "void":
                await after.void(make.NOW, cards=False)
            else:
                await after.end_all(make.NOW, keep_cards=True)

        await records.write(act)
        assert not await records.write(lambda unit: unit.keys.spend(a_key.CHALLENGE, make.NOW))
        later = make.NOW + CLOCKS_DIFFER + timedelta(milliseconds=1)
        fresh = replace(a_key.CHALLENGE, asked_at=later)
        assert await records.write(lambda unit: unit.keys.spend(fresh, later))


async def test_a_key_goes_with_its_authenticator_and_old_challenges_are_swept(
    database_url: str,
) -> None:
    async with with_anna(
        database_url, a_key.put, lambda unit: unit.keys.spend(a_key.CHALLENGE, make.NOW)
    ) as records:
        assert await records.read(lambda unit: unit.keys.any())
        await records.write(lambda unit: unit.authenticators.remove(a_key.ID, make.ANNA))
        assert not await records.read(lambda unit: unit.keys.any())
        late = a_key.CHALLENGE.expires_at + timedelta(hours=1)
        assert await records.write(lambda unit: unit.expired.sweep(late)) == 0
        assert await records.write(
            lambda unit: unit.expired.sweep(late + timedelta(milliseconds=1))
        )
