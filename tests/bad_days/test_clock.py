"""Clocks that jump or differ, the night when summer time ends, and the turn of the year."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.bad_days.conftest import Open as OpenSite
from tests.bad_days.processes import Node, eventually, until
from tests.bad_days.site import Site, app_code
from tests.journeys.conftest import Open, open_world
from tests.journeys.sign_in import region
from tests.journeys.sign_in.region import anna_with_app, anna_with_phone

__all__ = ["open_world"]

SHIFTED = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from portvakt.cli import main
shift = Path(sys.argv[1])
def clock():
    return datetime.now(UTC) + timedelta(seconds=float(shift.read_text()))
sys.exit(main(sys.argv[2:], clock=clock))
"""


def shifted(here: Site, shift: Path) -> Node:
    """Start a node whose clock is off by as many seconds as the file says."""
    return here.node("-c", SHIFTED, str(shift))


@pytest.mark.slow
async def test_f44_a_node_whose_clock_jumps_notices_serves_nobody_and_comes_back(
    open_large_site: OpenSite, tmp_path: Path
) -> None:
    shift = tmp_path / "shift"
    shift.write_text("0")
    async with open_large_site() as here:
        node = shifted(here, shift)
        await here.person_with_phone()
        await node.up("/readyz")
        async with here.browser(node) as browser:
            asking = await browser.sign_in()
            code = await here.code_to("+46701740605")
            # Its five minutes are over; by a clock that is an hour back they would not be.
            past = int((datetime.now(UTC) - timedelta(minutes=1)).timestamp() * 1000)
            await here.rows("UPDATE codes SET expires_at = ?", past)
            for times, jump in enumerate(("-3600", "3600"), start=1):
                shift.write_text(jump)
                await notices(node, times)
                browser.page = asking
                page = await browser.submit({"code": code})
                assert (page.status, page.title) == (503, "Just nu kan vi inte logga in någon")
                assert await node.status("/healthz") == 200
                shift.write_text("0")
                await node.up("/readyz")
                await eventually(lambda: browser.get("/sign-in"), lambda page: page.status == 200)
            browser.page = asking
            page = await browser.submit({"code": code})
            assert (page.status, "Koden har gått ut" in page.text) == (422, True)


async def notices(node: Node, times: int) -> None:
    """Wait until a node has noticed so many times that its clock is off."""
    await node.up("/readyz", wanted=503)
    await until(lambda: node.logged("clock_differs") == times)


@pytest.mark.slow
async def test_f46_of_two_nodes_whose_clocks_differ_the_right_one_serves(
    open_large_site: OpenSite, tmp_path: Path
) -> None:
    shift = tmp_path / "shift"
    shift.write_text("90")
    async with open_large_site() as here, here.serving() as right:
        wrong = shifted(here, shift)
        await here.person_with_app()
        await wrong.up()
        await notices(wrong, 1)
        async with here.browser(wrong) as browser, here.browser(right) as other:
            assert (await browser.get("/sign-in")).status == 503
            await other.sign_in()
            assert (await other.submit({"code": app_code()})).path == "/apps"


SUMMER_TIME_ENDS = datetime(2026, 10, 25, 0, 58, tzinfo=UTC)
"""02:58 in Stockholm; two minutes later it is 02:00 once more."""
SUMMER_TIME_BEGINS = datetime(2026, 3, 29, 0, 58, tzinfo=UTC)
"""01:58 in Stockholm; two minutes later it is 03:00."""
NEW_YEAR = datetime(2026, 12, 31, 22, 59, 50, tzinfo=UTC)
LEAP_DAY = datetime(2028, 2, 28, 22, 59, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "sent"),
    [
        (SUMMER_TIME_ENDS, "02:58:00"),
        (SUMMER_TIME_BEGINS, "01:58:00"),
        (NEW_YEAR, "23:59:50"),
        (LEAP_DAY, "23:59:50"),
    ],
)
@pytest.mark.parametrize(("seconds", "taken"), [(299, True), (301, False)])
async def test_f45_a_code_lives_five_minutes_whatever_the_clock_on_the_wall_does(
    at: datetime, sent: str, seconds: int, taken: bool, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        world.clock.at = at
        await anna_with_phone(world)
        world.clock.at = at
        page = await browser.sign_in()
        code = await world.last_code()
        assert f"Skickat {sent}" in (await browser.get(page.path)).text
        world.clock.move(seconds=seconds)
        page = await browser.submit({"code": code})
        assert (page.path == "/apps") is taken


@pytest.mark.parametrize("at", [SUMMER_TIME_ENDS, SUMMER_TIME_BEGINS, NEW_YEAR, LEAP_DAY])
async def test_f45_a_session_lasts_an_hour_and_an_app_goes_on_counting(
    at: datetime, open_world: Open
) -> None:
    async with open_world() as world, world.browser() as browser:
        world.clock.at = at - timedelta(minutes=1)
        await anna_with_app(world)
        world.clock.at = at
        await browser.sign_in()
        assert (await browser.submit({"code": region.app_code(world)})).path == "/apps"
        world.clock.move(minutes=59)
        assert (await browser.get("/my-sign-ins")).path == "/my-sign-ins"
        world.clock.move(minutes=61)
        assert (await browser.get("/my-sign-ins")).path.startswith("/sign-in")
        await browser.sign_in()
        assert (await browser.submit({"code": region.app_code(world)})).path == "/apps"
        stored = await world.house.records.read(lambda unit: unit.audit.latest(1000))
        times = [each.at for each in reversed(stored)]
        assert times == sorted(times)
