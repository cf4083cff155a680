"""Apps behind a proxy that asks us: what is taken back, or disowned, stops at the next request."""

from pathlib import Path

from portvakt.core.ids import ClientId
from tests.journeys.app_access.test_taking_back import apps, take_back
from tests.protocols.guarded import WIKI, guarded
from tests.protocols.test_forward_auth import LETS_IN, let_in

HERE = "/app-access"
TO_SIGN_IN = 302
"""What a page that is asked for gets where nobody is let in."""


async def test_an_app_behind_a_proxy_is_listed_and_stopped_at_its_next_request(
    tmp_path: Path, database_url: str
) -> None:
    async with guarded(tmp_path, database_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        (row,) = apps(await browser.get(HERE))
        assert "ditt namn, användarnamn och språk, din e-postadress, vilka grupper" in row
        await take_back(browser, ClientId("wiki"))
        assert (await at.check()).status_code == TO_SIGN_IN
        assert await at.enter(browser) == f"https://{WIKI}/"
        assert (await at.check()).status_code == LETS_IN, "the person has opened it again"


async def test_what_is_disowned_stops_it_as_well(tmp_path: Path, sqlite_url: str) -> None:
    async with guarded(tmp_path, sqlite_url) as region, region.world.browser() as browser:
        at = await let_in(region, browser)
        await browser.get("/my-sign-ins")
        newest = next(
            part.partition('"')[0]
            for part in browser.page.html.split('href="')
            if part.partition('"')[0].endswith("/not-me")
        )
        await browser.get(newest)
        assert (await browser.submit({})).title == "Kontot är fryst"
        assert (await at.check()).status_code == TO_SIGN_IN
