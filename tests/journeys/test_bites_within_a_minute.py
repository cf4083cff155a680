"""Rule R27: what changes about somebody signed in bites within a minute, at our own pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from portvakt.core.asking import Require
from portvakt.core.ids import GroupId
from portvakt.core.people import Account
from tests import make
from tests.journeys.know_device.desktop import PC, Desktop, House, house_of, knowing
from tests.world import INSIDE, world

PAGES = PORTAL, MINE, _, _ = ("/apps", "/my-sign-ins", "/app-access", "/vouch")
A_MINUTE = timedelta(minutes=1)
NIGHT_STAFF = GroupId("natt")
RULES = (
    make.rule(Require.BLOCK, id="abroad", networks_not={make.LAN}),
    make.rule(Require.BLOCK, id="night", groups={NIGHT_STAFF}),
    make.rule(Require.OUR_DEVICE, id="ours"),
)


@asynccontextmanager
async def signed_in(folder: Path, url: str) -> AsyncIterator[tuple[House, Desktop, Account]]:
    """Anna on a computer of ours, inside, where the password is enough."""
    devices = msgspec.structs.replace(knowing(folder), shown_for="8h")
    async with world(folder, url, devices=devices) as region, region.browser(INSIDE) as browser:
        await region.configure(RULES, [make.network()])
        await region.house.records.write(
            lambda unit: unit.configuration.put_groups([NIGHT_STAFF], "apply")
        )
        anna = await region.person()
        house = await house_of(region, devices)
        desktop = Desktop(region, browser, PC)
        assert await desktop.sign_in() == "Dina appar"
        for path in PAGES:
            assert (await browser.get(path)).path == path
        yield house, desktop, anna


async def account_disabled(house: House, anna: Account) -> None:
    now = house.world.clock()
    await house.world.house.records.write(lambda unit: unit.people.disable_many([anna.id], now))


async def device_revoked(house: House, _anna: Account) -> None:
    await house.revoke(PC)


async def rule_applied(house: House, _anna: Account) -> None:
    await house.world.configure([make.rule(Require.BLOCK, id="closed")])


async def network_changed(house: House, _anna: Account) -> None:
    moved = make.network(addresses=("192.0.2.0/24",))
    await house.world.configure(networks=[moved])


async def group_changed(house: House, anna: Account) -> None:
    """What a sync of the directory does with a membership."""

    groups = anna.groups | {NIGHT_STAFF}
    await house.world.house.records.write(
        lambda unit: unit.people.set_groups_many({anna.id: groups}, anna.source)
    )


@pytest.mark.parametrize(
    "happens", [account_disabled, device_revoked, rule_applied, network_changed, group_changed]
)
async def test_what_changes_about_somebody_bites_at_every_page_of_theirs_within_a_minute(
    tmp_path: Path,
    database_url: str,
    happens: Callable[[House, Account], Awaitable[None]],
) -> None:
    async with signed_in(tmp_path, database_url) as (house, desktop, anna):
        began = house.world.clock()
        await happens(house, anna)
        house.world.clock.move(seconds=1)
        assert house.world.clock() - began <= A_MINUTE
        for path in PAGES:
            page = await desktop.browser.get(path)
            assert page.path.startswith("/sign-in"), (path, page.title)


async def test_where_more_is_asked_of_the_portal_a_worried_person_still_ends_their_sessions(
    tmp_path: Path, sqlite_url: str
) -> None:
    """A065: one factor is enough to see one's own sign-ins, and to end them, wherever that is."""
    async with world(tmp_path, sqlite_url) as region, region.browser(INSIDE) as browser:
        await region.configure([make.rule(networks_not={make.LAN})], [make.network()])
        await region.person(totp=b"0" * 20)
        await browser.sign_in()
        await region.configure(networks=[make.network(addresses=("192.0.2.0/24",))])
        region.clock.move(seconds=2)
        assert (await browser.get(PORTAL)).path.startswith("/sign-in")
        assert (await browser.get(MINE)).path == MINE
