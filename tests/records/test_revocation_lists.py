"""Lists of certificates that no longer count: read by one, kept whole, told of once."""

from datetime import timedelta

from portvakt.records.revocation_lists import ListState
from portvakt.records.unit import Unit
from tests import make
from tests.records.stored import opened

FILE, ADDRESS = "/etc/portvakt/devices.crl", "http://pki.region.example/devices.crl"
LATER = make.NOW + timedelta(minutes=1)


async def test_one_process_takes_a_list_on_and_none_again_before_its_time(
    database_url: str,
) -> None:
    async with opened(database_url) as records:

        async def claims(unit: Unit) -> list[bool]:
            lists, now = unit.revocation_lists, make.NOW
            return [
                await lists.claim(FILE, now, now - timedelta(minutes=1)),
                await lists.claim(FILE, now, now - timedelta(minutes=1)),
                await lists.claim(ADDRESS, now, now - timedelta(minutes=1)),
                await lists.claim(FILE, LATER, now - timedelta(milliseconds=1)),
                await lists.claim(FILE, LATER, now),
            ]

        assert await records.write(claims) == [True, False, True, False, True]


async def test_a_list_is_kept_as_it_was_read_and_how_it_went_beside_it(database_url: str) -> None:
    async with opened(database_url) as records:

        async def act(unit: Unit) -> list[ListState]:
            lists = unit.revocation_lists
            await lists.claim(FILE, make.NOW, make.NOW)
            new = await lists.states()
            await lists.trouble(FILE, "there is no such file")
            failed = await lists.states()
            await lists.keep(FILE, b"\x30\x00\xff", "m1", make.NOW)
            kept = await lists.states()
            await lists.trouble(FILE, "no answer in time")
            late = await lists.states()
            await lists.same(FILE, LATER)
            return [*new, *failed, *kept, *late, *await lists.states()]

        assert await records.write(act) == [
            ListState(FILE, "", None, "", overdue=False),
            ListState(FILE, "", None, "there is no such file", overdue=False),
            ListState(FILE, "m1", make.NOW, "", overdue=False),
            ListState(FILE, "m1", make.NOW, "no answer in time", overdue=False),
            ListState(FILE, "m1", LATER, "", overdue=False),
        ]
        content = await records.read(lambda unit: unit.revocation_lists.content(FILE))
        assert content == b"\x30\x00\xff"


async def test_that_a_list_counts_no_more_is_told_once_and_so_is_that_it_does_again(
    database_url: str,
) -> None:
    async with opened(database_url) as records:

        async def act(unit: Unit) -> list[bool]:
            lists = unit.revocation_lists
            await lists.claim(FILE, make.NOW, make.NOW)
            return [
                await lists.tell(FILE, overdue=False),
                await lists.tell(FILE, overdue=True),
                await lists.tell(FILE, overdue=True),
                await lists.tell(FILE, overdue=False),
                await lists.tell(ADDRESS, overdue=True),
            ]

        assert await records.write(act) == [False, True, False, True, False]


async def test_lists_that_the_settings_do_not_have_any_more_go(database_url: str) -> None:
    async with opened(database_url) as records:

        async def act(unit: Unit) -> tuple[list[str], bytes | None]:
            lists = unit.revocation_lists
            for each in (FILE, ADDRESS):
                await lists.claim(each, make.NOW, make.NOW)
            await lists.only([ADDRESS])
            return [each.place for each in await lists.states()], await lists.content(FILE)

        assert await records.write(act) == ([ADDRESS], None)
        await records.write(lambda unit: unit.revocation_lists.only([]))
        assert await records.read(lambda unit: unit.revocation_lists.states()) == []
