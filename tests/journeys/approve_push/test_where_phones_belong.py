"""Phones belong to the origin that they were paired under."""

from portvakt.core.ids import AuthenticatorId
from portvakt.journeys.approve_push.origin import keep, moved_from
from portvakt.records import Unit
from tests import make
from tests.records import a_phone
from tests.records.stored import with_anna

APP, OWN = "https://auth.region.example", "https://portvakt.region.example"
ELSEWHERE = "https://other.region.example"


async def paired(unit: Unit) -> None:
    await a_phone.put(unit)
    await keep(unit, APP, OWN)


async def test_while_a_phone_exists_neither_origin_may_change(database_url: str) -> None:
    async with with_anna(database_url, paired) as records:
        for app, own, moved in (
            (APP, OWN, None),
            (ELSEWHERE, OWN, (APP, OWN)),
            (APP, ELSEWHERE, (APP, OWN)),
        ):

            async def look(unit: Unit, app: str = app, own: str = own) -> tuple[str, str] | None:
                return await moved_from(unit, app, own)

            assert await records.read(look) == moved


async def test_an_installation_without_phones_may_move(database_url: str) -> None:
    async with with_anna(database_url, paired) as records:
        await records.write(lambda unit: unit.phones.remove(AuthenticatorId(a_phone.ID), make.ANNA))
        assert await records.read(lambda unit: moved_from(unit, ELSEWHERE, OWN)) is None
        await records.write(lambda unit: keep(unit, ELSEWHERE, OWN))
        await records.write(a_phone.put)
        assert await records.read(lambda unit: moved_from(unit, APP, OWN)) == (ELSEWHERE, OWN)
