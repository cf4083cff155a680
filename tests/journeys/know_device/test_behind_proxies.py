"""Where an app's proxy asks us, no cookie of ours is sent: what its session knows counts there."""

from pathlib import Path

from tests import make
from tests.journeys.know_device.desktop import IN, LOST, PC, THE_RULE, desktop, house
from tests.protocols.guarded import WIKI, AtHost, guarded_app
from tests.protocols.stage import put_keys
from tests.world import OUTSIDE

LETS_IN, LEADS_HOME = 200, 302


async def test_an_app_behind_its_proxy_opens_on_our_own_device_until_it_is_ours_no_more(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with house(tmp_path, sqlite_url) as here, desktop(here, PC) as anna:
        region = here.world
        await region.house.records.write(lambda unit: put_keys(unit, region.house.sealer))
        await region.configure([THE_RULE], [make.network()], [guarded_app(WIKI)])
        at = AtHost(region, WIKI, OUTSIDE)
        assert await anna.sign_in() == IN
        assert await at.enter(anna.browser) == f"https://{WIKI}/"
        assert (await at.check()).status_code == LETS_IN

        region.clock.move(minutes=15)  # what was shown is too old
        assert (await at.check()).status_code == LEADS_HOME
        home = await at.begin()
        page = await anna.browser.get(home.partition(".example")[2])
        assert "data-again" in page.html
        assert await anna.look()
        assert (await at.check()).status_code == LETS_IN

        await here.revoke(LOST, PC)
        assert (await at.check()).status_code == LEADS_HOME
