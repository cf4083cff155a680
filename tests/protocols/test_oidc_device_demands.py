"""What an app's entry asks of a sign-in counts for devices too (RFC 8628 says nothing of it)."""

from dataclasses import replace
from pathlib import Path

from portvakt.core.assurance import AAL2
from tests.protocols.test_oidc_device import DEVICE, answer, at_the_page, begin, claims_of, ready
from tests.world import INSIDE


async def test_a_sign_in_that_is_too_old_for_the_app_is_made_anew(
    tmp_path: Path, sqlite_url: str
) -> None:
    """`default_max_age` counts here as it does when an app is opened."""
    strict = replace(DEVICE, default_max_age=60)
    async with ready(tmp_path, sqlite_url, strict) as (region, browser):
        await at_the_page(region, browser)
        region.world.clock.move(minutes=2)
        device = await begin(region.shop)
        page = await browser.submit({"code": device.said["user_code"]})
        assert page.path == "/sign-in?to=/device&for=anew", page.path
        page = await browser.post(
            "/device/answer", {"code": device.said["user_code"], "answer": "yes"}
        )
        assert page.path == "/sign-in?to=/device&for=anew", page.path
        assert await device.error() == "authorization_pending"
        region.world.clock.move(minutes=1)
        again = region.world.clock()
        await region.sign_in(browser)
        region.world.clock.move(minutes=2)
        await browser.get("/device")
        assert await answer(browser, device, "yes") == "Klart!"
        _, tokens = await device.poll()
        claims = claims_of(tokens["id_token"], await region.shop.keys())
        assert claims["auth_time"] == int(again.timestamp())


async def test_an_age_of_nought_is_met_by_what_was_shown_since_the_device_asked(
    tmp_path: Path, sqlite_url: str
) -> None:
    strict = replace(DEVICE, default_max_age=0)
    async with ready(tmp_path, sqlite_url, strict) as (region, browser):
        device = await begin(region.shop)
        region.world.clock.move(seconds=5)
        await at_the_page(region, browser)
        region.world.clock.move(seconds=5)
        assert await answer(browser, device, "yes") == "Klart!"


async def test_the_level_that_the_apps_entry_asks_for_is_named_as_its_own(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Inside, where no rule asks for it, the trail says that the app itself did."""
    strict = replace(DEVICE, default_acr_values=(AAL2,))
    async with ready(tmp_path, sqlite_url, strict, address=INSIDE) as (region, browser):
        await at_the_page(region, browser)
        assert await answer(browser, await begin(region.shop), "yes") == "Klart!"
        [event] = await region.events("device.allowed")
        assert "the app shop itself" in {line.rule for line in event.trace or ()}
