"""A nurse at home who does not want to be asked each evening, as she sees it."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from portvakt.core.totp import code_at, step_of
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.browser.looking import RULES
from tests.browser.real_service import real_service
from tests.journeys.sign_in.knowing import known_rule
from tests.journeys.sign_in.region import SECRET
from tests.world import PASSWORD

PUSH = ("https://push.invalid",)
SEEN = {
    "sv": ((390, 844), "Fråga inte igen på den här datorn på 14 dagar", "Glöm den här datorn"),
    "en": ((1280, 800), "Do not ask again on this computer for 14 days", "Forget this computer"),
}


async def come_back(context: BrowserContext, page: Page, origin: str) -> None:
    """Open the browser another day: what lives as long as it is open is gone."""
    for name in ("__Host-session", "__Host-binding"):
        await context.clear_cookies(name=name)
    await page.goto(f"{origin}/sign-in")
    await page.locator("#name").fill("anna.berg")
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")


async def looked_at(page: Page, picture: Path) -> None:
    await page.screenshot(path=str(picture), full_page=True)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await page.evaluate(wide)
    assert not (await Axe().run(page, options={"runOnly": RULES})).response["violations"]


@pytest.mark.parametrize("language", SEEN)
async def test_she_ticks_the_box_by_keyboard_is_let_in_and_has_the_computer_forgotten(
    tmp_path: Path, sqlite_url: str, language: str
) -> None:
    (width, height), box, forget = SEEN[language]
    async with (
        real_service(tmp_path, sqlite_url, PUSH) as (world, origin),
        async_playwright() as playwright,
    ):
        await world.person(totp=SECRET)
        await world.configure([known_rule(networks_not=frozenset())])
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        context = await browser.new_context(viewport={"width": width, "height": height})
        page = await context.new_page()
        await page.goto(f"{origin}/sign-in")
        if language == "en":
            await page.get_by_role("button", name="English").click()
        await come_back(context, page, origin)
        tick = page.get_by_label(box)
        await expect(tick).not_to_be_checked()
        await looked_at(page, tmp_path / f"asked-{language}.png")
        await page.locator("#code").fill(code_at(SECRET, step_of(datetime.now(UTC))))
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await expect(tick).to_be_checked()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(f"{origin}/apps")
        await come_back(context, page, origin)
        await expect(page).to_have_url(f"{origin}/apps")
        await page.goto(f"{origin}/my-sign-ins")
        button = page.get_by_role("button", name=re.compile("^(Glöm|Forget) Chrome"))
        await expect(button).to_have_text(forget)
        await looked_at(page, tmp_path / f"list-{language}.png")
        await button.click()
        await expect(button).to_have_count(0)
        await come_back(context, page, origin)
        await expect(tick).to_be_visible()
        await browser.close()
